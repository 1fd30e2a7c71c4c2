//! How does the main thread stop its worker threads?
use crate::process::Supervisor;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Flags that the main thread sets and the worker threads read.
#[derive(Default)]
pub struct StopFlags {
    /// Start no further task.
    pub drain: AtomicBool,
    /// Give up the task that runs.
    pub halt: AtomicBool,
    /// When the allocation ends.
    pub deadline: Mutex<Option<Instant>>,
    /// Whether the task that runs, and every one after it in its stage, may be interrupted.
    pub is_interruptible: AtomicBool,
    /// The supervisor of the programs that tasks start.
    supervisor: Option<Arc<Supervisor>>,
}

impl StopFlags {
    /// Flags for tasks that start programs under `supervisor`, or none.
    pub fn new(supervisor: Option<Arc<Supervisor>>) -> Self {
        Self { supervisor, ..Self::default() }
    }

    /// How the supervisor of programs ended, if it has.
    pub fn supervisor_loss(&self) -> Option<String> {
        self.supervisor.as_ref()?.loss()
    }

    /// Starts no further task, and interrupts the one that runs where that is possible.
    pub fn stop(&self) {
        self.drain.store(true, Ordering::SeqCst);
        // A task that is about to start reads `drain` after it has set `is_interruptible`.
        match &self.supervisor {
            Some(supervisor) if self.is_interruptible.load(Ordering::SeqCst) => supervisor.cancel(),
            Some(supervisor) => supervisor.withdraw(),
            None => {}
        }
    }
}
