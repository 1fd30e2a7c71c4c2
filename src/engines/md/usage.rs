//! How much time and memory have the programs of a replica used?
use crate::process::Finished;
use serde::{Deserialize, Serialize};

/// Resources used by the programs of a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Wall-clock time, s.
    pub seconds: f64,
    /// CPU time, s.
    pub cpu_s: f64,
    /// Of the largest process, KiB.
    pub peak_memory_kb: u64,
}

impl Usage {
    /// Adds what a program has used.
    pub fn add(&mut self, finished: &Finished) {
        self.seconds += finished.elapsed.as_secs_f64();
        self.cpu_s += finished.cpu_s;
        self.peak_memory_kb = self.peak_memory_kb.max(finished.peak_memory_kb);
    }
}
