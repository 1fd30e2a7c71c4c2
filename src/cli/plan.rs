//! The command `plan`: what a run would do, and how long it would take.
use super::check::{describe_plan, plan_of};
use crate::campaigns::{
    Kind,
    campaign::MemoryNeed,
    stage::{AnyStage, Context},
};
use crate::config::Schedule;
use crate::plan::{Costs, Dynamic, Plan, Policy, Static, makespan};
use crate::process::{Guard, Programs};
use crate::run::exit::{Exit, Stop};
use crate::run::memory;
use crate::run::open::{Loaded, load_with_programs};
use crate::run::past::{costs_of, records};
use crate::run::reread::journal_key;
use crate::run::say;
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
    let guard = Guard::start().ok().map(Arc::new);
    let loaded = load_with_programs(path, guard.as_deref(), kinds)?;
    let programs = guard.filter(|_| loaded.campaign.threads().is_some()).map(Programs::of_one_rank);
    let stages = loaded.campaign.foreseen()?;
    if stages.is_empty() {
        say::line("there is nothing to run");
        return Ok(());
    }
    let past = records(&loaded);
    let memory_mb = loaded.config.limits.memory_mb;
    let need = loaded.campaign.memory(memory_mb);
    let (mut total_s, mut makespan_s, mut samples, mut modelled) = (0.0, 0.0, Vec::new(), None);
    for (k, stage) in stages.iter().enumerate() {
        let plan = plan_of(&loaded, stage.as_ref(), k == 0, ranks)?;
        if k < MAX_SHOWN {
            say::line(&format!("stage {}: {} tasks, {}", stage.name(), stage.tasks(), describe_plan(&plan)));
        }
        let key = journal_key(stage.as_ref(), stage.reading().as_deref());
        let mut costs = costs_of(stage.as_ref(), past.iter().filter(|head| head.stage == key));
        let since = Instant::now();
        let mut forecast = None;
        if costs.is_empty() {
            forecast = stage.forecast(ranks, memory_mb, CALIBRATION / stages.len() as u32);
        }
        if let Some(forecast) = &forecast {
            costs.learn(stage.weigh(Tasks::new(0, stage.tasks())).cost, forecast.iter().sum());
            *modelled.get_or_insert(0.0) += since.elapsed().as_secs_f64();
        } else if costs.is_empty() {
            let unknown = |why: &str| {
                loaded.campaign.foretold().iter().for_each(|line| say::line(line));
                say::line(&format!(
                    "the cost of a task of stage {} is known when the first tasks are done{why}",
                    stage.name()
                ));
                print_memory(need.as_ref(), programs.is_some());
            };
            if !stage.can_be_sampled() {
                unknown("");
                return Ok(());
            }
            let sampling = Sampling {
                stage: stage.as_ref(),
                seed: CampaignSeed(loaded.config.campaign.seed),
                programs: programs.as_ref(),
                memory_mb: memory_mb.unwrap_or_else(|| memory::of_rank(1)),
                limit: SAMPLE / stages.len() as u32,
            };
            let Some(sample) = sampling.run()? else {
                unknown(&format!(
                    ": the cheapest task was still running after {}",
                    say::duration(SAMPLE_TIMEOUT.as_secs_f64())
                ));
                return Ok(());
            };
            costs.learn(stage.weigh(sample.tasks).cost, sample.seconds);
            samples.push(sample);
        }
        let seconds = |batch: Tasks| match &forecast {
            Some(forecast) => batch.iter().map(|task| forecast[task as usize]).sum(),
            None => costs.expect(stage.weigh(batch).cost),
        };
        total_s += plan.batches.iter().map(|&batch| seconds(batch)).sum::<f64>();
        makespan_s += makespan(policy(&loaded, stage.as_ref(), &plan, &costs).as_mut(), ranks as usize, seconds);
    }
    if stages.len() > MAX_SHOWN {
        say::line(&format!("and {} more stages", stages.len() - MAX_SHOWN));
    }
    loaded.campaign.foretold().iter().for_each(|line| say::line(line));
    let efficiency = total_s / (makespan_s * ranks as f64);
    let request_s = makespan_s * MARGIN + OVERHEAD_S;
    let (sampled, sampled_s) =
        samples.iter().fold((0, 0.0), |(n, s), sample| (n + sample.tasks.count(), s + sample.seconds));
    match (modelled, samples.is_empty()) {
        (Some(s), _) => say::line(&format!(
            "times predicted by a cost model, calibrated by computing integrals for {}",
            say::duration(s)
        )),
        (None, true) => say::line("times estimated from earlier runs"),
        (None, false) => say::line(&format!("sample: {sampled} tasks in {}", say::duration(sampled_s))),
    }
    say::line(&format!("work: {} on one core in total", say::duration(total_s)));
    say::line(&format!(
        "makespan on {ranks} ranks: {}, efficiency {:.0} %",
        say::duration(makespan_s),
        100.0 * efficiency
    ));
    print_memory(need.as_ref(), programs.is_some());
    say::line(&format!("result file: about {:.1} MB", loaded.campaign.output_bytes() as f64 / 1e6));
    let minutes = (request_s / 60.0).ceil() as u64;
    // A rank uses a share of the memory that SLURM grants.
    let granted = need.map(|need| {
        (memory_mb.unwrap_or(need.ample_mb).min(need.ample_mb) as f64 / memory::SHARE).ceil().max(MIN_REQUEST_MB)
    });
    let memory = granted.map_or(String::new(), |mb| format!(" --mem-per-cpu={mb:.0}M"));
    say::line(&format!(
        "request from SLURM: --ntasks={ranks}{memory} --time={:02}:{:02}:00",
        minutes / 60,
        minutes % 60
    ));
    Ok(())
}

/// Prints the memory that the campaign declares, or else the peak of this process.
fn print_memory(need: Option<&MemoryNeed>, has_programs: bool) {
    match need {
        Some(need) => say::line(&format!("memory: {need}")),
        None => {
            if let Some(mb) = peak_memory_mb() {
                let beside = if has_programs { ", plus the memory of external programs" } else { "" };
                say::line(&format!("memory: about {mb:.0} MB per rank{beside}"));
            }
        }
    }
}

struct Sample {
    tasks: Tasks,
    seconds: f64,
}

/// The schedule by which batches are assigned to ranks.
fn policy(loaded: &Loaded, stage: &dyn AnyStage, plan: &Plan, costs: &Costs) -> Box<dyn Policy> {
    let (_, schedule) = loaded.kind.habits();
    match loaded.config.partition.schedule.unwrap_or(schedule) {
        Schedule::Dynamic if !stage.stays() => Box::new(Dynamic::new(plan, |batch| stage.weigh(batch), costs.clone())),
        _ => Box::new(Static::new(plan)),
    }
}

/// A sample of tasks, run to measure their cost.
struct Sampling<'a> {
    stage: &'a dyn AnyStage,
    seed: CampaignSeed,
    programs: Option<&'a Programs>,
    memory_mb: u64,
    /// Duration of a sample that is long enough to be measured.
    limit: Duration,
}

impl Sampling<'_> {
    /// Runs 1, 2, 4, ... tasks until a sample is long enough; none if not even one task ends within the time limit.
    fn run(&self) -> Result<Option<Sample>, Stop> {
        let stage = self.stage;
        let started = Instant::now();
        let mut tasks = Tasks::new(0, stage.tasks().min(stage.grain().min(stage.largest_batch()).min(16)));
        if self.programs.is_some() {
            let cost = |task: &u64| stage.weigh(Tasks::new(*task, task + 1)).cost;
            let cheapest = (0..stage.tasks()).min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(0);
            tasks = Tasks::new(cheapest, cheapest + 1);
        }
        let mut last = None;
        loop {
            let Some(sample) = self.run_once(tasks)? else { return Ok(last) };
            let seconds = sample.seconds;
            last = Some(sample);
            let next = Tasks::new(0, (2 * tasks.count()).min(stage.tasks()));
            let expected = seconds * stage.weigh(next).cost / stage.weigh(tasks).cost;
            let is_enough = started.elapsed() > self.limit || tasks.count() == stage.tasks();
            if is_enough || expected > SAMPLE_TIMEOUT.as_secs_f64() {
                return Ok(last);
            }
            tasks = next;
        }
    }

    /// Runs tasks; none if they exceed the time limit.
    fn run_once(&self, tasks: Tasks) -> Result<Option<Sample>, Stop> {
        let halt = AtomicBool::new(false);
        let solitary = Context::solitary(self.seed, &halt);
        let (memory_mb, programs) = (self.memory_mb, self.programs);
        // Only programs have a time limit: they could run for hours.
        let task_timeout = programs.map(|_| SAMPLE_TIMEOUT);
        let before = Instant::now();
        let ran = self.stage.run(tasks, &Context { programs, memory_mb, task_timeout, ..solitary });
        let seconds = before.elapsed().as_secs_f64();
        match ran.failed.first() {
            Some((_, Cause::TimedOut { .. })) => Ok(None),
            Some((task, cause)) if ran.failed.len() as u64 == tasks.count() => {
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
