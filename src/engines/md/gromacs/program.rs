//! Which GROMACS runs the replicas, and with which resources?
use crate::engines::locate::{self, InstalledProgram};
use crate::problem::Problem;
use crate::process::Supervisor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How to install it.
const HELP: &str = "install GROMACS (`apt-get install gromacs`), load its module, or set its path with `binary`";

/// A GROMACS installation and how replicas are run with it: keys of the section of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Gromacs {
    /// Additional arguments of grompp
    #[serde(default)]
    pub grompp_args: Vec<String>,
    /// GROMACS program, a path or a name in PATH
    #[serde(default = "gmx")]
    pub binary: PathBuf,
    /// Thread-MPI ranks of a simulation (-ntmpi)
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub thread_mpi_ranks: usize,
    /// OpenMP threads of each thread-MPI rank (-ntomp); in all at most the cores of a rank, unless oversubscribe is set
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub threads: usize,
    /// Allow more threads than the rank has cores: slower, and not pinned
    #[serde(default)]
    pub oversubscribe: bool,
    /// GPU ids, assigned to ranks by their index on the node
    #[serde(default)]
    pub gpus: Vec<u32>,
    /// Simulations that share a GPU at the same time
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub replicas_per_gpu: usize,
    /// Additional arguments of mdrun
    #[serde(default)]
    pub mdrun_args: Vec<String>,
    /// Factor for the time step of a simulation that blew up, before its only retry; none for no retry.
    #[serde(skip)]
    pub unstable_factor: Option<f64>,
}

fn gmx() -> PathBuf {
    "gmx".into()
}

fn one() -> usize {
    1
}

impl Gromacs {
    /// The same with the path of the program resolved, unless it is a name that is searched in PATH.
    pub fn resolved(&self, resolve: impl FnOnce(&Path) -> PathBuf) -> Self {
        let is_name = self.binary.components().count() == 1;
        let binary = if is_name { self.binary.clone() } else { resolve(&self.binary) };
        Self { binary, ..self.clone() }
    }

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
