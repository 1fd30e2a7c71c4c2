//! How does a rank run other programs without ever losing one?
//!
//! Before `MPI_Init` each rank forks a [`Guard`]: the same binary, in a session of its own, the subreaper of all that
//! stands below it. Programs are children of the guard and never of the rank, so whatever they leave behind
//! (background jobs, daemons in their own session, double forks) falls to the guard, which kills it when the command is
//! over and when the rank disappears, even by SIGKILL. Between both stands a process that does the same for a guard that is killed
//! (`keep`).
//!
//! ```text
//! rank  --Run, Cancel-->  guard  --fork, exec-->  program --> ... its descendants
//!       <----Ended------  (poll: socket, SIGCHLD, both pipes, timer)
//! ```
//!
//! A guard runs one command at a time. A second one may wait there, ready to begin the moment the first is over: what the rank does between
//! two short programs then costs nothing.
//!
//! With the other ranks of its node a process has memory in common, where there is such: [`shared`].
mod capture;
mod command;
pub mod cores;
pub mod environment;
mod family;
mod guard;
mod job;
mod keep;
mod launch;
mod orders;
mod serve;
pub mod shared;
mod spawn;
mod stall;
mod table;
mod turn;
mod wire;

pub use capture::Captured;
pub use command::{Command, Exit, Finished, Output, Stdin};
pub use guard::Guard;
pub use shared::SharedMemory;

use nix::{errno::Errno, libc};
use std::{io, path::PathBuf, sync::Arc};

/// What a rank starts programs with.
#[derive(Debug)]
pub struct Programs {
    pub guard: Arc<Guard>,
    /// The cores that are this rank's; empty where that is not known, and programs inherit the rank's own.
    pub cores: Vec<usize>,
    /// A folder of this rank's own on this node, for scratch files; it is made when needed.
    pub scratch: PathBuf,
    /// Where the rank stands among all.
    pub seat: Seat,
}

/// A rank's place among others, by which things of which there are several are shared out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    pub rank: usize,
    /// Among the ranks of its node.
    pub local_rank: usize,
    pub local_size: usize,
    /// The cores of the node that processes may be bound to at all, neighbours beside each other; empty where that is not known.
    pub node: Vec<usize>,
}

impl Programs {
    /// What a process that is alone starts programs with: all cores that it may use.
    pub fn of_one_rank(guard: Arc<Guard>) -> Self {
        let seat = Seat { local_size: 1, node: cores::node(), ..Seat::default() };
        Self::new(guard, cores::allowed().unwrap_or_default(), seat)
    }

    /// What a rank with these `cores` starts programs with. Scratch files go where SLURM or TMPDIR say, else into /tmp.
    pub fn new(guard: Arc<Guard>, cores: Vec<usize>, seat: Seat) -> Self {
        let node = std::env::var_os("SLURM_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
        Self { guard, cores, seat, scratch: node.join(format!("simmpi-{}", std::process::id())) }
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        // Of a job that was killed something may be left; what cannot be removed is the node's to clean.
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}

/// Why a program could not be run. A program that ran and failed is a [`Finished`], not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the guard of child processes must be forked before the first thread, but there are {threads}; start it first in main"
    )]
    Threaded { threads: usize },
    #[error("the guard of child processes cannot be set up; {}", advice(.source))]
    Start { source: io::Error },
    #[error(
        "the supervisor of programs was {} while `{program}` was to run, and its programs were ended with it",
        ending(.signal)
    )]
    GuardLost { program: PathBuf, signal: Option<i32> },
    #[error("the command for `{program}` cannot cross to the guard; hand large input over in a file")]
    Wire {
        program: PathBuf,
        #[source]
        source: wire::Error,
    },
    #[error("a command without a program; name one")]
    Empty,
    #[error("the command for `{program}` holds a NUL byte; take it out of the arguments, variables and paths")]
    Nul { program: PathBuf },
    #[error("`{program}` is not found; load its module, or give its full path")]
    NotFound { program: PathBuf },
    #[error("`{program}` may not be executed; check its permissions (chmod +x) and that it is a file")]
    NotExecutable { program: PathBuf },
    #[error(
        "`{program}` is there, but not the interpreter or loader that it names; check its first line (#!) and the system it was built for"
    )]
    Interpreter { program: PathBuf },
    #[error("arguments and environment of `{program}` are too long for the kernel; hand them over in a file")]
    TooLong { program: PathBuf },
    #[error("`{program}` cannot work in `{directory}`; create the directory or name another")]
    Directory { program: PathBuf, directory: PathBuf, source: io::Error },
    #[error(
        "cannot open `{path}` as input or output of `{program}`; check that its directory exists and may be written"
    )]
    File { program: PathBuf, path: PathBuf, source: io::Error },
    #[error(
        "`{program}` cannot be bound to the cores {cores:?}; check which cores the launcher and SLURM leave to this rank"
    )]
    Cores { program: PathBuf, cores: Vec<usize> },
    #[error("no resources to start `{program}`; {}", advice(.source))]
    Resource { program: PathBuf, source: io::Error },
    #[error("`{program}` cannot be started; run it by hand on this node to see why")]
    Spawn { program: PathBuf, source: io::Error },
    #[error("cannot ask which cores this process may use; run without binding (mpirun --bind-to none)")]
    Affinity { source: io::Error },
}

impl Error {
    /// Whether the same command may well succeed later: only a lack of processes, descriptors or memory passes.
    pub fn is_worth_retrying(&self) -> bool {
        matches!(self, Error::Resource { .. })
    }
}

/// What to do about a lack of resources.
fn advice(source: &io::Error) -> &'static str {
    match Errno::from_raw(source.raw_os_error().unwrap_or(0)) {
        Errno::EAGAIN => "this user has too many processes: raise `ulimit -u` or run fewer ranks on a node",
        Errno::EMFILE => "too many open files: raise `ulimit -n`",
        Errno::ENFILE => "the node has too many open files: run fewer ranks on it",
        Errno::ENOMEM => "memory is short: ask SLURM for more (--mem), or run fewer ranks on a node",
        _ => "check the limits of this node (ulimit -a)",
    }
}

fn ending(signal: &Option<i32>) -> String {
    match signal {
        Some(libc::SIGKILL) => "killed by SIGKILL, most often because memory ran out".into(),
        Some(signal) => format!("killed by {}", command::signal_name(*signal)),
        None => "ended".into(),
    }
}
