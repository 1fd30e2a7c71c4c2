//! The command `check`: report all faults of a configuration, or summarize the campaign.
use crate::campaigns::Kind;
use crate::campaigns::stage::StageSpec;
use crate::plan::{self, Plan, Resolved, TaskSet};
use crate::process::Supervisor;
use crate::run::console;
use crate::run::exit::Stop;
use crate::run::load::{Configured, load_with_programs};
use std::path::Path;

/// Reports all faults of the configuration at `path`, or prints a summary of the campaign.
///
/// # Errors
/// The file cannot be read or has faults, its tasks do not divide evenly over `ranks`, or a node has too few resources for its share of them.
pub fn check(kinds: &[&'static dyn Kind], path: &Path, ranks: Option<u64>, nodes: u64) -> Result<(), Stop> {
    // The supervisor must be started before any thread. It runs programs to find their versions.
    let supervisor = Supervisor::start().ok();
    let configured = load_with_programs(path, &|| supervisor.as_ref(), kinds)?;
    let Configured { config, campaign, kind, declared } = &configured;
    if let Some(ranks) = ranks {
        campaign.check_node(ranks.div_ceil(nodes) as usize)?;
    }
    console::warnings(&declared.warnings);
    let outlook = campaign.outlook(config.limits.memory_mb)?;
    let mut lines = vec![
        ("kind".to_owned(), format!("{} ({})", kind.name(), kind.about())),
        ("seed".to_owned(), config.campaign.seed.to_string()),
        ("output".to_owned(), configured.output().display().to_string()),
    ];
    lines.extend(outlook.summary);
    lines.extend(outlook.memory.map(|need| ("memory".into(), need.to_string())));
    lines.push(("fingerprint".to_owned(), configured.manifest().fingerprint().to_string()[..16].to_owned()));
    if let (Some(ranks), Some(first)) = (ranks, outlook.stages.first()) {
        let resolved = resolve(&configured, first.spec(), true, ranks)?;
        lines.push((format!("{} on {ranks} ranks", first.spec().name), describe_plan(&resolved.plan)));
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.iter().for_each(|(name, value)| console::line(&format!("{name:width$}  {value}")));
    console::line("no errors found");
    Ok(())
}

/// The plan of a stage on `ranks`, when nothing of the campaign has run. Only the first stage must divide evenly.
///
/// # Errors
/// The tasks do not divide evenly.
pub fn resolve(configured: &Configured, spec: &StageSpec, is_first: bool, ranks: u64) -> Result<Resolved, Stop> {
    Ok(plan::resolve(&TaskSet::all(spec.tasks), ranks, configured.partition(), spec.needs(), is_first)?)
}

/// A plan on one line.
pub fn describe_plan(plan: &Plan) -> String {
    let (batches, size) = (plan.batches.len(), plan.batch_sizes());
    format!("{batches} batches of {size}, {} rounds, {} idle slots", plan.rounds(), plan.idle_slots)
}
