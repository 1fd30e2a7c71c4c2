//! What does rank 0 know of a stage: which tasks are done, by whom, and which values are in the total?
use super::account::{Account, values_of};
use super::current_stage::CurrentStage;
use super::message::RecordSummary;
use crate::campaigns::stage::{Error, Reducer, StageResult};
use crate::journal::record::RecordHeader;
use crate::plan::TaskSet;
use crate::task::{Failure, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where a record stands: the rank that serves it, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordLocation {
    pub rank: usize,
    pub record: u64,
}

/// Rank 0's account of a stage.
pub struct Ledger {
    pub current: CurrentStage,
    reducer: Box<dyn Reducer>,
    account: Account,
    /// Tasks that ran and whose files were read in another way than this run does.
    ran: TaskSet,
    /// Number of tasks of an earlier run that are retried: they count as left until they have a value or have failed again.
    retried: u64,
    /// Records whose values are not in the total yet.
    unreduced: BTreeSet<RecordLocation>,
    /// All records of the stage, by first task, for campaigns that need single values.
    records: BTreeMap<(TaskId, TaskId), (RecordLocation, RecordHeader)>,
    /// Records of an earlier run whose values are in the total of its result file; their journal may be gone.
    saved: Vec<RecordHeader>,
}

/// A stage as the result file keeps it: with it a complete campaign can be extended, or failed tasks retried.
#[derive(Serialize, Deserialize)]
pub struct SavedStage {
    pub key: u64,
    pub heads: Vec<RecordHeader>,
    pub total: Vec<u8>,
}

impl Ledger {
    /// The account of a stage that starts from what a result file keeps, or from nothing.
    ///
    /// # Errors
    /// The saved total cannot be read.
    pub fn new(current: CurrentStage, saved: Option<SavedStage>) -> Result<Self, Error> {
        let mut account = Account::default();
        let saved_heads = saved.as_ref().map_or(&[][..], |saved| &saved.heads);
        saved_heads.iter().for_each(|head| account.record(head));
        Ok(Self {
            reducer: current.stage.reducer(saved.as_ref().map(|saved| saved.total.as_slice()))?,
            current,
            account,
            ran: TaskSet::default(),
            retried: 0,
            unreduced: BTreeSet::new(),
            records: BTreeMap::new(),
            saved: saved.map_or(Vec::new(), |saved| saved.heads),
        })
    }

    /// Accepts a record; false, and nothing changes, where its tasks are done already.
    pub fn accept(&mut self, rank: usize, summary: RecordSummary) -> bool {
        let RecordSummary { record, head } = summary;
        let is_foreign = head.tasks.end > self.tasks() || head.stage != self.current.key;
        if is_foreign || values_of(&head).any(|tasks| self.account.done.overlaps(tasks)) {
            return false;
        }
        let adds_nothing = values_of(&head).next().is_none();
        if adds_nothing && head.failed.iter().all(|f| self.account.done.contains(f.task)) {
            return false;
        }
        self.account.record(&head);
        let (tasks, location) = ((head.tasks.first, head.tasks.end), RecordLocation { rank, record });
        if !adds_nothing {
            self.unreduced.insert(location);
        }
        self.records.insert(tasks, (location, head));
        true
    }

    /// Accepts records of earlier runs that read other things of the same tasks' files: what ran has run, and what failed has failed, unless
    /// the records of this reading, which come first, say more.
    pub fn accept_earlier(&mut self, heads: &[RecordHeader]) {
        heads.iter().flat_map(values_of).for_each(|tasks| self.ran.insert(tasks));
        let total = self.tasks();
        for (head, failure) in heads.iter().flat_map(|head| head.failed.iter().map(move |failure| (head, failure))) {
            let (task, Account { done, failed }) = (failure.task, &mut self.account);
            let is_known = done.contains(task) || self.ran.contains(task) || failed.contains_key(&task);
            if task < total && !is_known {
                let tasks = Tasks::new(task, task + 1);
                failed.insert(task, failure.clone());
                self.saved.push(RecordHeader {
                    tasks,
                    failed: vec![failure.clone()],
                    stage: self.current.key,
                    ..head.clone()
                });
            }
        }
    }

    fn tasks(&self) -> u64 {
        self.current.spec().tasks
    }

    /// Tasks that ran in another run and of which this reading has no value yet.
    pub fn to_read_again(&self) -> TaskSet {
        let mut again = self.ran.clone();
        self.account.done.ranges().for_each(|tasks| again.remove(tasks));
        self.account.failed.keys().for_each(|&task| again.remove(Tasks::new(task, task + 1)));
        again.remove(Tasks::new(self.tasks(), TaskId::MAX));
        again
    }

    /// Tasks that ran and whose files could not be read: their failures are no reason not to read them again.
    pub fn unread(&self) -> impl Iterator<Item = TaskId> {
        self.account.failed.values().filter(|failure| failure.cause.is_unreadable()).map(|failure| failure.task)
    }

    /// The number of these tasks whose files stay.
    pub fn readable_again(&self) -> u64 {
        if self.current.spec().reading.is_some() { self.unread().count() as u64 } else { 0 }
    }

    /// The tasks that have neither value nor failure.
    pub fn left(&self) -> TaskSet {
        self.account.left(self.tasks())
    }

    /// Retries those of `tasks` that have failed: until they have run, nothing counts as known of them.
    pub fn retry(&mut self, tasks: Tasks) {
        self.retried += self.account.forget_failures(tasks);
    }

    /// The number of tasks that are retried.
    pub fn retried(&self) -> u64 {
        self.retried
    }

    /// Number of tasks with a value, and of tasks that failed.
    pub fn counts(&self) -> (u64, u64) {
        self.account.counts()
    }

    /// The failures, by task.
    pub fn failures(&self) -> Vec<Failure> {
        self.account.failed.values().cloned().collect()
    }

    /// The next rank after `last`, in turn, whose values are not in the total yet, and at most `most` of its records.
    pub fn next_to_reduce(&self, last: usize, most: usize) -> Option<(usize, Vec<u64>)> {
        let of = |rank| RecordLocation { rank, record: 0 };
        let rank = self.unreduced.range(of(last + 1)..).next().or(self.unreduced.first())?.rank;
        let records = self.unreduced.range(of(rank)..of(rank + 1)).take(most);
        Some((rank, records.map(|location| location.record).collect()))
    }

    /// Reduces values that `rank` sent into the total.
    ///
    /// # Errors
    /// A value cannot be read, or a sum overflows.
    pub fn reduce(&mut self, rank: usize, values: &[(u64, Vec<u8>)]) -> Result<(), Error> {
        for (record, value) in values {
            if self.unreduced.remove(&RecordLocation { rank, record: *record }) {
                self.reducer.add(value)?;
            }
        }
        Ok(())
    }

    /// Whether everything that is recorded is in the total.
    pub fn is_reduced(&self) -> bool {
        self.unreduced.is_empty()
    }

    /// The stage's result.
    ///
    /// # Errors
    /// The total cannot be encoded.
    pub fn result(&self) -> Result<StageResult, Error> {
        Ok(StageResult::new(self.current.spec(), self.failures(), self.reducer.total()?))
    }

    /// The records in the order of their tasks, and where they stand.
    pub fn records(&self) -> impl Iterator<Item = (&RecordLocation, &RecordHeader)> {
        self.records.values().map(|(location, head)| (location, head))
    }

    /// The headers of all records, of earlier runs too.
    pub fn heads(&self) -> impl Iterator<Item = &RecordHeader> {
        self.saved.iter().chain(self.records.values().map(|(_, head)| head))
    }

    /// The failure that stands recorded for `task`.
    pub fn failure(&self, task: TaskId) -> Option<&Failure> {
        self.account.failed.get(&task)
    }

    /// The account in the form that the result file keeps.
    ///
    /// # Errors
    /// The total cannot be encoded.
    pub fn save(&self) -> Result<SavedStage, Error> {
        let total = self.reducer.total()?;
        Ok(SavedStage { key: self.current.key, heads: self.heads().cloned().collect(), total })
    }
}
