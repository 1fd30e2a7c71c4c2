//! What have the programs of a replica used, and what did they report?
use crate::journal::codec;
use crate::process::Finished;
use crate::task::ResourceUsage;
use serde::{Deserialize, Serialize};

/// Resources used by the programs of a replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Wall-clock time, s.
    pub seconds: f64,
    /// CPU time, s.
    pub cpu_s: f64,
    /// Of the largest process, KiB.
    pub peak_memory_kb: u64,
    /// What the processes used together.
    pub together: ResourceUsage,
}

impl Usage {
    /// Adds what a program has used.
    pub fn add(&mut self, finished: &Finished) {
        self.seconds += finished.elapsed.as_secs_f64();
        self.cpu_s += finished.cpu_s;
        self.peak_memory_kb = self.peak_memory_kb.max(finished.peak_memory_kb);
        self.together.add(finished.usage());
    }
}

/// What the programs of a replica used and reported, besides their files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    pub usage: Usage,
    /// Of the last simulation.
    #[serde(with = "codec::or_nan")]
    pub ns_per_day: Option<f64>,
    /// Potential energy of the last step, kJ/mol.
    #[serde(with = "codec::or_nan")]
    pub potential: Option<f64>,
    /// The last step.
    #[serde(with = "codec::or_nan")]
    pub step: Option<f64>,
    /// Diagnostics, such as restarts from an older checkpoint.
    pub notes: Vec<String>,
}
