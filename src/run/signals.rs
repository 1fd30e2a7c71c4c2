//! Which signals has this rank received?
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static DRAIN: AtomicBool = AtomicBool::new(false);
static TERMINATE: AtomicBool = AtomicBool::new(false);
static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

/// What signals ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalRequest {
    None,
    /// Finish what runs and stop (SIGUSR1, or Ctrl-C once).
    Drain,
    /// There is about a second left: sync and go (SIGTERM, or Ctrl-C twice).
    Terminate,
}

/// Why a run drains: it starts no further task and stops early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DrainReason {
    Usr1,
    CtrlC,
    /// The time left is too short for another task.
    TimeLimit,
}

impl DrainReason {
    /// Why the run stops, for a run with the configured time limit `walltime_s`.
    pub fn describe(self, walltime_s: Option<f64>) -> String {
        match (self, walltime_s) {
            (DrainReason::Usr1, _) => "asked to stop by SIGUSR1".into(),
            (DrainReason::CtrlC, _) => "asked to stop by Ctrl-C (SIGINT)".into(),
            (DrainReason::TimeLimit, Some(limit)) => {
                format!("no further task fits into the allocation: limits.walltime_s = {limit} is nearly over")
            }
            (DrainReason::TimeLimit, None) => {
                "no further task fits into the allocation: the time limit of the job is near".into()
            }
        }
    }
}

extern "C" fn record(signal: i32) {
    match signal {
        s if s == Signal::SIGUSR1 as i32 => DRAIN.store(true, Ordering::Relaxed),
        s if s == Signal::SIGTERM as i32 => TERMINATE.store(true, Ordering::Relaxed),
        _ => {
            INTERRUPTS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Handles signals from now on.
pub fn listen() {
    let action = SigAction::new(SigHandler::Handler(record), SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGUSR1, Signal::SIGTERM, Signal::SIGINT] {
        // SAFETY: the handler only stores to atomics. The call fails for unknown signals only.
        let _ = unsafe { sigaction(signal, &action) };
    }
}

/// What asks this rank to stop, if anything does.
pub fn request() -> Option<DrainReason> {
    match strongest() {
        SignalRequest::None => None,
        _ if DRAIN.load(Ordering::Relaxed) => Some(DrainReason::Usr1),
        _ => Some(DrainReason::CtrlC),
    }
}

/// The strongest request so far.
pub fn strongest() -> SignalRequest {
    let interrupts = INTERRUPTS.load(Ordering::Relaxed);
    if TERMINATE.load(Ordering::Relaxed) || interrupts > 1 {
        SignalRequest::Terminate
    } else if DRAIN.load(Ordering::Relaxed) || interrupts == 1 {
        SignalRequest::Drain
    } else {
        SignalRequest::None
    }
}
