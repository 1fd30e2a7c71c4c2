//! Tasks that take virtual time, draw a random number and fail as they are told.
use super::clock::Clock;
use super::ranks::{Behaviour, FAILS_AFTER_S, cause};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simmpi::campaigns::Kind;
use simmpi::campaigns::campaign::{Campaign, Declaration, Next, Outlook, RecordedValues, Report};
use simmpi::campaigns::stage::{Computed, Context, Error, PerTask, Stage, StageResult, StageSpec, Workload};
use simmpi::config::{Config, Faults, Schedule, Uneven};
use simmpi::results::{Writer, or_nan};
use simmpi::science::sum::Moments;
use simmpi::seed::{CampaignSeed, Purpose};
use simmpi::task::{TaskId, Tasks};
use std::sync::{Arc, Mutex};

/// The tasks and the machine that runs them.
#[derive(Clone)]
pub struct Model {
    /// Number of tasks of each stage.
    pub tasks: u64,
    pub stages: u32,
    /// How long each task takes on a rank of speed 1, s.
    pub seconds: Arc<dyn Fn(TaskId) -> f64 + Send + Sync>,
    pub speed: Arc<dyn Fn(usize) -> f64 + Send + Sync>,
    /// Whether the campaign knows how long its tasks take.
    pub knows_costs: bool,
    /// The largest batch where none is configured.
    pub largest_batch: u64,
    /// Whether a task fails on every rank.
    pub fails: Arc<dyn Fn(TaskId) -> bool + Send + Sync>,
    /// How often each task was run.
    pub runs: Arc<Mutex<Vec<u32>>>,
    /// The key of the current stage.
    pub key: Arc<Mutex<u64>>,
}

impl Model {
    /// One stage of `tasks` on equal ranks, of which each takes so many seconds.
    pub fn new(tasks: u64, seconds: impl Fn(TaskId) -> f64 + Send + Sync + 'static) -> Self {
        Self {
            tasks,
            stages: 1,
            seconds: Arc::new(seconds),
            speed: Arc::new(|_| 1.0),
            knows_costs: false,
            largest_batch: 1,
            fails: Arc::new(|_| false),
            runs: Arc::new(Mutex::new(vec![0; tasks as usize])),
            key: Arc::default(),
        }
    }

    /// Counts that a rank runs these tasks.
    pub fn count_runs(&self, tasks: Tasks) {
        let mut runs = self.runs.lock().unwrap();
        tasks.iter().for_each(|task| runs[task as usize] += 1);
    }

    /// How long a rank takes for a task, s.
    pub fn takes(&self, rank: usize, task: TaskId) -> f64 {
        (self.seconds)(task) / (self.speed)(rank)
    }

    /// The joint value of the tasks of a batch without those that failed.
    pub fn value(&self, tasks: Tasks, failed: &[TaskId]) -> Value {
        let mut value = Value { count: 0, mixed: 0, drawn: Moments::new(1, 48) };
        for task in tasks.iter().filter(|task| !failed.contains(task)) {
            value.count += 1;
            value.mixed = value.mixed.wrapping_add(mix(task));
            value.drawn.add(0, CampaignSeed(1).stream(task, Purpose::Hops).normal()).unwrap();
        }
        value
    }
}

/// A number that looks random (splitmix64).
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What tasks leave.
#[derive(Serialize, Deserialize)]
pub struct Value {
    count: u64,
    mixed: u64,
    drawn: Moments,
}

/// The kind of campaign that rank 0 runs.
pub struct Simulated {
    pub model: Model,
    pub clock: Arc<Clock>,
    /// What rank 0 does.
    pub behaviour: Behaviour,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Section {}

impl Kind for Simulated {
    fn name(&self) -> &'static str {
        "simulated"
    }
    fn about(&self) -> &'static str {
        "tasks that take virtual time"
    }
    fn example(&self) -> &'static str {
        "[campaign]\nkind = \"simulated\"\n\n[simulated]\n"
    }
    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }
    fn default_schedule(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }
    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        config.section::<Section>("simulated")?;
        let (model, clock) = (self.model.clone(), Arc::clone(&self.clock));
        let work = Work { model, clock, behaviour: self.behaviour, batches: 0 };
        Ok(Box::new(SimulatedCampaign { work, stage: 0, last: None }))
    }
}

struct SimulatedCampaign {
    work: Work,
    /// Number of stages that are complete.
    stage: u32,
    last: Option<StageResult>,
}

impl Campaign for SimulatedCampaign {
    fn declare(&self) -> Result<Declaration, Faults> {
        Ok(Declaration { identity: serde_json::json!({}), ..Declaration::default() })
    }
    fn outlook(&self, _memory_mb: Option<u64>) -> Result<Outlook, Error> {
        Ok(Outlook { summary: vec![], stages: vec![], notes: vec![], memory: None, output_bytes: 10_000 })
    }
    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error> {
        self.stage += u32::from(result.is_some());
        self.last = result.or(self.last.take());
        let model = &self.work.model;
        if self.stage == model.stages {
            return Ok(Next::Complete);
        }
        let seconds = Arc::clone(&model.seconds);
        let spec = StageSpec {
            chunk: 1,
            largest_batch: model.largest_batch,
            costs: if model.knows_costs { PerTask::computed(move |task| seconds(task)) } else { PerTask::Same(1.0) },
            ..StageSpec::new(format!("stage {}", self.stage), model.tasks)
        };
        *model.key.lock().unwrap() = simmpi::run::journal_key(&spec, None);
        Ok(Next::Run(Stage::new(spec, self.work.clone())))
    }
    fn write(&self, _: &mut dyn RecordedValues, out: &mut Writer) -> Result<Report, Error> {
        let result = self.last.as_ref().expect("there is a stage");
        let Value { count, mixed, drawn } = result.value()?;
        out.array("/results/count", &[1], &[count], "none", "number of tasks")?;
        out.array("/results/mixed", &[1], &[mixed], "none", "sum of their mixed numbers")?;
        out.array("/results/mean", &[1], &or_nan(drawn.means(count)), "none", "mean of the numbers drawn")?;
        out.array("/results/mean_stderr", &[1], &or_nan(drawn.standard_errors(count)), "none", "its standard error")?;
        Ok(Report::default())
    }
}

/// How rank 0 runs tasks.
#[derive(Clone)]
struct Work {
    model: Model,
    clock: Arc<Clock>,
    behaviour: Behaviour,
    batches: usize,
}

impl Workload for Work {
    type Value = Value;
    fn empty(&self) -> Value {
        self.model.value(Tasks::new(0, 0), &[])
    }
    fn run(&mut self, tasks: Tasks, _: &Context) -> Computed<Value> {
        self.model.count_runs(tasks);
        let fails = self.behaviour.fails(self.batches) || tasks.iter().any(|task| (self.model.fails)(task));
        self.batches += 1;
        if fails {
            self.clock.sleep(FAILS_AFTER_S);
            return Computed { value: self.empty(), failed: tasks.iter().map(|task| (task, cause())).collect() };
        }
        self.clock.sleep(tasks.iter().map(|task| self.model.takes(0, task)).sum());
        Computed { value: self.model.value(tasks, &[]), failed: vec![] }
    }
    fn merge(&self, into: &mut Value, from: Value) -> Result<(), Error> {
        into.count += from.count;
        into.mixed = into.mixed.wrapping_add(from.mixed);
        Ok(into.drawn.merge(&from.drawn)?)
    }
}
