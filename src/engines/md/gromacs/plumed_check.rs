//! Can this GROMACS be biased by PLUMED?
//!
//! It can if `mdrun` has the option `-plumed` (2025 and later, or a patched version). PLUMED works with one thread-MPI rank only.
use super::program::Gromacs;
use crate::engines::md::plumed::{LibraryFault, PlumedKernel};
use crate::process::{Command, Supervisor};
use std::time::Duration;

/// Why PLUMED cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlumedFault {
    #[error("this mdrun has no option -plumed")]
    NoOption,
    #[error(transparent)]
    Library(#[from] LibraryFault),
    #[error("PLUMED works with one thread-MPI rank only")]
    ThreadMpiRanks,
    #[error("`mdrun -h` failed, so its options are unknown")]
    NoHelp,
}

impl PlumedFault {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoOption => "use GROMACS 2025 or later, or one that was patched with PLUMED",
            Self::Library(_) => LibraryFault::HELP,
            Self::ThreadMpiRanks => "set thread_mpi_ranks = 1 and raise threads",
            Self::NoHelp => "run `gmx mdrun -h` to see why",
        }
    }
}

impl Gromacs {
    /// Checks that PLUMED can be used, and finds its library.
    ///
    /// # Errors
    /// One of the requirements is not met.
    pub fn check_plumed(&self, supervisor: &Supervisor) -> Result<PlumedKernel, PlumedFault> {
        if self.thread_mpi_ranks != 1 {
            return Err(PlumedFault::ThreadMpiRanks);
        }
        let command = Command {
            time_limit: Some(Duration::from_secs(60)),
            set: self.environment(),
            ..Command::new(self.argv(&["mdrun", "-h"]), "/")
        };
        let finished = supervisor.run(&command).map_err(|_| PlumedFault::NoHelp)?;
        if !finished.stdout.text().contains("-plumed") && !finished.stderr.text().contains("-plumed") {
            return Err(PlumedFault::NoOption);
        }
        Ok(PlumedKernel::from_environment()?)
    }
}
