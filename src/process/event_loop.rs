//! What does the supervisor process do?
//!
//! It waits for a command, runs it while it listens to its rank, and ends when the rank or the reaper does. One thread, one `poll`.
use super::{
    ipc::{self, LaunchFailure, Reply},
    launch::Prepared,
    launcher_mark::LauncherMark,
    process_table,
    process_tree::{self, KILL_LIMIT},
    queue::{CHANNELS, CommandId, CommandQueue, QueuedCommand},
    running::RunningProgram,
    sampling::Sampler,
    scheduling,
};
use nix::{
    errno::Errno,
    sys::{
        prctl,
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
    },
    unistd::{Pid, setsid},
};
use std::{os::unix::net::UnixStream, time::Instant};

/// Runs commands from `channels` until the rank or the reaper, this process's parent, is gone. The reaper reads from `mark` whether a
/// launcher runs.
pub fn run(channels: &[UnixStream; CHANNELS], mark: &LauncherMark) {
    match set_up() {
        Ok(signals) if ipc::send(&channels[0], &Reply::Ready(Pid::this().as_raw())).is_ok() => {
            let _ = run_commands(channels, &signals, mark);
        }
        Ok(_) => (),
        Err(errno) => drop(ipc::send(&channels[0], &Reply::SetupFailed(errno as i32))),
    }
}

/// What the reaper has not set up already. The death of the reaper is reported by the same signal as that of a child.
fn set_up() -> nix::Result<SignalFd> {
    let reaper = Pid::parent();
    prctl::set_pdeathsig(Signal::SIGCHLD)?;
    // The reaper may have died before the line above.
    if Pid::parent() != reaper {
        return Err(Errno::ESRCH);
    }
    setsid()?;
    prctl::set_child_subreaper(true)?;
    // Another name than the reaper's: if processes are killed by name, one of both is left to kill the programs.
    prctl::set_name(process_table::SUPERVISOR)?;
    scheduling::use_batch_policy();
    SignalFd::with_flags(&SigSet::from(Signal::SIGCHLD), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// Runs commands one after another; none when the rank or the reaper is gone.
fn run_commands(channels: &[UnixStream; CHANNELS], signals: &SignalFd, mark: &LauncherMark) -> Option<()> {
    let reaper = Pid::parent();
    let mut queue = CommandQueue::new(channels);
    let mut ended: Option<(CommandId, RunningProgram)> = None;
    let mut sampler = Sampler::new();
    loop {
        // The next program starts before the last one is reported: it does not wait for the rank.
        let started = queue.next()?.filter(|_| Pid::parent() == reaper).map(|queued| start(queued, mark));
        if let Some((id, program)) = ended.take() {
            queue.reply(id, Ok(program.finish()))?;
        }
        if let Some(samples) = queue.gpu_samples.take() {
            sampler.read_gpus(samples);
        }
        match started {
            None => queue.wait()?,
            Some((id, Err(failure))) => queue.reply(id, Err(failure))?,
            Some((id, Ok(mut program))) => {
                program.supervise(id.channel, &mut queue, signals, &mut sampler)?;
                mark.set(false);
                ended = Some((id, program));
            }
        }
    }
}

/// Starts the program of a command.
fn start(queued: QueuedCommand, mark: &LauncherMark) -> (CommandId, Result<RunningProgram, LaunchFailure>) {
    // Taken before the launch: on a busy node the program may have run for a while before the supervisor gets a core again.
    let start = Instant::now();
    mark.set(queued.command.is_launcher);
    let launched = queued.prepared.and_then(Prepared::start);
    if launched.is_err() {
        process_tree::kill_all(KILL_LIMIT, |_| ());
    }
    (queued.id, launched.map(|launched| RunningProgram::new(launched, &queued.command, start)))
}
