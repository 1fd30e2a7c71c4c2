//! How does psi4 compute a job?
//!
//! `psi4 --json` reads QCSchema (version 1, since psi4 1.3) and writes the result into the same file. Measured with 1.3.2:
//!
//! - Density fitting is psi4's default; here it is what the level says, and off where it says nothing.
//! - The Python interpreter may die on its way out with the result already written: a failed run may tell why.
//! - Gradients of MP2 crash where there is nothing to excite, or one electron; they are the SCF's then.
//! - Embedding charges have no place in its JSON, so that a short input sets them and then runs the same JSON. Analytic
//!   MP2 gradients leave them out without a word (checked by finite differences), SCF gradients do not.
use super::call::Call;
use super::ending::Sign;
use super::qcschema::{self, Written};
use super::{Answer, Chemistry, Driver, Engine, Found, Job, Missing, Needs, Reference, Refusal, Site};
use super::{find, refuse, text, verify};
use crate::process::{Finished, Guard};
use crate::task::Cause;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// Input and result.
const FILE: &str = "psi4.json";
/// The input that sets charges, and where it prints.
const SCRIPT: [&str; 2] = ["psi4.dat", "psi4.out"];
/// What is not given converges to this, Eh.
const CONVERGENCE: f64 = 1e-10;
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
        if needs.point_charges && !(driver == Driver::Energy || driver == Driver::Gradient && is_scf(chemistry)) {
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
        let is_mp2 = job.chemistry.method.eq_ignore_ascii_case("mp2");
        let is_uncorrelated = is_mp2 && job.molecule.electrons() == 1;
        let run = self.compute(&call, if is_uncorrelated { "hf" } else { &job.chemistry.method })?;
        if is_mp2 && !run.finished.exit.is_success() && has_no_pairs(&printed(site)) {
            return self.answer(&call, &self.compute(&call, "hf")?, true);
        }
        self.answer(&call, &run, is_uncorrelated)
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
        input["keywords"] = Value::Object(options(call.job));
        input["memory"] = json!(call.site.memory_mb * 1_000_000);
        input["return_output"] = json!(true);
        call.write(FILE, &input.to_string())?;
        let scratch = call.site.scratch.to_string_lossy().into_owned();
        let finished = call.run(self.command(call)?, &[("PSI_SCRATCH", scratch)], None)?;
        let written = text::whole(&call.path(FILE), qcschema::LIMIT).and_then(|bytes| Written::parse(&bytes)).ok();
        Ok(Run { finished, written })
    }

    /// The answer of a run, or why there is none.
    fn answer(&self, call: &Call, run: &Run, is_uncorrelated: bool) -> Result<Answer, Cause> {
        let Run { finished, written } = run;
        if let Some(cause) = written.as_ref().and_then(|written| written.error(SIGNS)) {
            return Err(call.named(cause));
        }
        let written = written.as_ref().filter(|written| finished.exit.is_success() && written.is_success());
        let written = written.ok_or_else(|| call.failure(finished, "", &printed(call.site)))?;
        let mut answer = written.answer(call.job, SIGNS).map_err(|cause| call.named(cause))?;
        let options = options(call.job);
        answer.effective.extend(options.iter().filter(|(name, _)| *name != "function_kwargs").map(plain));
        answer.effective.extend(told_by(written.output().unwrap_or_default()));
        if is_uncorrelated {
            answer.effective.insert("correlation".into(), verify::UNCORRELATED.into());
        }
        verify::answer(call.job, answer).map_err(|cause| call.named(cause))
    }

    /// What is run; an input for embedding charges is written where there are any.
    fn command(&self, call: &Call) -> Result<Vec<OsString>, Cause> {
        let mut argv: Vec<OsString> = vec![self.program.clone().into()];
        let charges = &call.job.molecule.point_charges;
        if charges.is_empty() {
            argv.extend(["--json", FILE].map(OsString::from));
        } else {
            let charges: Vec<_> =
                charges.iter().map(|c| [c.charge, c.position[0], c.position[1], c.position[2]]).collect();
            call.write(SCRIPT[0], &script(&charges))?;
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

fn is_scf(chemistry: &Chemistry) -> bool {
    ["hf", "scf"].iter().any(|scf| chemistry.method.eq_ignore_ascii_case(scf))
}

/// The options of a job: the level's choices as psi4 names them, then its keywords.
fn options(job: &Job) -> Map<String, Value> {
    let chemistry = job.chemistry;
    let is_fitted = chemistry.density_fitting.unwrap_or(false);
    let is_unrestricted = match chemistry.reference {
        Reference::Auto => job.molecule.multiplicity != 1,
        Reference::Rhf => false,
        Reference::Uhf => true,
    };
    let energy = chemistry.scf_convergence.unwrap_or(CONVERGENCE);
    let mut options = Map::new();
    let mut set = |name: &str, value: Value| options.insert(name.into(), value);
    set("scf_type", json!(if is_fitted { "df" } else { "pk" }));
    for name in ["mp2_type", "mp_type", "cc_type"] {
        set(name, json!(if is_fitted { "df" } else { "conv" }));
    }
    set("reference", json!(if is_unrestricted { "uhf" } else { "rhf" }));
    set("freeze_core", json!(chemistry.frozen_core.unwrap_or(false)));
    set("e_convergence", json!(energy));
    set("d_convergence", json!(density_convergence(energy)));
    chemistry.keywords.iter().for_each(|(name, value)| drop(set(&name.to_ascii_lowercase(), value.clone())));
    options
}

/// The largest RMS of the orbital gradient for an energy that is to be good to `energy`: the SCF energy's error is of
/// second order in it, those of MP2 and of derivatives of first order. Rounding allows no less than 1e-10.
fn density_convergence(energy: f64) -> f64 {
    (100.0 * energy).clamp(1e-10, 1e-6)
}

/// An input that adds charges (e; bohr) and then runs the JSON.
fn script(charges: &[[f64; 4]]) -> String {
    format!(
        r#"import json
import psi4
with open("{FILE}") as f:
    data = json.load(f)
field = QMMM()
for charge in {}:
    field.extern.addCharge(*charge)
core.set_global_option_python("EXTERN", field.extern)
data = psi4.json_wrapper.run_json(data, clean=False)
with open("{FILE}", "w") as f:
    json.dump(data, f)
"#,
        json!(charges)
    )
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
    use crate::science::chemistry::{Atom, Element, Molecule};

    fn with<T>(chemistry: &Chemistry, multiplicity: u32, f: impl Fn(&Job) -> T) -> T {
        let atom = Atom { element: Element::of_symbol("Li").unwrap(), position: [0.0; 3], is_ghost: false };
        let molecule = Molecule { atoms: vec![atom], charge: 0, multiplicity, point_charges: Vec::new() };
        f(&Job { label: "1", molecule: &molecule, driver: Driver::Energy, chemistry })
    }

    #[test]
    fn nothing_is_left_to_defaults_that_change_numbers() {
        let options = with(&Chemistry::default(), 2, options);
        let expected = json!({
            "scf_type": "pk", "mp2_type": "conv", "mp_type": "conv", "cc_type": "conv", "reference": "uhf",
            "freeze_core": false, "e_convergence": 1e-10, "d_convergence": 1e-8,
        });
        assert_eq!(Value::Object(options), expected);
    }

    #[test]
    fn keywords_come_last() {
        let mut chemistry = Chemistry { density_fitting: Some(true), ..Chemistry::default() };
        chemistry.keywords.insert("MP2_TYPE".into(), json!("conv"));
        chemistry.keywords.insert("level_shift".into(), json!(0.2));
        let options = with(&chemistry, 1, options);
        assert_eq!((&options["scf_type"], &options["mp2_type"]), (&json!("df"), &json!("conv")));
        assert_eq!((&options["level_shift"], &options["reference"]), (&json!(0.2), &json!("rhf")));
    }

    #[test]
    fn what_psi4_tells_is_read_from_its_output() {
        let output = "  SCF Algorithm Type is PK.\n  Guess Type is SAD.\n    Number of basis function: 36\n    \
                      Spherical Harmonics?: false\n";
        let told = told_by(output);
        assert_eq!(told["scf_algorithm"], "PK");
        assert_eq!((told["spherical"].as_str(), told["basis_functions"].as_str()), ("false", "36"));
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

    #[test]
    fn a_script_holds_every_charge() {
        assert!(script(&[[-0.5, 0.0, 1.0, 2.5]]).contains("for charge in [[-0.5,0.0,1.0,2.5]]:"));
    }
}
