//! How does NWChem compute a job?
//!
//! It reads its own input and prints its database at the end (`task rtdbprint`): energies and gradients with all their
//! digits, where the output proper has six of a gradient. One process, started without a launcher. Measured with 7.0.2:
//!
//! - Basis sets of its library are Cartesian or spherical as their files say, which is not always as with other
//!   programs; here each set is what [`super::basis`] says, unless the keywords say otherwise.
//! - MP2 crashes where there is no virtual orbital, its gradients where there is one electron; they are the SCF's then.
//! - The numerical Hessian of MP2 leaves the energy of a displaced molecule in the database: it is printed before.
//!
//! Keywords are named as QCEngine's are: `scf__maxiter = 50` is the line `maxiter 50` of the block `scf`, a name without
//! two underscores a line of its own. Blocks of the keywords come after simmpi's own.
mod input;
mod output;

use super::call::Call;
use super::ending::Sign;
use super::{Answer, Chemistry, Driver, Engine, Found, Job, Missing, Needs, Refusal, Site};
use super::{find, refuse, text, verify};
use crate::process::{Finished, Guard};
use crate::science::chemistry::{Element, Molecule};
use crate::task::Cause;
use input::input;
pub use input::own_potential;
use output::{complaint, read};
use std::path::PathBuf;

const INPUT: &str = "nwchem.nw";
const OUTPUT: &str = "nwchem.out";
/// What NWChem calls the job, and names its files after.
const NAME: &str = "job";

/// What NWChem's errors say.
pub const SIGNS: &[Sign] = &[
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

/// What NWChem says where its guess from atoms fails.
const ATOMIC_GUESS: &str = "error in atom scf";
/// What is then nearly always missing.
const NO_POTENTIAL: &str = "atoms have no SCF solution where a basis set is made for core potentials and an element has none: \
                            name its library in keywords, as in ecp__I = \"library NAME\"";

/// Where to get it.
const HELP: &str = "install it (`apt-get install nwchem`, or `conda install -c conda-forge nwchem`) or load its module";

/// The program NWChem.
#[derive(Clone, Debug)]
pub struct NwChem {
    program: PathBuf,
}

impl NwChem {
    /// The program `nwchem` of PATH.
    pub fn new() -> Self {
        Self::at("nwchem")
    }

    /// The program of this name or path.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Whether a method can be asked for.
    pub fn translates(method: &str) -> bool {
        Method::of(method).is_some()
    }
}

impl Default for NwChem {
    fn default() -> Self {
        Self::new()
    }
}

/// The methods that are translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    HartreeFock,
    Mp2,
}

impl Method {
    fn of(method: &str) -> Option<Self> {
        match method.to_ascii_lowercase().as_str() {
            "hf" | "scf" => Some(Self::HartreeFock),
            "mp2" => Some(Self::Mp2),
            _ => None,
        }
    }

    /// The theory of NWChem's task.
    fn theory(self) -> &'static str {
        match self {
            Self::HartreeFock => "scf",
            Self::Mp2 => "mp2",
        }
    }
}

impl Engine for NwChem {
    fn name(&self) -> &'static str {
        "nwchem"
    }

    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Refusal> {
        let mut refused = refuse::ab_initio(chemistry, needs);
        if Method::of(&chemistry.method).is_none() && !chemistry.method.is_empty() {
            let message = format!("the engine nwchem does not translate the method `{}`", chemistry.method);
            refused.push(refuse::key("method", message, "hf and mp2 are; others through the engine qcengine"));
        }
        if chemistry.density_fitting == Some(true) {
            let message = "the engine nwchem does not fit densities";
            refused.push(refuse::key("density_fitting", message, "leave it out, or use the engine psi4"));
        }
        refused.extend(needs.elements.iter().filter_map(|&element| uncounted(chemistry, element)));
        if needs.point_charges && driver == Driver::Hessian {
            let message = "nwchem's Hessians are not given embedding charges";
            refused.push(refuse::key("engine", message, "use `driver = \"gradient\"`, or take the charges out"));
        }
        refused
    }

    fn find(&self, guard: &Guard) -> Result<Option<Found>, Missing> {
        let path = find::locate(&self.program, HELP)?;
        // It has no option for this, but says it before it does anything.
        let argv = vec![path.clone().into(), "input".into()];
        let version =
            find::version(guard, argv, "start version\n", HELP, |text| find::word_after(text, "Package (NWChem)"))?;
        Ok(Some(Found { path, version }))
    }

    fn start_s(&self) -> f64 {
        0.4
    }

    fn run(&self, job: &Job, site: &Site) -> Result<Answer, Cause> {
        verify::question(job)?;
        let call = Call { program: "nwchem", job, site, signs: SIGNS };
        let method = Method::of(&job.chemistry.method)
            .ok_or_else(|| call.named(Cause::Input(format!("no method `{}`", job.chemistry.method))))?;
        let uncorrelated = match job.molecule.electrons() {
            1 => Some(verify::UNCORRELATED),
            _ => is_all_frozen(job.molecule, job.chemistry).then_some(verify::ALL_FROZEN),
        };
        let mut computed = if uncorrelated.is_some() { Method::HartreeFock } else { method };
        let mut finished = self.compute(&call, computed)?;
        let mut printed = text::end(&call.path(OUTPUT));
        if !finished.exit.is_success() && has_no_virtual_orbitals(&printed) {
            computed = Method::HartreeFock;
            finished = self.compute(&call, computed)?;
            printed = text::end(&call.path(OUTPUT));
        }
        check_cores(job, &call).map_err(|cause| call.named(cause))?;
        if !finished.exit.is_success() {
            let mut said = complaint(&printed);
            if printed.contains(ATOMIC_GUESS) {
                said = format!("{ATOMIC_GUESS}\n{NO_POTENTIAL}");
            }
            return Err(call.failure(&finished, &said, &printed));
        }
        let mut answer = read(&call, computed).map_err(|cause| call.unread(cause))?;
        if computed != method {
            answer.effective.insert("correlation".into(), uncorrelated.unwrap_or(verify::UNCORRELATED).into());
        }
        verify::answer(job, answer).map_err(|cause| call.unread(cause))
    }

    fn is_all_frozen(&self, molecule: &Molecule, chemistry: &Chemistry) -> bool {
        is_all_frozen(molecule, chemistry)
    }
}

/// Whether a frozen core leaves no electrons to correlate, unless the keywords freeze in their own way.
fn is_all_frozen(molecule: &Molecule, chemistry: &Chemistry) -> bool {
    let is_frozen = chemistry.frozen_core == Some(true) && Method::of(&chemistry.method) == Some(Method::Mp2);
    is_frozen && !input::has_own_freeze(chemistry) && input::core(molecule, chemistry).is_all()
}

/// A refusal of a frozen core with an element of which the core is not known.
fn uncounted(chemistry: &Chemistry, element: Element) -> Option<Refusal> {
    let is_frozen = chemistry.frozen_core == Some(true) && !input::has_own_freeze(chemistry);
    if !is_frozen || input::replaced(chemistry, element).is_some() {
        return None;
    }
    let message = format!(
        "the frozen core cannot be counted: how many electrons the core potential of {element} replaces is unknown"
    );
    let help = format!(
        "name a library, as in `ecp__{element} = \"library def2-ecp\"`, or let NWChem count by `mp2__freeze = \"atomic\"`, which freezes \
         nothing in atoms with a core potential"
    );
    Some(refuse::key("keywords", message, help))
}

/// Refuses valence functions for an element without a core potential: all its electrons would go into them.
fn check_cores(job: &Job, call: &Call) -> Result<(), Cause> {
    let Ok(lines) = text::Lines::open(&call.path(OUTPUT)) else { return Ok(()) };
    let Some((element, exponent)) = output::without_core(job, lines) else { return Ok(()) };
    Err(Cause::Input(format!(
        "the basis set has only valence functions for {element} (largest exponent {exponent:.3}), and there is no core potential: name its \
         library in keywords, as in ecp__{element} = \"library NAME\""
    )))
}

impl NwChem {
    /// Has NWChem compute the job with a method.
    fn compute(&self, call: &Call, method: Method) -> Result<Finished, Cause> {
        call.write(INPUT, &input(call.job, call.site, method))?;
        call.run(vec![self.program.clone().into(), INPUT.into()], &[], Some(OUTPUT))
    }
}

/// Whether MP2 had begun and found nothing to excite into.
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
    fn nothing_to_excite_into_is_noticed() {
        let printed = |alpha, beta| {
            format!(
                "  Active alpha occupied =      1\n  Active alpha virtual  =      {alpha}\n  Active beta virtual   =      {beta}\n"
            )
        };
        assert!(has_no_virtual_orbitals(&printed(0, 0)));
        assert!(!has_no_virtual_orbitals(&printed(0, 1)) && !has_no_virtual_orbitals("no virtual orbital"));
    }
}
