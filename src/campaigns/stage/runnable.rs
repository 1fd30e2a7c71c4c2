//! How does the engine run a stage without knowing the type of its values?
//!
//! Values cross between threads, ranks and the journal as bytes; within one [`Worker`] or [`Reducer`] they keep their type.
use super::context::Context;
use super::error::Error;
use super::spec::StageSpec;
use super::workload::{Computed, RecordedFiles, Workload};
use crate::journal::{Fingerprint, codec};
use crate::task::{Cause, TaskId, Tasks};
use std::sync::Arc;

/// A stage: its description, and how its tasks run.
#[derive(Clone)]
pub struct Stage {
    pub spec: Arc<StageSpec>,
    new_worker: Arc<dyn Fn() -> Box<dyn Worker> + Send + Sync>,
    new_reducer: Arc<NewReducer>,
    recorded_files: Arc<dyn Fn(TaskId, Fingerprint) -> Option<RecordedFiles> + Send + Sync>,
}

type NewReducer = dyn Fn(Option<&[u8]>) -> Result<Box<dyn Reducer>, Error> + Send + Sync;

/// Runs tasks of a stage on one thread. The value of a batch grows chunk by chunk.
pub trait Worker: Send {
    /// Runs a chunk of tasks, or retries one; lists those without value. The values wait for [`keep`](Worker::keep).
    fn run(&mut self, tasks: Tasks, context: &Context) -> Vec<(TaskId, Cause)>;

    /// Merges all values that wait into that of the batch.
    ///
    /// # Errors
    /// A sum overflows.
    fn keep(&mut self) -> Result<(), Error>;

    /// The encoded value of the batch; the next one starts empty. Values that were not kept are dropped.
    ///
    /// # Errors
    /// The value cannot be encoded.
    fn end_batch(&mut self) -> Result<Vec<u8>, Error>;
}

/// Reduces the values of batches, in any order, to the total of a stage.
pub trait Reducer: Send {
    /// Adds the encoded value of a batch.
    ///
    /// # Errors
    /// A sum overflows, or `value` is of another type.
    fn add(&mut self, value: &[u8]) -> Result<(), Error>;

    /// The encoded total.
    ///
    /// # Errors
    /// It cannot be encoded.
    fn total(&self) -> Result<Vec<u8>, Error>;
}

impl Stage {
    /// A stage whose tasks `work` runs.
    pub fn new<W: Workload>(spec: StageSpec, work: W) -> Self {
        let (of_worker, of_reducer) = (work.clone(), work.clone());
        Self {
            spec: Arc::new(spec),
            new_worker: Arc::new(move || {
                Box::new(TypedWorker { work: of_worker.clone(), waiting: Vec::new(), batch: None })
            }),
            new_reducer: Arc::new(move |saved| {
                let work = of_reducer.clone();
                let total = saved.map(codec::decode).transpose()?.unwrap_or_else(|| work.empty());
                Ok(Box::new(TypedReducer { work, total }))
            }),
            recorded_files: Arc::new(move |task, campaign| work.recorded_files(task, campaign)),
        }
    }

    /// A worker for one thread.
    pub fn worker(&self) -> Box<dyn Worker> {
        (self.new_worker)()
    }

    /// A reducer that starts from the encoded total `saved`, or from nothing.
    ///
    /// # Errors
    /// `saved` is of another type.
    pub fn reducer(&self, saved: Option<&[u8]>) -> Result<Box<dyn Reducer>, Error> {
        (self.new_reducer)(saved)
    }

    /// The files that a task left in an earlier run of the same `campaign`; see [`Workload::recorded_files`].
    pub fn recorded_files(&self, task: TaskId, campaign: Fingerprint) -> Option<RecordedFiles> {
        (self.recorded_files)(task, campaign)
    }
}

struct TypedWorker<W: Workload> {
    work: W,
    /// Values of chunks that are not part of the batch yet.
    waiting: Vec<W::Value>,
    batch: Option<W::Value>,
}

impl<W: Workload> Worker for TypedWorker<W> {
    fn run(&mut self, tasks: Tasks, context: &Context) -> Vec<(TaskId, Cause)> {
        let Computed { value, failed } = self.work.run(tasks, context);
        // Where no task has a value there is none.
        if (failed.len() as u64) < tasks.count() {
            self.waiting.push(value);
        }
        failed
    }

    fn keep(&mut self) -> Result<(), Error> {
        let batch = self.batch.get_or_insert_with(|| self.work.empty());
        self.waiting.drain(..).try_for_each(|value| self.work.merge(batch, value))
    }

    fn end_batch(&mut self) -> Result<Vec<u8>, Error> {
        self.waiting.clear();
        Ok(codec::encode(&self.batch.take().unwrap_or_else(|| self.work.empty()))?)
    }
}

struct TypedReducer<W: Workload> {
    work: W,
    total: W::Value,
}

impl<W: Workload> Reducer for TypedReducer<W> {
    fn add(&mut self, value: &[u8]) -> Result<(), Error> {
        self.work.reduce(&mut self.total, codec::decode(value)?)
    }

    fn total(&self) -> Result<Vec<u8>, Error> {
        Ok(codec::encode(&self.total)?)
    }
}
