//! How does NWChem compute a molecule?
//!
//! It reads its own input and finally prints its database (`task rtdbprint`), which has energies and gradients with all digits; the regular
//! output has six digits of a gradient. It runs as one process without a launcher. Measured with 7.0.2:
//!
//! - Whether a basis set is Cartesian or spherical is defined in its library file, not always as in other programs; here
//!   [`basis`](super::basis) decides, unless the keywords do.
//! - MP2 crashes without virtual orbitals, its gradients with one electron; the SCF is then computed instead.
//! - The numerical MP2 Hessian leaves the energy of a displaced molecule in the database, so the database is printed before it.
//!
//! Keywords are named as in QCEngine: `scf__maxiter = 50` is the line `maxiter 50` of the block `scf`; a name without two underscores is a
//! line of its own. Blocks of keywords follow those of simmpi.
mod input;
mod output;

use crate::engines::failure::ErrorPattern;
use crate::engines::locate::{self, InstalledProgram};
use crate::engines::qc::{
    Calculation, Chemistry, Driver, Engine, Needs, ProgramRun, QcResult, Resources, refusal, verify,
};
use crate::engines::text;
use crate::problem::Problem;
use crate::process::{Finished, Supervisor};
use crate::science::chemistry::{Element, Molecule};
use crate::task::Cause;
pub use input::keyword_potential;
use input::{INPUT, Method, input};
use output::{OUTPUT, error_message, read};
use std::path::PathBuf;

/// NWChem's error messages.
pub const ERROR_PATTERNS: &[ErrorPattern] = &[
    ("nsufficient memory", Cause::Resource),
    ("memory allocation", Cause::Resource),
    ("ga_create", Cause::Resource),
    ("ma_push failed", Cause::Resource),
    ("memory limit unreasonable", Cause::Resource),
    ("MA_push_get", Cause::Resource),
    ("not reaching convergence criteria", Cause::Convergence),
    ("failed to converge", Cause::Convergence),
    ("There is an error in the input file", Cause::Input),
    ("There is an error in the specified basis set", Cause::Input),
    ("geom_verify_coords failed", Cause::Input),
    ("no. of closed-shell electrons", Cause::Input),
    ("input error", Cause::Input),
    (ATOMIC_GUESS, Cause::Input),
];

/// NWChem's message when its atomic guess fails.
const ATOMIC_GUESS: &str = "error in atom scf";
/// The usual reason.
const NO_POTENTIAL: &str = "the SCF of an atom fails if its basis set is made for a core potential and none is set: \
                            name the library in keywords, as in ecp__I = \"library NAME\"";

/// How to install it.
const HELP: &str = "install it (`apt-get install nwchem`, or `conda install -c conda-forge nwchem`) or load its module";

/// The program NWChem.
#[derive(Clone, Debug)]
pub struct NwChem {
    program: PathBuf,
}

impl NwChem {
    /// The program with this name in PATH, or at this path.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Whether the engine supports a method.
    pub fn has_method(method: &str) -> bool {
        Method::from_name(method).is_some()
    }
}

impl Engine for NwChem {
    fn name(&self) -> &'static str {
        "nwchem"
    }

    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Problem> {
        let mut refused = refusal::ab_initio(chemistry, needs);
        if Method::from_name(&chemistry.method).is_none() && !chemistry.method.is_empty() {
            let message = format!("the engine nwchem does not support the method `{}`", chemistry.method);
            refused.push(Problem::at_key("method", message, "use hf or mp2, or the engine qcengine for other methods"));
        }
        if chemistry.density_fitting == Some(true) {
            let message = "the engine nwchem does not support density fitting";
            refused.push(Problem::at_key("density_fitting", message, "remove it, or use the engine psi4"));
        }
        refused.extend(needs.elements.iter().filter_map(|&element| uncounted_core_refusal(chemistry, element)));
        if needs.point_charges && driver == Driver::Hessian {
            let message = "the engine nwchem does not support embedding charges in Hessians";
            refused.push(Problem::at_key("engine", message, "use `driver = \"gradient\"`, or remove the charges"));
        }
        refused
    }

    fn find(&self, supervisor: &Supervisor) -> Result<Option<InstalledProgram>, Problem> {
        let path = locate::locate(&self.program, HELP)?;
        // It has no version option, but prints its version before it reads the input.
        let argv = vec![path.clone().into(), "input".into()];
        let version = locate::query_version(supervisor, argv, "start version\n", HELP, |text| {
            locate::word_after(text, "Package (NWChem)")
        })?;
        Ok(Some(InstalledProgram { path, version }))
    }

    fn start_s(&self) -> f64 {
        0.4
    }

    fn run(&self, calculation: &Calculation, resources: &Resources) -> Result<QcResult, Cause> {
        verify::input(calculation)?;
        let run = ProgramRun { program: "nwchem", calculation, resources, patterns: ERROR_PATTERNS };
        let method = Method::from_name(&calculation.chemistry.method).ok_or_else(|| {
            run.labelled(Cause::Input(format!("the method `{}` is not supported", calculation.chemistry.method)))
        })?;
        let uncorrelated = match calculation.molecule.electrons() {
            1 => Some(verify::UNCORRELATED),
            _ => self.is_all_frozen(calculation.molecule, calculation.chemistry).then_some(verify::ALL_FROZEN),
        };
        let mut computed = if uncorrelated.is_some() { Method::HartreeFock } else { method };
        let mut finished = self.compute(&run, computed)?;
        let mut printed = text::tail(&run.path(OUTPUT));
        if !finished.exit.is_success() && has_no_virtual_orbitals(&printed) {
            computed = Method::HartreeFock;
            finished = self.compute(&run, computed)?;
            printed = text::tail(&run.path(OUTPUT));
        }
        check_cores(calculation, &run).map_err(|cause| run.labelled(cause))?;
        if !finished.exit.is_success() {
            let mut message = error_message(&printed);
            if printed.contains(ATOMIC_GUESS) {
                message = format!("{ATOMIC_GUESS}\n{NO_POTENTIAL}");
            }
            return Err(run.failure(&finished, &message, &printed));
        }
        let mut result = read(&run, computed).map_err(|cause| run.unreadable(cause))?;
        if computed != method {
            result.effective.insert("correlation".into(), uncorrelated.unwrap_or(verify::UNCORRELATED).into());
        }
        verify::result(calculation, result).map_err(|cause| run.unreadable(cause))
    }

    /// Not known if the keywords define the frozen orbitals.
    fn is_all_frozen(&self, molecule: &Molecule, chemistry: &Chemistry) -> bool {
        let is_frozen =
            chemistry.frozen_core == Some(true) && Method::from_name(&chemistry.method) == Some(Method::Mp2);
        is_frozen && !input::has_own_freeze(chemistry) && input::core(molecule, chemistry).is_all_core()
    }
}

/// Refuses a frozen core if the core potential of an element is unknown.
fn uncounted_core_refusal(chemistry: &Chemistry, element: Element) -> Option<Problem> {
    let is_frozen = chemistry.frozen_core == Some(true) && !input::has_own_freeze(chemistry);
    if !is_frozen || input::core_electrons(chemistry, element).is_some() {
        return None;
    }
    let message = format!(
        "the frozen core cannot be counted: the number of electrons replaced by the core potential of {element} is unknown"
    );
    let help = format!(
        "name a library, as in `ecp__{element} = \"library def2-ecp\"`, or let NWChem count with `mp2__freeze = \"atomic\"`, which freezes \
         nothing in atoms with a core potential"
    );
    Some(Problem::at_key("keywords", message, help))
}

/// Checks that no element has only valence functions without a core potential: they would have to hold all its electrons.
fn check_cores(calculation: &Calculation, run: &ProgramRun) -> Result<(), Cause> {
    let Ok(lines) = text::LineReader::open(&run.path(OUTPUT)) else { return Ok(()) };
    let Some((element, exponent)) = output::element_without_core(calculation, lines) else { return Ok(()) };
    Err(Cause::Input(format!(
        "the basis set has only valence functions for {element} (largest exponent {exponent:.3}), and no core potential is set: name its \
         library in keywords, as in ecp__{element} = \"library NAME\""
    )))
}

impl NwChem {
    /// Runs NWChem with a method.
    fn compute(&self, run: &ProgramRun, method: Method) -> Result<Finished, Cause> {
        run.write(INPUT, &input(run.calculation, run.resources, method))?;
        run.execute(vec![self.program.clone().into(), INPUT.into()], &[], Some(OUTPUT))
    }
}

/// Whether MP2 has started and found no virtual orbitals.
fn has_no_virtual_orbitals(printed: &str) -> bool {
    let counts = |line: &str| line.trim().strip_prefix("Active ")?.rsplit_once('=').map(|(_, n)| n.trim() == "0");
    let of_virtuals = printed.lines().filter(|line| line.contains("virtual"));
    let mut are_none = of_virtuals.filter_map(counts).peekable();
    are_none.peek().is_some() && are_none.all(|is_none| is_none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_virtual_orbitals_are_detected() {
        let printed = |alpha, beta| {
            format!(
                "  Active alpha occupied =      1\n  Active alpha virtual  =      {alpha}\n  Active beta virtual   =      {beta}\n"
            )
        };
        assert!(has_no_virtual_orbitals(&printed(0, 0)));
        assert!(!has_no_virtual_orbitals(&printed(0, 1)) && !has_no_virtual_orbitals("no virtual orbital"));
    }
}
