//! Can this GROMACS be biased by PLUMED?
//!
//! It can if `mdrun` has the option `-plumed` (2025 and later, or a patched version). PLUMED works with one thread-MPI rank only.
use super::program::Gromacs;
use crate::engines::md::plumed::PlumedKernel;
use crate::problem::Problem;
use crate::process::{Command, Supervisor};
use std::time::Duration;

impl Gromacs {
    /// Checks that PLUMED can be used, and finds its library.
    ///
    /// # Errors
    /// One of the requirements is not met.
    pub fn check_plumed(&self, supervisor: &Supervisor) -> Result<PlumedKernel, Problem> {
        let unusable = |why: &str, help: &str| Problem::new(format!("PLUMED cannot be used: {why}"), help);
        if self.thread_mpi_ranks != 1 {
            let why = "PLUMED works with one thread-MPI rank only";
            return Err(unusable(why, "set thread_mpi_ranks = 1 and raise threads"));
        }
        let command = Command {
            time_limit: Some(Duration::from_secs(60)),
            set: self.environment(),
            ..Command::new(self.argv(&["mdrun", "-h"]), "/")
        };
        let finished = supervisor
            .run(&command)
            .map_err(|_| unusable("`mdrun -h` failed, so its options are unknown", "run `gmx mdrun -h` to see why"))?;
        if !finished.stdout.text().contains("-plumed") && !finished.stderr.text().contains("-plumed") {
            let help = "use GROMACS 2025 or later, or one that was patched with PLUMED";
            return Err(unusable("this mdrun has no option -plumed", help));
        }
        PlumedKernel::from_environment().map_err(|problem| unusable(&problem.message, &problem.help))
    }
}
