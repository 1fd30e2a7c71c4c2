//! How does psi4 compute a molecule?
//!
//! `psi4 --json` reads QCSchema (version 1, since psi4 1.3) and writes the result into the same file. Measured with 1.3.2:
//!
//! - Density fitting is psi4's default; here it is off unless the level requests it.
//! - The Python interpreter may crash at exit with the result already written: a failed run may have left its error message.
//! - MP2 gradients crash with one electron or without virtual orbitals; the SCF gradient is then computed instead.
//! - Embedding charges have no place in its JSON. A short input file ([`script`]) sets them and then runs the same JSON. Analytic MP2
//!   gradients silently ignore them (checked by finite differences), SCF gradients do not.
//! - Ghost atoms keep the core potential of their element; the same input file removes it.
mod options;
mod script;

use crate::engines::failure::ErrorPattern;
use crate::engines::locate::{self, InstalledProgram};
use crate::engines::qc::{
    Calculation, Chemistry, Driver, Engine, Needs, ProgramRun, QcResult, QcSchemaResult, Resources, qcschema, refusal,
    verify,
};
use crate::engines::text;
use crate::problem::Problem;
use crate::process::{Finished, Supervisor};
use crate::science::chemistry::Molecule;
use crate::task::Cause;
use options::{core, options, uncorrelated};
pub use options::{is_all_frozen, is_scf, size_consistent};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// JSON input and result.
const FILE: &str = "psi4.json";
/// The input file for what JSON cannot express, and its output.
const SCRIPT: [&str; 2] = ["psi4.dat", "psi4.out"];
/// Name of the number of core electrons among the options in effect.
const ECP_ELECTRONS: &str = "core_potential_electrons";
/// psi4 does not run with less memory, bytes.
const LEAST_MEMORY: u64 = 250 << 20;
/// psi4's error messages.
pub const ERROR_PATTERNS: &[ErrorPattern] = &[
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

/// How to install it.
const HELP: &str = "install it (`apt-get install psi4`, or `conda install -c conda-forge psi4`) or load its module";

/// The program psi4.
#[derive(Clone, Debug)]
pub struct Psi4 {
    program: PathBuf,
}

impl Psi4 {
    /// The program with this name in PATH, or at this path.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }
}

impl Engine for Psi4 {
    fn name(&self) -> &'static str {
        "psi4"
    }

    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Problem> {
        let mut refused = refusal::ab_initio(chemistry, needs);
        if needs.point_charges && !(driver == Driver::Energy || driver == Driver::Gradient && is_scf(&chemistry.method))
        {
            let message = "psi4 ignores embedding charges in Hessians and in gradients beyond Hartree-Fock";
            let help = "use `driver = \"energy\"`, `method = \"hf\"` with gradients, or the engine nwchem";
            refused.push(Problem::at_key("engine", message, help));
        }
        refused
    }

    fn find(&self, supervisor: &Supervisor) -> Result<Option<InstalledProgram>, Problem> {
        let path = locate::locate(&self.program, HELP)?;
        let argv = vec![path.clone().into(), "--version".into()];
        let version = locate::query_version(supervisor, argv, "", HELP, |text| {
            let is_version = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit());
            text.lines().rev().map(str::trim).find(is_version).map(Into::into)
        })?;
        Ok(Some(InstalledProgram { path, version }))
    }

    fn start_s(&self) -> f64 {
        0.8
    }

    fn run(&self, calculation: &Calculation, resources: &Resources) -> Result<QcResult, Cause> {
        verify::input(calculation)?;
        let run = ProgramRun { program: "psi4", calculation, resources, patterns: ERROR_PATTERNS };
        let bytes = resources.memory_mb * 1_000_000;
        if bytes < LEAST_MEMORY {
            let text = format!(
                "psi4 needs at least 263 MB of memory, and this rank has {} MB; use fewer ranks or raise the memory limit",
                resources.memory_mb
            );
            return Err(Cause::Resource(text));
        }
        let method = &calculation.chemistry.method;
        if let Some(reason) = uncorrelated(calculation.molecule, calculation.chemistry) {
            return self.result(&run, &self.compute(&run, "hf")?, Some(reason));
        }
        let output = self.compute(&run, method)?;
        if method.eq_ignore_ascii_case("mp2") && !output.finished.exit.is_success() && has_no_pairs(&printed(resources))
        {
            return self.result(&run, &self.compute(&run, "hf")?, Some(verify::UNCORRELATED));
        }
        self.result(&run, &output, None)
    }

    fn is_all_frozen(&self, molecule: &Molecule, chemistry: &Chemistry) -> bool {
        is_all_frozen(molecule, chemistry)
    }
}

/// The exit of psi4 and the result that it has written, if that can be parsed.
struct Psi4Output {
    finished: Finished,
    parsed: Option<QcSchemaResult>,
}

impl Psi4 {
    /// Runs psi4 with a method.
    fn compute(&self, run: &ProgramRun, method: &str) -> Result<Psi4Output, Cause> {
        let mut input = qcschema::atomic_input(run.calculation);
        input["model"]["method"] = json!(method);
        input["keywords"] = Value::Object(options(run.calculation, method));
        if script::has_ghosts(run.calculation.molecule) {
            input["molecule"]["atom_labels"] = script::labels(run.calculation.molecule);
        }
        input["memory"] = json!(run.resources.memory_mb * 1_000_000);
        input["return_output"] = json!(true);
        run.write(FILE, &input.to_string())?;
        let scratch = run.resources.scratch.to_string_lossy().into_owned();
        let finished = run.execute(self.argv(run)?, &[("PSI_SCRATCH", scratch)], None)?;
        let bytes = text::read_limited(&run.path(FILE), qcschema::LIMIT);
        Ok(Psi4Output { finished, parsed: bytes.and_then(|bytes| QcSchemaResult::parse(&bytes)).ok() })
    }

    /// The result of a run, or the cause of its failure; `uncorrelated` is the reason if Hartree-Fock was run instead of the method.
    fn result(&self, run: &ProgramRun, output: &Psi4Output, uncorrelated: Option<&str>) -> Result<QcResult, Cause> {
        let Psi4Output { finished, parsed } = output;
        if let Some(cause) = parsed.as_ref().and_then(|parsed| parsed.error(ERROR_PATTERNS)) {
            return Err(run.labelled(cause));
        }
        let parsed = parsed.as_ref().filter(|parsed| finished.exit.is_success() && parsed.is_success());
        let parsed = parsed.ok_or_else(|| run.failure(finished, "", &printed(run.resources)))?;
        let mut result = parsed.result(run.calculation, ERROR_PATTERNS).map_err(|cause| run.unreadable(cause))?;
        let options = options(run.calculation, &run.calculation.chemistry.method);
        let reported = reported_options(parsed.output().unwrap_or_default());
        check_core(run.calculation, options.contains_key("num_frozen_docc"), &reported)
            .map_err(|cause| run.labelled(cause))?;
        result.effective.extend(options.iter().filter(|(name, _)| *name != "function_kwargs").map(as_text));
        result.effective.extend(reported);
        result.effective.extend(uncorrelated.map(|reason| ("correlation".to_owned(), reason.to_owned())));
        verify::result(run.calculation, result).map_err(|cause| run.unreadable(cause))
    }

    /// The command line; an input file is written if the JSON cannot express everything.
    fn argv(&self, run: &ProgramRun) -> Result<Vec<OsString>, Cause> {
        let mut argv: Vec<OsString> = vec![self.program.clone().into()];
        let molecule = run.calculation.molecule;
        if molecule.point_charges.is_empty() && !script::has_ghosts(molecule) {
            argv.extend(["--json", FILE].map(OsString::from));
        } else {
            run.write(SCRIPT[0], &script::script(FILE, molecule))?;
            argv.extend(["-i", SCRIPT[0], "-o", SCRIPT[1]].map(OsString::from));
        }
        argv.extend(["-n".into(), run.resources.threads.max(1).to_string().into()]);
        argv.extend(["-s".into(), run.resources.scratch.into()]);
        Ok(argv)
    }
}

/// Whether MP2 has started and found no virtual orbitals.
fn has_no_pairs(printed: &str) -> bool {
    let count = |line: &str| line.trim().strip_prefix("Number of ")?.rsplit_once(':').map(|(_, n)| n.trim() == "0");
    let mut are_none = printed.lines().filter(|line| line.contains("independent-pairs")).filter_map(count).peekable();
    are_none.peek().is_some() && are_none.all(|is_none| is_none)
}

/// Checks that the frozen core was counted with the same core potentials that psi4 has found.
fn check_core(calculation: &Calculation, is_frozen: bool, reported: &BTreeMap<String, String>) -> Result<(), Cause> {
    let found = reported.get(ECP_ELECTRONS).map_or("0", String::as_str);
    let counted = core(calculation.molecule, calculation.chemistry).ecp_electrons.to_string();
    if !is_frozen
        || found == counted
        || calculation.chemistry.keywords.keys().any(|name| name.eq_ignore_ascii_case("num_frozen_docc"))
    {
        return Ok(());
    }
    Err(Cause::Input(format!(
        "core potentials of the basis set replace {found} electrons, but the frozen core was counted for {counted}: use \
         `frozen_core = false`, or a basis set with known potentials (def2-*, lanl2dz)"
    )))
}

fn as_text((name, value): (&String, &Value)) -> (String, String) {
    (name.clone(), value.as_str().map_or_else(|| value.to_string(), Into::into))
}

/// The options that psi4 prints in its output.
fn reported_options(output: &str) -> BTreeMap<String, String> {
    let marks = [
        ("Spherical Harmonics?:", "spherical"),
        ("Number of basis function:", "basis_functions"),
        ("SCF Algorithm Type is", "scf_algorithm"),
        ("Guess Type is", "guess"),
        ("Number of ECP core electrons:", ECP_ELECTRONS),
    ];
    let word = |mark: &str| locate::word_after(output, mark).map(|word| word.trim_end_matches('.').to_owned());
    marks.into_iter().filter_map(|(mark, name)| Some((name.to_owned(), word(mark)?))).collect()
}

/// The end of psi4's output when it failed without an error message: the output of the input file, or the file that it otherwise removes.
fn printed(resources: &Resources) -> String {
    let names = fs::read_dir(resources.scratch).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_output = |path: &PathBuf| path.extension().is_some_and(|e| e == "json_out") || path.ends_with(SCRIPT[1]);
    names.filter(is_output).map(|path| text::tail(&path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::test_molecules::{energy, molecule};

    #[test]
    fn reported_options_are_read_from_the_output() {
        let output = "  SCF Algorithm Type is PK.\n  Guess Type is SAD.\n    Number of basis function: 36\n    \
                      Spherical Harmonics?: false\n";
        let reported = reported_options(output);
        assert_eq!(reported["scf_algorithm"], "PK");
        assert_eq!((reported["spherical"].as_str(), reported["basis_functions"].as_str()), ("false", "36"));
    }

    #[test]
    fn a_frozen_core_is_refused_with_core_potentials_that_were_not_counted() {
        let molecule = molecule(&["Xe"], 0);
        let chemistry = Chemistry { basis: Some("def2-svp".into()), ..Chemistry::default() };
        let calculation = energy(&molecule, &chemistry);
        let reported = |count: &str| BTreeMap::from([(ECP_ELECTRONS.to_owned(), count.to_owned())]);
        assert_eq!(check_core(&calculation, true, &reported("28")), Ok(()));
        assert_eq!(check_core(&calculation, false, &reported("46")), Ok(()));
        assert!(
            matches!(check_core(&calculation, true, &reported("46")), Err(Cause::Input(text)) if text.contains("46") && text.contains("28"))
        );
        assert!(check_core(&calculation, true, &BTreeMap::new()).is_err());
    }

    #[test]
    fn missing_virtual_orbitals_are_detected() {
        assert!(has_no_pairs("Forming independent-pairs...\n\tNumber of independent-pairs:   0\n"));
        assert!(!has_no_pairs("\tNumber of alpha independent-pairs:  1\n\tNumber of beta independent-pairs :  0\n"));
        assert!(!has_no_pairs(""));
    }

    #[test]
    fn charges_are_refused_if_psi4_ignores_them() {
        let needs = Needs { point_charges: true, ..Needs::default() };
        let refused = |driver, method: &str| {
            let chemistry = Chemistry { method: method.into(), basis: Some("sto-3g".into()), ..Chemistry::default() };
            !Psi4::new("psi4").refusals(driver, &chemistry, needs).is_empty()
        };
        assert!(!refused(Driver::Energy, "mp2") && !refused(Driver::Gradient, "HF"));
        assert!(refused(Driver::Gradient, "mp2") && refused(Driver::Hessian, "hf"));
    }
}
