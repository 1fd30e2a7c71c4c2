//! How does QCEngine compute a job with one of its programs?
//!
//! `qcengine run PROGRAM input.json` prints an `AtomicResult` or a `FailedOperation` of the input's version. Threads,
//! memory (GiB) and scratch folder are settings in a file of its own: options of the command line and variables for them
//! came later than 0.26, which is the version that still gets on with psi4 1.3. It has no time limit, and its retries are
//! switched off here: simmpi has both. Measured with 0.52: 2.9 s of CPU for an NWChem job of 0.5 s.
use super::call::Call;
use super::ending::Sign;
use super::potentials::{self, Potentials};
use super::qcschema::{self, Written};
use super::{Answer, Chemistry, Driver, Engine, Found, Job, Missing, Needs, Refusal, Site};
use super::{find, nwchem, psi4, refuse, text, verify, xtb};
use crate::process::Guard;
use crate::science::chemistry::{Element, Molecule};
use crate::task::Cause;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::PathBuf;

const INPUT: &str = "input.json";
const OUTPUT: &str = "output.json";
const SETTINGS: &str = "qcengine.yaml";
/// Bytes in a GiB over bytes in a MB.
const MB_PER_GIB: f64 = (1u64 << 30) as f64 / 1e6;

/// Where to get it.
const HELP: &str =
    "install it (`pip install qcengine`, or `conda install -c conda-forge qcengine`) or load its environment";

/// A program behind QCEngine.
#[derive(Clone, Debug)]
pub struct QcEngine {
    qcengine: PathBuf,
    program: String,
}

impl QcEngine {
    /// The `program` (as QCEngine calls it) through the `qcengine` of PATH.
    pub fn new(program: impl Into<String>) -> Self {
        Self::at("qcengine", program)
    }

    /// The same through the `qcengine` of this name or path.
    pub fn at(qcengine: impl Into<PathBuf>, program: impl Into<String>) -> Self {
        Self { qcengine: qcengine.into(), program: program.into() }
    }
}

impl QcEngine {
    fn is(&self, program: &str) -> bool {
        self.program.eq_ignore_ascii_case(program)
    }

    /// The job as QCEngine is given it.
    fn input(&self, job: &Job) -> Value {
        let mut input = qcschema::input(job);
        if self.is("psi4") {
            let options = psi4::independent(job.chemistry.keywords.clone(), job, &job.chemistry.method);
            input["keywords"] = Value::Object(options);
        }
        input
    }

    /// A refusal of an element of which QCEngine's program takes the core potential where there must be none, or none where there must.
    fn without_potential(&self, chemistry: &Chemistry, element: Element, needs: Needs) -> Option<Refusal> {
        potentials::replaced(chemistry, element)?;
        let basis = chemistry.basis.as_deref().unwrap_or_default();
        if self.is("psi4") && needs.ghosts {
            let message = format!(
                "psi4 leaves the core potential of {element} in {basis} on its ghost atoms, which cp and vmfc need"
            );
            let help = "use engine = \"psi4\", which takes it away, or \"nwchem\", or `bsse = [\"nocp\"]`";
            return Some(refuse::key("program", message, help));
        }
        let library = Potentials::of_basis(basis)?.library;
        if self.is("nwchem") && nwchem::own_potential(&chemistry.keywords, element).is_none() {
            let message = format!("QCEngine does not write the core potential of {element}, for which {basis} is made");
            let help = format!("add ecp__{element} = \"library {library}\" to keywords, or use engine = \"nwchem\"");
            return Some(refuse::key("keywords", message, help));
        }
        None
    }
}

/// QCEngine's settings for a site, in YAML of which JSON is a part. They stand in the folder where it is told to look
/// first, and replace those of the user: one task a rank, without MPI.
fn settings(site: &Site) -> String {
    let settings = json!({
        "hostname_pattern": "*",
        "scratch_directory": site.scratch.to_string_lossy(),
        "memory": site.memory_mb as f64 / MB_PER_GIB,
        "memory_safety_factor": 0,
        "ncores": site.threads.max(1),
        "jobs_per_node": 1,
        "retries": 0,
    });
    json!({ "simmpi": settings }).to_string()
}

/// What the programs behind it say, which QCEngine hands on as an unknown error.
fn signs() -> Vec<Sign> {
    let own: &[Sign] = &[("could not be found", Cause::Input), ("not registered with QCEngine", Cause::Input)];
    [psi4::SIGNS, nwchem::SIGNS, xtb::SIGNS, own].concat()
}

impl Engine for QcEngine {
    fn name(&self) -> &'static str {
        "qcengine"
    }

    fn refusals(&self, _: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Refusal> {
        let mut refused = refuse::options("qcengine", chemistry, |key| {
            format!("put what {} calls `{key}` into keywords, which it is handed as they are", self.program)
        });
        if self.program.trim().is_empty() {
            refused.push(refuse::key("program", "QCEngine is not told which program to run", "name one, as `psi4`"));
        }
        if chemistry.method.trim().is_empty() {
            refused.push(refuse::key("method", "there is no method", "name one, as in `method = \"mp2\"`"));
        }
        if needs.ghosts && self.is("xtb") {
            refused.push(refuse::ghosts("xtb"));
        }
        refused.extend(needs.elements.iter().filter_map(|&element| self.without_potential(chemistry, element, needs)));
        refused.extend(needs.point_charges.then(|| refuse::point_charges("QCEngine")));
        refused
    }

    fn is_all_frozen(&self, molecule: &Molecule, chemistry: &Chemistry) -> bool {
        self.is("psi4") && psi4::is_all_frozen(molecule, chemistry)
    }

    fn find(&self, guard: &Guard) -> Result<Option<Found>, Missing> {
        let path = find::locate(&self.qcengine, HELP)?;
        let argv = vec![path.clone().into(), "--version".into()];
        let version = find::version(guard, argv, "", HELP, |text| {
            let number = |word: &&str| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
            text.split_whitespace().find(number).map(|word| word.trim_start_matches('v').to_owned())
        })?;
        let argv = vec![path.clone().into(), "info".into(), "programs".into()];
        let program = find::version(guard, argv, "", HELP, |text| Some(program_version(text, &self.program)))?;
        match program.as_str() {
            "" => Err(Missing {
                message: format!("QCEngine {version} does not find the program `{}`", self.program),
                help: format!("`{} info programs` lists those it finds and misses", path.display()),
            }),
            program => Ok(Some(Found { path, version: format!("{version}, {program}") })),
        }
    }

    fn start_s(&self) -> f64 {
        2.5
    }

    fn run(&self, job: &Job, site: &Site) -> Result<Answer, Cause> {
        verify::question(job)?;
        let signs = signs();
        let name = format!("qcengine ({})", self.program);
        let call = Call { program: &name, job, site, signs: &signs };
        call.write(INPUT, &self.input(job).to_string())?;
        call.write(SETTINGS, &settings(site))?;
        let folder = site.scratch.to_string_lossy().into_owned();
        let argv = [self.qcengine.clone().into()].into_iter().chain(["run", &self.program, INPUT].map(OsString::from));
        let finished = call.run(argv.collect(), &[("DQM_CONFIG_PATH", folder)], Some(OUTPUT))?;
        let printed = text::whole(&call.path(OUTPUT), qcschema::LIMIT).map_err(|cause| call.named(cause))?;
        if !finished.exit.is_success() {
            return Err(call.failure(&finished, "", &text::end(&call.path(OUTPUT))));
        }
        let written = Written::parse(&printed).or_else(|_| Written::parse(last_object(&printed)));
        if let Some(cause) = written.as_ref().ok().and_then(|written| written.error(&signs)) {
            return Err(call.named(cause));
        }
        let answer = written.and_then(|written| written.answer(job, &signs));
        answer.and_then(|answer| verify::answer(job, answer)).map_err(|cause| call.unread(cause))
    }
}

/// Name and version of a program in QCEngine's list, which has lines as `psi4:   v1.3.2   /usr/bin/psi4`; empty where it
/// is not among those found.
fn program_version(list: &str, program: &str) -> String {
    let version = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.trim_end_matches(':');
        let version = words.next().filter(|word| word.starts_with('v'))?;
        name.eq_ignore_ascii_case(program).then(|| format!("{name} {version}"))
    };
    list.lines().find_map(version).unwrap_or_default()
}

/// The last line that begins a JSON object: some programs print before.
fn last_object(printed: &[u8]) -> &[u8] {
    printed.split(|byte| *byte == b'\n').rfind(|line| line.starts_with(b"{")).unwrap_or(printed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::chemistry::Atom;

    #[test]
    fn the_result_is_the_last_object_printed() {
        assert_eq!(last_object(b"warning\n{\"a\": 1}\n"), b"{\"a\": 1}");
        assert_eq!(last_object(b"garbage"), b"garbage");
    }

    #[test]
    fn only_programs_that_are_there_have_a_version() {
        let list = "Available programs:\nnwchem:      v7.0.2-N-A            /usr/bin/nwchem\nOther: \nadcc psi4 xtb\n";
        assert_eq!(program_version(list, "NWChem"), "nwchem v7.0.2-N-A");
        assert_eq!(program_version(list, "psi4"), "");
    }

    #[test]
    fn keys_and_charges_are_refused_by_name() {
        let chemistry = Chemistry { method: "hf".into(), frozen_core: Some(false), ..Chemistry::default() };
        let needs = Needs { ghosts: true, point_charges: true, ..Needs::default() };
        let refused = QcEngine::new("psi4").refusals(Driver::Energy, &chemistry, needs);
        assert_eq!(refused.iter().map(|refusal| refusal.key).collect::<Vec<_>>(), ["frozen_core", "engine"]);
        assert!(refused[0].help.contains("psi4"));
    }

    #[test]
    fn core_potentials_that_go_wrong_are_refused_by_element() {
        let mut chemistry = Chemistry { method: "hf".into(), basis: Some("def2-svp".into()), ..Chemistry::default() };
        let elements = [Element::of_symbol("O").unwrap(), Element::of_symbol("I").unwrap()];
        let needs = Needs { ghosts: true, elements: &elements, ..Needs::default() };
        let refused = |program: &str, chemistry: &Chemistry, needs| {
            let refused = QcEngine::new(program).refusals(Driver::Energy, chemistry, needs);
            refused.into_iter().map(|refusal| (refusal.key, refusal.message + &refusal.help)).collect::<Vec<_>>()
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
    fn psi4_is_told_the_number_of_frozen_orbitals_and_a_guess() {
        let chemistry = |keywords: Value| Chemistry {
            method: "mp2".into(),
            basis: Some("def2-svp".into()),
            keywords: keywords.as_object().unwrap().clone(),
            ..Chemistry::default()
        };
        let atom = Atom { element: Element::of_symbol("Na").unwrap(), position: [0.0; 3], is_ghost: false };
        let molecule = Molecule { atoms: vec![atom], charge: 1, multiplicity: 1, point_charges: Vec::new() };
        let keywords = |program: &str, keywords: Value| {
            let chemistry = chemistry(keywords);
            let job = Job { label: "1", molecule: &molecule, driver: Driver::Energy, chemistry: &chemistry };
            QcEngine::new(program).input(&job)["keywords"].clone()
        };
        assert_eq!(keywords("psi4", json!({"freeze_core": true})), json!({"num_frozen_docc": 5, "guess": "sad"}));
        assert_eq!(keywords("Psi4", json!({"guess": "core"})), json!({"guess": "core"}));
        assert_eq!(keywords("other", json!({"freeze_core": true})), json!({"freeze_core": true}));
        assert!(QcEngine::new("psi4").is_all_frozen(&molecule, &chemistry(json!({"freeze_core": "true"}))));
    }
}
