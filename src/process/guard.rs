//! How does a rank have a program run?
use super::wire::{self, Reply, Request};
use super::{Command, Error, Finished, warden};
use nix::sys::prctl;
use nix::unistd::{ForkResult, fork, setsid};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

/// A rank's end of the line to the process that starts programs for it. One command runs at a time.
pub struct Guard {
    requests: Mutex<UnixStream>,
    replies: Mutex<UnixStream>,
}

impl Guard {
    /// Forks the guard. To be called once, at the very start: before MPI, and while there is one thread only.
    ///
    /// # Errors
    /// The system cannot make a socket or a process.
    pub fn start() -> Result<Self, Error> {
        let gone = |error: io::Error| Error::GuardGone { what: error.to_string() };
        let (ours, theirs) = UnixStream::pair().map_err(gone)?;
        // SAFETY: there is one thread, so the child may do everything.
        match unsafe { fork() }.map_err(|errno| gone(errno.into()))? {
            ForkResult::Child => {
                drop(ours);
                let prepared = prepare(&theirs);
                std::process::exit(if prepared.is_ok() { warden::serve(theirs) } else { 1 })
            }
            ForkResult::Parent { .. } => {
                let replies = ours.try_clone().map_err(gone)?;
                Ok(Self { requests: Mutex::new(ours), replies: Mutex::new(replies) })
            }
        }
    }

    /// Runs a command to its end. Every process that it has started is gone then.
    ///
    /// # Errors
    /// The program cannot be started, or the guard is gone.
    pub fn run(&self, command: &Command) -> Result<Finished, Error> {
        // The lock on replies is held from the request to its reply: commands of several threads wait for each other.
        let mut replies = self.replies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let gone = |error: io::Error| Error::GuardGone { what: error.to_string() };
        self.ask(&Request::Run(Box::new(command.clone()))).map_err(gone)?;
        wire::read::<Reply>(&mut *replies).map_err(gone)?
    }

    /// Ends the command that runs, if any, from another thread.
    pub fn cancel(&self) {
        // A guard that is gone runs nothing.
        let _ = self.ask(&Request::Cancel);
    }

    fn ask(&self, request: &Request) -> io::Result<()> {
        let mut requests = self.requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        wire::write(&mut *requests, request)
    }
}

/// Makes the forked process a guard: a session of its own, deaf to the signals by which launchers drain and end ranks, heir of all
/// descendants, and without the pipes that a launcher would wait for.
fn prepare(line: &UnixStream) -> nix::Result<()> {
    use nix::sys::signal::{SigHandler, Signal, signal};
    setsid()?;
    prctl::set_child_subreaper(true)?;
    prctl::set_name(c"simmpi-guard")?;
    for ignored in [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: no handler of ours is installed.
        unsafe { signal(ignored, SigHandler::SigIgn) }?;
    }
    let null = std::fs::File::options().read(true).write(true).open("/dev/null").map_err(|_| nix::Error::ENOENT)?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stdout(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    drop(null);
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers: Vec<i32> = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|&number| number > 2 && number != line.as_raw_fd()) {
        // The folder's own descriptor is closed already.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}
