//! What would a run do, and how long would it take?
use super::check::{plan_of, tell};
use crate::campaigns::{
    Kind,
    stage::{AnyStage, Context},
};
use crate::config::Schedule;
use crate::journal::digest_of;
use crate::plan::{Costs, Dynamic, Plan, Policy, Static, makespan};
use crate::process::{Guard, Programs};
use crate::run::exit::{Exit, Stop};
use crate::run::open::{Loaded, load_with_programs};
use crate::run::past::{costs_of, records};
use crate::run::say;
use crate::seed::CampaignSeed;
use crate::task::Tasks;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Stages told one by one.
const SHOWN: usize = 20;
/// The samples of all stages grow until they take this long.
const SAMPLE: Duration = Duration::from_millis(1500);
/// Start of 100 ranks under MPI, reading and writing: asked for on top of the work.
const OVERHEAD_S: f64 = 60.0;
/// Work is asked for with this margin, since nodes differ.
const MARGIN: f64 = 1.2;

/// Tells stages, batches, cost, makespan, memory and file size for a run on `ranks`; runs only a sample.
///
/// # Errors
/// The configuration has faults, its tasks do not divide, or the sample fails.
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
    let (mut total_s, mut makespan_s, mut known) = (0.0, 0.0, Vec::new());
    for (k, stage) in stages.iter().enumerate() {
        let plan = plan_of(&loaded, stage.as_ref(), k == 0, ranks)?;
        if k < SHOWN {
            say::line(&format!("stage {}: {} tasks, {}", stage.name(), stage.tasks(), tell(&plan)));
        }
        let key = digest_of(&[stage.name(), &stage.identity()]);
        let mut costs = costs_of(stage.as_ref(), past.iter().filter(|head| head.stage == key));
        if costs.is_empty() && !stage.can_be_sampled() {
            loaded.campaign.foretold().iter().for_each(|line| say::line(line));
            say::line(&format!("how long a task of stage {} takes is known when the first are done", stage.name()));
            return Ok(());
        }
        if costs.is_empty() {
            let seed = CampaignSeed(loaded.config.campaign.seed);
            let sample = sample(stage.as_ref(), seed, programs.as_ref(), SAMPLE / stages.len() as u32)?;
            costs.learn(stage.weigh(sample.tasks).cost, sample.seconds);
            known.push(sample);
        }
        let seconds = |batch: Tasks| costs.expect(stage.weigh(batch).cost);
        total_s += plan.batches.iter().map(|&batch| seconds(batch)).sum::<f64>();
        makespan_s += makespan(policy(&loaded, stage.as_ref(), &plan, &costs).as_mut(), ranks as usize, seconds);
    }
    if stages.len() > SHOWN {
        say::line(&format!("and {} more stages", stages.len() - SHOWN));
    }
    loaded.campaign.foretold().iter().for_each(|line| say::line(line));
    let efficiency = total_s / (makespan_s * ranks as f64);
    let slot_s = makespan_s * MARGIN + OVERHEAD_S;
    let (sampled, sampled_s) =
        known.iter().fold((0, 0.0), |(n, s), sample| (n + sample.tasks.count(), s + sample.seconds));
    match known.is_empty() {
        true => say::line("times are judged by what has run before"),
        false => say::line(&format!("sample: {sampled} tasks in {}", say::duration(sampled_s))),
    }
    say::line(&format!("work: {} of one core in all", say::duration(total_s)));
    say::line(&format!(
        "makespan on {ranks} ranks: {}, efficiency {:.0} %",
        say::duration(makespan_s),
        100.0 * efficiency
    ));
    if let Some(mb) = peak_memory_mb() {
        say::line(&format!("memory: about {mb:.0} MB per rank"));
    }
    say::line(&format!("result file: about {:.1} MB", loaded.campaign.output_bytes() as f64 / 1e6));
    let minutes = (slot_s / 60.0).ceil() as u64;
    say::line(&format!("ask SLURM for --ntasks={ranks} --time={:02}:{:02}:00", minutes / 60, minutes % 60));
    Ok(())
}

struct Sample {
    tasks: Tasks,
    seconds: f64,
}

/// How batches would be handed out.
fn policy(loaded: &Loaded, stage: &dyn AnyStage, plan: &Plan, costs: &Costs) -> Box<dyn Policy> {
    let (_, schedule) = loaded.kind.habits();
    match loaded.config.partition.schedule.unwrap_or(schedule) {
        Schedule::Dynamic if !stage.stays() => Box::new(Dynamic::new(plan, |batch| stage.weigh(batch), costs.clone())),
        _ => Box::new(Static::new(plan)),
    }
}

/// Runs 1, 2, 4, ... tasks until that takes long enough to be told from noise.
fn sample(
    stage: &dyn AnyStage,
    seed: CampaignSeed,
    programs: Option<&Programs>,
    limit: Duration,
) -> Result<Sample, Stop> {
    let halt = AtomicBool::new(false);
    let started = Instant::now();
    let mut tasks = Tasks::new(0, stage.tasks().min(stage.grain().min(stage.largest_batch()).min(16)));
    loop {
        let before = Instant::now();
        let ran = stage.run(tasks, &Context { programs, ..Context::solitary(seed, &halt) });
        let seconds = before.elapsed().as_secs_f64();
        if let Some((task, cause)) = ran.failed.first().filter(|_| ran.failed.len() as u64 == tasks.count()) {
            return Err(Stop::new(
                Exit::Configuration,
                format!("every task of the sample failed; task {task}: {cause}"),
            ));
        }
        if started.elapsed() > limit || tasks.end == stage.tasks() {
            return Ok(Sample { tasks, seconds });
        }
        tasks = Tasks::new(0, (2 * tasks.count()).min(stage.tasks()));
    }
}

fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kb| kb / 1024.0)
}
