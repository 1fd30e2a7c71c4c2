//! Which program is to be run how, and how did it end?
use super::{capture::Captured, path_bytes, sampling::SampledUsage};
use crate::task::ResourceUsage;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use std::{ffi::OsString, fmt, path::PathBuf, time::Duration};

/// How long a launcher may take to end its processes once it was asked to by SIGTERM.
pub(super) const LAUNCHER_LIMIT: Duration = Duration::from_secs(8);

/// A program to run, with arguments, environment, input, output and limits. [`Command::new`] sets the defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The program and its arguments. A program without a slash is searched in the PATH of the command's environment; one with a slash is
    /// relative to `directory` unless it is absolute.
    pub argv: Vec<OsString>,
    /// The program's working directory; must exist.
    #[serde(with = "path_bytes")]
    pub directory: PathBuf,
    /// Variables added to the rank's environment without those of the launcher ([`environment`](super::environment)).
    pub set: Vec<(OsString, OsString)>,
    /// Variables removed from the environment, before `set` applies.
    pub unset: Vec<OsString>,
    pub stdin: Stdin,
    pub stdout: Output,
    pub stderr: Output,
    /// Wall-clock limit: the program is then terminated.
    pub time_limit: Option<Duration>,
    /// The program is terminated when for this long it has neither printed anything nor changed a file in its directory.
    pub inactivity_limit: Option<Duration>,
    /// Longest wait behind another command; the command is then not started and returns as [`Exit::Cancelled`].
    pub begin_within: Option<Duration>,
    /// Time between the signal TERM to the program's process group and the signal KILL to all of its descendants.
    pub grace: Duration,
    /// The cores that the program is bound to; none: it inherits the rank's CPU affinity.
    pub cores: Option<Vec<usize>>,
    /// Whether the program is a launcher (`srun`, `mpirun`), whose processes may run on other nodes. It keeps what the batch system says of
    /// the job and its step ([`environment`](super::environment)), and is never killed before it was asked to end its processes.
    pub is_launcher: bool,
}

/// Standard input of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stdin {
    Null,
    /// These bytes; for small input, since two copies are in memory for a moment.
    Bytes(Vec<u8>),
    /// A file, relative to the command's directory.
    #[serde(with = "path_bytes")]
    File(PathBuf),
}

/// Where standard output or standard error of a program goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Into [`Finished`]: its beginning and end.
    Captured,
    /// Into a file, relative to the command's directory, truncated first; stdout and stderr may share one.
    #[serde(with = "path_bytes")]
    File(PathBuf),
    /// Into [`Finished`] and the same beginning and end into a file, relative to the command's directory. The file is created with the
    /// first byte and says how much was left out; an older file of that name is removed.
    #[serde(with = "path_bytes")]
    Tee(PathBuf),
}

/// How a command ended, what it printed and what it used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub exit: Exit,
    /// Empty where the output went into a file.
    pub stdout: Captured,
    /// Empty where the output went into a file.
    pub stderr: Captured,
    /// Wall-clock time from the start of the program to its end.
    pub elapsed: Duration,
    /// User and system time of the program and its descendants, in seconds.
    pub cpu_s: f64,
    /// Largest resident memory of any one of them, KiB. Never below the few MiB of the supervisor.
    pub peak_memory_kb: u64,
    /// What they used together, as sampled.
    pub sampled: SampledUsage,
    /// Number of descendants that SIGKILL did not end within seconds: blocked in the kernel, usually by a file system.
    pub survivors: u32,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// On its own, with this exit code.
    Exited(i32),
    /// By a signal that the supervisor did not send.
    Signalled(i32),
    /// Terminated by the supervisor at the time limit.
    TimedOut,
    /// Terminated by the supervisor at the inactivity limit.
    Stalled,
    /// Terminated, or not started, on [`Supervisor::cancel`](super::Supervisor::cancel) or because it waited too long.
    Cancelled,
}

impl Command {
    /// Program and arguments `argv` in `directory`, with empty input, captured output, no limits and a grace period of 10 s.
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
            inactivity_limit: None,
            begin_within: None,
            grace: Duration::from_secs(10),
            cores: None,
            is_launcher: false,
        }
    }

    /// The signals that ask the program to end, in their order, each with the time that it then has.
    ///
    /// `srun` ends the processes of its step by SIGKILL when it gets SIGTERM, but passes SIGINT on to them, so that they can write a
    /// checkpoint (measured with SLURM 22.05; with SLURM_DISABLE_STATUS the first SIGINT).
    pub(super) fn stop_signals(&self) -> Vec<(Signal, Duration)> {
        match self.is_launcher && self.program().file_name().is_some_and(|name| name == "srun") {
            true => vec![(Signal::SIGINT, self.grace), (Signal::SIGTERM, LAUNCHER_LIMIT)],
            false => vec![(Signal::SIGTERM, self.grace)],
        }
    }

    /// The program's name as given; empty if there is none.
    pub fn program(&self) -> PathBuf {
        self.argv.first().map(PathBuf::from).unwrap_or_default()
    }
}

impl Stdin {
    /// The file that is read, if any.
    pub(super) fn file(&self) -> Option<&PathBuf> {
        match self {
            Stdin::File(path) => Some(path),
            Stdin::Null | Stdin::Bytes(_) => None,
        }
    }
}

impl Output {
    /// The file that is written, if any.
    pub(super) fn file(&self) -> Option<&PathBuf> {
        match self {
            Output::File(path) | Output::Tee(path) => Some(path),
            Output::Captured => None,
        }
    }

    /// The file that receives a copy of what is captured, if any.
    pub(super) fn tee(&self) -> Option<&PathBuf> {
        match self {
            Output::Tee(path) => Some(path),
            Output::File(_) | Output::Captured => None,
        }
    }
}

impl Finished {
    /// Of a command that was cancelled before it started.
    pub(super) fn not_started() -> Self {
        Self {
            exit: Exit::Cancelled,
            stdout: Captured::default(),
            stderr: Captured::default(),
            elapsed: Duration::ZERO,
            cpu_s: 0.0,
            peak_memory_kb: 0,
            sampled: SampledUsage::default(),
            survivors: 0,
        }
    }

    /// What the program used.
    pub fn usage(&self) -> ResourceUsage {
        let SampledUsage { memory_mean_mb, memory_peak_mb, gpu } = self.sampled.clone();
        ResourceUsage {
            seconds: self.elapsed.as_secs_f32(),
            cpu_s: self.cpu_s as f32,
            memory_mean_mb,
            memory_peak_mb: memory_peak_mb.max(self.peak_memory_kb as f32 / 1024.0),
            gpu,
        }
    }
}

impl Exit {
    /// Whether the program ended on its own with exit code 0.
    pub fn is_success(self) -> bool {
        self == Exit::Exited(0)
    }

    /// Whether it ended by a signal that also asks a whole run to stop: batch systems send these to every process of a job. A shell
    /// reports it as exit code 128 plus the signal's number.
    pub fn is_by_stop_signal(self) -> bool {
        let signal = match self {
            Exit::Signalled(signal) => signal,
            Exit::Exited(code) => code - 128,
            Exit::TimedOut | Exit::Stalled | Exit::Cancelled => return false,
        };
        [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGINT, Signal::SIGTERM].map(|s| s as i32).contains(&signal)
    }

    /// Whether it was killed by a SIGKILL from outside, as the kernel does when memory runs out.
    pub fn is_external_kill(self) -> bool {
        self == Exit::Signalled(Signal::SIGKILL as i32)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Exit::Exited(code) => write!(f, "ended with exit code {code}"),
            Exit::Signalled(signal) if self.is_external_kill() => {
                write!(f, "killed by {} from outside, most likely because memory ran out", signal_name(signal))
            }
            Exit::Signalled(signal) => write!(f, "killed by {}", signal_name(signal)),
            Exit::TimedOut => write!(f, "terminated at its time limit"),
            Exit::Stalled => write!(f, "terminated because it no longer printed or wrote anything"),
            Exit::Cancelled => write!(f, "cancelled"),
        }
    }
}

/// The name of a signal, or its number if it has none (real-time signals).
pub(super) fn signal_name(signal: i32) -> String {
    Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |signal| signal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_of_slurm_passes_the_request_on_before_it_is_told_to_kill() {
        let mut command = Command::new(["/usr/bin/srun", "-n", "2", "prog"], "/");
        command.is_launcher = true;
        let signals = |command: &Command| command.stop_signals().iter().map(|(signal, _)| *signal).collect::<Vec<_>>();
        assert_eq!(signals(&command), [Signal::SIGINT, Signal::SIGTERM]);
        command.argv[0] = "mpirun".into();
        assert_eq!(signals(&command), [Signal::SIGTERM]);
        assert_eq!(signals(&Command::new(["srun"], "/")), [Signal::SIGTERM]);
    }

    #[test]
    fn exits_are_described() {
        assert_eq!(Exit::Exited(3).to_string(), "ended with exit code 3");
        assert_eq!(Exit::Signalled(11).to_string(), "killed by SIGSEGV");
        assert_eq!(Exit::Signalled(40).to_string(), "killed by signal 40");
        assert!(Exit::Signalled(9).to_string().contains("memory"));
        assert!(Exit::Exited(0).is_success() && !Exit::TimedOut.is_success());
    }
}
