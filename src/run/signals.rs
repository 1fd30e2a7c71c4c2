//! What does the system ask of this rank?
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static DRAIN: AtomicBool = AtomicBool::new(false);
static TERMINATE: AtomicBool = AtomicBool::new(false);
static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Nothing,
    /// Finish what runs and stop (SIGUSR1, or Ctrl-C once).
    Drain,
    /// There is about a second left: sync and go (SIGTERM, or Ctrl-C twice).
    Terminate,
}

/// What asks a run to stop early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Request {
    Usr1,
    CtrlC,
    /// The time left is too short for another task.
    TimeLimit,
}

impl Request {
    /// Why the run stops, where the configuration gives it so much time, s.
    pub fn describe(self, walltime_s: Option<f64>) -> String {
        match (self, walltime_s) {
            (Request::Usr1, _) => "asked to stop by SIGUSR1".into(),
            (Request::CtrlC, _) => "asked to stop by Ctrl-C (SIGINT)".into(),
            (Request::TimeLimit, Some(limit)) => {
                format!("no further task fits into the time slot: limits.walltime_s = {limit} is nearly over")
            }
            (Request::TimeLimit, None) => {
                "no further task fits into the time slot: the time limit of the SLURM job is near".into()
            }
        }
    }
}

extern "C" fn note(signal: i32) {
    match signal {
        s if s == Signal::SIGUSR1 as i32 => DRAIN.store(true, Ordering::Relaxed),
        s if s == Signal::SIGTERM as i32 => TERMINATE.store(true, Ordering::Relaxed),
        _ => {
            INTERRUPTS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// From now on signals are wishes.
pub fn listen() {
    let action = SigAction::new(SigHandler::Handler(note), SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGUSR1, Signal::SIGTERM, Signal::SIGINT] {
        // SAFETY: the handler only stores to atomics. The call fails for unknown signals only.
        let _ = unsafe { sigaction(signal, &action) };
    }
}

/// What asks this rank to stop, if anything does.
pub fn request() -> Option<Request> {
    match wish() {
        Wish::Nothing => None,
        _ if DRAIN.load(Ordering::Relaxed) => Some(Request::Usr1),
        _ => Some(Request::CtrlC),
    }
}

/// The strongest wish so far.
pub fn wish() -> Wish {
    let interrupts = INTERRUPTS.load(Ordering::Relaxed);
    if TERMINATE.load(Ordering::Relaxed) || interrupts > 1 {
        Wish::Terminate
    } else if DRAIN.load(Ordering::Relaxed) || interrupts == 1 {
        Wish::Drain
    } else {
        Wish::Nothing
    }
}
