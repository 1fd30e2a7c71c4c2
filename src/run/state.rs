//! The state file of a campaign, for `simmpi inspect` and `export`.
//!
//! Rank 0 writes it into the journal's folder: names of stages and tasks, and how the last run ended. A campaign never depends on it.
use super::current_stage::CurrentStage;
use super::exit::{Exit, Stop};
use crate::journal;
use crate::task::{Failure, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// It is not written more often than this while tasks run.
const PAUSE: Duration = Duration::from_secs(2);
/// Labels are kept of so many tasks from the beginning of a stage, and of as many others that fail.
const MAX_LABELS: usize = 10_000;
/// Blanks at the end of the file, bytes: room for the reason of a run's end where the disk is full.
const ROOM: usize = 4096;

/// A campaign as its last run left it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub campaign_kind: String,
    pub simmpi_version: String,
    /// The configuration's file, as it was named.
    pub config: PathBuf,
    /// How often a task is tried again: one that has failed less often has attempts left.
    #[serde(default)]
    pub max_retries: u32,
    /// The stages that were begun, in order.
    pub stages: Vec<StageState>,
    /// How the last run ended; none while it runs, and where it was killed.
    pub ended: Option<RunEnd>,
}

/// A stage that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageState {
    /// Its key in the journal.
    pub key: u64,
    pub name: String,
    pub tasks: u64,
    /// Labels of tasks, where tasks have labels.
    pub labels: BTreeMap<TaskId, String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// When, s since 1970.
    pub at_s: f64,
    pub exit: i32,
    pub why: String,
    /// What to do to go on.
    pub next: String,
}

/// The file that rank 0 keeps it in.
pub struct StateFile {
    state: State,
    path: PathBuf,
    written: Instant,
    is_changed: bool,
}

impl StateFile {
    /// The state file of the campaign that writes `output`. Nothing is written yet.
    pub fn for_output(output: &Path, campaign_kind: &str, config: &Path, max_retries: u32) -> Self {
        let simmpi_version = env!("CARGO_PKG_VERSION").to_owned();
        let (campaign_kind, config) = (campaign_kind.to_owned(), config.to_owned());
        let state = State { campaign_kind, simmpi_version, config, max_retries, stages: Vec::new(), ended: None };
        Self { state, path: path_of(output), written: Instant::now(), is_changed: false }
    }

    /// Adds a stage that starts, of which these tasks have failed before.
    pub fn begin(&mut self, current: &CurrentStage, failures: &[Failure]) {
        let spec = current.spec();
        let (key, name, tasks) = (current.key, spec.name.clone(), spec.tasks);
        let first = 0..tasks.min(MAX_LABELS as u64);
        let labels = first.map_while(|task| Some((task, spec.labels.get(task)?))).collect();
        self.state.stages.push(StageState { key, name, tasks, labels });
        self.add_labels(current, failures);
        self.write();
    }

    /// Adds the labels of failed tasks of the last stage.
    pub fn add_labels(&mut self, current: &CurrentStage, failures: &[Failure]) {
        let Some(stage) = self.state.stages.last_mut() else { return };
        for failure in failures {
            if stage.labels.len() < 2 * MAX_LABELS
                && !stage.labels.contains_key(&failure.task)
                && let Some(label) = current.spec().labels.get(failure.task)
            {
                stage.labels.insert(failure.task, label);
                self.is_changed = true;
            }
        }
    }

    /// Writes what has changed, if it is time to.
    pub fn refresh(&mut self) {
        if self.is_changed && self.written.elapsed() > PAUSE {
            self.write();
        }
    }

    /// The run has ended early.
    pub fn set_ended(&mut self, stop: &Stop) {
        let next = match stop.exit {
            Exit::Resumable => stop.remedy(),
            _ => "fix this, then run the same command again to go on".to_owned(),
        };
        // A run that ends before its first stage knows no more of them than the run before.
        if self.state.stages.is_empty()
            && let Some(before) = load(&self.path)
        {
            self.state.stages = before.stages;
        }
        let why = stop.message.clone();
        self.state.ended = Some(RunEnd { at_s: now_s(), exit: stop.exit as i32, why, next });
        self.write();
    }

    /// The campaign is complete, and its journal is kept.
    pub fn set_complete(&mut self, exit: Exit) {
        self.state.ended =
            Some(RunEnd { at_s: now_s(), exit: exit as i32, why: "complete".into(), next: String::new() });
        self.write();
    }

    /// Replaces the file. What cannot be written is not reported: the journal itself tells of a disk. No folder is made.
    fn write(&mut self) {
        // Several jobs may write it at the same time.
        let part = self.path.with_extension(format!("{}.part", std::process::id()));
        let mut text = serde_json::to_string(&self.state).unwrap_or_default();
        text.push_str(&" ".repeat(ROOM));
        let replaced = fs::write(&part, text).and_then(|()| fs::rename(&part, &self.path));
        if replaced.is_err() {
            let _ = fs::remove_file(&part);
            let _ = self.overwrite();
        }
        (self.written, self.is_changed) = (Instant::now(), false);
    }

    /// Writes into the file that is there, on a disk that has no room for another: how a run ended on it is to be known.
    fn overwrite(&self) -> io::Result<()> {
        let room = fs::metadata(&self.path)?.len() as usize;
        let mut state = self.state.clone();
        let mut text = serde_json::to_string(&state)?;
        if text.len() > room {
            state.stages.iter_mut().for_each(|stage| stage.labels.clear());
            if let Some(end) = &mut state.ended {
                end.why = end.why.chars().take(ROOM / 8).collect();
            }
            text = serde_json::to_string(&state)?;
        }
        if text.len() > room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        text.push_str(&" ".repeat(room - text.len()));
        File::options().write(true).open(&self.path)?.write_all(text.as_bytes())
    }
}

/// What was last written of the campaign that writes `output`.
pub fn read(output: &Path) -> Option<State> {
    load(&path_of(output))
}

fn load(path: &Path) -> Option<State> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// Seconds since 1970.
pub fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn path_of(output: &Path) -> PathBuf {
    journal::folder_of(output).join("campaign.json")
}
