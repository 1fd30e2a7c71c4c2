//! How far is the replica that is running, as seen from another thread?
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The progress of the running program; shared between the thread that runs it and those that ask.
#[derive(Default)]
pub struct Progress(Mutex<Option<Box<Monitor>>>);

/// Describes the progress of a program; none as long as it is unknown.
type Monitor = dyn FnMut() -> Option<String> + Send;

impl Progress {
    /// Sets the monitor of the program that starts.
    pub fn start(&self, monitor: impl FnMut() -> Option<String> + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(monitor));
    }

    /// Removes the monitor when the program has ended.
    pub fn stop(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Describes the progress of the running program.
    pub fn report(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut()?()
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
