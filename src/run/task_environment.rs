//! What does a rank give to all of its tasks?
use crate::journal::Fingerprint;
use crate::process::Programs;
use crate::science::memory::Memory;
use crate::seed::CampaignSeed;
use std::time::Duration;

/// Seed, limits and resources of a rank's tasks.
pub struct TaskEnvironment {
    pub seed: CampaignSeed,
    pub campaign: Fingerprint,
    pub memory_mb: u64,
    pub memory: Box<dyn Memory>,
    pub task_timeout: Option<Duration>,
    pub max_retries: u32,
    /// None where tasks start no programs.
    pub programs: Option<Programs>,
    pub rank: u32,
    pub host: String,
}
