//! How does a rank have its programs run?
use super::{
    Error,
    command::{Command, Finished},
    keep,
    orders::LINES,
    table,
    wire::{self, Refusal, Reply, Request, Step},
};
use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{ForkResult, Pid, fork},
};
use std::{
    fs, io,
    io::Write,
    net::Shutdown,
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError},
    thread::sleep,
    time::{Duration, Instant},
};

/// How long a guard that has lost its keeper, or a keeper that has lost its guard, may take to end all programs.
const LOSS_PATIENCE: Duration = Duration::from_secs(10);

/// The rank's end of its guard process. Dropping it ends the guard and all that it runs.
#[derive(Debug)]
pub struct Guard {
    /// The process that runs programs.
    pid: Pid,
    /// Its parent and this process' child, which ends when it has.
    keeper: Pid,
    sockets: [UnixStream; LINES],
    /// The number of each line's last command; held while it runs or waits.
    turns: [Mutex<u64>; LINES],
    /// Held while a request is sent.
    state: Mutex<State>,
    /// How the guard ended when it should not have; a signal, if it was one.
    lost: OnceLock<Option<i32>>,
    /// When a program last ended by a signal that also asks a run to stop.
    signalled: Mutex<Option<Instant>>,
}

/// What the guard has been asked for.
#[derive(Debug, Default)]
struct State {
    /// Whether no command begins any more.
    is_cancelled: bool,
    /// Whether no command waits for another any more.
    is_withdrawn: bool,
    /// Commands that run or wait.
    under_way: usize,
}

impl Guard {
    /// Forks the guard. To be called first in `main`, before `MPI_Init` and before any thread: the guard is to inherit
    /// neither MPI's memory and connections nor another thread's locks.
    ///
    /// # Errors
    /// There are threads already, or the system has no room for a process.
    pub fn start() -> Result<Self, Error> {
        let start = |source| Error::Start { source };
        let threads = fs::read_dir("/proc/self/task").map_err(start)?.count();
        if threads != 1 {
            return Err(Error::Threaded { threads });
        }
        let (sockets, guards) = lines().map_err(start)?;
        // SAFETY: this is the only thread, so that the child may do whatever this process may.
        match unsafe { fork() }.map_err(|errno| start(errno.into()))? {
            ForkResult::Child => {
                drop(sockets);
                keep::be_keeper(guards)
            }
            ForkResult::Parent { child } => {
                drop(guards);
                let (turns, state) = ([const { Mutex::new(0) }; LINES], Mutex::default());
                let (lost, signalled) = (OnceLock::new(), Mutex::default());
                let mut guard = Self { pid: child, keeper: child, sockets, turns, state, lost, signalled };
                // Only then is the guard out of reach of the signals that a launcher sends to this rank's group.
                match wire::receive(&guard.sockets[0]) {
                    Ok(Some(Reply::Ready(pid))) => {
                        guard.pid = Pid::from_raw(pid);
                        Ok(guard)
                    }
                    Ok(Some(Reply::Broken(errno))) => Err(start(io::Error::from_raw_os_error(errno))),
                    _ => Err(start(io::ErrorKind::BrokenPipe.into())),
                }
            }
        }
    }

    /// The process that runs programs.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Runs `command` and waits for its end; by then all of its descendants are gone too. Of two threads one waits, its program ready to
    /// begin when the other's has ended; further ones take turns.
    ///
    /// # Errors
    /// The program was not started, or the guard was killed. That the program failed is no error but its [`Exit`].
    ///
    /// [`Exit`]: super::Exit
    pub fn run(&self, command: &Command) -> Result<Finished, Error> {
        let program = command.program();
        if command.argv.is_empty() {
            return Err(Error::Empty);
        }
        let (line, mut turn) = self.free_line();
        *turn += 1;
        let id = *turn;
        let unfit = |source| Error::Wire { program: program.clone(), source };
        let request = wire::encode(&Request::Run { id, command }).map_err(unfit)?;
        {
            let mut state = lock(&self.state);
            if state.is_cancelled || (state.is_withdrawn && state.under_way > 0) {
                return Ok(Finished::not_started());
            }
            (&self.sockets[line]).write_all(&request).map_err(|_| self.lost(program.clone()))?;
            state.under_way += 1;
        }
        let reply = wire::receive(&self.sockets[line]);
        lock(&self.state).under_way -= 1;
        match reply {
            Ok(Some(Reply::Ended { id: ended, end })) if ended == id => {
                if end.as_ref().is_ok_and(|finished| finished.exit.is_by_stop_signal()) {
                    *lock(&self.signalled) = Some(Instant::now());
                }
                end.map_err(|refusal| why(command, refusal))
            }
            _ => Err(self.lost(program)),
        }
    }

    /// Why no program can be started any more; none as long as it can.
    pub fn loss(&self) -> Option<String> {
        let signal = self.lost.get()?;
        Some(super::ending(signal))
    }

    /// How long ago a program ended by a signal that also asks a run to stop ([`Exit::is_by_stop_signal`]).
    ///
    /// [`Exit::is_by_stop_signal`]: super::Exit::is_by_stop_signal
    pub fn since_stop_signal(&self) -> Option<Duration> {
        lock(&self.signalled).map(|at| at.elapsed())
    }

    /// A line that no other thread uses; where there is none, the first, once it is free.
    fn free_line(&self) -> (usize, MutexGuard<'_, u64>) {
        let free = self.turns.iter().enumerate().find_map(|(line, turn)| match turn.try_lock() {
            Ok(turn) => Some((line, turn)),
            Err(TryLockError::Poisoned(poisoned)) => Some((line, poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        });
        free.unwrap_or_else(|| (0, lock(&self.turns[0])))
    }

    /// Ends the command that runs, as at its time limit, and starts no other from now on: each comes back as
    /// [`Exit::Cancelled`](super::Exit::Cancelled). For another thread than the one that runs commands; does not wait.
    pub fn cancel(&self) {
        let mut state = lock(&self.state);
        if !std::mem::replace(&mut state.is_cancelled, true) {
            self.tell(&Request::Cancel);
        }
    }

    /// Lets no command begin that waits for another, now and from now on: it comes back as
    /// [`Exit::Cancelled`](super::Exit::Cancelled). The one that runs is not disturbed.
    pub fn withdraw(&self) {
        let mut state = lock(&self.state);
        if !std::mem::replace(&mut state.is_withdrawn, true) {
            self.tell(&Request::Withdraw);
        }
    }

    /// Sends a request over all lines: on each it arrives behind the command that was sent before.
    fn tell(&self, request: &Request<&Command>) {
        for socket in &self.sockets {
            // A guard that is gone has ended its programs and is reported by `run`.
            let _ = wire::send(socket, request);
        }
    }

    /// Makes sure that the guard is dead, and what it ran too.
    fn lost(&self, program: PathBuf) -> Error {
        let signal = *self.lost.get_or_init(|| {
            self.sockets.iter().for_each(|socket| drop(socket.shutdown(Shutdown::Both)));
            let signal = self.reap(LOSS_PATIENCE);
            // Where both were killed, as far as it has not left the guard's session.
            kill_session(self.pid, Duration::from_secs(2));
            signal
        });
        Error::GuardLost { program, signal }
    }

    /// Waits for the end of guard and keeper, which is brought about after `limit`; the signal that ended them, if one did.
    fn reap(&self, limit: Duration) -> Option<i32> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(100);
        loop {
            match waitpid(self.keeper, Some(WaitPidFlag::WNOHANG)) {
                Err(Errno::EINTR) => (),
                Ok(WaitStatus::StillAlive) => {
                    if start.elapsed() > limit {
                        // Not reaped yet, so that the numbers are still their own.
                        let _ = (kill(self.pid, Signal::SIGKILL), kill(self.keeper, Signal::SIGKILL));
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

impl Drop for Guard {
    fn drop(&mut self) {
        if self.lost.get().is_none() {
            self.sockets.iter().for_each(|socket| drop(socket.shutdown(Shutdown::Both)));
            self.reap(keep::LAST_PATIENCE);
        }
    }
}

/// Both ends of all lines: the rank's and the guard's.
fn lines() -> io::Result<([UnixStream; LINES], [UnixStream; LINES])> {
    let [(first, its), (second, others)] = [UnixStream::pair()?, UnixStream::pair()?];
    Ok(([first, second], [its, others]))
}

/// A panic while a lock was held leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills all processes of a session until none is left or `limit` is over.
fn kill_session(session: Pid, limit: Duration) {
    let start = Instant::now();
    while start.elapsed() < limit {
        let left: Vec<_> = table::read().into_iter().filter(|p| p.session == session && !p.is_zombie).collect();
        if left.is_empty() {
            return;
        }
        for process in left {
            let _ = kill(process.pid, Signal::SIGKILL);
        }
        sleep(Duration::from_millis(5));
    }
}

/// What a refusal of the guard means for `command`.
fn why(command: &Command, refusal: Refusal) -> Error {
    let program = command.program();
    let source = io::Error::from_raw_os_error(refusal.errno);
    let opening = |path: Option<&PathBuf>, source| match path {
        Some(path) => Error::File { program: program.clone(), path: command.directory.join(path), source },
        None => Error::Spawn { program: program.clone(), source },
    };
    match (refusal.step, Errno::from_raw(refusal.errno)) {
        (_, Errno::EAGAIN | Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM) => Error::Resource { program, source },
        (Step::Nul, _) => Error::Nul { program },
        (Step::Directory, _) => Error::Directory { program, directory: command.directory.clone(), source },
        (Step::Stdin, _) => opening(command.stdin.file(), source),
        (Step::Stdout, _) => opening(command.stdout.file(), source),
        (Step::Stderr, _) => opening(command.stderr.file(), source),
        (Step::Cores, _) => Error::Cores { program, cores: command.cores.clone().unwrap_or_default() },
        (Step::Interpreter, _) => Error::Interpreter { program },
        (Step::Program, Errno::ENOENT | Errno::ENOTDIR) => Error::NotFound { program },
        (Step::Program, Errno::EACCES | Errno::EPERM | Errno::ENOEXEC) => Error::NotExecutable { program },
        (Step::Program, Errno::E2BIG) => Error::TooLong { program },
        (Step::Program, _) => Error::Spawn { program, source },
    }
}
