//! The sections that every campaign can have.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The kind of the campaign, its seed and its result file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignSection {
    /// Kind of campaign, which is also the name of the section that describes it.
    pub kind: String,
    /// Seed of all random streams.
    #[serde(default)]
    pub seed: u64,
    /// Path of the HDF5 result file, relative to the configuration file.
    #[schemars(length(min = 1))]
    #[serde(default = "default_output")]
    pub output: PathBuf,
}

fn default_output() -> PathBuf {
    "results.h5".into()
}

/// How tasks are divided over ranks; does not affect results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Number of tasks per batch; by default the largest up to 256 with which the tasks divide evenly over the ranks.
    #[schemars(range(min = 1))]
    pub batch_size: Option<u64>,
    /// What to do if the tasks do not divide evenly over ranks and batches: refuse to run, or leave slots idle.
    pub uneven: Option<Uneven>,
    /// How batches are assigned to ranks: static (fixed from the start) or dynamic (on request).
    pub schedule: Option<Schedule>,
}

/// What to do if the tasks do not divide evenly over ranks and batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Uneven {
    /// Refuse to run, and report the nearest counts and batch sizes that divide evenly.
    Refuse,
    /// Fill the plan up with idle slots.
    Idle,
}

/// How batches are assigned to ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// The batches of every rank are fixed from the start.
    Static,
    /// A rank receives its next batch when it has finished one.
    Dynamic,
}

/// Limits of time, memory and failures; they do not affect results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Wall-clock time limit of a task, s; no limit by default.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub task_timeout_s: Option<f64>,
    /// Number of times a failed task is retried, on another node or rank where there is one.
    pub max_retries: u32,
    /// Number of tasks that a rank fails in a row, while others do them, after which it is excluded: it gets no more tasks, and what it failed is
    /// tried again elsewhere, which does not count as a retry; 0 means never.
    pub exclude_after: u32,
    /// Number of failed tasks after which the campaign stops; 0 means no limit.
    pub max_failures: u64,
    /// Wall-clock time limit of the run, s; by default the time left in the batch job.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub walltime_s: Option<f64>,
    /// Memory of a rank, MB; by default its share of the SLURM allocation (`--mem`, `--mem-per-cpu`, `--mem-per-gpu`) or of the node, within the
    /// limit of its control group.
    #[schemars(range(min = 1))]
    pub memory_mb: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            task_timeout_s: None,
            max_retries: 2,
            exclude_after: 3,
            max_failures: 0,
            walltime_s: None,
            memory_mb: None,
        }
    }
}
