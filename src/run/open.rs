//! May this campaign run, and where does it continue from?
//!
//! Rank 0 reads and checks everything before any task runs and broadcasts its verdict; the others load the same campaign
//! from the same text and the same contents of input files.
use super::existing::{self, Existing};
use super::exit::{Exit, Stop};
use super::exported::ExportedFile;
use super::join::{self, JobFile, Jobs, OutputLock};
use super::lazy_supervisor::LazySupervisor;
use super::ledger::SavedStage;
use super::load::{Configured, Loaded, load_text, load_with_programs};
use super::options::Options;
use super::settings::RunSettings;
use super::{allocation, console};
use crate::campaigns::campaign::{Campaign, Reproducibility};
use crate::campaigns::{Kind, RequestedRanks};
use crate::comm::{Comm, Launcher, RankLocation};
use crate::config::{Config, Inputs, KnownFiles};
use crate::journal::{self, BatchJob, Holder, Lock, Manifest, codec};
use crate::results;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whether a campaign runs. All ranks agree.
pub enum Opening {
    Run(Box<Opened>),
    NotRun(NotRun),
}

/// A campaign that is complete already, or may not run.
pub struct NotRun {
    pub exit: Exit,
    /// On rank 0 only.
    pub message: Option<String>,
}

/// A campaign that may run.
pub struct Opened {
    pub config: Config,
    pub campaign: Box<dyn Campaign>,
    pub settings: RunSettings,
    /// On rank 0 only.
    pub output: Option<OpenedOutput>,
}

/// Rank 0's lock on the output, and what an earlier run left there.
pub struct OpenedOutput {
    pub lock: OutputLock,
    pub manifest: Manifest,
    pub saved: HashMap<u64, SavedStage>,
    pub reproducibility: Reproducibility,
    pub exported: Option<ExportedFile>,
}

/// Rank 0's verdict, broadcast.
#[derive(Serialize, Deserialize)]
enum Verdict {
    Run { path: PathBuf, text: String, inputs: KnownFiles, settings: Box<RunSettings> },
    NotRun(Exit),
}

/// Rank 0's result of opening a campaign.
enum RootOpening {
    Campaign(Box<Opened>),
    Complete { output: PathBuf, failed: u64, exported: Option<ExportedFile> },
}

/// Opens the campaign on all ranks.
///
/// # Errors
/// This rank cannot load what rank 0 could; the others do not know.
pub fn open(
    comm: &mut dyn Comm,
    supervisor: &LazySupervisor,
    kinds: &[&'static dyn Kind],
    options: &Options,
) -> Result<Opening, Stop> {
    if comm.rank() != 0 {
        return match codec::decode(&comm.broadcast(None)?)? {
            Verdict::NotRun(exit) => Ok(Opening::NotRun(NotRun { exit, message: None })),
            Verdict::Run { path, text, inputs, settings } => {
                let Loaded { config, campaign, .. } = load_text(&path, text, Inputs::checked(inputs), kinds)?;
                config.inputs.release();
                Ok(Opening::Run(Box::new(Opened { config, campaign, settings: *settings, output: None })))
            }
        };
    }
    let opening = match open_root(&comm.location(), comm.size(), supervisor, kinds, options) {
        Ok(RootOpening::Campaign(opened)) => Opening::Run(opened),
        Ok(RootOpening::Complete { output, failed, exported }) => {
            Opening::NotRun(complete_already(&output, failed, exported.as_ref()))
        }
        Err(stop) => Opening::NotRun(NotRun { exit: stop.exit, message: Some(stop.message) }),
    };
    let verdict = match &opening {
        Opening::Run(opened) => Verdict::Run {
            path: opened.config.path.clone(),
            text: opened.config.text.clone(),
            inputs: opened.config.inputs.release(),
            settings: Box::new(opened.settings.clone()),
        },
        Opening::NotRun(not_run) => Verdict::NotRun(not_run.exit),
    };
    comm.broadcast(Some(codec::encode(&verdict)?))?;
    Ok(opening)
}

fn complete_already(output: &Path, failed: u64, exported: Option<&ExportedFile>) -> NotRun {
    let exit = if failed == 0 { Exit::Complete } else { Exit::SomeFailed };
    let exit = exported.filter(|file| file.is_due()).map_or(exit, |file| file.write(exit));
    let retry = if failed == 0 { "" } else { " (retry them with --retry-failed)" };
    let message = format!("`{}` is complete already, {failed} tasks failed{retry}", output.display());
    NotRun { exit, message: Some(message) }
}

fn open_root(
    place: &RankLocation,
    ranks: usize,
    supervisor: &LazySupervisor,
    kinds: &[&'static dyn Kind],
    options: &Options,
) -> Result<RootOpening, Stop> {
    let configured = load_with_programs(&options.config, &|| supervisor.get(), kinds)?;
    console::warnings(&configured.declared.warnings);
    let (mut manifest, output) = (configured.manifest(), configured.output());
    existing::check_output(&output)?;
    let exported = ExportedFile::locate(&configured, options.exported.as_deref())?;
    requested_ranks(&configured, ranks).iter().for_each(|note| console::line(note));
    let holder = Holder::this_process(&place.host).in_job(allocation::current_job());
    let holder = Holder { is_joined: options.join.is_some(), ..holder };
    let lock = join::acquire(&holder, &|| {
        let knows_job = |job: &BatchJob| allocation::knows_job(supervisor, job);
        Lock::acquire(&output, holder.clone(), options.steal_lock, &knows_job, &mut |text| console::line(&text))
    })?;
    let mut jobs = Jobs::new(&journal::folder_of(&output), holder.clone());
    match options.join {
        None => join::refuse_beside(&mut jobs)?,
        Some(_) => join::refuse_other_requests(&mut jobs, &output, &manifest)?,
    }
    let saved = match existing::check_results(&output, &mut manifest, options, configured.declared.needs_values)? {
        Existing::Resumed(saved) => saved,
        Existing::Complete { failed } => return Ok(RootOpening::Complete { output, failed, exported }),
    };
    for missing in results::try_publication(&output)? {
        console::line(&format!("the file system of {} {missing}", journal::parent_folder(&output).display()));
    }
    existing::claim_journal(&output, &mut manifest, options)?;
    let renamed = configured.campaign.claim_folders(&configured.declared, options.fresh)?;
    renamed.iter().for_each(|line| console::line(line));
    let time_left = allocation::time_left(supervisor, configured.config.limits.walltime_s);
    let output_lock = match options.join {
        None => OutputLock::Exclusive(lock),
        // Others may join when the lock is dropped.
        Some(_) => OutputLock::Joined(JobFile::create(&journal::folder_of(&output), holder.clone(), ranks)?),
    };
    let join = options.join.map(|wait| (join::name_of(&holder), wait));
    let settings = settings(&configured, output, &manifest, time_left, join, options);
    let Configured { config, campaign, declared, .. } = configured;
    let reproducibility = declared.reproducibility;
    let output = OpenedOutput { lock: output_lock, manifest, saved, reproducibility, exported };
    Ok(RootOpening::Campaign(Box::new(Opened { config, campaign, settings, output: Some(output) })))
}

/// A note where an input file asks for another number of ranks than there are.
fn requested_ranks(configured: &Configured, ranks: usize) -> Option<String> {
    let RequestedRanks::Number(requested) = configured.kind.requested_ranks(&configured.config)? else { return None };
    let started = match Launcher::detect() {
        Some(launcher) => format!("{} started {ranks}, which are used", launcher.name),
        None => format!("there is one; start others with --ranks {requested} or a launcher"),
    };
    (requested != ranks).then(|| format!("note: the input asks for {requested} ranks (n_workers): {started}"))
}

fn settings(
    configured: &Configured,
    output: PathBuf,
    manifest: &Manifest,
    time_left: Option<Duration>,
    join: Option<(String, Duration)>,
    options: &Options,
) -> RunSettings {
    let (limits, declared) = (&configured.config.limits, &configured.declared);
    RunSettings {
        output,
        fingerprint: manifest.fingerprint(),
        partition: configured.partition(),
        task_timeout: limits.task_timeout_s.map(Duration::from_secs_f64),
        max_retries: limits.max_retries,
        exclude_after: limits.exclude_after,
        max_failures: limits.max_failures,
        memory_mb: limits.memory_mb,
        time_left,
        walltime_s: limits.walltime_s,
        threads: declared.threads,
        may_oversubscribe: declared.may_oversubscribe,
        retry_failed: options.retry_failed,
        only: options.only,
        keep_journal: options.keep_journal,
        join,
        needs_values: declared.needs_values,
        earlier_readings: manifest.readings.split_last().map_or(Vec::new(), |(_, earlier)| earlier.to_vec()),
        progress: options.progress,
    }
}
