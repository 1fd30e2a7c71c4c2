//! How does a rank start its supervisor and have it run programs?
use super::{
    command::{Command, Finished},
    error::{Error, ending},
    ipc::{self, LaunchFailure, LaunchStep, Reply, Request},
    process_table,
    queue::CHANNELS,
    reaper,
    shared::Address,
};
use crate::task::ResourceUsage;
use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{ForkResult, Pid, fork},
};
use std::{
    collections::HashMap,
    fs, io,
    io::Write,
    net::Shutdown,
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError},
    thread::{ThreadId, current, sleep},
    time::{Duration, Instant},
};

/// How long a supervisor without its reaper, or a reaper without its supervisor, may take to kill all programs.
const LOSS_LIMIT: Duration = Duration::from_secs(10);

/// A rank's handle of its supervisor process. Dropping it ends the supervisor and all programs.
#[derive(Debug)]
pub struct Supervisor {
    /// The supervisor process.
    pid: Pid,
    /// Its parent and this process's child, which exits when the supervisor has.
    reaper: Pid,
    channels: [UnixStream; CHANNELS],
    /// The number of each channel's last command; locked while it runs or waits.
    last_ids: [Mutex<u64>; CHANNELS],
    /// Locked while a request is sent.
    state: Mutex<State>,
    /// Set once the supervisor has ended unexpectedly: the signal that ended it, if one did.
    lost: OnceLock<Option<i32>>,
    /// When a program last ended by a signal that also asks a whole run to stop.
    signalled: Mutex<Option<Instant>>,
    /// What the programs of each thread have used since it last asked.
    used: Mutex<HashMap<ThreadId, ResourceUsage>>,
}

/// What the supervisor has been asked for.
#[derive(Debug, Default)]
struct State {
    /// Whether no further command is started.
    is_cancelled: bool,
    /// Whether no further command waits behind another.
    is_withdrawn: bool,
    /// Number of commands that run or wait.
    active: usize,
}

impl Supervisor {
    /// Forks reaper and supervisor. To be called first in `main`, before `MPI_Init` and before any thread: they must inherit neither MPI's
    /// memory and connections nor locks of other threads.
    ///
    /// # Errors
    /// There are threads already, or no further process can be created.
    pub fn start() -> Result<Self, Error> {
        let start = |source| Error::Start { source };
        let threads = fs::read_dir("/proc/self/task").map_err(start)?.count();
        if threads != 1 {
            return Err(Error::Threaded { threads });
        }
        let (channels, far_ends) = channels().map_err(start)?;
        // SAFETY: this is the only thread, so that the child may do whatever this process may.
        match unsafe { fork() }.map_err(|errno| start(errno.into()))? {
            ForkResult::Child => {
                drop(channels);
                reaper::run_reaper(far_ends)
            }
            ForkResult::Parent { child } => {
                drop(far_ends);
                let (last_ids, state) = ([const { Mutex::new(0) }; CHANNELS], Mutex::default());
                let (lost, signalled, used) = (OnceLock::new(), Mutex::default(), Mutex::default());
                let mut supervisor =
                    Self { pid: child, reaper: child, channels, last_ids, state, lost, signalled, used };
                // Once it has replied it is out of reach of the signals that a launcher sends to this rank's process group.
                match ipc::receive(&supervisor.channels[0]) {
                    Ok(Some(Reply::Ready(pid))) => {
                        supervisor.pid = Pid::from_raw(pid);
                        Ok(supervisor)
                    }
                    Ok(Some(Reply::SetupFailed(errno))) => Err(start(io::Error::from_raw_os_error(errno))),
                    _ => Err(start(io::ErrorKind::BrokenPipe.into())),
                }
            }
        }
    }

    /// Process ID of the supervisor.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Runs `command` and waits until it and all of its descendants have ended. If two threads call this, one command waits, ready to start
    /// when the other has ended; calls of further threads block.
    ///
    /// # Errors
    /// The program was not started, or the supervisor was killed. A program that fails is no error but has another [`Exit`].
    ///
    /// [`Exit`]: super::Exit
    pub fn run(&self, command: &Command) -> Result<Finished, Error> {
        let program = command.program();
        if command.argv.is_empty() {
            return Err(Error::Empty);
        }
        let (channel, mut last_id) = self.free_channel();
        *last_id += 1;
        let id = *last_id;
        let refused = |source| Error::Ipc { program: program.clone(), source };
        let request = ipc::encode(&Request::Run { id, command }).map_err(refused)?;
        {
            let mut state = lock(&self.state);
            if state.is_cancelled || (state.is_withdrawn && state.active > 0) {
                return Ok(Finished::not_started());
            }
            (&self.channels[channel]).write_all(&request).map_err(|_| self.lost(program.clone()))?;
            state.active += 1;
        }
        let reply = ipc::receive(&self.channels[channel]);
        lock(&self.state).active -= 1;
        match reply {
            Ok(Some(Reply::Ended { id: ended, result })) if ended == id => {
                if let Ok(finished) = &result {
                    self.account_for(finished);
                }
                result.map_err(|failure| launch_error(command, failure))
            }
            _ => Err(self.lost(program)),
        }
    }

    fn account_for(&self, finished: &Finished) {
        if finished.exit.is_by_stop_signal() {
            *lock(&self.signalled) = Some(Instant::now());
        }
        // One that was not started has used nothing.
        if !finished.elapsed.is_zero() {
            lock(&self.used).entry(current().id()).or_default().add(finished.usage());
        }
    }

    /// What the programs that this thread has run since the last call have used; none where it has run none.
    pub fn take_usage(&self) -> Option<ResourceUsage> {
        lock(&self.used).remove(&current().id())
    }

    /// Has the supervisor read samples of the node's GPUs, from the next program on.
    pub fn read_gpu_samples(&self, address: Address) {
        let _sending = lock(&self.state);
        // A supervisor that is gone is reported when it is next needed.
        let _ = ipc::send(&self.channels[0], &Request::<&Command>::ReadGpuSamples(address));
    }

    /// How the supervisor ended, if it has: no program can be started any more.
    pub fn loss(&self) -> Option<String> {
        let signal = self.lost.get()?;
        Some(ending(signal))
    }

    /// How long ago a program ended by a signal that also asks a run to stop ([`Exit::is_by_stop_signal`]).
    ///
    /// [`Exit::is_by_stop_signal`]: super::Exit::is_by_stop_signal
    pub fn since_stop_signal(&self) -> Option<Duration> {
        lock(&self.signalled).map(|at| at.elapsed())
    }

    /// A channel that no other thread uses; if all are in use, waits for the first.
    fn free_channel(&self) -> (usize, MutexGuard<'_, u64>) {
        let free = self.last_ids.iter().enumerate().find_map(|(channel, last_id)| match last_id.try_lock() {
            Ok(last_id) => Some((channel, last_id)),
            Err(TryLockError::Poisoned(poisoned)) => Some((channel, poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        });
        free.unwrap_or_else(|| (0, lock(&self.last_ids[0])))
    }

    /// Terminates the running command, as at its time limit, and starts no other from now on: all return as
    /// [`Exit::Cancelled`](super::Exit::Cancelled). Called by another thread than those that run commands; does not wait.
    pub fn cancel(&self) {
        let mut state = lock(&self.state);
        if !std::mem::replace(&mut state.is_cancelled, true) {
            self.send_to_all(&Request::Cancel);
        }
    }

    /// Starts no command that waits behind another, now and from now on: it returns as [`Exit::Cancelled`](super::Exit::Cancelled). The
    /// running command goes on.
    pub fn withdraw(&self) {
        let mut state = lock(&self.state);
        if !std::mem::replace(&mut state.is_withdrawn, true) {
            self.send_to_all(&Request::Withdraw);
        }
    }

    /// Sends a request over all channels; on each it arrives after the command that was sent before.
    fn send_to_all(&self, request: &Request<&Command>) {
        for channel in &self.channels {
            // A supervisor that is gone has killed its programs, and `run` reports it.
            let _ = ipc::send(channel, request);
        }
    }

    /// The error of a supervisor that is gone; makes sure that its programs are too.
    fn lost(&self, program: PathBuf) -> Error {
        let signal = *self.lost.get_or_init(|| {
            self.channels.iter().for_each(|channel| drop(channel.shutdown(Shutdown::Both)));
            let signal = self.reap(LOSS_LIMIT);
            // If both were killed: what has not left the supervisor's session.
            kill_session(self.pid, Duration::from_secs(2));
            signal
        });
        Error::SupervisorLost { program, signal }
    }

    /// Waits until supervisor and reaper have ended, and kills them after `limit`; returns the signal that ended the supervisor, if one did.
    fn reap(&self, limit: Duration) -> Option<i32> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(100);
        loop {
            match waitpid(self.reaper, Some(WaitPidFlag::WNOHANG)) {
                Err(Errno::EINTR) => (),
                Ok(WaitStatus::StillAlive) => {
                    if start.elapsed() > limit {
                        // Not reaped yet: the process IDs are still theirs.
                        let _ = (kill(self.pid, Signal::SIGKILL), kill(self.reaper, Signal::SIGKILL));
                    }
                    sleep(pause);
                    pause = (2 * pause).min(Duration::from_millis(20));
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => return Some(signal as i32),
                Ok(WaitStatus::Exited(_, code)) if code > 128 => return Some(code - 128),
                _ => return None,
            }
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if self.lost.get().is_none() {
            self.channels.iter().for_each(|channel| drop(channel.shutdown(Shutdown::Both)));
            self.reap(reaper::FINAL_KILL_LIMIT);
        }
    }
}

/// Both ends of all channels: the rank's and the supervisor's.
fn channels() -> io::Result<([UnixStream; CHANNELS], [UnixStream; CHANNELS])> {
    let [(first, far_first), (second, far_second)] = [UnixStream::pair()?, UnixStream::pair()?];
    Ok(([first, second], [far_first, far_second]))
}

/// Locks a mutex; a panic of its last holder leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills all processes of a session until none is left, at most for `limit`.
fn kill_session(session: Pid, limit: Duration) {
    let start = Instant::now();
    while start.elapsed() < limit {
        let left: Vec<_> = process_table::read().into_iter().filter(|p| p.session == session && !p.is_zombie).collect();
        if left.is_empty() {
            return;
        }
        for process in left {
            let _ = kill(process.pid, Signal::SIGKILL);
        }
        sleep(Duration::from_millis(5));
    }
}

/// What a failed launch of `command` means.
fn launch_error(command: &Command, failure: LaunchFailure) -> Error {
    let program = command.program();
    let source = io::Error::from_raw_os_error(failure.errno);
    let file = |path: Option<&PathBuf>, source| match path {
        Some(path) => Error::File { program: program.clone(), path: command.directory.join(path), source },
        None => Error::Spawn { program: program.clone(), source },
    };
    match (failure.step, Errno::from_raw(failure.errno)) {
        (_, Errno::EAGAIN | Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM) => Error::Resource { program, source },
        (LaunchStep::Nul, _) => Error::Nul { program },
        (LaunchStep::Directory, _) => Error::Directory { program, directory: command.directory.clone(), source },
        (LaunchStep::Stdin, _) => file(command.stdin.file(), source),
        (LaunchStep::Stdout, _) => file(command.stdout.file(), source),
        (LaunchStep::Stderr, _) => file(command.stderr.file(), source),
        (LaunchStep::Cores, _) => Error::Cores { program, cores: command.cores.clone().unwrap_or_default() },
        (LaunchStep::Interpreter, _) => Error::Interpreter { program },
        (LaunchStep::Program, Errno::ENOENT | Errno::ENOTDIR) => Error::NotFound { program },
        (LaunchStep::Program, Errno::EACCES | Errno::EPERM | Errno::ENOEXEC) => Error::NotExecutable { program },
        (LaunchStep::Program, Errno::E2BIG) => Error::TooLong { program },
        (LaunchStep::Program, _) => Error::Spawn { program, source },
    }
}
