//! How does a command run from its start to its end?
use super::{
    capture::{Captured, Copy},
    command::{Command, Exit, Finished},
    family::Family,
    launch::Launched,
    orders::{Orders, Said},
    stall::Stall,
};
use nix::{
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signalfd::SignalFd,
    unistd::Pid,
};
use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::fd::AsFd,
    time::{Duration, Instant},
};

/// How long the dead may take to go at the end of a command; only processes blocked in the kernel need more than some ms.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// A pipe is read this many times before timers and the rank are looked at again...
const READS_AT_ONCE: usize = 64;
/// ...and so much of it at a time.
const READ: usize = 16 * 1024;

/// A command that runs.
pub struct Job {
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
    /// Descendants that would not end.
    survivors: u32,
}

impl Job {
    /// The job of a program that was started just now, for `command`.
    pub fn new(launched: Launched, command: &Command, started: Instant) -> Self {
        Self {
            family: Family::of(launched.pid),
            started,
            verdict: None,
            due: command.time_limit.and_then(|limit| started.checked_add(limit)),
            grace: command.grace,
            stdout: Pipe::new(launched.stdout, Copy::of(&command.stdout, &command.directory)),
            stderr: Pipe::new(launched.stderr, Copy::of(&command.stderr, &command.directory)),
            stall: command.stall_limit.map(|limit| Stall::watch(limit, &command.directory)),
            survivors: 0,
        }
    }

    /// Waits for the end of the program, or brings it about, and of all that descends from it, while further orders come in; none when
    /// the rank or the keeper is gone. The command came over the line `own`.
    pub fn supervise(&mut self, own: usize, orders: &mut Orders, signals: &SignalFd) -> Option<()> {
        let keeper = Pid::parent();
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
            let speaking = self.wait(orders, signals);
            while let Ok(Some(_)) = signals.read_signal() {}
            if Pid::parent() != keeper {
                return None;
            }
            self.family.reap();
            if self.family.ended.is_none() {
                self.stdout.read();
                self.stderr.read();
            }
            for line in speaking {
                if orders.hear(line)? == Said::Cancel && line == own {
                    self.tell_to_end(Exit::Cancelled);
                }
            }
        }
        self.survivors = self.family.kill(PATIENCE);
        Some(())
    }

    /// Waits for whatever comes first; the lines on which the rank speaks.
    fn wait(&self, orders: &Orders, signals: &SignalFd) -> Vec<usize> {
        let mut watched = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        watched.extend(orders.watched());
        for pipe in [&self.stdout, &self.stderr] {
            watched.extend(pipe.file.as_ref().map(|file| PollFd::new(file.as_fd(), PollFlags::POLLIN)));
        }
        match poll(&mut watched, self.timeout()) {
            Ok(_) => orders.speaking(&watched[1..]),
            Err(_) => Vec::new(),
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

    /// What came of it, once it has been supervised.
    pub fn finish(self) -> Finished {
        let (own_end, at) = self.family.ended.unwrap_or((Exit::Signalled(libc::SIGKILL), Instant::now()));
        Finished {
            exit: self.verdict.unwrap_or(own_end),
            // Nobody writes any more, so that both come to an end.
            stdout: self.stdout.finish(),
            stderr: self.stderr.finish(),
            elapsed: at - self.started,
            cpu_s: self.family.cpu.as_secs_f64(),
            peak_memory_kb: self.family.peak_memory_kb,
            survivors: self.survivors,
        }
    }
}

/// The reading end of a pipe that a program writes into, and what came out of it.
struct Pipe {
    /// None once the other end is closed.
    file: Option<File>,
    captured: Captured,
    copy: Option<Copy>,
}

impl Pipe {
    fn new(file: Option<File>, copy: Option<Copy>) -> Self {
        Self { file, captured: Captured::default(), copy }
    }

    /// Takes what is there; whether there may be more at once.
    fn read(&mut self) -> bool {
        if self.file.is_none() {
            return false;
        }
        let mut buffer = [0; READ];
        for _ in 0..READS_AT_ONCE {
            let Some(file) = &mut self.file else { return false };
            match file.read(&mut buffer) {
                Ok(bytes) if bytes > 0 => {
                    self.captured.push(&buffer[..bytes]);
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
