//! What may stand in the sections that every campaign has?
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the campaign is and where its results go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignSection {
    /// The kind of campaign, which names the section that describes it.
    pub kind: String,
    /// The seed from which every random stream derives.
    #[serde(default)]
    pub seed: u64,
    /// The HDF5 file of the results, relative to the configuration.
    #[schemars(length(min = 1))]
    #[serde(default = "default_output")]
    pub output: PathBuf,
}

fn default_output() -> PathBuf {
    "results.h5".into()
}

/// How tasks are divided over ranks; changes no result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Tasks per batch; by default the largest up to 256 that divides the count over the ranks.
    #[schemars(range(min = 1))]
    pub batch_size: Option<u64>,
    /// What happens where tasks do not divide evenly over ranks and batches.
    pub uneven: Option<Uneven>,
    /// How batches are handed out.
    pub schedule: Option<Schedule>,
}

/// What happens where tasks do not divide evenly over ranks and batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Uneven {
    /// Nothing runs; the nearest counts and batch sizes that divide are named.
    Refuse,
    /// Idle slots fill the plan up.
    Idle,
}

/// How batches are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Every rank knows its batches from the start.
    Static,
    /// A rank is given its next batch when it is done with one.
    Dynamic,
}

/// When a task or the campaign is given up; changes no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Wall-clock limit of a task, s.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub task_timeout_s: Option<f64>,
    /// How often a failed task is tried again.
    pub max_retries: u32,
    /// Stop after this many failed tasks; 0 is no limit.
    pub max_failures: u64,
    /// Time for the whole run, s; by default what SLURM says is left.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub walltime_s: Option<f64>,
    /// Memory of a rank, MB; by default its share of what SLURM grants (`--mem`, `--mem-per-cpu`, `--mem-per-gpu`) or of the node, within the
    /// limit of its control group.
    #[schemars(range(min = 1))]
    pub memory_mb: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { task_timeout_s: None, max_retries: 2, max_failures: 0, walltime_s: None, memory_mb: None }
    }
}
