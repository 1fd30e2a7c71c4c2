//! Which tasks have run in earlier runs, so that only their files are read again?
//!
//! The journal keeps records under what was read ([`journal_key`]): when that changes, what ran has run, and its files are read again.
use super::console;
use super::current_stage::journal_key;
use super::earlier::EarlierRecords;
use super::exit::{Exit, Stop};
use super::ledger::Ledger;
use super::record_table::RecordTable;
use super::settings::RunSettings;
use crate::campaigns::stage::{RecordedFiles, StageSpec};
use crate::plan::TaskSet;
use crate::task::{TaskId, Tasks};
use std::collections::BTreeSet;

/// Accepts what earlier runs recorded that read other things of the same files; returns the tasks that have run and are only to be read.
///
/// # Errors
/// Files that are to be read again are gone: what was read of them is then kept.
pub fn only_to_be_read(
    earlier: &mut EarlierRecords,
    settings: &RunSettings,
    ledger: &mut Ledger,
) -> Result<BTreeSet<TaskId>, Stop> {
    let stage = ledger.current.stage.clone();
    let spec = &stage.spec;
    if spec.reading.is_none() {
        return Ok(BTreeSet::new());
    }
    for reading in &settings.earlier_readings {
        let key = journal_key(spec, Some(reading));
        let found = earlier.journalled.remove(&key).unwrap_or_default();
        let saved = earlier.saved.remove(&key).map_or(RecordTable::default(), |saved| saved.records);
        ledger.accept_earlier(saved.iter().chain(found.iter()));
    }
    let files = |task: TaskId| stage.recorded_files(task, settings.fingerprint);
    let again: Vec<TaskId> = ledger.to_read_again().ranges().flat_map(Tasks::iter).collect();
    let with_files: Vec<(TaskId, Option<RecordedFiles>)> = again.into_iter().map(|task| (task, files(task))).collect();
    let (present, gone): (Vec<_>, Vec<_>) = with_files.into_iter().partition(|(_, files)| files.is_some());
    if let Some(&(first, _)) = gone.first() {
        return Err(Stop::new(Exit::Configuration, files_are_gone(spec, first, gone.len())));
    }
    let is_incomplete = |(_, files): &(TaskId, Option<RecordedFiles>)| *files == Some(RecordedFiles::Incomplete);
    if let Some(&(first, _)) = present.first().filter(|_| present.iter().all(is_incomplete)) {
        return Err(Stop::new(Exit::Configuration, no_such_files(spec, first)));
    }
    // A replica may also have ended just before the run did, and be in no record yet.
    let untried = ledger.left();
    let untried = untried.ranges().flat_map(Tasks::iter).filter(|&task| files(task).is_some());
    let unread = ledger.unread().filter(|&task| files(task).is_some());
    let all = present.into_iter().map(|(task, _)| task).chain(unread).chain(untried);
    Ok(all.filter(|task| settings.only.is_none_or(|only| only == *task)).collect())
}

/// Prints how many tasks of a stage that starts are only read.
pub fn announce(spec: &StageSpec, to_read: &BTreeSet<TaskId>, left: &TaskSet) {
    let ended = to_read.iter().filter(|&&task| left.contains(task)).count();
    if ended > 0 {
        console::line(&format!(
            "{}: {ended} of these have run before: their files are read, and nothing of them runs again",
            spec.name
        ));
    }
}

/// Why what was read of tasks that are done cannot be replaced.
fn files_are_gone(spec: &StageSpec, first: TaskId, count: usize) -> String {
    let others = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    format!(
        "what is read of finished {} has changed, but the files of {}{others} are gone: they cannot be read again\n\
         the result stays as it was: put the folders back, undo the change (collect, produces), or name another output",
        spec.name,
        spec.task_name(first)
    )
}

/// Why nothing can be read again: the files that are configured now are in no folder.
fn no_such_files(spec: &StageSpec, first: TaskId) -> String {
    format!(
        "what is read of finished {} has changed, but a file that is configured now is in none of their folders ({} is the first)\n\
         the result stays as it was: correct the name (collect, produces), or put the files back",
        spec.name,
        spec.task_name(first)
    )
}
