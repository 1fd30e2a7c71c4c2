//! What do the GPUs of a node do, and which processes are on them?
//!
//! ```text
//! first rank of the node: GpuMonitor --nvidia-smi, rocm-smi--> GpuSample --> file in memory
//! every rank's supervisor:                                     GpuSamples <-- the same file, when it samples its program
//! ```
//!
//! One process of a node asks, however many ranks there are, since each question costs the driver up to a second. It is not the supervisor:
//! a question that the driver does not answer must not delay the end of a task. A file in memory has no name, cannot fill a disk, and ends
//! with its processes.
mod monitor;
mod nvidia;
mod query;
mod rocm;
mod samples;
mod sums;

pub use monitor::GpuMonitor;
pub use samples::GpuSamples;
pub use sums::GpuSums;

use serde::{Deserialize, Serialize};

/// The GPUs of a node at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuSample {
    /// Counts the samples of a run, from 1.
    pub number: u64,
    /// In the order of their numbers.
    pub gpus: Vec<Gpu>,
    pub processes: Vec<GpuProcess>,
}

/// A GPU at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gpu {
    /// Its use, %; none where the driver does not say.
    pub percent: Option<f32>,
    /// Memory in use by all processes, and that which it has, MB (2^20 bytes).
    pub memory_mb: Option<f32>,
    pub total_mb: Option<f32>,
}

/// A process that computes on GPUs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuProcess {
    pub pid: i32,
    /// The numbers of its GPUs.
    pub gpus: Vec<usize>,
    /// Its memory on all of them, MB (2^20 bytes).
    pub memory_mb: Option<f32>,
}

impl Gpu {
    /// Whether another program would hardly find memory.
    pub fn is_full(&self) -> bool {
        const FULL: f32 = 0.95;
        matches!((self.memory_mb, self.total_mb), (Some(used), Some(total)) if total > 0.0 && used > FULL * total)
    }
}
