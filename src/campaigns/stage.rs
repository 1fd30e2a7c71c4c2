//! What is a stage of a campaign?
//!
//! A number of independent tasks whose values are folded into one. The engine (`crate::run`) knows nothing else about it.
use crate::journal::Fingerprint;
use crate::plan::Weight;
use crate::process::Programs;
use crate::results;
use crate::science::memory::{Memory, OwnMemory, Room};
use crate::seed::CampaignSeed;
use crate::task::{Cause, Failure, TaskId, Tasks};
use serde::{Serialize, de::DeserializeOwned};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What went wrong outside of any task.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the values of two batches cannot be joined")]
    Merge(#[from] crate::science::sum::Error),
    #[error("the values of tasks cannot be summed")]
    Sum(#[from] crate::science::exact::Error),
    #[error("a recorded value cannot be read as this version's: discard it with --fresh")]
    Decode(#[from] crate::journal::codec::Error),
    #[error(transparent)]
    Results(#[from] results::Error),
    #[error("a recorded outcome is not to be had: {0}")]
    Outcome(String),
    #[error("{0}")]
    Unusable(String),
    #[error("{0}\nmend that, then run the same command with --retry-failed")]
    Unread(String),
}

/// An error and its causes on one line.
pub fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(" ({cause})");
        next = cause.source();
    }
    text
}

/// The values of some tasks, and those that have none.
pub struct Ran<V> {
    pub value: V,
    pub failed: Vec<(TaskId, Cause)>,
}

/// Independent tasks and what becomes of their values.
///
/// The value of a range of tasks must be a function of the configuration and the tasks' indices alone, and
/// [`merge`](Stage::merge) must be associative and commutative to the last bit (see [`crate::science::sum`]): that is what
/// makes results equal on any number of ranks.
pub trait Stage: Send + Sync + 'static {
    /// The joint value of a set of tasks.
    type Value: Serialize + DeserializeOwned + Send + 'static;

    /// The stage's name within its campaign.
    fn name(&self) -> &str;

    /// The number of tasks.
    fn tasks(&self) -> u64;

    /// What the values depend on besides the campaign's own configuration: the results of earlier stages, as a digest.
    fn identity(&self) -> String {
        String::new()
    }

    /// What is read of the files that programs left, as a digest, where tasks are such programs and leave their files in folders that stay.
    /// When it changes, tasks whose programs have ended are not run again: [`run`](Stage::run) reads their files.
    fn reading(&self) -> Option<String> {
        None
    }

    /// Whether the programs of a task have ended well in an earlier run of the same `campaign` and their files are still there.
    fn has_ended(&self, _task: TaskId, _campaign: Fingerprint) -> bool {
        false
    }

    /// Whether a file that is to be read of a finished task is not there.
    fn lacks_files(&self, _task: TaskId) -> bool {
        false
    }

    /// Estimated cost of a task in any unit; only ratios matter.
    fn cost(&self, _task: TaskId) -> f64 {
        1.0
    }

    /// Tasks of a lower urgency number are begun before others, in a dynamic schedule.
    fn urgency(&self, _task: TaskId) -> u32 {
        0
    }

    /// The most tasks of a batch where no batch size is given.
    fn largest_batch(&self) -> u64 {
        u64::MAX
    }

    /// Whether tasks go to the same ranks as those of the stage before, which have in memory what they need: they are then dealt out
    /// statically, whatever the schedule.
    fn stays(&self) -> bool {
        false
    }

    /// What a task is called, where single tasks are worth a line each in the result's account.
    fn label(&self, _task: TaskId) -> Option<String> {
        None
    }

    /// The most tasks to run in one call of [`run`](Stage::run): between calls the engine may stop.
    fn grain(&self) -> u64 {
        u64::MAX
    }

    /// Whether a task that is stopped goes on where it stopped when it is run again ([`Cause::Interrupted`]): it may then be started though
    /// it will not be done within the time slot, and its program is told to end when the run is to stop.
    fn can_be_interrupted(&self) -> bool {
        false
    }

    /// Whether a task is one program and nothing else, whose start may be made ready while another task's runs: tasks may then be run by two
    /// threads, though never two programs at once.
    fn can_overlap(&self) -> bool {
        false
    }

    /// What the task that runs here is at, in a few words, where that can be seen from outside. Asked now and then by another thread.
    fn doing(&self) -> Option<String> {
        None
    }

    /// Why the stage is run and what it does, a line each, where that follows from results: told when it begins.
    fn occasion(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether `plan` may run a few tasks to learn how long they take.
    fn can_be_sampled(&self) -> bool {
        true
    }

    /// How long each task will take on one of `ranks` ranks with so much memory (MB; enough where none is given), s: by a model that is calibrated
    /// within about `limit`, where the stage has one. `plan` then runs no task.
    fn forecast(&self, _ranks: u64, _memory_mb: Option<u64>, _limit: Duration) -> Option<Vec<f64>> {
        None
    }

    /// Runs `tasks`. A task without value is named with its cause; a panic is caught and becomes a cause too.
    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Self::Value>;

    /// The value of no task.
    fn empty(&self) -> Self::Value;

    /// Joins the values of two disjoint sets of tasks.
    ///
    /// # Errors
    /// A sum overflows.
    fn merge(&self, into: &mut Self::Value, from: Self::Value) -> Result<(), Error>;

    /// Folds a batch into the total on rank 0. Differs from [`merge`](Stage::merge) where a value carries what only
    /// [`Campaign::write`](super::campaign::Campaign::write) needs and rank 0 cannot hold for all tasks.
    ///
    /// # Errors
    /// A sum overflows.
    fn fold(&self, total: &mut Self::Value, from: Self::Value) -> Result<(), Error> {
        self.merge(total, from)
    }

    /// The stage's result from the total of all tasks, of which `failed` have none.
    ///
    /// # Errors
    /// The result cannot be formed.
    fn finish(&self, total: &Self::Value, failed: &[Failure]) -> Result<StageResult, Error>;
}

/// The result of a finished stage; its bytes are known to its own campaign only.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct StageResult {
    pub stage: String,
    pub tasks: u64,
    pub failed: Vec<Failure>,
    bytes: Vec<u8>,
}

impl StageResult {
    /// The result `value` of `stage`.
    ///
    /// # Errors
    /// `value` cannot be encoded.
    pub fn new(stage: &impl Stage, failed: &[Failure], value: &impl Serialize) -> Result<Self, Error> {
        let bytes = crate::journal::codec::encode(value)?;
        Ok(Self { stage: stage.name().to_owned(), tasks: stage.tasks(), failed: failed.to_vec(), bytes })
    }

    /// The value as its campaign wrote it.
    ///
    /// # Errors
    /// The bytes are of another type.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(crate::journal::codec::decode(&self.bytes)?)
    }
}

/// What a task may use while it runs.
pub struct Context<'a> {
    pub seed: CampaignSeed,
    /// Which campaign runs: by all that determines what its programs do.
    pub campaign: Fingerprint,
    /// Memory this rank may use, MB.
    pub memory_mb: u64,
    /// Where it keeps what other ranks of its node may need too.
    pub memory: &'a dyn Memory,
    /// Time limit of a task.
    pub task_timeout: Option<Duration>,
    /// When the time slot ends.
    pub deadline: Option<Instant>,
    /// When a task must have begun at the latest to be done by then, judged by those before.
    pub begin_by: Option<Instant>,
    /// What programs are started with; none where that is not possible.
    pub programs: Option<&'a Programs>,
    /// When the tasks of this call were started.
    pub started: Instant,
    pub(crate) halt: &'a AtomicBool,
}

impl<'a> Context<'a> {
    /// A context outside of a running campaign: for tests, samples and benchmarks.
    pub fn solitary(seed: CampaignSeed, halt: &'a AtomicBool) -> Self {
        Self {
            seed,
            campaign: Fingerprint::of(""),
            memory_mb: 1000,
            memory: &OwnMemory,
            task_timeout: None,
            deadline: None,
            begin_by: None,
            programs: None,
            started: Instant::now(),
            halt,
        }
    }

    /// Memory for what is computed within this program.
    pub fn room(&self) -> Room<'a> {
        Room { memory_mb: self.memory_mb as usize, memory: self.memory }
    }

    /// The limit, once the tasks of this call have run longer than one task may.
    pub fn expired(&self) -> Option<Cause> {
        let limit = self.task_timeout?;
        (self.started.elapsed() > limit).then_some(Cause::TimedOut { limit_ms: limit.as_millis() as u64 })
    }

    /// Whether the campaign is being stopped at once and the value will not be asked for.
    pub fn is_halted(&self) -> bool {
        self.halt.load(Ordering::Relaxed)
    }
}

/// A [`Stage`] whose type of value is not known: what the engine works with.
pub trait AnyStage: Send + Sync {
    fn name(&self) -> &str;
    fn tasks(&self) -> u64;
    fn identity(&self) -> String;
    fn reading(&self) -> Option<String>;
    fn has_ended(&self, task: TaskId, campaign: Fingerprint) -> bool;
    fn lacks_files(&self, task: TaskId) -> bool;
    /// The cost and the urgency of a batch.
    fn weigh(&self, batch: Tasks) -> Weight;
    fn largest_batch(&self) -> u64;
    fn stays(&self) -> bool;
    fn label(&self, task: TaskId) -> Option<String>;
    fn grain(&self) -> u64;
    fn can_be_interrupted(&self) -> bool;
    fn can_overlap(&self) -> bool;
    fn doing(&self) -> Option<String>;
    fn occasion(&self) -> Vec<String>;
    fn can_be_sampled(&self) -> bool;
    fn forecast(&self, ranks: u64, memory_mb: Option<u64>, limit: Duration) -> Option<Vec<f64>>;
    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Piece>;
    fn empty(&self) -> Piece;
    /// # Errors
    /// As [`Stage::merge`].
    fn merge(&self, into: &mut Piece, from: Piece) -> Result<(), Error>;
    /// # Errors
    /// As [`Stage::fold`], or `from` cannot be decoded.
    fn fold(&self, total: &mut Piece, from: &[u8]) -> Result<(), Error>;
    /// # Errors
    /// As [`Stage::finish`].
    fn finish(&self, total: &Piece, failed: &[Failure]) -> Result<StageResult, Error>;
    /// # Errors
    /// The value cannot be encoded.
    fn encode(&self, piece: &Piece) -> Result<Vec<u8>, Error>;
    /// # Errors
    /// The bytes are of another type.
    fn decode(&self, bytes: &[u8]) -> Result<Piece, Error>;
}

/// A value of some stage.
pub type Piece = Box<dyn Any + Send>;

/// Values never leave the stage that made them, so the type always fits.
const OWN: &str = "a stage meets only its own values";

/// A stage as campaigns hand it to the engine.
pub type Shared = Arc<dyn AnyStage>;

/// Hides the type of a stage's values.
pub fn share(stage: impl Stage) -> Shared {
    Arc::new(Erased(stage))
}

/// A type of its own, so that a stage's methods and those of [`AnyStage`] never stand beside each other.
struct Erased<S>(S);

impl<S: Stage> AnyStage for Erased<S> {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn tasks(&self) -> u64 {
        self.0.tasks()
    }
    fn identity(&self) -> String {
        self.0.identity()
    }
    fn reading(&self) -> Option<String> {
        self.0.reading()
    }
    fn has_ended(&self, task: TaskId, campaign: Fingerprint) -> bool {
        self.0.has_ended(task, campaign)
    }
    fn lacks_files(&self, task: TaskId) -> bool {
        self.0.lacks_files(task)
    }
    fn weigh(&self, batch: Tasks) -> Weight {
        Weight::of(batch, |task| self.0.cost(task), |task| self.0.urgency(task))
    }
    fn largest_batch(&self) -> u64 {
        self.0.largest_batch()
    }
    fn stays(&self) -> bool {
        self.0.stays()
    }
    fn label(&self, task: TaskId) -> Option<String> {
        self.0.label(task)
    }
    fn grain(&self) -> u64 {
        self.0.grain()
    }
    fn can_be_interrupted(&self) -> bool {
        self.0.can_be_interrupted()
    }
    fn can_overlap(&self) -> bool {
        self.0.can_overlap()
    }
    fn doing(&self) -> Option<String> {
        self.0.doing()
    }
    fn occasion(&self) -> Vec<String> {
        self.0.occasion()
    }
    fn can_be_sampled(&self) -> bool {
        self.0.can_be_sampled()
    }
    fn forecast(&self, ranks: u64, memory_mb: Option<u64>, limit: Duration) -> Option<Vec<f64>> {
        self.0.forecast(ranks, memory_mb, limit)
    }
    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Piece> {
        let ran = self.0.run(tasks, context);
        Ran { value: Box::new(ran.value), failed: ran.failed }
    }
    fn empty(&self) -> Piece {
        Box::new(self.0.empty())
    }
    fn merge(&self, into: &mut Piece, from: Piece) -> Result<(), Error> {
        self.0.merge(into.downcast_mut().expect(OWN), *from.downcast().expect(OWN))
    }
    fn fold(&self, total: &mut Piece, from: &[u8]) -> Result<(), Error> {
        self.0.fold(total.downcast_mut().expect(OWN), crate::journal::codec::decode(from)?)
    }
    fn finish(&self, total: &Piece, failed: &[Failure]) -> Result<StageResult, Error> {
        self.0.finish(total.downcast_ref().expect(OWN), failed)
    }
    fn encode(&self, piece: &Piece) -> Result<Vec<u8>, Error> {
        Ok(crate::journal::codec::encode(piece.downcast_ref::<S::Value>().expect(OWN))?)
    }
    fn decode(&self, bytes: &[u8]) -> Result<Piece, Error> {
        Ok(Box::new(crate::journal::codec::decode::<S::Value>(bytes)?))
    }
}
