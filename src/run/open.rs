//! May this campaign run, and where does it go on from?
//!
//! Rank 0 reads and checks everything before any task runs and tells the others its verdict; they load the same campaign
//! from the same text and report the records they hold.
use super::exit::{Exit, Stop};
use super::ledger::SavedStage;
use super::progress::Style;
use super::watch::Watch;
use super::{Options, say, slot};
use crate::campaigns::{Kind, campaign::Campaign};
use crate::comm::{Comm, Place};
use crate::config::{Config, Error as ConfigError, KindSchema, Schedule, Uneven, flatten};
use crate::journal::{self, Fingerprint, Holder, Lock, Manifest, codec};
use crate::process::Guard;
use crate::results::Reader;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the engine needs of configuration and command line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    pub output: PathBuf,
    pub fingerprint: Fingerprint,
    pub batch_size: Option<u64>,
    /// Whether slots may stay idle.
    pub idle: bool,
    pub dynamic: bool,
    pub task_timeout: Option<Duration>,
    pub max_retries: u32,
    pub max_failures: u64,
    pub memory_mb: Option<u64>,
    /// Time left in the slot at the start.
    pub time_left: Option<Duration>,
    /// The time that the configuration gives to a run, s.
    pub walltime_s: Option<f64>,
    pub retry_failed: bool,
    pub only: Option<u64>,
    pub keep_journal: bool,
    pub needs_outcomes: bool,
    /// What was read of finished tasks' files before, where that was something else.
    pub earlier_readings: Vec<String>,
    #[serde(skip, default = "no_progress")]
    pub progress: Style,
}

fn no_progress() -> Style {
    Style::None
}

/// Rank 0's verdict, broadcast.
#[derive(Serialize, Deserialize)]
enum Verdict {
    Run { path: PathBuf, text: String, orders: Box<Orders> },
    End(Exit),
}

/// A campaign that may run.
pub struct Opened {
    pub config: Config,
    pub campaign: Box<dyn Campaign>,
    pub orders: Orders,
    /// On rank 0 alone.
    pub claim: Option<Claim>,
}

/// Rank 0's hold on the output, and what an earlier run left there.
pub struct Claim {
    pub lock: Lock,
    pub manifest: Manifest,
    pub saved: HashMap<u64, SavedStage>,
}

/// A configuration that was read, and the campaign it describes.
pub struct Loaded {
    pub config: Config,
    pub campaign: Box<dyn Campaign>,
    pub kind: &'static dyn Kind,
}

/// Opens the campaign on all ranks.
///
/// # Errors
/// It may not run, is complete already (exit code 0 or 2), or this rank cannot load what rank 0 could.
pub fn open(
    comm: &mut dyn Comm,
    watch: &Watch,
    kinds: &[&'static dyn Kind],
    options: &Options,
) -> Result<Opened, Stop> {
    if comm.rank() != 0 {
        return match codec::decode(&comm.broadcast(None)?)? {
            Verdict::End(exit) => Err(Stop::new(exit, "")),
            Verdict::Run { path, text, orders } => {
                let Loaded { config, campaign, .. } = load_text(&path, text, kinds)?;
                Ok(Opened { config, campaign, orders: *orders, claim: None })
            }
        };
    }
    let opened = open_root(&comm.place(), watch, kinds, options);
    let verdict = match &opened {
        Ok(opened) => Verdict::Run {
            path: opened.config.path.clone(),
            text: opened.config.text.clone(),
            orders: Box::new(opened.orders.clone()),
        },
        Err(stop) => Verdict::End(stop.exit),
    };
    comm.broadcast(Some(codec::encode(&verdict)?))?;
    opened
}

/// Reads a configuration and loads the campaign it describes.
///
/// # Errors
/// The file cannot be read, or has faults: all of them are told.
pub fn load(path: &Path, kinds: &[&'static dyn Kind]) -> Result<Loaded, Stop> {
    let text = Config::read(path).map_err(|error: ConfigError| Stop::because(Exit::Input, &error))?;
    load_text(path, text, kinds)
}

/// As [`load`], and finds the programs that tasks need.
///
/// # Errors
/// As [`load`], or a program is not there.
pub fn load_with_programs(path: &Path, guard: Option<&Guard>, kinds: &[&'static dyn Kind]) -> Result<Loaded, Stop> {
    let mut loaded = load(path, kinds)?;
    loaded.campaign.find_programs(guard).map_err(faulty)?;
    Ok(loaded)
}

/// The end of a run for faults of its configuration.
pub fn faulty(faults: crate::config::Faults) -> Stop {
    Stop::new(Exit::Configuration, faults.render(say::is_colored()))
}

fn load_text(path: &Path, text: String, kinds: &[&'static dyn Kind]) -> Result<Loaded, Stop> {
    let schemas: Vec<_> = kinds.iter().map(|kind| KindSchema::new(kind.name(), || kind.schema())).collect();
    let config = Config::parse(path, &text, &schemas).map_err(faulty)?;
    let kind = kinds.iter().find(|kind| kind.name() == config.campaign.kind);
    let kind = *kind.expect("a configuration is parsed against the kinds' own names");
    if config.has_sweep() && !kind.can_sweep() {
        let message = format!("a campaign of kind \"{}\" has no sweeps", kind.name());
        return Err(faulty(
            config.fault("sweep", message, "remove [[sweep]]: write a configuration for each point").into(),
        ));
    }
    let campaign = kind.load(&config).map_err(faulty)?;
    Ok(Loaded { config, campaign, kind })
}

/// Everything that determines a campaign's results.
pub fn manifest_of(loaded: &Loaded) -> Manifest {
    let section = serde_json::json!({ loaded.kind.name(): loaded.campaign.identity() });
    let mut identity = flatten(&section);
    identity.insert("campaign.kind".into(), loaded.kind.name().into());
    identity.insert("campaign.seed".into(), loaded.config.campaign.seed.into());
    identity.insert("simmpi version".into(), env!("CARGO_PKG_VERSION").into());
    let grows = loaded.campaign.grows().map(|(key, value)| (key.to_owned(), value));
    let readings = loaded.campaign.reading().into_iter().collect();
    Manifest { identity, grows, asks: loaded.campaign.asks(), afterwards: loaded.campaign.afterwards(), readings }
}

fn open_root(place: &Place, watch: &Watch, kinds: &[&'static dyn Kind], options: &Options) -> Result<Opened, Stop> {
    let mut loaded = load(&options.config, kinds)?;
    let guard = loaded.campaign.threads().and_then(|_| watch.guard());
    loaded.campaign.find_programs(guard).map_err(faulty)?;
    let warnings = loaded.campaign.warnings();
    if !warnings.is_empty() {
        say::line(warnings.render(say::is_colored()).trim_end());
    }
    let mut manifest = manifest_of(&loaded);
    let output = loaded.config.resolve(&loaded.config.campaign.output);
    check_output(&output)?;
    let knows_job = |job: &str| slot::knows_job(watch, job);
    let holder = Holder::this_process(&place.host);
    let lock = Lock::take(&output, holder, options.steal_lock, &knows_job, &mut |text| say::line(&text))?;
    let saved = check_results(&output, &mut manifest, options, loaded.campaign.needs_outcomes())?;
    claim_journal(&output, &mut manifest, options)?;
    loaded.campaign.claim_places(options.fresh).map_err(faulty)?.iter().for_each(|line| say::line(line));
    let orders = orders_of(&loaded, output, &manifest, watch, options);
    let Loaded { config, campaign, .. } = loaded;
    Ok(Opened { config, campaign, orders, claim: Some(Claim { lock, manifest, saved }) })
}

fn orders_of(loaded: &Loaded, output: PathBuf, manifest: &Manifest, watch: &Watch, options: &Options) -> Orders {
    let (uneven, schedule) = loaded.kind.habits();
    let (partition, limits) = (&loaded.config.partition, &loaded.config.limits);
    Orders {
        output,
        fingerprint: manifest.fingerprint(),
        batch_size: partition.batch_size,
        idle: partition.uneven.unwrap_or(uneven) == Uneven::Idle,
        dynamic: partition.schedule.unwrap_or(schedule) == Schedule::Dynamic,
        task_timeout: limits.task_timeout_s.map(Duration::from_secs_f64),
        max_retries: limits.max_retries,
        max_failures: limits.max_failures,
        memory_mb: limits.memory_mb,
        time_left: slot::time_left(watch, limits.walltime_s),
        walltime_s: limits.walltime_s,
        retry_failed: options.retry_failed,
        only: options.only,
        keep_journal: options.keep_journal,
        needs_outcomes: loaded.campaign.needs_outcomes(),
        earlier_readings: manifest.readings.split_last().map_or(Vec::new(), |(_, earlier)| earlier.to_vec()),
        progress: options.progress,
    }
}

/// Finds out before an hour of computing that the output cannot be written; whether its folder may be written into, the lock will tell.
fn check_output(output: &Path) -> Result<(), Stop> {
    let refuse = |text: String| Err(Stop::new(Exit::Output, text));
    let folder = journal::around(output);
    if output.is_dir() {
        return refuse(format!("campaign.output `{}` is a folder: name a file in it", output.display()));
    }
    if !folder.is_dir() {
        return refuse(format!("the folder of campaign.output, `{}`, does not exist: make it first", folder.display()));
    }
    Ok(())
}

/// Looks at a result file that stands there already: it is of another campaign, complete, or can be grown.
fn check_results(
    output: &Path,
    manifest: &mut Manifest,
    options: &Options,
    needs_outcomes: bool,
) -> Result<HashMap<u64, SavedStage>, Stop> {
    let nothing = || Ok(HashMap::new());
    // With both nothing of it is kept, whatever it is.
    if !output.exists() || options.fresh && options.force {
        return nothing();
    }
    let reader = match Reader::open_results(output) {
        Ok(reader) => reader,
        Err(_) if options.force => return nothing(),
        Err(error) => {
            let text = super::exit::causes(&error);
            return Err(Stop::new(Exit::Output, format!("{text}\nit is never overwritten without --force")));
        }
    };
    let there: Option<Manifest> =
        reader.text_attribute("manifest").ok().and_then(|text| serde_json::from_str(&text).ok());
    let Some(there) = there.filter(|there| there.fingerprint() == manifest.fingerprint()) else {
        if options.force {
            return nothing();
        }
        let changed = reader.text_attribute("manifest").ok().and_then(|text| serde_json::from_str(&text).ok());
        let changed = changed.map_or(String::new(), |there| tell_changes(manifest, &there));
        let text = format!("`{}` belongs to another campaign{changed}", output.display());
        return Err(Stop::new(Exit::Output, format!("{text}\nname another output, or replace it with --force")));
    };
    if options.fresh {
        return nothing();
    }
    let reads_anew = manifest.readings.last() != there.readings.last();
    let asks_for_more = reads_anew
        || manifest.grows != there.grows
        || manifest.asks != there.asks
        || manifest.afterwards != there.afterwards;
    manifest.add_earlier_readings(&there);
    refuse_shrinking(manifest, &there)?;
    let failed: u64 = reader.attribute("tasks_failed")?;
    let unread = reader.attribute::<u64>("tasks_unread").unwrap_or(0);
    let is_complete = reader.attribute::<u8>("complete")? == 1;
    if is_complete && !asks_for_more && unread == 0 && !(options.retry_failed && failed > 0) && options.only.is_none() {
        let exit = if failed == 0 { Exit::Complete } else { Exit::SomeFailed };
        let retry = if failed == 0 { "" } else { " (run with --retry-failed to try them again)" };
        let text = format!("`{}` is complete already, {failed} tasks failed{retry}", output.display());
        return Err(Stop::new(exit, text));
    }
    let states: Vec<u8> = reader.array("/run/state")?;
    let stages: Vec<SavedStage> = codec::decode(&states)?;
    // Of a campaign of which nothing was read so far the file says all: which tasks have run.
    let can_read_all = reads_anew && !stages.is_empty();
    if needs_outcomes && !can_read_all && Manifest::load(&journal::folder_of(output))?.is_none() {
        let text =
            format!("`{}` holds single outcomes and its journal is gone, so nothing can be added", output.display());
        return Err(Stop::new(Exit::Output, format!("{text}\nname another output, or start over with --fresh")));
    }
    Ok(stages.into_iter().map(|stage| (stage.key, stage)).collect())
}

/// Makes the journal's folder, or finds that the one there is ours.
fn claim_journal(output: &Path, manifest: &mut Manifest, options: &Options) -> Result<(), Stop> {
    let folder = journal::folder_of(output);
    if options.fresh {
        journal::discard(&folder)?;
    }
    if let Some(there) = Manifest::load(&folder)? {
        if there.fingerprint() != manifest.fingerprint() {
            let changed = tell_changes(manifest, &there);
            let text = format!("`{}` is the journal of another campaign{changed}", folder.display());
            let text = format!("{text}\nundo the change, name another output, or discard what was done with --fresh");
            return Err(Stop::new(Exit::Configuration, text));
        }
        refuse_shrinking(manifest, &there)?;
        manifest.add_earlier_readings(&there);
    }
    Ok(manifest.save(&folder)?)
}

fn refuse_shrinking(manifest: &Manifest, there: &Manifest) -> Result<(), Stop> {
    if let (serde_json::Value::Array(now), serde_json::Value::Array(before)) = (&manifest.asks, &there.asks)
        && let Some(place) = (0..before.len().min(now.len())).find(|&k| now[k] != before[k])
    {
        let key = manifest.grows.as_ref().map_or("a list", |(key, _)| key);
        let text = format!("{key}: entry {place} is {}, and was {}; what is done is kept", now[place], before[place]);
        return Err(Stop::new(
            Exit::Configuration,
            format!("{text}\nadd to the end of it, or start over with --fresh"),
        ));
    }
    match (&manifest.grows, &there.grows) {
        (Some((key, now)), Some((_, before))) if now < before => {
            let text =
                format!("{key} = {now} is less than the {before} of before; it may grow, but what is done is kept");
            Err(Stop::new(
                Exit::Configuration,
                format!("{text}\nset it to at least {before}, or start over with --fresh"),
            ))
        }
        _ => Ok(()),
    }
}

fn tell_changes(here: &Manifest, there: &Manifest) -> String {
    let lines = here.changes(there).into_iter().map(|(key, was, is)| format!("\n  {key}: was {was}, is {is}"));
    lines.collect()
}
