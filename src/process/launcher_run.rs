//! How does a launcher of MPI run below this process?
//!
//! Launchers treat signals in ways of their own: Open MPI's kills its ranks a second after Ctrl-C, Hydra loses their exit codes once it has
//! passed a signal on. So the launcher gets a process group of its own, which Ctrl-C on the terminal does not reach, and this process
//! passes each signal on to one rank, which asks the others.
use super::environment;
use super::process_table::listed_descendants;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

/// The signals that are passed on.
const PASSED_ON: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGUSR1];
/// How long a signal waits for a rank that handles it; the launcher gets it then.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How often a rank that handles it is searched.
const PAUSE_MS: u16 = 20;
/// Variables by which a job step's only process would still seem to be one of the step's.
const STEP_VARIABLES: [&str; 3] = ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID"];

/// Runs a launcher that starts this program on several ranks, with these variables besides its own, and returns its exit code: 128 and the
/// signal where one has ended it. To be called while this process has one thread.
///
/// # Errors
/// The launcher cannot be started.
pub fn run_launcher(
    launcher: &Path,
    arguments: impl IntoIterator<Item = OsString>,
    variables: &[(OsString, OsString)],
) -> io::Result<i32> {
    let mut signals = SigSet::from_iter(PASSED_ON);
    signals.add(Signal::SIGCHLD);
    // Blocked before the launcher starts, so that none is lost.
    signals.thread_block()?;
    let arrived = SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    let mut child = spawn(launcher, arguments, variables)?;
    let own = fs::read_link("/proc/self/exe")?;
    let mut waiting: Vec<(Signal, Instant)> = Vec::new();
    loop {
        while let Some(signal) = arrived.read_signal()? {
            let signal = Signal::try_from(signal.ssi_signo as i32)?;
            if signal != Signal::SIGCHLD {
                waiting.push((signal, Instant::now()));
            }
        }
        if let Some(status) = child.try_wait()? {
            return Ok(exit_code(status));
        }
        waiting.retain(|(signal, since)| !pass_on(*signal, since.elapsed() > START_LIMIT, &child, &own));
        let limit = if waiting.is_empty() { PollTimeout::NONE } else { PollTimeout::from(PAUSE_MS) };
        // A signal that interrupts the wait is read next.
        let _ = poll(&mut [PollFd::new(arrived.as_fd(), PollFlags::POLLIN)], limit);
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

fn spawn(
    launcher: &Path,
    arguments: impl IntoIterator<Item = OsString>,
    variables: &[(OsString, OsString)],
) -> io::Result<Child> {
    // Without the variables of a step's only process: its ranks would take themselves for more of it.
    let unset = STEP_VARIABLES.map(OsString::from);
    let environment = environment::for_child(env::vars_os(), true, &unset, variables);
    let mut command = Command::new(launcher);
    command.args(arguments).env_clear().envs(environment).stdin(Stdio::null()).process_group(0);
    let parent = Pid::this();
    let prepare = move || {
        SigSet::empty().thread_set_mask()?;
        prctl::set_pdeathsig(Signal::SIGTERM)?;
        // The parent may have died before that.
        if Pid::parent() == parent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: the closure only makes system calls, which may be made between fork and exec.
    unsafe { command.pre_exec(prepare) };
    command.spawn()
}

/// Sends a signal to the first rank if that handles it by now; where none has done so in time, to the launcher. Returns whether it was sent.
fn pass_on(signal: Signal, is_late: bool, launcher: &Child, own: &Path) -> bool {
    let launcher = Pid::from_raw(launcher.id() as i32);
    match first_rank(launcher, own) {
        Some(rank) if handles(rank, signal) => kill(rank, signal).is_ok(),
        _ if is_late => kill(launcher, signal).is_ok(),
        _ => false,
    }
}

/// The eldest process of this program that the launcher has started; those that a rank starts are no ranks.
fn first_rank(launcher: Pid, own: &Path) -> Option<Pid> {
    let is_own = |pid: &Pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program == own);
    listed_descendants(launcher).into_iter().filter(is_own).min()
}

/// Whether a process has a handler for the signal.
fn handles(process: Pid, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    caught.is_some_and(|caught| caught >> (signal as i32 - 1) & 1 == 1)
}

/// What a program prints of its version; none where it cannot be started or fails.
pub fn version_of(program: impl AsRef<OsStr>) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_handles_what_its_status_says() {
        // The Rust runtime handles SIGSEGV, to report an overflow of the stack.
        assert!(handles(Pid::this(), Signal::SIGSEGV) && !handles(Pid::this(), Signal::SIGUSR2));
        assert!(!handles(Pid::from_raw(i32::MAX), Signal::SIGSEGV));
    }

    #[test]
    fn a_version_is_that_of_a_program_that_prints_one() {
        assert!(version_of("sh").is_none_or(|text| !text.is_empty()));
        assert_eq!(version_of("/nowhere/mpirun"), None);
        assert_eq!(version_of("false"), None);
    }

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        assert_eq!([0, 75 << 8, 9].map(|raw| exit_code(ExitStatus::from_raw(raw))), [0, 75, 137]);
    }
}
