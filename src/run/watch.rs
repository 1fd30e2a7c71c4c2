//! When does a rank start the guard of its programs?
use super::start;
use crate::comm::Launcher;
use crate::process::Guard;
use std::cell::OnceCell;
use std::sync::Arc;

/// The guard, or the chance to start it.
pub struct Watch(OnceCell<Option<Arc<Guard>>>);

impl Watch {
    /// A launcher's ranks start the guard at once: it must not inherit what MPI has. A process by itself has no MPI, and starts it when
    /// it is needed first.
    pub fn begin() -> Self {
        let watch = Self(OnceCell::new());
        if Launcher::detect().is_some() {
            watch.guard();
        }
        watch
    }

    /// The guard; none where it cannot be, which has been told then. Before any thread.
    pub fn guard(&self) -> Option<&Guard> {
        self.0.get_or_init(|| Guard::start().inspect_err(start::no_guard).ok().map(Arc::new)).as_deref()
    }

    /// What was started.
    pub fn end(self) -> Option<Arc<Guard>> {
        self.0.into_inner().flatten()
    }
}
