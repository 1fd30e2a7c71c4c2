//! What does the supervisor of programs do all day?
//!
//! It waits for a command, runs it with one eye on its rank, and ends when the rank or its keeper does. One thread, one `poll`.
use super::{
    family,
    job::{Job, PATIENCE},
    keep::{self, LAST_PATIENCE},
    launch::Ready,
    orders::{Address, LINES, Order, Orders},
    turn,
    wire::{self, Refusal, Reply},
};
use nix::{
    errno::Errno,
    sys::{
        prctl,
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
    },
    unistd::{Pid, setsid},
};
use std::{
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

/// The whole life of the supervisor, right after the keeper has forked it.
pub fn be_supervisor(lines: [UnixStream; LINES]) -> ! {
    let served = catch_unwind(AssertUnwindSafe(|| match prepare() {
        Ok(signals) if wire::send(&lines[0], &Reply::Ready(Pid::this().as_raw())).is_ok() => {
            let _ = serve(&lines, &signals);
        }
        Ok(_) => (),
        Err(errno) => drop(wire::send(&lines[0], &Reply::Broken(errno as i32))),
    }));
    // The rank is gone, or this process has panicked: whatever still runs has no owner.
    let _ = catch_unwind(|| family::kill_all(LAST_PATIENCE, |_| ()));
    keep::exit(if served.is_ok() { 0 } else { 70 })
}

/// What the keeper has not done already. Its death is told by the signal that tells of a child's.
fn prepare() -> nix::Result<SignalFd> {
    let keeper = Pid::parent();
    prctl::set_pdeathsig(Signal::SIGCHLD)?;
    // The keeper may have died before the line above.
    if Pid::parent() != keeper {
        return Err(Errno::ESRCH);
    }
    setsid()?;
    prctl::set_child_subreaper(true)?;
    // The name of the keeper is another: who kills processes by name leaves one of both to end the programs.
    prctl::set_name(c"simmpi-programs")?;
    turn::give_way();
    SignalFd::with_flags(&SigSet::from(Signal::SIGCHLD), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// Answers commands until the rank is gone.
fn serve(lines: &[UnixStream; LINES], signals: &SignalFd) -> Option<()> {
    let keeper = Pid::parent();
    let mut orders = Orders::new(lines);
    let mut over: Option<(Address, Job)> = None;
    loop {
        // The next program begins before the one before it is told of: no program waits for what the rank makes of another.
        let begun = orders.next()?.filter(|_| Pid::parent() == keeper).map(begin);
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
    let launched = order.ready.and_then(Ready::start);
    if launched.is_err() {
        family::kill_all(PATIENCE, |_| ());
    }
    (order.address, launched.map(|launched| Job::new(launched, &order.command, started)))
}
