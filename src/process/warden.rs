//! What does the guard's own process do?
use super::capture::Captured;
use super::descendants::{Usage, kill_all, reap};
use super::wire::{self, Request};
use super::{Command, Error, Exit, Finished, is_launchers};
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The longest wait before the clock is looked at again.
const TICK: Duration = Duration::from_millis(200);

/// Runs commands until the rank is gone; gives the exit code.
pub fn serve(mut line: UnixStream) -> i32 {
    loop {
        let reply = match wire::read(&mut line) {
            Ok(Request::Run(command)) => match start(&command) {
                Ok(child) => match Watch::new(child, &command, &line).and_then(Watch::finish) {
                    Ok(finished) => Ok(finished),
                    Err(_) => break,
                },
                Err(error) => Err(error),
            },
            // What was to be cancelled has ended meanwhile.
            Ok(Request::Cancel) => continue,
            Err(_) => break,
        };
        if wire::write(&mut line, &reply).is_err() {
            break;
        }
    }
    kill_all(None, &mut Usage::default());
    0
}

fn start(command: &Command) -> Result<Child, Error> {
    let Some((program, arguments)) = command.argv.split_first() else { return Err(Error::Empty) };
    let mut spawn = std::process::Command::new(program);
    spawn.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    std::env::vars_os().for_each(|(name, _)| {
        if name.to_str().is_some_and(is_launchers) {
            spawn.env_remove(&name);
        }
    });
    spawn.envs(command.environment.iter().map(|(name, value)| (name, value)));
    if let Some(directory) = &command.directory {
        if !directory.is_dir() {
            return Err(Error::NoDirectory { program: program.clone(), directory: directory.clone() });
        }
        spawn.current_dir(directory);
    }
    let mut mask = CpuSet::new();
    let cores = command.cores.clone().unwrap_or_default();
    let is_set = cores.iter().all(|&core| mask.set(core).is_ok()) && !cores.is_empty();
    let prepare = move || -> io::Result<()> {
        // Should the guard itself be killed, its children go with it.
        nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
        // Ignored signals stay ignored in a program; it is to be ended by them.
        for signal in [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            // SAFETY: the default action, in a process that has no handlers.
            unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigDfl) }?;
        }
        if is_set {
            sched_setaffinity(Pid::from_raw(0), &mask)?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec only system calls are made, nothing is allocated.
    unsafe { spawn.pre_exec(prepare) };
    spawn.spawn().map_err(|error| cannot_start(program, &error))
}

fn cannot_start(program: &str, error: &io::Error) -> Error {
    let (program, what) = (program.to_owned(), error.to_string());
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT) => Error::NotFound { program },
        Some(Errno::EACCES | Errno::ENOEXEC | Errno::EISDIR) => Error::NotExecutable { program },
        Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE) => Error::Resources { program, what },
        _ => Error::Other { program, what },
    }
}

/// A command that runs.
struct Watch<'a> {
    command: &'a Command,
    line: &'a UnixStream,
    pid: Pid,
    /// Readable when the program has ended; none where the system does not know such descriptors.
    end: Option<OwnedFd>,
    input: Option<File>,
    unwritten: &'a [u8],
    outputs: [Option<File>; 2],
    captured: [Captured; 2],
    started: Instant,
    /// Why the program is being ended, and when it is killed.
    ending: Option<(Exit, Instant)>,
    usage: Usage,
}

impl<'a> Watch<'a> {
    fn new(mut child: Child, command: &'a Command, line: &'a UnixStream) -> io::Result<Self> {
        let pid = Pid::from_raw(child.id() as i32);
        // SAFETY: the call takes a process and no flags; a negative result is no descriptor.
        let end = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
        // SAFETY: the descriptor was just opened and belongs to nobody else.
        let end = (end >= 0).then(|| unsafe { OwnedFd::from_raw_fd(end as i32) });
        let input = child.stdin.take().map(|pipe| File::from(OwnedFd::from(pipe)));
        let outputs = [
            child.stdout.take().map(|pipe| File::from(OwnedFd::from(pipe))),
            child.stderr.take().map(|pipe| File::from(OwnedFd::from(pipe))),
        ];
        for file in outputs.iter().chain([&input]).flatten() {
            // SAFETY: the descriptor is open; its flags are replaced by one more.
            unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
        }
        Ok(Self {
            command,
            line,
            pid,
            end,
            input,
            unwritten: &command.input,
            outputs,
            captured: Default::default(),
            started: Instant::now(),
            ending: None,
            usage: Usage::default(),
        })
    }

    /// Waits for the end, or brings it about. An error says that the rank is gone.
    fn finish(mut self) -> io::Result<Finished> {
        let status = loop {
            if let Some(status) = reap(Some(self.pid), &mut self.usage) {
                break status;
            }
            self.wait()?;
            if let Some(limit) = self.command.time_limit
                && self.ending.is_none()
                && self.started.elapsed() > limit
            {
                self.end_for(Exit::TimedOut);
            }
            if let Some((_, at)) = self.ending
                && Instant::now() >= at
            {
                break kill_all(Some(self.pid), &mut self.usage).unwrap_or(libc::SIGKILL);
            }
        };
        let elapsed = self.started.elapsed();
        kill_all(Some(self.pid), &mut self.usage);
        // Nobody writes any more: what is left in the pipes is all there will be.
        self.read_outputs();
        self.captured.iter_mut().for_each(Captured::trim);
        let [stdout, stderr] = self.captured;
        let by_itself = if libc::WIFSIGNALED(status) {
            Exit::Signal(libc::WTERMSIG(status))
        } else {
            Exit::Code(libc::WEXITSTATUS(status))
        };
        Ok(Finished {
            exit: self.ending.map_or(by_itself, |(why, _)| why),
            stdout,
            stderr,
            elapsed,
            cpu_s: self.usage.cpu_s,
            peak_memory_kb: self.usage.peak_memory_kb,
        })
    }

    /// Asks the program to end; it is killed when its grace is over.
    fn end_for(&mut self, why: Exit) {
        let _ = killpg(self.pid, Signal::SIGTERM);
        self.ending = Some((why, Instant::now() + self.command.grace));
    }

    /// Waits until something happens, and takes it in.
    fn wait(&mut self) -> io::Result<()> {
        let left = |at: Instant| at.saturating_duration_since(Instant::now());
        let limit = self.command.time_limit.map_or(TICK, |limit| left(self.started + limit));
        let wait = self.ending.map_or(limit, |(_, at)| left(at)).min(TICK) + Duration::from_millis(1);
        let mut places = vec![PollFd::new(self.line.as_fd(), PollFlags::POLLIN)];
        places.extend(self.end.as_ref().map(|end| PollFd::new(end.as_fd(), PollFlags::POLLIN)));
        places.extend(self.outputs.iter().flatten().map(|file| PollFd::new(file.as_fd(), PollFlags::POLLIN)));
        places.extend(self.input.as_ref().map(|file| PollFd::new(file.as_fd(), PollFlags::POLLOUT)));
        let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
        match poll(&mut places, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let is_called = places[0].any().unwrap_or(false);
        self.read_outputs();
        self.write_input();
        if is_called {
            let mut line = self.line;
            // Only a cancellation can come while a command runs; the end of the line ends everything.
            wire::read::<Request>(&mut line)?;
            if self.ending.is_none() {
                self.end_for(Exit::Cancelled);
            }
        }
        Ok(())
    }

    fn read_outputs(&mut self) {
        let mut buffer = vec![0; 1 << 16];
        for (output, captured) in self.outputs.iter_mut().zip(&mut self.captured) {
            while let Some(file) = output {
                match file.read(&mut buffer) {
                    Ok(n) if n > 0 => captured.push(&buffer[..n]),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => *output = None,
                }
            }
        }
    }

    fn write_input(&mut self) {
        while let Some(file) = &mut self.input {
            match file.write(self.unwritten) {
                Ok(n) if n > 0 => self.unwritten = &self.unwritten[n..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // All is written, or the program does not want it.
                _ => self.input = None,
            }
        }
    }
}
