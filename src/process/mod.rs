//! How are other programs run so that none outlives its task?
//!
//! Before MPI starts, each rank forks a [`Guard`]: a process of its own session that starts every program for it and to which all
//! descendants fall back, whatever they do to hide (`setsid`, double forks). It kills them at the end of the command, at the time limit
//! and when its rank disappears. Only this module starts programs.
mod capture;
pub mod cores;
mod descendants;
mod environment;
mod guard;
mod warden;
mod wire;

pub use capture::Captured;
pub use environment::is_launchers;
pub use guard::Guard;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// A program to run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Where it runs; the rank's own folder by default.
    pub directory: Option<PathBuf>,
    /// Variables that are set besides those inherited; the launcher's are never inherited.
    pub environment: Vec<(String, String)>,
    /// What it reads; nothing by default.
    pub input: Vec<u8>,
    /// When it is ended.
    pub time_limit: Option<Duration>,
    /// How long it may take to end by itself then.
    pub grace: Duration,
    /// The cores it may use; those of the rank by default.
    pub cores: Option<Vec<usize>>,
}

impl Command {
    /// A program with arguments.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self { argv, grace: Duration::from_secs(2), ..Self::default() }
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    TimedOut,
    /// [`Guard::cancel`] was called.
    Cancelled,
}

/// A program that has ended, and all that it started with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finished {
    pub exit: Exit,
    pub stdout: Captured,
    pub stderr: Captured,
    pub elapsed: Duration,
    /// CPU time of the program and its descendants, s.
    pub cpu_s: f64,
    /// Most memory that one of them held, kB.
    pub peak_memory_kb: u64,
}

/// Why a program was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    #[error("there is no program `{program}`: install it, or name it with its path")]
    NotFound { program: String },
    #[error("`{program}` cannot be executed: check its permissions and that it is for this machine")]
    NotExecutable { program: String },
    #[error("the folder `{directory}` that `{program}` is to run in does not exist")]
    NoDirectory { program: String, directory: PathBuf },
    #[error("the system has no room for `{program}` ({what}): raise the limit (ulimit), or run fewer ranks on a node")]
    Resources { program: String, what: String },
    #[error("`{program}` could not be started: {what}")]
    Other { program: String, what: String },
    #[error("a command must name a program")]
    Empty,
    #[error("the process that starts programs for this rank is gone ({what}): run the same command again")]
    GuardGone { what: String },
}
