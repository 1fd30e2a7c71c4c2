//! Which GROMACS runs the replicas, and with which resources?
use super::mpi_library::MpiLibrary;
use crate::engines::locate::{self, InstalledProgram};
use crate::engines::task_launcher;
use crate::engines::task_launcher::TaskLauncher;
use crate::problem::Problem;
use crate::process::Supervisor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// How to install it.
pub(super) const HELP: &str =
    "install GROMACS (`apt-get install gromacs`), load its module, or set its path with `binary`";

/// A GROMACS installation and how replicas are run with it: keys of the section of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Gromacs {
    /// Additional arguments of grompp
    #[serde(default)]
    pub grompp_args: Vec<String>,
    /// GROMACS program, a path or a name in PATH
    #[serde(default = "gmx")]
    pub binary: PathBuf,
    /// Launcher of the batch system that starts mdrun, as in ["srun", "--exact", "--nodes=1", "--ntasks={ranks}",
    /// "--cpus-per-task={threads}"]: {ranks} is the key ranks, {threads} thread_mpi_ranks times threads. Its cores are not those of the
    /// rank. By default mdrun runs on the cores of the rank
    #[schemars(length(min = 1))]
    pub launcher: Option<Vec<String>>,
    /// MPI ranks of a simulation, which the launcher starts; needs an MPI build (gmx_mpi)
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub ranks: usize,
    /// Thread-MPI ranks of a simulation (-ntmpi); 1 for an MPI build
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub thread_mpi_ranks: usize,
    /// OpenMP threads of each rank (-ntomp); without a launcher in all at most the cores of a rank, unless oversubscribe is set
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub threads: usize,
    /// Allow more threads than the rank has cores: slower, and not pinned
    #[serde(default)]
    pub oversubscribe: bool,
    /// GPU ids, assigned to ranks by their index on the node; a launcher assigns GPUs itself
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
    /// The MPI library of the program, once this rank has asked it.
    #[serde(skip)]
    pub mpi_library: OnceLock<MpiLibrary>,
}

fn gmx() -> PathBuf {
    "gmx".into()
}

fn one() -> usize {
    1
}

impl Gromacs {
    /// The same with the path of the program resolved, unless it is a name that is searched in PATH.
    pub fn resolved(&self, resolve: impl Fn(&Path) -> PathBuf) -> Self {
        let is_name = self.binary.components().count() == 1;
        let binary = if is_name { self.binary.clone() } else { resolve(&self.binary) };
        let launcher = task_launcher::resolve_launcher(self.launcher.as_deref(), &resolve(Path::new("")));
        Self { binary, launcher, ..self.clone() }
    }

    /// Cores used by each process of `mdrun`.
    pub fn cores(&self) -> usize {
        self.thread_mpi_ranks * self.threads
    }

    /// Cores of the rank that a replica uses: none where a launcher starts `mdrun`.
    pub fn own_cores(&self) -> usize {
        if self.launcher.is_some() { 0 } else { self.cores() }
    }

    /// What starts `mdrun`, if it is a launcher.
    pub fn task_launcher(&self) -> Option<TaskLauncher> {
        TaskLauncher::new(self.launcher.as_deref(), self.ranks, self.cores())
    }

    /// What runs a simulation, for `check`: as in `4 threads each`.
    pub fn describe_resources(&self) -> String {
        match (self.task_launcher(), self.cores()) {
            (Some(launcher), _) => launcher.describe(),
            (None, 1) => "1 thread each".to_owned(),
            (None, threads) => format!("{threads} threads each"),
        }
    }

    /// Problems of the launcher and of keys that exclude it, by key.
    pub fn launcher_problems(&self) -> Vec<Problem> {
        let mut problems = task_launcher::launcher_problems(self.launcher.as_deref(), self.ranks);
        if self.launcher.is_some() && !self.gpus.is_empty() {
            let help = "remove `gpus` and let the launcher assign them, as in \"--gpus-per-task=1\"";
            problems.push(Problem::at_key("gpus", "`gpus` are those of the rank, not of what a launcher starts", help));
        }
        problems
    }

    /// Finds the program, its version and the launcher.
    ///
    /// # Errors
    /// One of them was not found, the program does not print its version, or it cannot run the ranks that are wanted. The key is set.
    pub fn find(&self, supervisor: &Supervisor) -> Result<InstalledProgram, Problem> {
        let at_binary = |problem: Problem| Problem { key: "binary".into(), ..problem };
        let path = locate::locate(&self.binary, HELP).map_err(at_binary)?;
        let (version, library) = self.query_build(supervisor, &path).map_err(at_binary)?;
        self.check_ranks(library)?;
        let _ = self.mpi_library.set(library);
        if let Some(launcher) = self.task_launcher() {
            launcher.find(supervisor)?;
        }
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
