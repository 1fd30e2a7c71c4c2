//! What does the guard process do all day?
//!
//! It waits for a command, runs it with one eye on its rank, and ends when the rank does. One thread, one `poll`.
use super::{
    capture::{Captured, Copy},
    command::{Command, Exit, Finished},
    family::{self, Family},
    launch::{Launched, launch},
    stall::Stall,
    wire::{self, Refusal, Reply, Request},
};
use nix::{
    fcntl::{OFlag, open},
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        prctl,
        signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
        signalfd::{SfdFlags, SignalFd},
        stat::Mode,
    },
    unistd::{close, dup2_stderr, dup2_stdin, dup2_stdout, setsid},
};
use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    os::{
        fd::{AsFd, AsRawFd, RawFd},
        unix::net::UnixStream,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// How long the dead may take to go at the end of a command; only processes blocked in the kernel need more than some ms.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same when the rank is gone and nobody waits.
const LAST_PATIENCE: Duration = Duration::from_secs(60);
/// A pipe is read this many times before timers and the socket are looked at again.
const READS_AT_ONCE: usize = 16;

/// The whole life of the guard process, right after the fork.
pub fn be_guard(socket: UnixStream) -> ! {
    // The rank's hook may speak MPI, which this process must not.
    drop(std::panic::take_hook());
    let served = catch_unwind(AssertUnwindSafe(|| match prepare(&socket) {
        Ok(signals) if wire::send(&socket, &Reply::Ready).is_ok() => serve(&socket, &signals),
        Ok(_) => (),
        Err(errno) => drop(wire::send(&socket, &Reply::Broken(errno as i32))),
    }));
    // The rank is gone, or this process has panicked: whatever still runs has no owner.
    let _ = catch_unwind(|| family::kill_all(LAST_PATIENCE, |_| ()));
    // SAFETY: ends the process at once; exit handlers belong to the libraries of the rank and must not run here.
    unsafe { libc::_exit(if served.is_ok() { 0 } else { 70 }) }
}

/// Cuts every tie to the launcher: its signals, its session, its pipes.
fn prepare(socket: &UnixStream) -> nix::Result<SignalFd> {
    // All signals are blocked rather than ignored: a program would inherit what is ignored beyond exec.
    SigSet::all().thread_set_mask()?;
    // A launcher that ignores SIGCHLD would make the kernel reap our children.
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action calls no code of ours.
    unsafe { sigaction(Signal::SIGCHLD, &default)? };
    setsid()?;
    prctl::set_child_subreaper(true)?;
    prctl::set_name(c"simmpi-guard")?;
    let null = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    drop(null);
    close_all_but(socket.as_raw_fd());
    SignalFd::with_flags(&SigSet::from(Signal::SIGCHLD), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// Closes what was inherited beyond the standard three: with the launcher's pipes open it would wait for the guard.
fn close_all_but(kept: RawFd) {
    let open: Vec<RawFd> = match fs::read_dir("/proc/self/fd") {
        Ok(entries) => entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect(),
        Err(_) => (3..1024).collect(),
    };
    for fd in open.into_iter().filter(|&fd| fd > 2 && fd != kept) {
        // The directory's own descriptor is in the list and closed already.
        let _ = close(fd);
    }
}

/// Answers commands until the rank is gone.
fn serve(socket: &UnixStream, signals: &SignalFd) {
    while let Ok(Some(request)) = wire::receive::<Request<Box<Command>>>(socket) {
        let Request::Run { id, command } = request else { continue };
        let Some(end) = run(&command, socket, signals) else { return };
        if wire::send(socket, &Reply::Ended { id, end }).is_err() {
            return;
        }
    }
}

/// Runs one command to its end; none when the rank went away meanwhile.
fn run(command: &Command, socket: &UnixStream, signals: &SignalFd) -> Option<Result<Finished, Refusal>> {
    // Before the launch: on a busy node the program is well on its way when the guard has its turn again.
    let started = Instant::now();
    match launch(command) {
        Ok(launched) => Some(Ok(Job::new(launched, command, started).supervise(socket, signals)?)),
        Err(refusal) => {
            family::kill_all(PATIENCE, |_| ());
            Some(Err(refusal))
        }
    }
}

/// A command that runs.
struct Job {
    family: Family,
    started: Instant,
    /// Why the program was told to end; none as long as it may run.
    verdict: Option<Exit>,
    /// When the next thing happens to it: it is told to end, or killed.
    due: Option<Instant>,
    grace: Duration,
    stdout: Pipe,
    stderr: Pipe,
    stall: Option<Stall>,
}

impl Job {
    fn new(launched: Launched, command: &Command, started: Instant) -> Self {
        Self {
            family: Family::of(launched.pid),
            started,
            verdict: None,
            due: command.time_limit.and_then(|limit| started.checked_add(limit)),
            grace: command.grace,
            stdout: Pipe::new(launched.stdout, Copy::of(&command.stdout, &command.directory)),
            stderr: Pipe::new(launched.stderr, Copy::of(&command.stderr, &command.directory)),
            stall: command.stall_limit.map(|limit| Stall::watch(limit, &command.directory)),
        }
    }

    /// Waits for the end of the program or brings it about; none when the rank is gone.
    fn supervise(mut self, socket: &UnixStream, signals: &SignalFd) -> Option<Finished> {
        while self.family.ended.is_none() {
            if self.due.is_some_and(|due| due <= Instant::now()) {
                if self.verdict.is_some() {
                    break;
                }
                self.tell_to_end(Exit::TimedOut);
            }
            let printed = self.stdout.captured.total + self.stderr.captured.total;
            if self.verdict.is_none() && self.stall.as_mut().is_some_and(|stall| stall.is_over(printed)) {
                self.tell_to_end(Exit::Stalled);
            }
            let is_spoken_to = self.wait(socket, signals);
            while let Ok(Some(_)) = signals.read_signal() {}
            self.family.reap();
            self.stdout.read();
            self.stderr.read();
            if is_spoken_to {
                match wire::receive::<Request<Box<Command>>>(socket) {
                    Ok(Some(Request::Cancel)) => self.tell_to_end(Exit::Cancelled),
                    _ => return None,
                }
            }
        }
        Some(self.finish())
    }

    /// Waits for whatever comes first; whether it is the rank.
    fn wait(&self, socket: &UnixStream, signals: &SignalFd) -> bool {
        let mut watched =
            vec![PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        for pipe in [&self.stdout, &self.stderr] {
            watched.extend(pipe.file.as_ref().map(|file| PollFd::new(file.as_fd(), PollFlags::POLLIN)));
        }
        match poll(&mut watched, self.timeout()) {
            Ok(_) => watched[0].any().unwrap_or(true),
            Err(_) => false,
        }
    }

    /// Rounded up to whole milliseconds, so that nothing spins before its time.
    fn timeout(&self) -> PollTimeout {
        let look = self.stall.as_ref().filter(|_| self.verdict.is_none()).map(Stall::next_look);
        let Some(due) = self.due.into_iter().chain(look).min() else { return PollTimeout::NONE };
        let left = due.saturating_duration_since(Instant::now()) + Duration::from_nanos(999_999);
        PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
    }

    fn tell_to_end(&mut self, verdict: Exit) {
        if self.verdict.is_none() {
            self.verdict = Some(verdict);
            self.due = Instant::now().checked_add(self.grace);
            self.family.tell_to_end();
        }
    }

    fn finish(mut self) -> Finished {
        let survivors = self.family.kill(PATIENCE);
        let (own_end, at) = self.family.ended.unwrap_or((Exit::Signalled(libc::SIGKILL), Instant::now()));
        Finished {
            exit: self.verdict.unwrap_or(own_end),
            // Nobody writes any more, so that both come to an end.
            stdout: self.stdout.finish(),
            stderr: self.stderr.finish(),
            elapsed: at - self.started,
            cpu_s: self.family.cpu.as_secs_f64(),
            peak_memory_kb: self.family.peak_memory_kb,
            survivors,
        }
    }
}

/// The reading end of a pipe that a program writes into, and what came out of it.
struct Pipe {
    /// None once the other end is closed.
    file: Option<File>,
    captured: Captured,
    copy: Option<Copy>,
    buffer: Vec<u8>,
}

impl Pipe {
    fn new(file: Option<File>, copy: Option<Copy>) -> Self {
        Self { file, captured: Captured::default(), copy, buffer: Vec::new() }
    }

    /// Takes what is there; whether there may be more at once.
    fn read(&mut self) -> bool {
        // Most programs print nothing.
        if self.file.is_some() && self.buffer.is_empty() {
            self.buffer = vec![0; 64 * 1024];
        }
        for _ in 0..READS_AT_ONCE {
            let Some(file) = &mut self.file else { return false };
            match file.read(&mut self.buffer) {
                Ok(bytes) if bytes > 0 => {
                    self.captured.push(&self.buffer[..bytes]);
                    if let Some(copy) = &mut self.copy {
                        copy.begin(&self.captured.head);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Ok(_) | Err(_) => self.file = None,
            }
        }
        true
    }

    fn finish(mut self) -> Captured {
        while self.read() {}
        self.captured.settle();
        if let Some(mut copy) = self.copy {
            copy.finish(&self.captured);
        }
        self.captured
    }
}
