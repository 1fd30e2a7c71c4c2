//! The command `check`: report all faults of a configuration, or summarize the campaign.
use crate::campaigns::Kind;
use crate::campaigns::stage::AnyStage;
use crate::config::{Schedule, Uneven};
use crate::plan::{self, Partition, Plan, TaskSet};
use crate::process::Guard;
use crate::run::exit::Stop;
use crate::run::open::{Loaded, faulty, load_with_programs, manifest_of};
use crate::run::say;
use std::path::Path;

/// Reports all faults of the configuration at `path`, or prints a summary of the campaign.
///
/// # Errors
/// The file cannot be read or has faults, its tasks do not divide evenly over `ranks`, or a node has too few resources for its share of them.
pub fn check(kinds: &[&'static dyn Kind], path: &Path, ranks: Option<u64>, nodes: u64) -> Result<(), Stop> {
    // The supervisor must be started before any thread. It runs programs to find their versions.
    let guard = Guard::start().ok();
    let loaded = load_with_programs(path, guard.as_ref(), kinds)?;
    if let Some(ranks) = ranks {
        loaded.campaign.check_node(ranks.div_ceil(nodes) as usize).map_err(faulty)?;
    }
    let warnings = loaded.campaign.warnings();
    if !warnings.is_empty() {
        say::line(warnings.render(say::is_colored()).trim_end());
    }
    let output = loaded.config.resolve(&loaded.config.campaign.output);
    let mut lines = vec![
        ("kind".to_owned(), format!("{} ({})", loaded.kind.name(), loaded.kind.about())),
        ("seed".to_owned(), loaded.config.campaign.seed.to_string()),
        ("output".to_owned(), output.display().to_string()),
    ];
    lines.extend(loaded.campaign.understood());
    lines
        .extend(loaded.campaign.memory(loaded.config.limits.memory_mb).map(|need| ("memory".into(), need.to_string())));
    lines.push(("fingerprint".to_owned(), manifest_of(&loaded).fingerprint().to_string()[..16].to_owned()));
    if let Some(ranks) = ranks
        && let Some((name, plan)) = first_plan(&loaded, ranks)?
    {
        lines.push((format!("{name} on {ranks} ranks"), describe_plan(&plan)));
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.iter().for_each(|(name, value)| say::line(&format!("{name:width$}  {value}")));
    say::line("no errors found");
    Ok(())
}

/// The plan of the first stage of a new campaign, with the name of the stage.
///
/// # Errors
/// The tasks do not divide evenly.
pub fn first_plan(loaded: &Loaded, ranks: u64) -> Result<Option<(String, Plan)>, Stop> {
    let Some(stage) = loaded.campaign.next(&[])? else { return Ok(None) };
    Ok(Some((stage.name().to_owned(), plan_of(loaded, stage.as_ref(), true, ranks)?)))
}

/// The division of a stage over `ranks`. Only the first stage of a campaign must divide evenly.
///
/// # Errors
/// The tasks do not divide evenly.
pub fn plan_of(loaded: &Loaded, stage: &dyn AnyStage, is_first: bool, ranks: u64) -> Result<Plan, Stop> {
    let (uneven, schedule) = loaded.kind.habits();
    let partition = &loaded.config.partition;
    let dynamic = partition.schedule.unwrap_or(schedule) == Schedule::Dynamic;
    let idle = dynamic || !is_first || partition.uneven.unwrap_or(uneven) == Uneven::Idle;
    let dynamic = dynamic && !stage.stays();
    let choice = || plan::choose_batch_size(stage.tasks(), ranks, dynamic, idle, stage.largest_batch());
    let batch_size = partition.batch_size.unwrap_or_else(choice);
    Ok(plan::lay_out(&TaskSet::all(stage.tasks()), Partition { ranks, batch_size, idle })?)
}

/// A plan on one line.
pub fn describe_plan(plan: &Plan) -> String {
    let (batches, size) = (plan.batches.len(), plan.partition.batch_size);
    format!("{batches} batches of {size}, {} rounds, {} idle slots", plan.rounds(), plan.idle_slots)
}
