//! What does the engine take from the configuration, the campaign and the command line?
use super::progress::Style;
use crate::journal::Fingerprint;
use crate::plan::PartitionSettings;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// The settings of a run, from rank 0 to all ranks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSettings {
    pub output: PathBuf,
    pub fingerprint: Fingerprint,
    pub partition: PartitionSettings,
    pub task_timeout: Option<Duration>,
    pub max_retries: u32,
    pub exclude_after: u32,
    pub max_failures: u64,
    pub memory_mb: Option<u64>,
    /// Time left in the allocation at the start.
    pub time_left: Option<Duration>,
    /// The configured time limit of a run, s.
    pub walltime_s: Option<f64>,
    /// The most threads of a program that a task starts on the cores of its rank, 0 where launchers start all of them elsewhere; none where
    /// no task starts any.
    pub threads: Option<usize>,
    /// Whether programs may have more threads than there are cores.
    pub may_oversubscribe: bool,
    pub retry_failed: bool,
    /// Run only this task.
    pub only: Option<u64>,
    pub keep_journal: bool,
    /// The name of this job and how long it waits for others, where several work on the campaign.
    pub join: Option<(String, Duration)>,
    /// Whether results are written from the values of single batches.
    pub needs_values: bool,
    /// Digests of what was read of finished tasks' files in earlier runs, where that was something else.
    pub earlier_readings: Vec<String>,
    #[serde(skip, default = "no_progress")]
    pub progress: Style,
}

fn no_progress() -> Style {
    Style::None
}
