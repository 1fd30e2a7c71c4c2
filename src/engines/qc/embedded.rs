//! How does the embedded engine, simmpi's own Hartree-Fock and MP2 code, compute a molecule?
use super::{Chemistry, Core, Driver, Needs, QcResult, Reference};
use crate::config::Inputs;
use crate::journal::Fingerprint;
use crate::problem::Problem;
use crate::science::basis::{self, BasisSet};
use crate::science::chemistry::{Differences, Element, Molecule};
use crate::science::memory::MemoryBudget;
use crate::science::scf::{self, Derivative, Diagnostic, Error, Guess, Integrals, Method, ScfResult, Settings, System};
use crate::task::Cause;
use serde_json::{Map, Value};
use std::path::Path;

/// Key of [`QcResult::effective`] for diagnostics of the SCF solution: it is not the one that the iterations found first, or not the lowest.
pub const SOLUTION: &str = "scf_solution";

/// Built-in Hartree-Fock and MP2 with a basis set.
#[derive(Clone, Debug)]
pub struct Embedded {
    pub(super) basis: BasisSet,
    pub(super) settings: Settings,
}

impl Embedded {
    /// The engine for a level of theory in a basis set.
    ///
    /// # Errors
    /// A key requests something that is not implemented.
    pub fn new(chemistry: &Chemistry, basis: BasisSet, threads: usize) -> Result<Self, Problem> {
        let method = match chemistry.method.to_ascii_lowercase().as_str() {
            "hf" | "scf" | "rhf" | "uhf" => Method::Hf,
            "mp2" => Method::Mp2,
            other => {
                let message = format!("the embedded engine does not support the method `{other}`, only hf and mp2");
                return Err(Problem::at_key(
                    "method",
                    message,
                    "use one of these, or an external program as the engine",
                ));
            }
        };
        if threads > 1 {
            let message = "the embedded engine runs on one thread";
            return Err(Problem::at_key("threads", message, "remove it, and start more ranks to use more cores"));
        }
        if chemistry.density_fitting == Some(true) {
            let message = "the embedded engine does not support density fitting";
            let help = "remove it, or use an external program as the engine";
            return Err(Problem::at_key("density_fitting", message, help));
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

    /// The same engine with the keywords `max_iterations` and `guess` (sad, core).
    ///
    /// # Errors
    /// A keyword is unknown or has an invalid value.
    pub fn with_keywords(&self, keywords: &Map<String, Value>) -> Result<Self, Problem> {
        let mut engine = self.clone();
        for (name, value) in keywords {
            let invalid = |allowed: &str| {
                let message = format!("the keyword `{name}` cannot be {value}");
                Problem::at_key("keywords", message, format!("set it to {allowed}"))
            };
            match name.as_str() {
                "max_iterations" => {
                    let given = value.as_u64().filter(|iterations| (1..=100_000).contains(iterations));
                    engine.settings.max_iterations =
                        given.ok_or_else(|| invalid("a number from 1 to 100000"))? as usize;
                }
                "guess" => {
                    engine.settings.guess = match value.as_str() {
                        Some("sad") => Guess::Sad,
                        Some("core") => Guess::Core,
                        _ => return Err(invalid("\"sad\" or \"core\"")),
                    }
                }
                _ => {
                    let message = format!("the embedded engine has no keyword `{name}`");
                    return Err(Problem::at_key("keywords", message, "its keywords are max_iterations and guess"));
                }
            }
        }
        Ok(engine)
    }

    /// A built-in basis set.
    ///
    /// # Errors
    /// No built-in set has this name, or no name is given.
    pub fn basis_of_name(name: Option<&str>) -> Result<BasisSet, Problem> {
        let known = format!("built-in sets are {}; others are read with `basis_file`", basis::names().join(", "));
        let Some(name) = name else {
            return Err(Problem::at_key("basis", "`basis` is not set", &known));
        };
        basis::named(name)
            .ok_or_else(|| Problem::at_key("basis", format!("the basis set `{name}` is not built in"), &known))
    }

    /// Reads a basis set from a file, one of `inputs`, in Basis Set Exchange JSON or Gaussian94 format.
    ///
    /// # Errors
    /// The file cannot be read or parsed.
    pub fn basis_of_file(inputs: &Inputs, path: &Path) -> Result<BasisSet, Problem> {
        let refused = |why: String| {
            let message = format!("`{}`: {why}", path.display());
            Problem::at_key("basis_file", message, "use a file in Gaussian94 or Basis Set Exchange JSON format")
        };
        let bytes = inputs.bytes(path).map_err(|error| refused(error.to_string()))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| refused("stream did not contain valid UTF-8".to_owned()))?;
        let parsed = match text.trim_start().starts_with('{') {
            true => basis::parse_bse_json(text),
            false => basis::parse_gaussian94(&path.file_stem().unwrap_or_default().to_string_lossy(), text),
        };
        parsed.map_err(|error| refused(error.to_string()))
    }

    /// Everything requested that the engine does not support.
    pub fn refusals(&self, driver: Driver, needs: Needs) -> Vec<Problem> {
        let mut refused = Vec::new();
        if needs.open_shells && self.settings.reference == scf::Reference::Rhf {
            let message = "restricted orbitals are for singlets only, and there are other multiplicities";
            refused.push(Problem::at_key("reference", message, "use \"uhf\" or \"auto\""));
        }
        if needs.point_charges && driver != Driver::Energy {
            let message = "the embedded engine does not support embedding charges in derivatives";
            let help = "use `driver = \"energy\"`, remove the charges, or use the engine psi4 or nwchem";
            refused.push(Problem::at_key("engine", message, help));
        }
        refused
    }

    /// Whether a frozen core leaves no electrons of a molecule to correlate.
    pub fn is_all_frozen(&self, molecule: &Molecule) -> bool {
        // Its basis sets have no core potentials.
        self.settings.frozen_core && self.settings.method == Method::Mp2 && Core::new(molecule, |_| 0).is_all_core()
    }

    /// The elements without functions in the basis set.
    pub fn elements_without_functions(&self, elements: &[Element]) -> Vec<Element> {
        let mut lacking: Vec<Element> =
            elements.iter().copied().filter(|&element| self.basis.shells(element).is_none()).collect();
        lacking.sort_unstable();
        lacking.dedup();
        lacking
    }

    /// SHA-256 of the basis set, from its `Debug` text: renaming a field of [`BasisSet`] changes it.
    pub fn digest(&self) -> String {
        Fingerprint::of_text(&format!("{:?}", self.basis)).to_string()
    }

    /// The number of basis functions of atoms of these elements; those missing in the set have none.
    pub fn functions(&self, elements: impl Iterator<Item = Element>) -> usize {
        elements.filter_map(|element| self.basis.functions(element)).sum()
    }

    /// The finite differences that give the derivatives: only Hartree-Fock gradients are analytic.
    pub fn differences(&self, driver: Driver) -> Differences {
        match (driver, self.settings.method) {
            (Driver::Energy, _) | (Driver::Gradient, Method::Hf) => Differences::None,
            (Driver::Gradient, Method::Mp2) => Differences::GradientFromEnergies,
            (Driver::Hessian, Method::Hf) => Differences::HessianFromGradients,
            (Driver::Hessian, Method::Mp2) => Differences::HessianFromEnergies,
        }
    }

    /// Computes energies, or energies and gradients, of molecules. Successive ones with the same atoms, whether real or ghost, share integrals.
    /// `integrals` holds those of the molecule computed before, and afterwards those of the last one here.
    ///
    /// # Errors
    /// A calculation failed.
    pub fn run(
        &self,
        molecules: &[&Molecule],
        driver: Driver,
        room: MemoryBudget<'_>,
        integrals: &mut Option<Integrals>,
    ) -> Vec<Result<QcResult, Cause>> {
        let system = |molecule| System { molecule, basis: &self.basis };
        let settings = Settings { memory_mb: room.memory_mb, ..self.settings.clone() };
        let derivative = if driver == Driver::Energy { Derivative::Energy } else { Derivative::Gradient };
        let mut results = Vec::new();
        while let Some(first) = molecules.get(results.len()) {
            let own = match integrals.take() {
                Some(last) if last.are_for(&system(first)) => last,
                // Others are dropped first, to make room for the new ones.
                last => {
                    drop(last);
                    match Integrals::within(&system(first), room) {
                        Ok(new) => new,
                        Err(error) => {
                            results.push(Err(cause(error)));
                            continue;
                        }
                    }
                }
            };
            let systems: Vec<_> = molecules[results.len()..].iter().map(|molecule| system(molecule)).collect();
            let sharing = systems.iter().take_while(|system| own.are_for(system)).count();
            let outcomes = scf::solve_all(&own, &systems[..sharing], &settings, derivative);
            results.extend(outcomes.into_iter().map(|outcome| outcome.map(|o| self.result(o)).map_err(cause)));
            *integrals = Some(own);
        }
        results
    }

    fn result(&self, outcome: ScfResult) -> QcResult {
        let word = |text: &str| text.to_owned();
        let mut effective = vec![
            (word("reference"), word(if outcome.is_restricted { "rhf" } else { "uhf" })),
            (word("spherical"), self.basis.is_spherical.to_string()),
            (word("frozen_core"), self.settings.frozen_core.to_string()),
            (word("scf_convergence"), format!("{:e}", self.settings.convergence)),
        ];
        let (of_solution, others): (Vec<Diagnostic>, Vec<Diagnostic>) =
            outcome.diagnostics.iter().partition(|note| note.is_of_solution());
        for (name, notes) in [(SOLUTION, of_solution), ("note", others)] {
            let texts: Vec<String> = notes.iter().map(ToString::to_string).collect();
            effective.extend((!texts.is_empty()).then(|| (word(name), texts.join("; "))));
        }
        QcResult {
            energy: outcome.energy,
            gradient: outcome.gradient.map(|gradient| gradient.concat()),
            hessian: None,
            effective: effective.into_iter().collect(),
        }
    }
}

/// The cause of a failed calculation.
fn cause(error: Error) -> Cause {
    let text = error.to_string();
    match error {
        Error::NotConverged(_) => Cause::Convergence(text),
        Error::Memory { .. } => Cause::Resource(text),
        _ => Cause::Input(text),
    }
}
