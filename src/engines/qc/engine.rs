//! What must every engine be able to do?
use super::{Calculation, Chemistry, Driver, Needs, QcResult, Resources};
use crate::engines::locate::InstalledProgram;
use crate::problem::Problem;
use crate::process::Supervisor;
use crate::science::chemistry::Molecule;
use crate::task::Cause;

/// A program that computes molecules.
pub trait Engine: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &'static str;

    /// Everything requested that the engine does not support.
    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Problem>;

    /// Finds the program and its version; none for a built-in engine.
    ///
    /// # Errors
    /// The program was not found or cannot be run.
    fn find(&self, supervisor: &Supervisor) -> Result<Option<InstalledProgram>, Problem>;

    /// Whether a frozen core leaves no electrons of a molecule to correlate, as far as the level's keys and keywords tell.
    fn is_all_frozen(&self, _: &Molecule, _: &Chemistry) -> bool {
        false
    }

    /// Startup time of the program for cost estimates, s of CPU.
    fn start_s(&self) -> f64;

    /// Computes one molecule.
    ///
    /// # Errors
    /// The calculation failed; the cause tells whether another attempt may succeed.
    fn run(&self, calculation: &Calculation, resources: &Resources) -> Result<QcResult, Cause>;
}
