//! Can this GROMACS be biased by PLUMED?
//!
//! It is where `mdrun` knows `-plumed` (2025 and later, or a patched one) and the variable PLUMED_KERNEL names PLUMED's library. PLUMED
//! works with one thread-MPI rank only. On a restart GROMACS tells PLUMED so; the state of an OPES bias is read from STATE_RFILE then,
//! which must be of the checkpoint's time (`checkpoint`).
use super::Gromacs;
use crate::process::{Command, Guard};
use std::path::Path;
use std::time::Duration;

/// Why PLUMED cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("this mdrun has no option -plumed")]
    Unknown,
    #[error("the variable PLUMED_KERNEL does not name PLUMED's library")]
    Kernel,
    #[error("PLUMED works with one thread-MPI rank only")]
    Ranks,
    #[error("mdrun does not tell its options")]
    Silent,
}

impl Fault {
    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unknown => "take GROMACS 2025 or later, or one that PLUMED's patch was applied to",
            Self::Kernel => "set PLUMED_KERNEL to the path of libplumedKernel.so",
            Self::Ranks => "set thread_mpi_ranks = 1 and give it more threads",
            Self::Silent => "see what `gmx mdrun -h` says",
        }
    }
}

impl Gromacs {
    /// Whether PLUMED can be used.
    ///
    /// # Errors
    /// Something that it needs is missing.
    pub fn check_plumed(&self, guard: &Guard) -> Result<(), Fault> {
        if self.thread_mpi_ranks != 1 {
            return Err(Fault::Ranks);
        }
        let command = Command {
            time_limit: Some(Duration::from_secs(60)),
            set: self.environment(),
            ..Command::new(self.argv(&["mdrun", "-h"]), "/")
        };
        let told = guard.run(&command).map_err(|_| Fault::Silent)?;
        if !told.stdout.text().contains("-plumed") && !told.stderr.text().contains("-plumed") {
            return Err(Fault::Unknown);
        }
        match std::env::var_os("PLUMED_KERNEL").is_some_and(|path| Path::new(&path).is_file()) {
            true => Ok(()),
            false => Err(Fault::Kernel),
        }
    }
}
