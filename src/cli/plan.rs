//! The command `plan`: what a run would do, and how long it would take.
use super::check::{describe_plan, resolve};
use crate::campaigns::Kind;
use crate::campaigns::campaign::{MemoryNeed, Outlook, PlannedStage};
use crate::campaigns::stage::{Context, StageSpec, Worker};
use crate::plan::{Costs, makespan};
use crate::process::{Programs, Supervisor};
use crate::run::cost_history::{costs_of, records};
use crate::run::exit::{Exit, Stop};
use crate::run::load::{Configured, load_with_programs};
use crate::run::record_table::{RecordTable, RecordsByStage};
use crate::run::{console, journal_key, memory};
use crate::seed::CampaignSeed;
use crate::task::{Cause, Tasks};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Number of stages that are printed one by one.
const MAX_SHOWN: usize = 20;
/// Time after which the samples of all stages are long enough.
const SAMPLE: Duration = Duration::from_millis(1500);
/// Time limit of a program in the sample.
const SAMPLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for the calibration of the cost models of all stages.
const CALIBRATION: Duration = Duration::from_millis(2500);
/// Minimum memory requested per rank, MB.
const MIN_REQUEST_MB: f64 = 500.0;
/// Time for the start of 100 ranks under MPI, for reading and for writing, requested on top of the work.
const OVERHEAD_S: f64 = 60.0;
/// Safety factor on the time of the work, since nodes differ.
const MARGIN: f64 = 1.2;

/// Prints stages, batches, cost, makespan, memory and file size of a run on `ranks`. Runs a sample of tasks only.
///
/// # Errors
/// The configuration has faults, its tasks do not divide evenly, or the sample fails.
pub fn plan(kinds: &[&'static dyn Kind], path: &Path, ranks: u64) -> Result<(), Stop> {
    let supervisor = Supervisor::start().ok().map(Arc::new);
    let configured = load_with_programs(path, &|| supervisor.as_deref(), kinds)?;
    let programs = supervisor.filter(|_| configured.declared.threads.is_some()).map(Programs::for_single_rank);
    let outlook = configured.campaign.outlook(configured.config.limits.memory_mb)?;
    if outlook.stages.is_empty() {
        console::line("there is nothing to run");
        return Ok(());
    }
    let mut forecast = Forecast::new(&configured, &outlook, ranks);
    forecast.programs = programs.as_ref();
    for (k, stage) in outlook.stages.iter().enumerate() {
        if let Err(reason) = forecast.add(k, stage)? {
            let name = &stage.spec().name;
            let why = match reason {
                UnknownCost::Inputs => String::new(),
                UnknownCost::Sample => {
                    let limit = console::duration(SAMPLE_TIMEOUT.as_secs_f64());
                    format!(": the cheapest task was still running after {limit}")
                }
            };
            outlook.notes.iter().for_each(|line| console::line(line));
            console::line(&format!("the cost of a task of stage {name} is known when the first tasks are done{why}"));
            print_memory(outlook.memory.as_ref(), programs.is_some());
            return Ok(());
        }
    }
    if outlook.stages.len() > MAX_SHOWN {
        console::line(&format!("and {} more stages", outlook.stages.len() - MAX_SHOWN));
    }
    outlook.notes.iter().for_each(|line| console::line(line));
    forecast.print(&outlook);
    Ok(())
}

/// Why the cost of a stage's tasks is not known before they run.
enum UnknownCost {
    /// They need the results of an earlier stage.
    Inputs,
    /// The cheapest one ran longer than a sample may.
    Sample,
}

/// What to request from a batch system.
pub struct Request {
    /// For each rank, MB; none where it is not known.
    pub memory_mb: Option<f64>,
    /// None where the cost of a task is not known.
    pub minutes: Option<u64>,
    /// Cores for each rank, and for what launchers start for it.
    pub threads: u64,
    /// Whether launchers start programs.
    pub has_launcher: bool,
}

/// What to request for a run on `ranks`, without running a sample.
///
/// # Errors
/// As [`plan`].
pub fn request(kinds: &[&'static dyn Kind], path: &Path, ranks: u64, supervisor: &Supervisor) -> Result<Request, Stop> {
    let configured = load_with_programs(path, &|| Some(supervisor), kinds)?;
    let outlook = configured.campaign.outlook(configured.config.limits.memory_mb)?;
    let mut forecast = Forecast { is_request: true, ..Forecast::new(&configured, &outlook, ranks) };
    let mut is_known = true;
    for (k, stage) in outlook.stages.iter().enumerate() {
        is_known &= forecast.add(k, stage)?.is_ok();
    }
    let declared = &configured.declared;
    Ok(Request {
        memory_mb: forecast.requested_memory_mb(outlook.memory.as_ref()),
        minutes: is_known.then(|| forecast.requested_minutes()),
        threads: [declared.threads, declared.launched_cores].into_iter().flatten().fold(1, usize::max) as u64,
        has_launcher: declared.launched_cores.is_some(),
    })
}

/// The predicted times of the stages so far.
struct Forecast<'a> {
    configured: &'a Configured,
    programs: Option<&'a Programs>,
    ranks: u64,
    /// Whether nothing is printed, and no sample is run.
    is_request: bool,
    /// Records of earlier runs.
    earlier: RecordsByStage,
    /// Time for the calibration of one stage's cost model.
    calibration_limit: Duration,
    /// Duration of one stage's sample that is long enough to be measured.
    sample_limit: Duration,
    total_s: f64,
    makespan_s: f64,
    samples: Vec<Sample>,
    /// Time that the calibration of cost models took, s; none where none was used.
    calibration_s: Option<f64>,
}

/// What is known of the cost of a stage's tasks.
struct StageCosts {
    costs: Costs,
    /// Time of each task by the cost model, s.
    model: Option<Vec<f64>>,
}

impl<'a> Forecast<'a> {
    /// Without any stage, and without programs.
    fn new(configured: &'a Configured, outlook: &Outlook, ranks: u64) -> Self {
        let stages = outlook.stages.len().max(1) as u32;
        Self {
            configured,
            programs: None,
            ranks,
            is_request: false,
            earlier: records(configured),
            calibration_limit: CALIBRATION / stages,
            sample_limit: SAMPLE / stages,
            total_s: 0.0,
            makespan_s: 0.0,
            samples: Vec::new(),
            calibration_s: None,
        }
    }

    /// Prints the plan of stage `k` and adds its times, unless its cost is unknown.
    fn add(&mut self, k: usize, stage: &PlannedStage) -> Result<Result<(), UnknownCost>, Stop> {
        let spec = stage.spec();
        let resolved = resolve(self.configured, spec, k == 0, self.ranks)?;
        if k < MAX_SHOWN && !self.is_request {
            console::line(&format!("stage {}: {} tasks, {}", spec.name, spec.tasks, describe_plan(&resolved.plan)));
        }
        let key = journal_key(spec, spec.reading.as_deref());
        let earlier = costs_of(spec, self.earlier.get(&key).into_iter().flat_map(RecordTable::iter));
        let StageCosts { costs, model } = match earlier.is_empty() {
            false => StageCosts { costs: earlier, model: None },
            true => match self.predict(stage)? {
                Ok(costs) => costs,
                Err(reason) => return Ok(Err(reason)),
            },
        };
        let seconds = |batch: Tasks| match &model {
            Some(times) => batch.iter().map(|task| times[task as usize]).sum(),
            None => costs.expect(spec.weigh(batch).cost),
        };
        self.total_s += resolved.plan.batches.iter().map(&seconds).sum::<f64>();
        let mut policy = resolved.policy(|batch| spec.weigh(batch), costs.clone());
        self.makespan_s += makespan(policy.as_mut(), self.ranks as usize, seconds);
        Ok(Ok(()))
    }

    /// The costs of a stage that has not run before, by its cost model or a sample; or why they cannot be predicted.
    fn predict(&mut self, stage: &PlannedStage) -> Result<Result<StageCosts, UnknownCost>, Stop> {
        let (spec, mut costs) = (stage.spec(), Costs::default());
        let memory_mb = self.configured.config.limits.memory_mb;
        let started = Instant::now();
        if let Some(times) = self.configured.campaign.model_times(spec, self.ranks, memory_mb, self.calibration_limit) {
            costs.learn(spec.weigh(Tasks::new(0, spec.tasks)).cost, times.iter().sum());
            *self.calibration_s.get_or_insert(0.0) += started.elapsed().as_secs_f64();
            return Ok(Ok(StageCosts { costs, model: Some(times) }));
        }
        let PlannedStage::Runnable(stage) = stage else { return Ok(Err(UnknownCost::Inputs)) };
        if self.is_request {
            return Ok(Err(UnknownCost::Sample));
        }
        let mut sampling = Sampling {
            spec,
            worker: stage.worker(),
            seed: CampaignSeed(self.configured.config.campaign.seed),
            programs: self.programs,
            memory_mb: memory_mb.unwrap_or_else(|| memory::of_rank(1)),
            limit: self.sample_limit,
        };
        let Some(sample) = sampling.run()? else { return Ok(Err(UnknownCost::Sample)) };
        costs.learn(spec.weigh(sample.tasks).cost, sample.seconds);
        self.samples.push(sample);
        Ok(Ok(StageCosts { costs, model: None }))
    }

    /// Prints the times of all stages, and what to request from the batch system.
    fn print(&self, outlook: &Outlook) {
        let (ranks, need) = (self.ranks, outlook.memory.as_ref());
        console::line(&self.source());
        console::line(&format!("work: {} on one core in total", console::duration(self.total_s)));
        console::line(&format!(
            "makespan on {ranks} ranks: {}, efficiency {:.0} %",
            console::duration(self.makespan_s),
            100.0 * self.total_s / (self.makespan_s * ranks as f64)
        ));
        print_memory(need, self.programs.is_some());
        console::line(&format!("result file: about {:.1} MB", outlook.output_bytes as f64 / 1e6));
        let (minutes, granted) = (self.requested_minutes(), self.requested_memory_mb(need));
        let memory = granted.map_or(String::new(), |mb| format!(" --mem-per-cpu={mb:.0}M"));
        console::line(&format!(
            "request from SLURM: --ntasks={ranks}{memory} --time={:02}:{:02}:00",
            minutes / 60,
            minutes % 60
        ));
    }

    /// Time for the work on slower nodes, and for start and end.
    fn requested_minutes(&self) -> u64 {
        ((self.makespan_s * MARGIN + OVERHEAD_S) / 60.0).ceil() as u64
    }

    /// The memory that a batch system must grant to a rank, which uses a share of it.
    fn requested_memory_mb(&self, need: Option<&MemoryNeed>) -> Option<f64> {
        let memory_mb = self.configured.config.limits.memory_mb;
        need.map(|need| {
            (memory_mb.unwrap_or(need.ample_mb).min(need.ample_mb) as f64 / memory::SHARE).ceil().max(MIN_REQUEST_MB)
        })
    }

    /// What the times were predicted from.
    fn source(&self) -> String {
        let (tasks, seconds) =
            self.samples.iter().fold((0, 0.0), |(n, s), sample| (n + sample.tasks.count(), s + sample.seconds));
        match (self.calibration_s, self.samples.is_empty()) {
            (Some(s), _) => {
                format!(
                    "times predicted by a cost model, calibrated by computing integrals for {}",
                    console::duration(s)
                )
            }
            (None, true) => "times estimated from earlier runs".to_owned(),
            (None, false) => format!("sample: {tasks} tasks in {}", console::duration(seconds)),
        }
    }
}

/// Prints the memory that the campaign predicts, or else the peak of this process.
fn print_memory(need: Option<&MemoryNeed>, has_programs: bool) {
    match need {
        Some(need) => console::line(&format!("memory: {need}")),
        None => {
            if let Some(mb) = peak_memory_mb() {
                let beside = if has_programs { ", plus the memory of external programs" } else { "" };
                console::line(&format!("memory: about {mb:.0} MB per rank{beside}"));
            }
        }
    }
}

struct Sample {
    tasks: Tasks,
    seconds: f64,
}

/// A sample of tasks, run to measure their cost.
struct Sampling<'a> {
    spec: &'a StageSpec,
    worker: Box<dyn Worker>,
    seed: CampaignSeed,
    programs: Option<&'a Programs>,
    memory_mb: u64,
    /// Duration of a sample that is long enough to be measured.
    limit: Duration,
}

impl Sampling<'_> {
    /// Runs 1, 2, 4, ... tasks until a sample is long enough; none if not even one task ends within the time limit.
    fn run(&mut self) -> Result<Option<Sample>, Stop> {
        let spec = self.spec;
        let started = Instant::now();
        let mut tasks = Tasks::new(0, spec.tasks.min(spec.chunk.min(spec.largest_batch).min(16)));
        if self.programs.is_some() {
            let cost = |task: &u64| spec.weigh(Tasks::new(*task, task + 1)).cost;
            let cheapest = (0..spec.tasks).min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(0);
            tasks = Tasks::new(cheapest, cheapest + 1);
        }
        let mut last = None;
        loop {
            let Some(sample) = self.run_once(tasks)? else { return Ok(last) };
            let seconds = sample.seconds;
            last = Some(sample);
            let next = Tasks::new(0, (2 * tasks.count()).min(spec.tasks));
            let expected = seconds * spec.weigh(next).cost / spec.weigh(tasks).cost;
            let is_enough = started.elapsed() > self.limit || tasks.count() == spec.tasks;
            if is_enough || expected > SAMPLE_TIMEOUT.as_secs_f64() {
                return Ok(last);
            }
            tasks = next;
        }
    }

    /// Runs tasks; none if they exceed the time limit.
    fn run_once(&mut self, tasks: Tasks) -> Result<Option<Sample>, Stop> {
        let halt = AtomicBool::new(false);
        let solitary = Context::solitary(self.seed, &halt);
        let (memory_mb, programs) = (self.memory_mb, self.programs);
        // Only programs have a time limit: they could run for hours.
        let task_timeout = programs.map(|_| SAMPLE_TIMEOUT);
        let before = Instant::now();
        let failed = self.worker.run(tasks, &Context { programs, memory_mb, task_timeout, ..solitary });
        let seconds = before.elapsed().as_secs_f64();
        match failed.first() {
            Some((_, Cause::TimedOut { .. })) => Ok(None),
            Some((task, cause)) if failed.len() as u64 == tasks.count() => {
                Err(Stop::new(Exit::Configuration, format!("every task of the sample failed; task {task}: {cause}")))
            }
            _ => Ok(Some(Sample { tasks, seconds })),
        }
    }
}

fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kb| kb / 1024.0)
}
