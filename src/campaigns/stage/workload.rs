//! How do the tasks of a stage run, and how are their values merged?
use super::{context::Context, error::Error};
use crate::journal::Fingerprint;
use crate::task::{Cause, TaskId, Tasks};
use serde::{Serialize, de::DeserializeOwned};

/// How the tasks of a stage run and what becomes of their values. Each worker thread has a clone of its own.
///
/// The value of a range of tasks must be a function of the configuration and the tasks' indices alone, and
/// [`merge`](Workload::merge) must be associative and commutative to the last bit (see [`crate::science::sum`]): that is what
/// makes results equal on any number of ranks.
pub trait Workload: Clone + Send + Sync + 'static {
    /// The joint value of a set of tasks.
    type Value: Serialize + DeserializeOwned + Send + 'static;

    /// The value of no task.
    fn empty(&self) -> Self::Value;

    /// Runs `tasks`. A task without value is listed with its cause; a panic is caught and becomes a cause too.
    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<Self::Value>;

    /// Merges the values of two disjoint sets of tasks.
    ///
    /// # Errors
    /// A sum overflows.
    fn merge(&self, into: &mut Self::Value, from: Self::Value) -> Result<(), Error>;

    /// Reduces the value of a batch into the total on rank 0. Differs from [`merge`](Workload::merge) where a value carries what only
    /// [`Campaign::write`](crate::campaigns::campaign::Campaign::write) needs and rank 0 cannot hold for all tasks.
    ///
    /// # Errors
    /// A sum overflows.
    fn reduce(&self, total: &mut Self::Value, from: Self::Value) -> Result<(), Error> {
        self.merge(total, from)
    }

    /// The files of a task whose programs ended well in an earlier run of the same `campaign`; none where they did not, or the files
    /// are gone.
    fn recorded_files(&self, _task: TaskId, _campaign: Fingerprint) -> Option<RecordedFiles> {
        None
    }
}

/// The values of some tasks, and the tasks that have none.
pub struct Computed<V> {
    pub value: V,
    pub failed: Vec<(TaskId, Cause)>,
}

impl<V: Default> Computed<V> {
    /// Runs `tasks` one by one; `run` adds the value of one to that of all.
    pub fn one_by_one(tasks: Tasks, mut run: impl FnMut(&mut V, TaskId) -> Result<(), Cause>) -> Self {
        let mut value = V::default();
        let failed = tasks.iter().filter_map(|task| Some((task, run(&mut value, task).err()?))).collect();
        Self { value, failed }
    }
}

/// What a task's programs left in an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedFiles {
    Complete,
    /// A file that the configuration now asks for is missing.
    Incomplete,
}
