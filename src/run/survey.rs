//! What can be learned of a campaign from outside of its run?
//!
//! The journal says what is done and what failed, whoever wrote it and however it ended; [`State`] has the names and why the run stopped.
use super::account::Account;
use super::join::{self, LivingJob};
use super::ledger::SavedStage;
use super::live::{self, Written};
use super::state::{self, RunEnd, StageState, State};
use crate::journal::{self, Holder, Manifest, codec};
use crate::results::Reader;
use crate::task::{Failure, Tasks};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// A campaign that has a journal, or is just being run.
#[derive(Debug)]
pub struct Survey {
    pub state: Option<State>,
    pub phase: Phase,
    pub stages: Vec<StageSurvey>,
    /// The jobs that work on it together, if so.
    pub jobs: Vec<LivingJob>,
    /// Progress of the current stage, where a run has written it.
    pub running: Option<Written>,
}

/// Whether a campaign runs, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    Running(Holder),
    /// Stopped early, for whatever reason.
    Ended(RunEnd),
    /// Complete, with a journal that was kept.
    Complete,
    /// Its run ended without recording a reason.
    Killed,
}

/// A stage that was started.
#[derive(Debug)]
pub struct StageSurvey {
    pub name: String,
    /// Number of tasks; none where no run of this version has recorded it.
    pub tasks: Option<u64>,
    pub done: u64,
    /// Tasks that failed and are not tried again.
    pub failures: Vec<Failure>,
    /// Labels of failed tasks, where they are known.
    labels: BTreeMap<u64, String>,
}

impl StageSurvey {
    /// Tasks that have neither value nor failure.
    pub fn left(&self) -> Option<u64> {
        Some(self.tasks?.saturating_sub(self.done + self.failures.len() as u64))
    }

    /// The label of a failed task.
    pub fn label(&self, failure: &Failure) -> String {
        self.labels.get(&failure.task).cloned().unwrap_or_else(|| format!("{} task {}", self.name, failure.task))
    }
}

impl Survey {
    /// The campaign that writes `output`; none where there is no journal of it.
    ///
    /// # Errors
    /// Its journal cannot be read.
    pub fn of_output(output: &Path, host: &str) -> Result<Option<Self>, journal::Error> {
        let folder = journal::folder_of(output);
        let jobs = join::living(&folder, host);
        let first = jobs.first().map(|first| first.job.holder.clone());
        let (manifest, holder) = (Manifest::load(&folder)?, journal::holder_of(output, host).or(first));
        if manifest.is_none() && holder.is_none() {
            return Ok(None);
        }
        let state = state::read(output);
        let accounts = match &manifest {
            Some(manifest) => accounts(output, manifest, state.as_ref())?,
            None => HashMap::new(),
        };
        let ended = state.as_ref().and_then(|state| state.ended.clone());
        let phase = match (holder, ended) {
            (Some(holder), _) => Phase::Running(holder),
            (None, Some(end)) if end.next.is_empty() => Phase::Complete,
            (None, Some(end)) => Phase::Ended(end),
            (None, None) => Phase::Killed,
        };
        let running = live::read(output);
        Ok(Some(Self { stages: stages(state.as_ref(), accounts), state, phase, jobs, running }))
    }

    /// Tasks of all stages that were started: all, done, failed, left; the first and the last are unknown for older journals.
    pub fn totals(&self) -> (Option<u64>, u64, u64, Option<u64>) {
        let sum = |count: &dyn Fn(&StageSurvey) -> Option<u64>| self.stages.iter().map(count).sum::<Option<u64>>();
        let known = |count: Option<u64>| count.filter(|_| !self.stages.is_empty());
        let failed = self.stages.iter().map(|stage| stage.failures.len() as u64).sum();
        let done = self.stages.iter().map(|stage| stage.done).sum();
        (known(sum(&|stage| stage.tasks)), done, failed, known(sum(&StageSurvey::left)))
    }
}

/// The account of each stage, by its key: from the records of the journal, and those in a result file whose journal is gone.
fn accounts(
    output: &Path,
    manifest: &Manifest,
    state: Option<&State>,
) -> Result<HashMap<u64, Account>, journal::Error> {
    let mut accounts = HashMap::<u64, Account>::new();
    let fingerprint = manifest.fingerprint();
    let mut add = |stage: u64, range: Tasks, failed: &[Failure]| {
        let known = state.and_then(|state| state.stages.iter().find(|known| known.key == stage));
        if known.is_none_or(|known| range.end <= known.tasks) {
            accounts.entry(stage).or_default().record(range, failed);
        }
    };
    if let Ok(reader) = Reader::open_results(output)
        && let Ok(kept) = reader.array::<u8>("/run/state")
        && let Ok(stages) = codec::decode::<Vec<SavedStage>>(&kept)
        && reader.text_attribute("fingerprint").is_ok_and(|there| there == fingerprint.to_string())
    {
        for SavedStage { key, records, .. } in stages {
            records.iter().for_each(|record| add(key, record.tasks, record.failed));
        }
    }
    for file in journal::files(&journal::folder_of(output))? {
        journal::scan_from(&file, fingerprint, 0, &mut |entry| {
            add(entry.header.stage, entry.header.tasks, &entry.header.failed);
        })?;
    }
    Ok(accounts)
}

/// The stages in the order in which they were started; where only records are known, stages have no name of their own.
fn stages(state: Option<&State>, mut accounts: HashMap<u64, Account>) -> Vec<StageSurvey> {
    let max_retries = state.map_or(0, |state| state.max_retries);
    let is_final = |failure: &Failure| failure.attempts > max_retries || !failure.cause.is_worth_retrying();
    let survey = |name: &str, tasks, labels, account: Account| {
        let (name, done) = (name.to_owned(), account.counts().0);
        let failures = account.failed.into_values().filter(is_final).collect();
        StageSurvey { name, tasks, done, failures, labels }
    };
    let known = state.map_or(&[][..], |state| &state.stages);
    let begun = |stage: &StageState, account| survey(&stage.name, Some(stage.tasks), stage.labels.clone(), account);
    let mut stages: Vec<StageSurvey> =
        known.iter().map(|stage| begun(stage, accounts.remove(&stage.key).unwrap_or_default())).collect();
    if known.is_empty() {
        stages.extend(accounts.into_values().map(|account| survey("tasks", None, BTreeMap::new(), account)));
    }
    stages
}
