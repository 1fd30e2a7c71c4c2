//! How does QCEngine compute a molecule with one of its programs?
//!
//! `qcengine run PROGRAM input.json` prints an `AtomicResult` or a `FailedOperation` of the input's version. Threads, memory (GiB) and
//! scratch folder are set in its configuration file: options and variables for them came after 0.26, the last version that works with psi4
//! 1.3. It has no time limit, and its retries are disabled, since simmpi has both. Measured with 0.52: 2.9 s of CPU for an NWChem
//! calculation of 0.5 s.
use super::{
    Calculation, Chemistry, Driver, EcpLibrary, Engine, Needs, ProgramRun, QcResult, QcSchemaResult, Resources, ecp,
    nwchem, psi4, qcschema, refusal, verify, xtb,
};
use crate::engines::failure::ErrorPattern;
use crate::engines::locate::{self, InstalledProgram};
use crate::engines::text;
use crate::problem::Problem;
use crate::process::Supervisor;
use crate::science::chemistry::{Element, Molecule};
use crate::task::Cause;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::PathBuf;

const INPUT: &str = "input.json";
const OUTPUT: &str = "output.json";
const SETTINGS: &str = "qcengine.yaml";
/// MB per GiB.
const MB_PER_GIB: f64 = (1u64 << 30) as f64 / 1e6;
/// How to install it.
const HELP: &str =
    "install it (`pip install qcengine`, or `conda install -c conda-forge qcengine`) or load its environment";

/// A program behind QCEngine.
#[derive(Clone, Debug)]
pub struct QcEngine {
    qcengine: PathBuf,
    program: String,
}

impl QcEngine {
    /// The `program`, under QCEngine's name, through `qcengine`, a name in PATH or a path.
    pub fn new(qcengine: impl Into<PathBuf>, program: impl Into<String>) -> Self {
        Self { qcengine: qcengine.into(), program: program.into() }
    }

    fn is(&self, program: &str) -> bool {
        self.program.eq_ignore_ascii_case(program)
    }

    /// The QCSchema input of a calculation.
    fn input(&self, calculation: &Calculation) -> Value {
        let mut input = qcschema::atomic_input(calculation);
        if self.is("psi4") {
            let Chemistry { keywords, method, .. } = calculation.chemistry;
            let options = psi4::size_consistent(keywords.clone(), calculation, method);
            input["keywords"] = Value::Object(options);
        }
        input
    }

    /// Refuses an element if the program, through QCEngine, would put its core potential on ghosts (psi4) or not use it (NWChem).
    fn potential_refusal(&self, chemistry: &Chemistry, element: Element, needs: Needs) -> Option<Problem> {
        ecp::core_electrons(chemistry, element)?;
        let basis = chemistry.basis.as_deref().unwrap_or_default();
        if self.is("psi4") && needs.ghosts {
            let message = format!(
                "psi4 leaves the core potential of {element} in {basis} on its ghost atoms, which cp and vmfc need"
            );
            let help = "use engine = \"psi4\", which removes it, or \"nwchem\", or `bsse = [\"nocp\"]`";
            return Some(Problem::at_key("program", message, help));
        }
        let library = EcpLibrary::for_basis(basis)?.name;
        if self.is("nwchem") && nwchem::keyword_potential(&chemistry.keywords, element).is_none() {
            let message = format!("QCEngine does not set the core potential of {element} that {basis} is made for");
            let help = format!("add ecp__{element} = \"library {library}\" to keywords, or use engine = \"nwchem\"");
            return Some(Problem::at_key("keywords", message, help));
        }
        None
    }
}

/// QCEngine's configuration in YAML, of which JSON is a subset. It replaces the user's: one calculation per rank, without MPI.
fn settings(resources: &Resources) -> String {
    let settings = json!({
        "hostname_pattern": "*",
        "scratch_directory": resources.scratch.to_string_lossy(),
        "memory": resources.memory_mb as f64 / MB_PER_GIB,
        "memory_safety_factor": 0,
        "ncores": resources.threads.max(1),
        "jobs_per_node": 1,
        "retries": 0,
    });
    json!({ "simmpi": settings }).to_string()
}

/// The error messages of the programs, which QCEngine passes on as unknown errors.
fn error_patterns() -> Vec<ErrorPattern> {
    let own: &[ErrorPattern] = &[("could not be found", Cause::Input), ("not registered with QCEngine", Cause::Input)];
    [psi4::ERROR_PATTERNS, nwchem::ERROR_PATTERNS, xtb::ERROR_PATTERNS, own].concat()
}

impl Engine for QcEngine {
    fn name(&self) -> &'static str {
        "qcengine"
    }

    fn refusals(&self, _: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Problem> {
        let mut refused = refusal::options("qcengine", chemistry, |key| {
            format!("put {}'s own option for `{key}` into keywords, which are passed on unchanged", self.program)
        });
        if self.program.trim().is_empty() {
            let message = "`program` is empty: QCEngine needs a program to run";
            refused.push(Problem::at_key("program", message, "set it, as in `program = \"psi4\"`"));
        }
        if chemistry.method.trim().is_empty() {
            refused.push(refusal::no_method());
        }
        if needs.ghosts && self.is("xtb") {
            refused.push(refusal::ghosts("xtb"));
        }
        refused.extend(needs.elements.iter().filter_map(|&element| self.potential_refusal(chemistry, element, needs)));
        refused.extend(needs.point_charges.then(|| refusal::point_charges("QCEngine")));
        refused
    }

    fn is_all_frozen(&self, molecule: &Molecule, chemistry: &Chemistry) -> bool {
        self.is("psi4") && psi4::is_all_frozen(molecule, chemistry)
    }

    fn find(&self, supervisor: &Supervisor) -> Result<Option<InstalledProgram>, Problem> {
        let path = locate::locate(&self.qcengine, HELP)?;
        let argv = vec![path.clone().into(), "--version".into()];
        let version = locate::query_version(supervisor, argv, "", HELP, |text| {
            let number = |word: &&str| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
            text.split_whitespace().find(number).map(|word| word.trim_start_matches('v').to_owned())
        })?;
        let argv = vec![path.clone().into(), "info".into(), "programs".into()];
        let program =
            locate::query_version(supervisor, argv, "", HELP, |text| Some(program_version(text, &self.program)))?;
        match program.as_str() {
            "" => Err(Problem::new(
                format!("QCEngine {version} does not find the program `{}`", self.program),
                format!("`{} info programs` lists the programs that it finds", path.display()),
            )),
            program => Ok(Some(InstalledProgram { path, version: format!("{version}, {program}") })),
        }
    }

    fn start_s(&self) -> f64 {
        2.5
    }

    fn run(&self, calculation: &Calculation, resources: &Resources) -> Result<QcResult, Cause> {
        verify::input(calculation)?;
        let patterns = error_patterns();
        let name = format!("qcengine ({})", self.program);
        let run = ProgramRun { program: &name, calculation, resources, patterns: &patterns };
        run.write(INPUT, &self.input(calculation).to_string())?;
        run.write(SETTINGS, &settings(resources))?;
        let folder = resources.scratch.to_string_lossy().into_owned();
        let argv = [self.qcengine.clone().into()].into_iter().chain(["run", &self.program, INPUT].map(OsString::from));
        let finished = run.execute(argv.collect(), &[("DQM_CONFIG_PATH", folder)], Some(OUTPUT))?;
        let printed = text::read_limited(&run.path(OUTPUT), qcschema::LIMIT).map_err(|cause| run.labelled(cause))?;
        if !finished.exit.is_success() {
            return Err(run.failure(&finished, "", &text::tail(&run.path(OUTPUT))));
        }
        let parsed = QcSchemaResult::parse(&printed).or_else(|_| QcSchemaResult::parse(last_object(&printed)));
        if let Some(cause) = parsed.as_ref().ok().and_then(|parsed| parsed.error(&patterns)) {
            return Err(run.labelled(cause));
        }
        let result = parsed.and_then(|parsed| parsed.result(calculation, &patterns));
        result.and_then(|result| verify::result(calculation, result)).map_err(|cause| run.unreadable(cause))
    }
}

/// Name and version of a program in QCEngine's list, which has lines such as `psi4:   v1.3.2   /usr/bin/psi4`; empty if it is not found.
fn program_version(list: &str, program: &str) -> String {
    let version = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.trim_end_matches(':');
        let version = words.next().filter(|word| word.starts_with('v'))?;
        name.eq_ignore_ascii_case(program).then(|| format!("{name} {version}"))
    };
    list.lines().find_map(version).unwrap_or_default()
}

/// From the last line that starts a JSON object: some programs print something before it.
fn last_object(printed: &[u8]) -> &[u8] {
    printed.split(|byte| *byte == b'\n').rfind(|line| line.starts_with(b"{")).unwrap_or(printed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::test_molecules::{energy, molecule};

    #[test]
    fn the_result_is_the_last_object_printed() {
        assert_eq!(last_object(b"warning\n{\"a\": 1}\n"), b"{\"a\": 1}");
        assert_eq!(last_object(b"garbage"), b"garbage");
    }

    #[test]
    fn only_programs_that_are_found_have_a_version() {
        let list = "Available programs:\nnwchem:      v7.0.2-N-A            /usr/bin/nwchem\nOther: \nadcc psi4 xtb\n";
        assert_eq!(program_version(list, "NWChem"), "nwchem v7.0.2-N-A");
        assert_eq!(program_version(list, "psi4"), "");
    }

    #[test]
    fn keys_and_charges_are_refused_by_name() {
        let chemistry = Chemistry { method: "hf".into(), frozen_core: Some(false), ..Chemistry::default() };
        let needs = Needs { ghosts: true, point_charges: true, ..Needs::default() };
        let refused = QcEngine::new("qcengine", "psi4").refusals(Driver::Energy, &chemistry, needs);
        assert_eq!(refused.iter().map(|problem| problem.key.as_str()).collect::<Vec<_>>(), ["frozen_core", "engine"]);
        assert!(refused[0].help.contains("psi4"));
    }

    #[test]
    fn core_potentials_that_go_wrong_are_refused_by_element() {
        let mut chemistry = Chemistry { method: "hf".into(), basis: Some("def2-svp".into()), ..Chemistry::default() };
        let elements = [Element::from_symbol("O").unwrap(), Element::from_symbol("I").unwrap()];
        let needs = Needs { ghosts: true, elements: &elements, ..Needs::default() };
        let refused = |program: &str, chemistry: &Chemistry, needs| {
            let refused = QcEngine::new("qcengine", program).refusals(Driver::Energy, chemistry, needs);
            refused.into_iter().map(|problem| (problem.key, problem.message + &problem.help)).collect::<Vec<_>>()
        };
        let by_psi4 = refused("psi4", &chemistry, needs);
        assert!(
            by_psi4.len() == 1 && by_psi4[0].0 == "program" && by_psi4[0].1.contains(" I in def2-svp"),
            "{by_psi4:?}"
        );
        assert!(refused("psi4", &chemistry, Needs { ghosts: false, ..needs }).is_empty());
        let by_nwchem = refused("nwchem", &chemistry, needs);
        assert!(by_nwchem.len() == 1 && by_nwchem[0].1.contains("ecp__I = \"library def2-ecp\""), "{by_nwchem:?}");
        chemistry.keywords.insert("ecp__I".into(), json!("library def2-ecp"));
        assert!(refused("nwchem", &chemistry, needs).is_empty());
    }

    #[test]
    fn psi4_gets_the_number_of_frozen_orbitals_and_a_guess() {
        let chemistry = |keywords: Value| Chemistry {
            method: "mp2".into(),
            basis: Some("def2-svp".into()),
            keywords: keywords.as_object().unwrap().clone(),
            ..Chemistry::default()
        };
        let molecule = molecule(&["Na"], 1);
        let keywords = |program: &str, keywords: Value| {
            let chemistry = chemistry(keywords);
            QcEngine::new("qcengine", program).input(&energy(&molecule, &chemistry))["keywords"].clone()
        };
        assert_eq!(keywords("psi4", json!({"freeze_core": true})), json!({"num_frozen_docc": 5, "guess": "sad"}));
        assert_eq!(keywords("Psi4", json!({"guess": "core"})), json!({"guess": "core"}));
        assert_eq!(keywords("other", json!({"freeze_core": true})), json!({"freeze_core": true}));
        assert!(QcEngine::new("qcengine", "psi4").is_all_frozen(&molecule, &chemistry(json!({"freeze_core": "true"}))));
    }
}
