//! What does the guard process do all day?
//!
//! It waits for a command, runs it with one eye on its rank, and ends when the rank does. One thread, one `poll`.
use super::{
    family,
    job::{Job, PATIENCE},
    orders::{Address, LINES, Order, Orders},
    turn,
    wire::{self, Refusal, Reply},
};
use nix::{
    fcntl::{OFlag, open},
    libc,
    sys::{
        prctl,
        signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
        signalfd::{SfdFlags, SignalFd},
        stat::Mode,
    },
    unistd::{close, dup2_stderr, dup2_stdin, dup2_stdout, setsid},
};
use std::{
    fs,
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::UnixStream,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// How long the dead may take to go when the rank is gone and nobody waits.
const LAST_PATIENCE: Duration = Duration::from_secs(60);

/// The whole life of the guard process, right after the fork.
pub fn be_guard(lines: [UnixStream; LINES]) -> ! {
    // The rank's hook may speak MPI, which this process must not.
    drop(std::panic::take_hook());
    let served = catch_unwind(AssertUnwindSafe(|| match prepare(&lines) {
        Ok(signals) if wire::send(&lines[0], &Reply::Ready).is_ok() => drop(serve(&lines, &signals)),
        Ok(_) => (),
        Err(errno) => drop(wire::send(&lines[0], &Reply::Broken(errno as i32))),
    }));
    // The rank is gone, or this process has panicked: whatever still runs has no owner.
    let _ = catch_unwind(|| family::kill_all(LAST_PATIENCE, |_| ()));
    // SAFETY: ends the process at once; exit handlers belong to the libraries of the rank and must not run here.
    unsafe { libc::_exit(if served.is_ok() { 0 } else { 70 }) }
}

/// Cuts every tie to the launcher: its signals, its session, its pipes.
fn prepare(lines: &[UnixStream; LINES]) -> nix::Result<SignalFd> {
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
    close_all_but(&lines.each_ref().map(AsRawFd::as_raw_fd));
    turn::give_way();
    SignalFd::with_flags(&SigSet::from(Signal::SIGCHLD), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// Closes what was inherited beyond the standard three: with the launcher's pipes open it would wait for the guard.
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

/// Answers commands until the rank is gone.
fn serve(lines: &[UnixStream; LINES], signals: &SignalFd) -> Option<()> {
    let mut orders = Orders::new(lines);
    let mut over: Option<(Address, Job)> = None;
    loop {
        // The next program begins before the one before it is told of: no program waits for what the rank makes of another.
        let begun = orders.next()?.map(begin);
        if let Some((address, job)) = over.take() {
            orders.answer(address, Ok(job.finish()))?;
        }
        match begun {
            None => orders.wait()?,
            Some((address, Err(refusal))) => orders.answer(address, Err(refusal))?,
            Some((address, Ok(mut job))) => {
                job.supervise(address.line, &mut orders, signals)?;
                over = Some((address, job));
            }
        }
    }
}

/// Starts the program of an order.
fn begin(order: Order) -> (Address, Result<Job, Refusal>) {
    // Before the launch: on a busy node the program is well on its way when the guard has its turn again.
    let started = Instant::now();
    let launched = order.ready.and_then(|ready| ready.start(&order.command));
    if launched.is_err() {
        family::kill_all(PATIENCE, |_| ());
    }
    (order.address, launched.map(|launched| Job::new(launched, &order.command, started)))
}
