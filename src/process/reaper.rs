//! Who kills the programs when the process that supervises them is killed?
//!
//! The kernel kills a program whose supervisor dies, but not what that program has started. So there are two processes: the rank's child,
//! the reaper, only waits for its own child, the supervisor. As a subreaper it inherits what a killed supervisor leaves, and kills it. A
//! supervisor whose reaper is killed kills its programs itself.
use super::{
    command::LAUNCHER_LIMIT, event_loop, ipc, ipc::Reply, launcher_mark::LauncherMark, process_tree, queue::CHANNELS,
};
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
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

/// How long killed processes may take to end once the rank is gone.
pub const FINAL_KILL_LIMIT: Duration = Duration::from_secs(60);

/// Exit code of both processes after an internal error (EX_SOFTWARE).
const SOFTWARE_ERROR: i32 = 70;

/// The life of the reaper, right after the rank has forked it.
pub fn run_reaper(channels: [UnixStream; CHANNELS]) -> ! {
    // The rank's panic hook may call MPI, which this process must not.
    drop(std::panic::take_hook());
    let forked = set_up(&channels).and_then(|()| {
        let mark = LauncherMark::create()?;
        // SAFETY: this process has one thread, so that the child may do whatever this one may.
        Ok((unsafe { fork() }?, mark))
    });
    let (supervisor, mark) = match forked {
        Ok((ForkResult::Child, mark)) => run_supervisor(&channels, &mark),
        Ok((ForkResult::Parent { child }, mark)) => (child, mark),
        Err(errno) => {
            drop(ipc::send(&channels[0], &Reply::SetupFailed(errno as i32)));
            exit(SOFTWARE_ERROR)
        }
    };
    // Left open here they would hide from rank and supervisor that the other is gone.
    drop(channels);
    let ended = wait_for(supervisor);
    if mark.is_set() {
        // It has got SIGTERM from the kernel, and ends its processes.
        process_tree::wait_for_descendants(LAUNCHER_LIMIT, |_| ());
    }
    let _ = catch_unwind(|| process_tree::kill_all(FINAL_KILL_LIMIT, |_| ()));
    match ended {
        Ok(code) => exit(code),
        // The rank learns from this process how its supervisor ended.
        Err(signal) => {
            let _ = kill(Pid::this(), signal.filter(|&signal| signal == Signal::SIGKILL));
            exit(128 + signal.map_or(0, |signal| signal as i32))
        }
    }
}

/// The life of the supervisor, right after the reaper has forked it.
fn run_supervisor(channels: &[UnixStream; CHANNELS], mark: &LauncherMark) -> ! {
    let ended = catch_unwind(AssertUnwindSafe(|| event_loop::run(channels, mark)));
    // The rank is gone, or this process has panicked: nothing may run any more.
    let _ = catch_unwind(|| process_tree::kill_all(FINAL_KILL_LIMIT, |_| ()));
    exit(if ended.is_ok() { 0 } else { SOFTWARE_ERROR })
}

/// Ends this process at once.
fn exit(code: i32) -> ! {
    // SAFETY: exit handlers belong to the libraries of the rank and must not run here.
    unsafe { libc::_exit(code) }
}

/// Waits for a child: its exit code, or the signal that ended it.
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

/// Detaches this process from the launcher: from its signals, its session and its pipes.
fn set_up(channels: &[UnixStream; CHANNELS]) -> nix::Result<()> {
    // Blocked rather than ignored: a program would inherit ignored signals beyond exec.
    SigSet::all().thread_set_mask()?;
    // If the launcher ignored SIGCHLD, the kernel would reap children here. Rust ignores SIGPIPE, which programs would inherit.
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in [Signal::SIGCHLD, Signal::SIGPIPE] {
        // SAFETY: the default action calls no code of this program.
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
    close_all_but(&channels.each_ref().map(AsRawFd::as_raw_fd));
    Ok(())
}

/// Closes all inherited descriptors but 0, 1, 2 and `kept`: a launcher waits for everyone who holds its pipes open.
fn close_all_but(kept: &[RawFd]) {
    let open: Vec<RawFd> = match fs::read_dir("/proc/self/fd") {
        Ok(entries) => entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect(),
        Err(_) => (3..1024).collect(),
    };
    for fd in open.into_iter().filter(|&fd| fd > 2 && !kept.contains(&fd)) {
        // The descriptor of the directory itself is in the list and closed already.
        let _ = close(fd);
    }
}
