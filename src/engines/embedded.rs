//! How does simmpi compute a molecule itself?
use super::potentials::Core;
use super::{Answer, Chemistry, Driver, Needs, Reference, Refusal, refuse};
use crate::journal::Fingerprint;
use crate::science::basis::{self, BasisSet};
use crate::science::chemistry::{Differences, Element, Molecule};
use crate::science::memory::Room;
use crate::science::scf::{self, Derivative, Error, Guess, Integrals, Method, Note, Outcome, Settings, System};
use crate::task::Cause;
use serde_json::{Map, Value};
use std::path::Path;

/// The name under which [`Answer::effective`] says that a task's solution is not the one that iterations led to first, or not the lowest.
pub const SOLUTION: &str = "scf_solution";

/// Hartree-Fock and MP2 within this program.
#[derive(Clone, Debug)]
pub struct Embedded {
    pub(super) basis: BasisSet,
    pub(super) settings: Settings,
}

impl Embedded {
    /// The engine of a chemistry in a basis set.
    ///
    /// # Errors
    /// It is asked for what it cannot do, by the key that asks.
    pub fn new(chemistry: &Chemistry, basis: BasisSet, threads: usize) -> Result<Self, Refusal> {
        let method = match chemistry.method.to_ascii_lowercase().as_str() {
            "hf" | "scf" | "rhf" | "uhf" => Method::Hf,
            "mp2" => Method::Mp2,
            other => {
                let message = format!("the embedded engine has no method `{other}`; it has hf and mp2");
                return Err(refuse::key("method", message, "take one of these, or a program as the engine"));
            }
        };
        if threads > 1 {
            let message = "the embedded engine runs on one thread";
            return Err(refuse::key("threads", message, "remove it: more ranks use more cores"));
        }
        if chemistry.density_fitting == Some(true) {
            let message = "the embedded engine does not fit densities";
            return Err(refuse::key("density_fitting", message, "remove it, or take a program as the engine"));
        }
        let reference = match chemistry.reference {
            Reference::Auto => scf::Reference::Auto,
            Reference::Rhf => scf::Reference::Rhf,
            Reference::Uhf => scf::Reference::Uhf,
        };
        let mut settings = Settings { method, reference, ..Settings::default() };
        settings.frozen_core = chemistry.frozen_core.unwrap_or(settings.frozen_core);
        settings.convergence = chemistry.scf_convergence.unwrap_or(settings.convergence);
        Self { basis, settings }.with_keywords(&chemistry.keywords)
    }

    /// The same with other keywords: `max_iterations`, and `guess` (sad, core).
    ///
    /// # Errors
    /// A keyword is not known, or its value none that it can have.
    pub fn with_keywords(&self, keywords: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut engine = self.clone();
        for (name, value) in keywords {
            let wrong = |has: &str| {
                let message = format!("the keyword `{name}` cannot be {value}");
                refuse::key("keywords", message, format!("give {has}"))
            };
            match name.as_str() {
                "max_iterations" => {
                    let given = value.as_u64().filter(|iterations| (1..=100_000).contains(iterations));
                    engine.settings.max_iterations = given.ok_or_else(|| wrong("a number from 1 to 100000"))? as usize;
                }
                "guess" => {
                    engine.settings.guess = match value.as_str() {
                        Some("sad") => Guess::Sad,
                        Some("core") => Guess::Core,
                        _ => return Err(wrong("\"sad\" or \"core\"")),
                    }
                }
                _ => {
                    let message = format!("the embedded engine has no keyword `{name}`");
                    return Err(refuse::key("keywords", message, "it has max_iterations and guess"));
                }
            }
        }
        Ok(engine)
    }

    /// A basis set that is built in.
    ///
    /// # Errors
    /// There is none of this name, or no name.
    pub fn basis_of_name(name: Option<&str>) -> Result<BasisSet, Refusal> {
        let known = format!("built in are {}; others are read with `basis_file`", basis::names().join(", "));
        let Some(name) = name else {
            return Err(refuse::key("basis", "there is no basis set", &known));
        };
        basis::named(name)
            .ok_or_else(|| refuse::key("basis", format!("the basis set `{name}` is not built in"), &known))
    }

    /// A basis set in a file, JSON as the Basis Set Exchange writes it, or Gaussian94.
    ///
    /// # Errors
    /// It cannot be read, or is no basis set.
    pub fn basis_of_file(path: &Path) -> Result<BasisSet, Refusal> {
        let refused = |why: String| {
            let message = format!("`{}`: {why}", path.display());
            refuse::key("basis_file", message, "give a set in Gaussian94 or Basis Set Exchange JSON form")
        };
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        let parsed = match text.trim_start().starts_with('{') {
            true => basis::parse_bse_json(&text),
            false => basis::parse_gaussian94(&path.file_stem().unwrap_or_default().to_string_lossy(), &text),
        };
        parsed.map_err(|error| refused(error.to_string()))
    }

    /// What it cannot do of what is asked.
    pub fn refusals(&self, driver: Driver, needs: Needs) -> Vec<Refusal> {
        let mut refused = Vec::new();
        if needs.open_shells && self.settings.reference == scf::Reference::Rhf {
            let message = "restricted orbitals are for singlets, and there are other multiplicities";
            refused.push(refuse::key("reference", message, "take \"uhf\", or \"auto\""));
        }
        if needs.point_charges && driver != Driver::Energy {
            refused.push(refuse::point_charges("derivatives of the embedded engine"));
        }
        refused
    }

    /// Whether a frozen core leaves no electrons of a molecule to correlate.
    pub fn is_all_frozen(&self, molecule: &Molecule) -> bool {
        // Its basis sets have no core potentials.
        self.settings.frozen_core && self.settings.method == Method::Mp2 && Core::of(molecule, |_| 0).is_all()
    }

    /// Elements that the basis set lacks.
    pub fn lacking(&self, elements: &[Element]) -> Vec<Element> {
        let mut lacking: Vec<Element> =
            elements.iter().copied().filter(|&element| self.basis.shells(element).is_none()).collect();
        lacking.sort_unstable();
        lacking.dedup();
        lacking
    }

    /// SHA-256 of the basis set.
    pub fn digest(&self) -> String {
        Fingerprint::of(&format!("{:?}", self.basis)).to_string()
    }

    /// The number of basis functions of some elements; those that the set lacks have none.
    pub fn functions(&self, elements: impl Iterator<Item = Element>) -> usize {
        elements.filter_map(|element| self.basis.functions(element)).sum()
    }

    /// Which differences give derivatives: Hartree-Fock has analytic gradients, and nothing else is analytic.
    pub fn differences(&self, driver: Driver) -> Differences {
        match (driver, self.settings.method) {
            (Driver::Energy, _) | (Driver::Gradient, Method::Hf) => Differences::None,
            (Driver::Gradient, Method::Mp2) => Differences::GradientFromEnergies,
            (Driver::Hessian, Method::Hf) => Differences::HessianFromGradients,
            (Driver::Hessian, Method::Mp2) => Differences::HessianFromEnergies,
        }
    }

    /// Computes molecules: energies, or energies and gradients. Those that follow one another with the same atoms, ghosts or not, share
    /// integrals. `integrals` are those of the last molecule before, and afterwards those of the last of these.
    ///
    /// # Errors
    /// One has no energy; the cause says why.
    pub fn run(
        &self,
        molecules: &[&Molecule],
        driver: Driver,
        room: Room<'_>,
        integrals: &mut Option<Integrals>,
    ) -> Vec<Result<Answer, Cause>> {
        let system = |molecule| System { molecule, basis: &self.basis };
        let settings = Settings { memory_mb: room.memory_mb, ..self.settings.clone() };
        let derivative = if driver == Driver::Energy { Derivative::Energy } else { Derivative::Gradient };
        let mut answers = Vec::new();
        while let Some(first) = molecules.get(answers.len()) {
            let own = match integrals.take() {
                Some(last) if last.serve(&system(first)) => last,
                // Those that do not serve are gone before, so that there is room for these.
                last => {
                    drop(last);
                    match Integrals::within(&system(first), room) {
                        Ok(new) => new,
                        Err(error) => {
                            answers.push(Err(cause(error)));
                            continue;
                        }
                    }
                }
            };
            let systems: Vec<_> = molecules[answers.len()..].iter().map(|molecule| system(molecule)).collect();
            let alike = systems.iter().take_while(|system| own.serve(system)).count();
            let outcomes = scf::solve_all(&own, &systems[..alike], &settings, derivative);
            answers.extend(outcomes.into_iter().map(|outcome| outcome.map(|o| self.answer(o)).map_err(cause)));
            *integrals = Some(own);
        }
        answers
    }

    fn answer(&self, outcome: Outcome) -> Answer {
        let word = |text: &str| text.to_owned();
        let mut effective = vec![
            (word("reference"), word(if outcome.is_restricted { "rhf" } else { "uhf" })),
            (word("spherical"), self.basis.is_spherical.to_string()),
            (word("frozen_core"), self.settings.frozen_core.to_string()),
            (word("scf_convergence"), format!("{:e}", self.settings.convergence)),
        ];
        let (of_solution, others): (Vec<Note>, Vec<Note>) =
            outcome.notes.iter().partition(|note| note.is_of_solution());
        for (name, notes) in [(SOLUTION, of_solution), ("note", others)] {
            let texts: Vec<String> = notes.iter().map(ToString::to_string).collect();
            effective.extend((!texts.is_empty()).then(|| (word(name), texts.join("; "))));
        }
        Answer {
            energy: outcome.energy,
            gradient: outcome.gradient.map(|gradient| gradient.concat()),
            hessian: None,
            effective: effective.into_iter().collect(),
        }
    }
}

/// What a failure means for another attempt.
fn cause(error: Error) -> Cause {
    let text = error.to_string();
    match error {
        Error::NotConverged(_) => Cause::Convergence(text),
        Error::Memory { .. } => Cause::Resource(text),
        _ => Cause::Input(text),
    }
}
