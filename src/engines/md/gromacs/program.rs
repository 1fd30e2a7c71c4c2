//! Which GROMACS runs the replicas, and with which resources?
use crate::engines::locate::{self, InstalledProgram};
use crate::problem::Problem;
use crate::process::Supervisor;
use std::ffi::OsString;
use std::path::PathBuf;

/// How to install it.
const HELP: &str = "install GROMACS (`apt-get install gromacs`), load its module, or set its path with `binary`";

/// A GROMACS installation and how replicas are run with it.
#[derive(Clone, Debug)]
pub struct Gromacs {
    pub binary: PathBuf,
    pub thread_mpi_ranks: usize,
    /// OpenMP threads of each thread-MPI rank.
    pub threads: usize,
    /// GPU ids of a node; empty without GPUs.
    pub gpus: Vec<u32>,
    pub replicas_per_gpu: usize,
    /// Further arguments of `mdrun`.
    pub mdrun_args: Vec<String>,
    /// Factor for the time step of a simulation that blew up, before its only retry; none for no retry.
    pub unstable_factor: Option<f64>,
}

impl Gromacs {
    /// Cores used by a replica.
    pub fn cores(&self) -> usize {
        self.thread_mpi_ranks * self.threads
    }

    /// Finds the program and its version.
    ///
    /// # Errors
    /// The program was not found, or does not print its version.
    pub fn find(&self, supervisor: &Supervisor) -> Result<InstalledProgram, Problem> {
        let path = locate::locate(&self.binary, HELP)?;
        let argv = vec![path.clone().into(), "--version".into()];
        let version =
            locate::query_version(supervisor, argv, "", HELP, |text| locate::word_after(text, "GROMACS version:"))?;
        Ok(InstalledProgram { path, version })
    }

    /// The command line of a GROMACS command.
    pub(super) fn argv(&self, words: &[&str]) -> Vec<OsString> {
        [self.binary.as_os_str()].into_iter().map(OsString::from).chain(words.iter().map(OsString::from)).collect()
    }

    /// The environment of every command. Backups of overwritten files are disabled: they would pile up, and too many are an error.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        vec![("GMX_MAXBACKUP".into(), "-1".into()), ("OMP_NUM_THREADS".into(), self.threads.to_string().into())]
    }
}
