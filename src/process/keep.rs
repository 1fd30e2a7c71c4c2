//! What ends the programs when the process that supervises them is killed?
//!
//! The kernel ends a program whose supervisor dies, but not what that program has started. So there are two processes: the rank's child,
//! the keeper, does nothing but wait for the supervisor, its own child. As a subreaper it inherits all that a killed supervisor leaves, and
//! kills it. A supervisor whose keeper is killed ends its programs itself.
use super::{family, orders::LINES, serve, wire, wire::Reply};
use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    libc,
    sys::{
        prctl,
        signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction},
        stat::Mode,
        wait::{WaitStatus, waitpid},
    },
    unistd::{ForkResult, Pid, close, dup2_stderr, dup2_stdin, dup2_stdout, fork, setsid},
};
use std::{
    fs,
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::UnixStream,
    },
    panic::catch_unwind,
    time::Duration,
};

/// How long the dead may take to go when the rank is gone and nobody waits.
pub const LAST_PATIENCE: Duration = Duration::from_secs(60);

/// The whole life of the keeper, right after the fork.
pub fn be_keeper(lines: [UnixStream; LINES]) -> ! {
    // The rank's hook may speak MPI, which this process must not.
    drop(std::panic::take_hook());
    let forked = prepare(&lines).and_then(|()| {
        // SAFETY: this process has one thread, so that the child may do whatever this one may.
        unsafe { fork() }
    });
    let supervisor = match forked {
        Ok(ForkResult::Child) => serve::be_supervisor(lines),
        Ok(ForkResult::Parent { child }) => child,
        Err(errno) => {
            drop(wire::send(&lines[0], &Reply::Broken(errno as i32)));
            exit(70)
        }
    };
    // Held open here they would hide from the rank and the supervisor that the other is gone.
    drop(lines);
    let ended = wait_for(supervisor);
    let _ = catch_unwind(|| family::kill_all(LAST_PATIENCE, |_| ()));
    match ended {
        Ok(code) => exit(code),
        // The rank is to see what its supervisor died of.
        Err(signal) => {
            let _ = kill(Pid::this(), signal.filter(|&signal| signal == Signal::SIGKILL));
            exit(128 + signal.map_or(0, |signal| signal as i32))
        }
    }
}

/// Ends this process at once.
pub fn exit(code: i32) -> ! {
    // SAFETY: exit handlers belong to the libraries of the rank and must not run here.
    unsafe { libc::_exit(code) }
}

/// The exit code of a child, or the signal that ended it.
fn wait_for(child: Pid) -> Result<i32, Option<Signal>> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => (),
            Ok(WaitStatus::Exited(_, code)) => return Ok(code),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Err(Some(signal)),
            _ => return Err(None),
        }
    }
}

/// Cuts every tie to the launcher: its signals, its session, its pipes.
fn prepare(lines: &[UnixStream; LINES]) -> nix::Result<()> {
    // All signals are blocked rather than ignored: a program would inherit what is ignored beyond exec.
    SigSet::all().thread_set_mask()?;
    // A launcher that ignores SIGCHLD would make the kernel reap our children; Rust ignores SIGPIPE, which programs would inherit.
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in [Signal::SIGCHLD, Signal::SIGPIPE] {
        // SAFETY: the default action calls no code of ours.
        unsafe { sigaction(signal, &default)? };
    }
    setsid()?;
    prctl::set_child_subreaper(true)?;
    prctl::set_name(c"simmpi-guard")?;
    let null = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    drop(null);
    close_all_but(&lines.each_ref().map(AsRawFd::as_raw_fd));
    Ok(())
}

/// Closes what was inherited beyond the standard three: with the launcher's pipes open it would wait for this process.
fn close_all_but(kept: &[RawFd]) {
    let open: Vec<RawFd> = match fs::read_dir("/proc/self/fd") {
        Ok(entries) => entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect(),
        Err(_) => (3..1024).collect(),
    };
    for fd in open.into_iter().filter(|&fd| fd > 2 && !kept.contains(&fd)) {
        // The directory's own descriptor is in the list and closed already.
        let _ = close(fd);
    }
}
