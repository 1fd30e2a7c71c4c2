//! How does psi4 compute a job?
//!
//! `psi4 --json` reads QCSchema (version 1, since psi4 1.3) and writes the result into the same file. Measured with 1.3.2:
//!
//! - Density fitting is psi4's default; here it is what the level says, and off where it says nothing.
//! - The Python interpreter may die on its way out with the result already written: a failed run may tell why.
//! - Gradients of MP2 crash where there is nothing to excite, or one electron; they are the SCF's then.
//! - Embedding charges have no place in its JSON, so that a short input ([`script`]) sets them and then runs the same JSON. Analytic
//!   MP2 gradients leave them out without a word (checked by finite differences), SCF gradients do not.
//! - Its ghosts keep the core potential of their element; the same input takes it away.
mod options;
mod script;

use super::call::Call;
use super::ending::Sign;
use super::qcschema::{self, Written};
use super::{Answer, Chemistry, Driver, Engine, Found, Job, Missing, Needs, Refusal, Site};
use super::{find, refuse, text, verify};
use crate::process::{Finished, Guard};
use crate::science::chemistry::Molecule;
use crate::task::Cause;
use options::{core, options, uncorrelated};
pub use options::{independent, is_all_frozen, is_scf};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// Input and result.
const FILE: &str = "psi4.json";
/// The input that does what the JSON cannot say, and where it prints.
const SCRIPT: [&str; 2] = ["psi4.dat", "psi4.out"];
/// The electrons that core potentials replace, among the options in effect.
const REPLACED: &str = "core_potential_electrons";
/// psi4 refuses to run with less, bytes.
const LEAST_MEMORY: u64 = 250 << 20;

/// What psi4's errors say.
pub const SIGNS: &[Sign] = &[
    ("PSIO", Cause::Failed),
    ("enough memory", Cause::Resource),
    ("ConvergenceError", Cause::Convergence),
    ("Could not converge", Cause::Convergence),
    ("did not converge", Cause::Convergence),
    ("BasisSetNotFound", Cause::Input),
    ("MethodError", Cause::Input),
    ("ValidationError", Cause::Input),
    ("is not a valid option", Cause::Input),
    ("only for singlets", Cause::Input),
    ("KeyError", Cause::Input),
];

/// Where to get it.
const HELP: &str = "install it (`apt-get install psi4`, or `conda install -c conda-forge psi4`) or load its module";

/// The program psi4.
#[derive(Clone, Debug)]
pub struct Psi4 {
    program: PathBuf,
}

impl Psi4 {
    /// The program `psi4` of PATH.
    pub fn new() -> Self {
        Self::at("psi4")
    }

    /// The program of this name or path.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }
}

impl Default for Psi4 {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for Psi4 {
    fn name(&self) -> &'static str {
        "psi4"
    }

    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Refusal> {
        let mut refused = refuse::ab_initio(chemistry, needs);
        if needs.point_charges && !(driver == Driver::Energy || driver == Driver::Gradient && is_scf(&chemistry.method))
        {
            refused.push(refuse::key(
                "engine",
                "psi4 leaves embedding charges out of Hessians and of gradients beyond Hartree-Fock",
                "use `driver = \"energy\"`, `method = \"hf\"` with gradients, or the engine nwchem",
            ));
        }
        refused
    }

    fn find(&self, guard: &Guard) -> Result<Option<Found>, Missing> {
        let path = find::locate(&self.program, HELP)?;
        let version = find::version(guard, vec![path.clone().into(), "--version".into()], "", HELP, |text| {
            text.lines()
                .rev()
                .map(str::trim)
                .find(|line| line.starts_with(|c: char| c.is_ascii_digit()))
                .map(Into::into)
        })?;
        Ok(Some(Found { path, version }))
    }

    fn start_s(&self) -> f64 {
        0.8
    }

    fn run(&self, job: &Job, site: &Site) -> Result<Answer, Cause> {
        verify::question(job)?;
        let call = Call { program: "psi4", job, site, signs: SIGNS };
        let bytes = site.memory_mb * 1_000_000;
        if bytes < LEAST_MEMORY {
            let text =
                format!("psi4 does not run with less than 263 MB, and this rank has {}; give more", site.memory_mb);
            return Err(Cause::Resource(text));
        }
        let method = &job.chemistry.method;
        if let Some(reason) = uncorrelated(job.molecule, job.chemistry) {
            return self.answer(&call, &self.compute(&call, "hf")?, Some(reason));
        }
        let run = self.compute(&call, method)?;
        if method.eq_ignore_ascii_case("mp2") && !run.finished.exit.is_success() && has_no_pairs(&printed(site)) {
            return self.answer(&call, &self.compute(&call, "hf")?, Some(verify::UNCORRELATED));
        }
        self.answer(&call, &run, None)
    }

    fn is_all_frozen(&self, molecule: &Molecule, chemistry: &Chemistry) -> bool {
        is_all_frozen(molecule, chemistry)
    }
}

/// A run of psi4 and the result that it left, where that can be read.
struct Run {
    finished: Finished,
    written: Option<Written>,
}

impl Psi4 {
    /// Has psi4 compute the job with a method.
    fn compute(&self, call: &Call, method: &str) -> Result<Run, Cause> {
        let mut input = qcschema::input(call.job);
        input["model"]["method"] = json!(method);
        input["keywords"] = Value::Object(options(call.job, method));
        if script::has_ghosts(call.job.molecule) {
            input["molecule"]["atom_labels"] = script::labels(call.job.molecule);
        }
        input["memory"] = json!(call.site.memory_mb * 1_000_000);
        input["return_output"] = json!(true);
        call.write(FILE, &input.to_string())?;
        let scratch = call.site.scratch.to_string_lossy().into_owned();
        let finished = call.run(self.command(call)?, &[("PSI_SCRATCH", scratch)], None)?;
        let written = text::whole(&call.path(FILE), qcschema::LIMIT).and_then(|bytes| Written::parse(&bytes)).ok();
        Ok(Run { finished, written })
    }

    /// The answer of a run, or why there is none; `uncorrelated` is the reason for which Hartree-Fock was asked for instead.
    fn answer(&self, call: &Call, run: &Run, uncorrelated: Option<&str>) -> Result<Answer, Cause> {
        let Run { finished, written } = run;
        if let Some(cause) = written.as_ref().and_then(|written| written.error(SIGNS)) {
            return Err(call.named(cause));
        }
        let written = written.as_ref().filter(|written| finished.exit.is_success() && written.is_success());
        let written = written.ok_or_else(|| call.failure(finished, "", &printed(call.site)))?;
        let mut answer = written.answer(call.job, SIGNS).map_err(|cause| call.unread(cause))?;
        let options = options(call.job, &call.job.chemistry.method);
        let told = told_by(written.output().unwrap_or_default());
        check_core(call.job, options.contains_key("num_frozen_docc"), &told).map_err(|cause| call.named(cause))?;
        answer.effective.extend(options.iter().filter(|(name, _)| *name != "function_kwargs").map(plain));
        answer.effective.extend(told);
        answer.effective.extend(uncorrelated.map(|reason| ("correlation".to_owned(), reason.to_owned())));
        verify::answer(call.job, answer).map_err(|cause| call.unread(cause))
    }

    /// What is run; an input is written where the JSON cannot say everything.
    fn command(&self, call: &Call) -> Result<Vec<OsString>, Cause> {
        let mut argv: Vec<OsString> = vec![self.program.clone().into()];
        let molecule = call.job.molecule;
        if molecule.point_charges.is_empty() && !script::has_ghosts(molecule) {
            argv.extend(["--json", FILE].map(OsString::from));
        } else {
            call.write(SCRIPT[0], &script::script(FILE, molecule))?;
            argv.extend(["-i", SCRIPT[0], "-o", SCRIPT[1]].map(OsString::from));
        }
        argv.extend(["-n".into(), call.site.threads.max(1).to_string().into()]);
        argv.extend(["-s".into(), call.site.scratch.into()]);
        Ok(argv)
    }
}

/// Whether MP2 had begun and found nothing to excite into.
fn has_no_pairs(printed: &str) -> bool {
    let count = |line: &str| line.trim().strip_prefix("Number of ")?.rsplit_once(':').map(|(_, n)| n.trim() == "0");
    let mut are_none = printed.lines().filter(|line| line.contains("independent-pairs")).filter_map(count).peekable();
    are_none.peek().is_some() && are_none.all(|is_none| is_none)
}

/// Refuses a frozen core that was counted with other core potentials than those that psi4 has found.
fn check_core(job: &Job, is_frozen: bool, told: &BTreeMap<String, String>) -> Result<(), Cause> {
    let found = told.get(REPLACED).map_or("0", String::as_str);
    let counted = core(job.molecule, job.chemistry).replaced.to_string();
    if !is_frozen
        || found == counted
        || job.chemistry.keywords.keys().any(|name| name.eq_ignore_ascii_case("num_frozen_docc"))
    {
        return Ok(());
    }
    Err(Cause::Input(format!(
        "core potentials of the basis set replace {found} electrons, where {counted} were expected when the frozen core was counted: use \
         `frozen_core = false`, or a basis set with known potentials (def2-*, lanl2dz)"
    )))
}

fn plain((name, value): (&String, &Value)) -> (String, String) {
    (name.clone(), value.as_str().map_or_else(|| value.to_string(), Into::into))
}

/// Options that psi4 prints as those it used.
fn told_by(output: &str) -> BTreeMap<String, String> {
    let marks = [
        ("Spherical Harmonics?:", "spherical"),
        ("Number of basis function:", "basis_functions"),
        ("SCF Algorithm Type is", "scf_algorithm"),
        ("Guess Type is", "guess"),
        ("Number of ECP core electrons:", REPLACED),
    ];
    let word = |mark: &str| find::word_after(output, mark).map(|word| word.trim_end_matches('.').to_owned());
    marks.into_iter().filter_map(|(mark, name)| Some((name.to_owned(), word(mark)?))).collect()
}

/// The end of what psi4 had printed when it failed without a word: in the charges' output, or in the file that it
/// otherwise removes.
fn printed(site: &Site) -> String {
    let names = fs::read_dir(site.scratch).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_output = |path: &PathBuf| path.extension().is_some_and(|e| e == "json_out") || path.ends_with(SCRIPT[1]);
    names.filter(is_output).map(|path| text::end(&path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::chemistry::{Atom, Element};

    #[test]
    fn what_psi4_tells_is_read_from_its_output() {
        let output = "  SCF Algorithm Type is PK.\n  Guess Type is SAD.\n    Number of basis function: 36\n    \
                      Spherical Harmonics?: false\n";
        let told = told_by(output);
        assert_eq!(told["scf_algorithm"], "PK");
        assert_eq!((told["spherical"].as_str(), told["basis_functions"].as_str()), ("false", "36"));
    }

    #[test]
    fn a_frozen_core_is_refused_with_core_potentials_that_were_not_counted() {
        let atom = Atom { element: Element::of_symbol("Xe").unwrap(), position: [0.0; 3], is_ghost: false };
        let molecule = Molecule { atoms: vec![atom], charge: 0, multiplicity: 1, point_charges: Vec::new() };
        let chemistry = Chemistry { basis: Some("def2-svp".into()), ..Chemistry::default() };
        let job = Job { label: "1", molecule: &molecule, driver: Driver::Energy, chemistry: &chemistry };
        let told = |count: &str| BTreeMap::from([(REPLACED.to_owned(), count.to_owned())]);
        assert_eq!(check_core(&job, true, &told("28")), Ok(()));
        assert_eq!(check_core(&job, false, &told("46")), Ok(()));
        assert!(
            matches!(check_core(&job, true, &told("46")), Err(Cause::Input(text)) if text.contains("46") && text.contains("28"))
        );
        assert!(check_core(&job, true, &BTreeMap::new()).is_err());
    }

    #[test]
    fn nothing_to_excite_into_is_noticed() {
        assert!(has_no_pairs("Forming independent-pairs...\n\tNumber of independent-pairs:   0\n"));
        assert!(!has_no_pairs("\tNumber of alpha independent-pairs:  1\n\tNumber of beta independent-pairs :  0\n"));
        assert!(!has_no_pairs(""));
    }

    #[test]
    fn charges_are_refused_where_psi4_forgets_them() {
        let needs = Needs { point_charges: true, ..Needs::default() };
        let refused = |driver, method: &str| {
            let chemistry = Chemistry { method: method.into(), basis: Some("sto-3g".into()), ..Chemistry::default() };
            !Psi4::new().refusals(driver, &chemistry, needs).is_empty()
        };
        assert!(!refused(Driver::Energy, "mp2") && !refused(Driver::Gradient, "HF"));
        assert!(refused(Driver::Gradient, "mp2") && refused(Driver::Hessian, "hf"));
    }
}
