//! How is a running program supervised until it and all of its descendants have ended?
use super::{
    capture::{Captured, OutputCopy},
    command::{Command, Exit, Finished, LAUNCHER_LIMIT, Output},
    launch::Launched,
    process_tree::{KILL_LIMIT, ProcessTree},
    queue::{CommandQueue, Received},
    sampling::{ProgramSamples, Sampler},
    watchdog::Watchdog,
};
use nix::{
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{signal::Signal, signalfd::SignalFd},
    unistd::Pid,
};
use std::{
    collections::VecDeque,
    fs::File,
    io::{ErrorKind, Read},
    os::fd::AsFd,
    time::{Duration, Instant},
};

/// A pipe is read at most this many times before timers and the rank are checked again...
const READS_AT_ONCE: usize = 64;
/// ...this many bytes at a time.
const READ_BYTES: usize = 16 * 1024;

/// A program that runs, with its output and limits.
pub struct RunningProgram {
    processes: ProcessTree,
    started: Instant,
    /// Why the program was asked to terminate; none as long as it may run.
    terminated_for: Option<Exit>,
    /// When it is asked to terminate, or after that, killed.
    deadline: Option<Instant>,
    /// The signals that are still to be sent, each with the time until the next; after the last one all descendants are killed.
    stop_signals: VecDeque<(Signal, Duration)>,
    is_launcher: bool,
    stdout: Pipe,
    stderr: Pipe,
    watchdog: Option<Watchdog>,
    samples: ProgramSamples,
    /// Number of descendants that could not be killed.
    survivors: u32,
}

impl RunningProgram {
    /// A program that was launched for `command` at `started`.
    pub fn new(launched: Launched, command: &Command, started: Instant) -> Self {
        Self {
            processes: ProcessTree::new(launched.pid),
            started,
            terminated_for: None,
            deadline: command.time_limit.and_then(|limit| started.checked_add(limit)),
            stop_signals: command.stop_signals().into(),
            is_launcher: command.is_launcher,
            stdout: Pipe::new(launched.stdout, output_copy(&command.stdout, command)),
            stderr: Pipe::new(launched.stderr, output_copy(&command.stderr, command)),
            watchdog: command.inactivity_limit.map(|limit| Watchdog::start(limit, &command.directory)),
            samples: ProgramSamples::new(started),
            survivors: 0,
        }
    }

    /// Waits until the program has ended, enforces its limits, and kills its descendants; meanwhile samples what they use and receives
    /// further requests into `queue`.
    /// None if the rank or the reaper, this process's parent, is gone: the caller kills what is left. The command came over the channel `own`.
    pub fn supervise(
        &mut self,
        own: usize,
        queue: &mut CommandQueue,
        signals: &SignalFd,
        sampler: &mut Sampler,
    ) -> Option<()> {
        let ended = self.wait_for_end(own, queue, signals, sampler);
        if self.is_launcher {
            match (ended, self.processes.ended) {
                (None, _) => self.processes.end_launcher(LAUNCHER_LIMIT),
                (Some(()), Some((Exit::Signalled(_), _))) => self.processes.wait_for_descendants(LAUNCHER_LIMIT),
                (Some(()), _) => {}
            }
        }
        ended?;
        self.survivors = self.processes.kill(KILL_LIMIT);
        Some(())
    }

    /// Waits until the program has ended or its last limit has passed; none if the rank or the reaper is gone.
    fn wait_for_end(
        &mut self,
        own: usize,
        queue: &mut CommandQueue,
        signals: &SignalFd,
        sampler: &mut Sampler,
    ) -> Option<()> {
        let reaper = Pid::parent();
        while self.processes.ended.is_none() {
            if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                if self.terminated_for.is_some() && !self.send_next_signal() {
                    break;
                }
                self.terminate(Exit::TimedOut);
            }
            let printed = self.stdout.captured.total + self.stderr.captured.total;
            if self.terminated_for.is_none()
                && self.watchdog.as_mut().is_some_and(|watchdog| watchdog.has_expired(printed))
            {
                self.terminate(Exit::Stalled);
            }
            sampler.sample(&mut self.samples);
            let readable = self.wait(queue, signals, sampler.next(&self.samples));
            while let Ok(Some(_)) = signals.read_signal() {}
            if Pid::parent() != reaper {
                return None;
            }
            self.processes.reap();
            if self.processes.ended.is_none() {
                self.stdout.read();
                self.stderr.read();
            }
            for channel in readable {
                if queue.receive(channel)? == Received::Cancel && channel == own {
                    self.terminate(Exit::Cancelled);
                }
            }
        }
        Some(())
    }

    /// Waits for the first event, at most until the next `sample`; returns the channels that can be read.
    fn wait(&self, queue: &CommandQueue, signals: &SignalFd, sample: Instant) -> Vec<usize> {
        let mut polled = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        polled.extend(queue.poll_fds());
        for pipe in [&self.stdout, &self.stderr] {
            polled.extend(pipe.file.as_ref().map(|file| PollFd::new(file.as_fd(), PollFlags::POLLIN)));
        }
        match poll(&mut polled, self.timeout(sample)) {
            Ok(_) => queue.readable(&polled[1..]),
            Err(_) => Vec::new(),
        }
    }

    /// Time until the next deadline, check or `sample`, rounded up to milliseconds: otherwise the loop would spin before it.
    fn timeout(&self, sample: Instant) -> PollTimeout {
        let check = self.watchdog.as_ref().filter(|_| self.terminated_for.is_none()).map(Watchdog::next_check);
        let next = self.deadline.into_iter().chain(check).fold(sample, Instant::min);
        let left = next.saturating_duration_since(Instant::now()) + Duration::from_nanos(999_999);
        PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
    }

    /// Asks the program to terminate, once; `reason` is then reported as its exit.
    fn terminate(&mut self, reason: Exit) {
        if self.terminated_for.is_none() {
            self.terminated_for = Some(reason);
            self.send_next_signal();
        }
    }

    /// Sends the next of the signals that ask to end; false if all were sent.
    fn send_next_signal(&mut self) -> bool {
        let Some((signal, limit)) = self.stop_signals.pop_front() else { return false };
        self.deadline = Instant::now().checked_add(limit);
        self.processes.signal(signal);
        true
    }

    /// The result, after [`supervise`](Self::supervise).
    pub fn finish(self) -> Finished {
        let (exit, ended) = self.processes.ended.unwrap_or((Exit::Signalled(libc::SIGKILL), Instant::now()));
        Finished {
            exit: self.terminated_for.unwrap_or(exit),
            // No process has the pipes open any more, so that both have an end.
            stdout: self.stdout.finish(),
            stderr: self.stderr.finish(),
            elapsed: ended - self.started,
            cpu_s: self.processes.cpu.as_secs_f64(),
            peak_memory_kb: self.processes.peak_memory_kb,
            sampled: self.samples.usage(),
            survivors: self.survivors,
        }
    }
}

/// Where the captured part of an output is copied to, if it is.
fn output_copy(output: &Output, command: &Command) -> Option<OutputCopy> {
    output.tee().map(|name| OutputCopy::new(command.directory.join(name)))
}

/// The reading end of an output pipe, and what was read from it.
struct Pipe {
    /// None once the other end is closed, or the output goes into a file.
    file: Option<File>,
    captured: Captured,
    copy: Option<OutputCopy>,
}

impl Pipe {
    fn new(file: Option<File>, copy: Option<OutputCopy>) -> Self {
        Self { file, captured: Captured::default(), copy }
    }

    /// Reads what is available; true if there may be more.
    fn read(&mut self) -> bool {
        if self.file.is_none() {
            return false;
        }
        let mut buffer = [0; READ_BYTES];
        for _ in 0..READS_AT_ONCE {
            let Some(file) = &mut self.file else { return false };
            match file.read(&mut buffer) {
                Ok(bytes) if bytes > 0 => {
                    self.captured.push(&buffer[..bytes]);
                    if let Some(copy) = &mut self.copy {
                        copy.write_head(&self.captured.head);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Ok(_) | Err(_) => self.file = None,
            }
        }
        true
    }

    /// Reads the rest of an output that no process writes any more.
    fn finish(mut self) -> Captured {
        while self.read() {}
        self.captured.trim_tail();
        if let Some(mut copy) = self.copy {
            copy.finish(&self.captured);
        }
        self.captured
    }
}
