//! What may a task use while it runs?
use crate::engines::md::Progress;
use crate::journal::Fingerprint;
use crate::process::Programs;
use crate::science::memory::{Memory, MemoryBudget, OwnMemory};
use crate::seed::CampaignSeed;
use crate::task::Cause;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Seed, limits and resources of the tasks of one call.
pub struct Context<'a> {
    pub seed: CampaignSeed,
    /// Identifies the campaign by all that determines what its programs do.
    pub campaign: Fingerprint,
    /// Memory this rank may use, MB.
    pub memory_mb: u64,
    /// Where large arrays are kept that other ranks of the node may need too.
    pub memory: &'a dyn Memory,
    /// Time limit of a task.
    pub task_timeout: Option<Duration>,
    /// When the allocation ends.
    pub deadline: Option<Instant>,
    /// The latest start of a task that is to end by then, judged by the tasks before.
    pub begin_by: Option<Instant>,
    /// The supervisor and cores for programs; none where no program can be started.
    pub programs: Option<&'a Programs>,
    /// Where a task publishes its progress, for the main thread to read.
    pub progress: Arc<Progress>,
    /// When the tasks of this call were started.
    pub started: Instant,
    pub(crate) halt: &'a AtomicBool,
}

impl<'a> Context<'a> {
    /// A context outside of a running campaign: for tests, samples and benchmarks.
    pub fn solitary(seed: CampaignSeed, halt: &'a AtomicBool) -> Self {
        Self {
            seed,
            campaign: Fingerprint::of_text(""),
            memory_mb: 1000,
            memory: &OwnMemory,
            task_timeout: None,
            deadline: None,
            begin_by: None,
            programs: None,
            progress: Arc::default(),
            started: Instant::now(),
            halt,
        }
    }

    /// What starts programs.
    ///
    /// # Errors
    /// No program can be started.
    pub fn programs(&self) -> Result<&'a Programs, Cause> {
        self.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))
    }

    /// Memory for computations within this process.
    pub fn room(&self) -> MemoryBudget<'a> {
        MemoryBudget { memory_mb: self.memory_mb as usize, memory: self.memory }
    }

    /// The cause of failure, once the tasks of this call have run longer than the time limit of one task.
    pub fn expired(&self) -> Option<Cause> {
        let limit = self.task_timeout?;
        (self.started.elapsed() > limit).then_some(Cause::TimedOut { limit_ms: limit.as_millis() as u64 })
    }

    /// Whether the run is ending at once, so that the value will not be used.
    pub fn is_halted(&self) -> bool {
        self.halt.load(Ordering::Relaxed)
    }
}
