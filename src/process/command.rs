//! What is to be run, and how did it end?
use super::{capture::Captured, wire};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use std::{ffi::OsString, fmt, path::PathBuf, time::Duration};

/// One run of a program. The fields are the interface; [`Command::new`] fills in what is usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The program and its arguments. A program without a slash is looked for in the child's PATH, one with a slash is
    /// taken from `directory` unless it is absolute.
    pub argv: Vec<OsString>,
    /// Where the program works; must exist.
    #[serde(with = "wire::path")]
    pub directory: PathBuf,
    /// Variables added to the environment that the rank was started with, which is first rid of what the launcher left
    /// in it ([`environment`](super::environment)).
    pub set: Vec<(OsString, OsString)>,
    /// Variables taken out of the environment, before `set`.
    pub unset: Vec<OsString>,
    pub stdin: Stdin,
    pub stdout: Output,
    pub stderr: Output,
    /// After this time the program is told to end.
    pub time_limit: Option<Duration>,
    /// So is one that for this long has neither printed anything nor changed a file in its directory.
    pub stall_limit: Option<Duration>,
    /// Where another command runs for longer than this, it does not begin any more, and comes back as [`Exit::Cancelled`].
    pub begin_within: Option<Duration>,
    /// Time between the signal TERM to the program's process group and the signal KILL to all of its descendants.
    pub grace: Duration,
    /// The cores that the program may use; those of the rank where there are none given.
    pub cores: Option<Vec<usize>>,
}

/// What a program reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stdin {
    Null,
    /// These bytes, which are held in memory twice for a moment: for small input.
    Bytes(Vec<u8>),
    /// A file, relative to the command's directory.
    #[serde(with = "wire::path")]
    File(PathBuf),
}

/// Where a program's output goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Into [`Finished`], beginning and end of it.
    Captured,
    /// Into a file, relative to the command's directory, emptied first; stdout and stderr may share one.
    #[serde(with = "wire::path")]
    File(PathBuf),
    /// Both: into [`Finished`], and the same beginning and end into a file, which is made with the first byte and says what was left
    /// out. An older file of that name is removed.
    #[serde(with = "wire::path")]
    Kept(PathBuf),
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub exit: Exit,
    /// Empty where the output went into a file.
    pub stdout: Captured,
    /// Empty where the output went into a file.
    pub stderr: Captured,
    /// From the start of the program to its end.
    pub elapsed: Duration,
    /// User and system time of the program and its descendants, in seconds.
    pub cpu_s: f64,
    /// Largest resident memory of any single process among them, in KiB. Never below the guard's own few MiB.
    pub peak_memory_kb: u64,
    /// Descendants that not even the signal KILL ended within seconds: blocked in the kernel, as a rule by a file system.
    pub survivors: u32,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that did not come from the guard.
    Signalled(i32),
    /// By the guard, at the time limit.
    TimedOut,
    /// By the guard, since nothing moved for so long as the command allows.
    Stalled,
    /// By the guard, on [`Guard::cancel`](super::Guard::cancel), or not started for it.
    Cancelled,
}

impl Command {
    /// The program and arguments `argv`, run in `directory` with no input, output captured, no time limit and 10 s of
    /// grace.
    pub fn new<A: Into<OsString>>(argv: impl IntoIterator<Item = A>, directory: impl Into<PathBuf>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            directory: directory.into(),
            set: Vec::new(),
            unset: Vec::new(),
            stdin: Stdin::Null,
            stdout: Output::Captured,
            stderr: Output::Captured,
            time_limit: None,
            stall_limit: None,
            begin_within: None,
            grace: Duration::from_secs(10),
            cores: None,
        }
    }

    /// The program's name as given; empty when there is none.
    pub fn program(&self) -> PathBuf {
        self.argv.first().map(PathBuf::from).unwrap_or_default()
    }
}

impl Stdin {
    pub(super) fn file(&self) -> Option<&PathBuf> {
        match self {
            Stdin::File(path) => Some(path),
            Stdin::Null | Stdin::Bytes(_) => None,
        }
    }
}

impl Output {
    pub(super) fn file(&self) -> Option<&PathBuf> {
        match self {
            Output::File(path) | Output::Kept(path) => Some(path),
            Output::Captured => None,
        }
    }
}

impl Finished {
    /// A run that was cancelled before it began.
    pub(super) fn not_started() -> Self {
        Self {
            exit: Exit::Cancelled,
            stdout: Captured::default(),
            stderr: Captured::default(),
            elapsed: Duration::ZERO,
            cpu_s: 0.0,
            peak_memory_kb: 0,
            survivors: 0,
        }
    }
}

impl Exit {
    /// Whether the program ended by itself with code 0.
    pub fn is_success(self) -> bool {
        self == Exit::Exited(0)
    }

    /// Whether a signal ended it that also asks a whole run to stop, as batch systems send them to every process of a job; a shell
    /// says so by an exit code of 128 and the signal's number.
    pub fn is_by_stop_signal(self) -> bool {
        let signal = match self {
            Exit::Signalled(signal) => signal,
            Exit::Exited(code) => code - 128,
            Exit::TimedOut | Exit::Stalled | Exit::Cancelled => return false,
        };
        [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGINT, Signal::SIGTERM].map(|s| s as i32).contains(&signal)
    }

    /// Whether something outside killed it with SIGKILL, as the kernel does when memory runs out.
    pub fn is_for_want_of_resources(self) -> bool {
        self == Exit::Signalled(Signal::SIGKILL as i32)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Exit::Exited(code) => write!(f, "ended with exit code {code}"),
            Exit::Signalled(signal) if self.is_for_want_of_resources() => {
                write!(f, "killed by {} from outside, most often because memory ran out", signal_name(signal))
            }
            Exit::Signalled(signal) => write!(f, "killed by {}", signal_name(signal)),
            Exit::TimedOut => write!(f, "ended at its time limit"),
            Exit::Stalled => write!(f, "ended since it neither printed nor wrote anything any more"),
            Exit::Cancelled => write!(f, "cancelled"),
        }
    }
}

/// The name of a signal, or its number where it has none (real-time signals).
pub(super) fn signal_name(signal: i32) -> String {
    Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |signal| signal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_says_what_happened() {
        assert_eq!(Exit::Exited(3).to_string(), "ended with exit code 3");
        assert_eq!(Exit::Signalled(11).to_string(), "killed by SIGSEGV");
        assert_eq!(Exit::Signalled(40).to_string(), "killed by signal 40");
        assert!(Exit::Signalled(9).to_string().contains("memory"));
        assert!(Exit::Exited(0).is_success() && !Exit::TimedOut.is_success());
    }
}
