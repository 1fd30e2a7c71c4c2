//! Why could a program not be run?
use super::{command::signal_name, ipc};
use nix::{errno::Errno, libc};
use std::{io, path::PathBuf};

/// Why a program could not be run. A program that ran and failed is a [`Finished`](super::Finished), not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the process supervisor must be forked before the first thread starts, but there are {threads} threads; start it first in main"
    )]
    Threaded { threads: usize },
    #[error("cannot start the process supervisor; {}", advice(.source))]
    Start { source: io::Error },
    #[error(
        "the process supervisor was {} while it ran or was about to run `{program}`; its programs were killed with it",
        ending(.signal)
    )]
    SupervisorLost { program: PathBuf, signal: Option<i32> },
    #[error("cannot pass the command for `{program}` to the process supervisor; pass large input in a file")]
    Ipc {
        program: PathBuf,
        #[source]
        source: ipc::Error,
    },
    #[error("the command names no program; name one")]
    Empty,
    #[error("the command for `{program}` contains a NUL byte; remove it from the arguments, variables and paths")]
    Nul { program: PathBuf },
    #[error("`{program}` not found; load its module, or give its full path")]
    NotFound { program: PathBuf },
    #[error("no permission to execute `{program}`; check that it is a file with execute permission (chmod +x)")]
    NotExecutable { program: PathBuf },
    #[error(
        "`{program}` exists, but its interpreter or loader was not found; check its first line (#!) and the system it was built for"
    )]
    Interpreter { program: PathBuf },
    #[error("arguments and environment of `{program}` exceed the kernel's limit; pass them in a file")]
    TooLong { program: PathBuf },
    #[error("cannot run `{program}` in the directory `{directory}`; create the directory or choose another")]
    Directory { program: PathBuf, directory: PathBuf, source: io::Error },
    #[error("cannot open `{path}` as input or output of `{program}`; check that its directory exists and is writable")]
    File { program: PathBuf, path: PathBuf, source: io::Error },
    #[error(
        "cannot bind `{program}` to the cores {cores:?}; check which cores the launcher and SLURM leave to this rank"
    )]
    Cores { program: PathBuf, cores: Vec<usize> },
    #[error("not enough resources to start `{program}`; {}", advice(.source))]
    Resource { program: PathBuf, source: io::Error },
    #[error("cannot start `{program}`; run it by hand on this node to see why")]
    Spawn { program: PathBuf, source: io::Error },
    #[error("cannot query the CPU affinity of this process; run without binding (mpirun --bind-to none)")]
    Affinity { source: io::Error },
}

impl Error {
    /// Whether the same command may succeed later: only a lack of processes, descriptors or memory passes.
    pub fn is_worth_retrying(&self) -> bool {
        matches!(self, Error::Resource { .. })
    }
}

/// What to do about a lack of resources.
fn advice(source: &io::Error) -> &'static str {
    match Errno::from_raw(source.raw_os_error().unwrap_or(0)) {
        Errno::EAGAIN => "this user has too many processes: raise `ulimit -u` or run fewer ranks on a node",
        Errno::EMFILE => "too many open files: raise `ulimit -n`",
        Errno::ENFILE => "too many open files on the node: run fewer ranks on it",
        Errno::ENOMEM => "out of memory: request more from SLURM (--mem), or run fewer ranks on a node",
        _ => "check the limits of this node (ulimit -a)",
    }
}

/// How the supervisor ended, by the signal if there was one, as the rest of a sentence "the supervisor was ...".
pub(super) fn ending(signal: &Option<i32>) -> String {
    match signal {
        Some(libc::SIGKILL) => "killed by SIGKILL, most likely because memory ran out".into(),
        Some(signal) => format!("killed by {}", signal_name(*signal)),
        None => "terminated".into(),
    }
}
