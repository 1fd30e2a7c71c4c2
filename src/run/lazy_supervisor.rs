//! When does a rank start the supervisor of its programs?
use super::{console, exit};
use crate::comm::Launcher;
use crate::process::{self, Supervisor};
use std::cell::OnceCell;
use std::sync::Arc;

/// The process supervisor, started when it is first needed.
pub struct LazySupervisor(OnceCell<Option<Arc<Supervisor>>>);

impl LazySupervisor {
    /// Where MPI will start the supervisor starts at once: it must not inherit the resources of MPI. Another process starts it when it is
    /// first needed.
    pub fn for_launcher() -> Self {
        let supervisor = Self(OnceCell::new());
        if Launcher::is_likely() {
            supervisor.get();
        }
        supervisor
    }

    /// The supervisor; none where it cannot be started, which has been reported then. Call it before any thread is started.
    pub fn get(&self) -> Option<&Supervisor> {
        self.0.get_or_init(|| Supervisor::start().inspect_err(report).ok().map(Arc::new)).as_deref()
    }

    /// The supervisor, if it was started.
    pub fn into_started(self) -> Option<Arc<Supervisor>> {
        self.0.into_inner().flatten()
    }
}

/// Reports on the first process of the launcher that this rank cannot start programs.
fn report(error: &process::Error) {
    if Launcher::detect().is_none_or(|launcher| launcher.rank == 0) {
        console::error(&format!("no program can be started in this run: {}", exit::causes(error)));
    }
}
