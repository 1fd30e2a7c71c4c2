//! Which tasks have run in earlier runs and are only to be read?
//!
//! Records stand in the journal under what was read ([`journal_key`]): when that changes, what ran has run, and its files are read again.
use super::exit::{Exit, Stop};
use super::ledger::Ledger;
use super::root::Root;
use crate::campaigns::stage::AnyStage;
use crate::journal::{digest_of, record::Head};
use crate::task::{TaskId, Tasks};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where the journal keeps a stage's records: its name, what it depends on, and what is read of its files.
pub fn journal_key(stage: &dyn AnyStage, reading: Option<&str>) -> u64 {
    let (name, identity) = (stage.name(), stage.identity());
    match reading {
        None => digest_of(&[name, &identity]),
        Some(reading) => digest_of(&[name, &identity, reading]),
    }
}

impl Root {
    /// Takes in what earlier runs recorded that read other things of the same files, and says which tasks have run and are only to be read.
    ///
    /// # Errors
    /// Files that are to be read again are gone: what was read of them is then kept.
    pub fn only_to_be_read(&mut self, ledger: &mut Ledger) -> Result<BTreeSet<TaskId>, Stop> {
        let stage = Arc::clone(&ledger.present.stage);
        if stage.reading().is_none() {
            return Ok(BTreeSet::new());
        }
        for reading in &self.orders.earlier_readings {
            let key = journal_key(stage.as_ref(), Some(reading));
            let found = self.found.remove(&key).unwrap_or_default().into_iter().map(|(_, notice)| notice.head);
            let saved = self.saved.remove(&key).map_or(Vec::new(), |saved| saved.heads);
            ledger.hear_earlier(&saved.into_iter().chain(found).collect::<Vec<Head>>());
        }
        let has_ended = |task: TaskId| stage.has_ended(task, self.orders.fingerprint);
        let anew: Vec<TaskId> = ledger.to_read_anew().ranges().flat_map(Tasks::iter).collect();
        let (there, gone): (Vec<TaskId>, Vec<TaskId>) = anew.into_iter().partition(|&task| has_ended(task));
        if let Some(&first) = gone.first() {
            return Err(Stop::new(Exit::Configuration, files_are_gone(stage.as_ref(), first, gone.len())));
        }
        if let Some(&first) = there.first().filter(|_| there.iter().all(|&task| stage.lacks_files(task))) {
            return Err(Stop::new(Exit::Configuration, no_such_files(stage.as_ref(), first)));
        }
        // A replica may also have ended just before the run did, and be in no record yet.
        let untried = ledger.left();
        let untried = untried.ranges().flat_map(Tasks::iter).filter(|&task| has_ended(task));
        let all = there.into_iter().chain(ledger.unread().filter(|&task| has_ended(task))).chain(untried);
        Ok(all.filter(|task| self.orders.only.is_none_or(|only| only == *task)).collect())
    }
}

/// Why what was read of tasks that are done cannot be replaced.
fn files_are_gone(stage: &dyn AnyStage, first: TaskId, count: usize) -> String {
    let label = stage.label(first).unwrap_or_else(|| format!("task {first}"));
    let others = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    format!(
        "what is read of finished {} has changed, and the files of {label}{others} are gone: they cannot be read again\n\
         the result stays as it was: put the folders back, undo the change (collect, produces), or name another output",
        stage.name()
    )
}

/// Why nothing can be read anew: the files that are named now are in no folder.
fn no_such_files(stage: &dyn AnyStage, first: TaskId) -> String {
    let label = stage.label(first).unwrap_or_else(|| format!("task {first}"));
    format!(
        "what is read of finished {} has changed, and a file that is named now is in none of their folders ({label} is the first)\n\
         the result stays as it was: correct the name (collect, produces), or put the files back",
        stage.name()
    )
}
