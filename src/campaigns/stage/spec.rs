//! What must the engine know of a stage to plan, schedule and report it?
use crate::plan::{StageNeeds, Weight};
use crate::task::{TaskId, Tasks};
use std::fmt;
use std::sync::Arc;

/// The description of a stage.
#[derive(Clone, Debug)]
pub struct StageSpec {
    /// Unique within the campaign.
    pub name: String,
    /// Number of tasks.
    pub tasks: u64,
    /// Digest of the earlier results that the values depend on; empty where they follow from the configuration alone.
    pub depends_on: String,
    /// Digest of what is read of the files that programs leave, where tasks are such programs and their folders stay. When it changes, tasks
    /// whose programs have ended are not run again: their files are read again.
    pub reading: Option<String>,
    /// Estimated cost of each task in any unit; only ratios matter.
    pub costs: PerTask<f64>,
    /// In a dynamic schedule tasks with a lower number are started first.
    pub urgencies: PerTask<u32>,
    /// Names of single tasks, where each is worth a line in the result file.
    pub labels: PerTask<Option<String>>,
    /// The largest batch where no batch size is configured, in tasks.
    pub largest_batch: u64,
    /// The most tasks of one call of [`Worker::run`](super::Worker::run); between calls the engine may stop.
    pub chunk: u64,
    /// Whether tasks go to the same ranks as in the stage before, which have in memory what they need: the schedule is then static.
    pub has_rank_affinity: bool,
    /// Whether a task that is stopped ([`Cause::Interrupted`](crate::task::Cause::Interrupted)) goes on from there when it is run again: it
    /// may then start though it will not end within the allocation, and its program is ended when the run is to stop.
    pub is_resumable: bool,
    /// Whether a task is one program and nothing else, which another worker thread may prepare while the program of the task before runs.
    pub may_overlap: bool,
    /// Lines printed when the stage starts: what it does and why, where that follows from earlier results.
    pub announcements: Vec<String>,
}

impl StageSpec {
    /// A stage of `tasks` equal tasks without any special need.
    pub fn new(name: impl Into<String>, tasks: u64) -> Self {
        Self {
            name: name.into(),
            tasks,
            depends_on: String::new(),
            reading: None,
            costs: PerTask::Same(1.0),
            urgencies: PerTask::Same(0),
            labels: PerTask::Same(None),
            largest_batch: u64::MAX,
            chunk: u64::MAX,
            has_rank_affinity: false,
            is_resumable: false,
            may_overlap: false,
            announcements: Vec::new(),
        }
    }

    /// What the stage needs of its plan.
    pub fn needs(&self) -> StageNeeds {
        let Self { largest_batch, chunk, has_rank_affinity: rank_affinity, .. } = *self;
        StageNeeds { largest_batch, chunk, rank_affinity }
    }

    /// Cost and urgency of a batch.
    pub fn weigh(&self, batch: Tasks) -> Weight {
        Weight::for_batch(batch, |task| self.costs.get(task), |task| self.urgencies.get(task))
    }

    /// The name of a task within its stage: its label, or else its number.
    pub fn task_name(&self, task: TaskId) -> String {
        self.labels.get(task).unwrap_or_else(|| format!("task {task}"))
    }

    /// The name of a task within its campaign: its label, or else the stage and its number.
    pub fn full_task_name(&self, task: TaskId) -> String {
        self.labels.get(task).unwrap_or_else(|| format!("{} task {task}", self.name))
    }
}

/// A property of every task of a stage.
#[derive(Clone)]
pub enum PerTask<T> {
    Same(T),
    Computed(Arc<dyn Fn(TaskId) -> T + Send + Sync>),
}

impl<T: Clone> PerTask<T> {
    /// A property that is computed when it is asked for.
    pub fn computed(compute: impl Fn(TaskId) -> T + Send + Sync + 'static) -> Self {
        Self::Computed(Arc::new(compute))
    }

    /// The property of one task.
    pub fn get(&self, task: TaskId) -> T {
        match self {
            Self::Same(value) => value.clone(),
            Self::Computed(compute) => compute(task),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for PerTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(value) => value.fmt(f),
            Self::Computed(_) => f.write_str("(computed)"),
        }
    }
}
