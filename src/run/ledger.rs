//! What does rank 0 know of a stage: which tasks are done, by whom, and which values are in the total?
use super::account::Account;
use super::current_stage::CurrentStage;
use super::message::RecordSummary;
use super::packed_records::Packed;
pub use super::record_table::RecordLocation;
use super::record_table::{Record, RecordTable, values_of};
use crate::campaigns::stage::{Error, Reducer, StageResult};
use crate::plan::TaskSet;
use crate::task::{Failure, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

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
    unreduced: Unreduced,
    /// All records of the stage.
    records: RecordTable,
    /// Records of an earlier run whose values are in the total of its result file; their journal may be gone.
    saved: RecordTable,
}

/// A stage as the result file keeps it: with it a complete campaign can be extended, or failed tasks retried.
#[derive(Deserialize)]
pub struct SavedStage {
    pub key: u64,
    pub records: RecordTable,
    pub total: Vec<u8>,
}

/// What is encoded as a [`SavedStage`], without a copy of the records.
#[derive(Serialize)]
struct Saving<R> {
    key: u64,
    records: R,
    total: Vec<u8>,
}

impl Ledger {
    /// The account of a stage that starts from what a result file keeps, or from nothing.
    ///
    /// # Errors
    /// The saved total cannot be read.
    pub fn new(current: CurrentStage, saved: Option<SavedStage>) -> Result<Self, Error> {
        let mut account = Account::default();
        let saved_records = saved.iter().flat_map(|saved| saved.records.iter());
        saved_records.for_each(|record| account.record(record.tasks, record.failed));
        Ok(Self {
            reducer: current.stage.reducer(saved.as_ref().map(|saved| saved.total.as_slice()))?,
            current,
            account,
            ran: TaskSet::default(),
            retried: 0,
            unreduced: Unreduced::default(),
            records: RecordTable::default(),
            saved: saved.map_or(RecordTable::default(), |saved| saved.records),
        })
    }

    /// Accepts a record; false, and nothing changes, where its tasks are done already.
    pub fn accept(&mut self, rank: usize, summary: RecordSummary) -> bool {
        let RecordSummary { record, head } = summary;
        head.stage == self.current.key && self.accept_record(&Record::new(RecordLocation { rank, record }, &head))
    }

    /// Accepts a record of this stage; false, and nothing changes, where its tasks are done already.
    pub fn accept_record(&mut self, record: &Record) -> bool {
        let Record { location, tasks, failed, .. } = *record;
        if tasks.end > self.tasks() || values_of(tasks, failed).any(|tasks| self.account.done.overlaps(tasks)) {
            return false;
        }
        let adds_nothing = values_of(tasks, failed).next().is_none();
        if adds_nothing && failed.iter().all(|f| self.account.done.contains(f.task)) {
            return false;
        }
        self.account.record(tasks, failed);
        if adds_nothing && !failed.iter().any(|failure| self.stands(failure)) {
            return false;
        }
        if !adds_nothing {
            self.unreduced.insert(location);
        }
        self.records.push(record);
        true
    }

    /// Gives the records that the rank `lost` served new locations, as `to` has them by tasks; others stay.
    pub fn relocate(&mut self, lost: usize, to: impl Fn(Tasks) -> Option<RecordLocation>) {
        for (old, new) in self.records.relocate(lost, to) {
            if self.unreduced.remove(old) {
                self.unreduced.insert(new);
            }
        }
    }

    /// All records that were accepted in this run, in the order of that.
    pub fn accepted(&self) -> impl Iterator<Item = Record<'_>> + Clone {
        self.records.iter()
    }

    /// How many records of the same tasks a rank serves.
    pub fn records_at(&self, rank: usize) -> HashMap<Tasks, usize> {
        let mut counts = HashMap::new();
        let served = self.records.iter().filter(|record| record.location.rank == rank);
        served.for_each(|record| *counts.entry(record.tasks).or_default() += 1);
        counts
    }

    /// Forgets the records at the rank `lost` whose values are not in the total: the tasks with these values, which are left again. Their
    /// failures stay.
    pub fn forget_unreduced(&mut self, lost: usize) -> Vec<Tasks> {
        let gone =
            self.records.extract(|record| record.location.rank == lost && self.unreduced.contains(record.location));
        self.unreduced.0.remove(&lost);
        for (record, failure) in gone.iter().flat_map(|record| record.failed.iter().map(move |f| (record, f))) {
            let (tasks, failed) = (Tasks::new(failure.task, failure.task + 1), std::slice::from_ref(failure));
            self.saved.push(&Record { tasks, failed, ..record });
        }
        let values: Vec<Tasks> = gone.iter().flat_map(|record| values_of(record.tasks, record.failed)).collect();
        values.iter().for_each(|&tasks| self.account.done.remove(tasks));
        values
    }

    /// Accepts records of earlier runs that read other things of the same tasks' files: what ran has run, and what failed has failed, unless
    /// the records of this reading, which come first, say more.
    pub fn accept_earlier<'a>(&mut self, records: impl Iterator<Item = Record<'a>> + Clone) {
        let ran = records.clone().flat_map(|record| values_of(record.tasks, record.failed));
        ran.for_each(|tasks| self.ran.insert(tasks));
        let total = self.tasks();
        for (record, failure) in records.flat_map(|record| record.failed.iter().map(move |failure| (record, failure))) {
            let (task, Account { done, failed }) = (failure.task, &mut self.account);
            let is_known = done.contains(task) || self.ran.contains(task) || failed.contains_key(&task);
            if task < total && !is_known {
                failed.insert(task, failure.clone());
                let (tasks, failed) = (Tasks::new(task, task + 1), std::slice::from_ref(failure));
                self.saved.push(&Record { tasks, failed, ..record });
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

    /// Whether a task has a value.
    pub fn is_done(&self, task: TaskId) -> bool {
        self.account.done.contains(task)
    }

    /// The failures, by task.
    pub fn standing_failures(&self) -> impl Iterator<Item = &Failure> {
        self.account.failed.values()
    }

    /// The failures, by task.
    pub fn failures(&self) -> Vec<Failure> {
        self.account.failed.values().cloned().collect()
    }

    /// The next rank after `last`, in turn, whose values are not in the total yet, and at most `most` of its records.
    pub fn next_to_reduce(&self, last: usize, most: usize) -> Option<(usize, Vec<u64>)> {
        let (rank, records) = self.unreduced.after(last)?;
        Some((rank, records.ranges().flat_map(Tasks::iter).take(most).collect()))
    }

    /// Reduces values that `rank` sent into the total.
    ///
    /// # Errors
    /// A value cannot be read, or a sum overflows.
    pub fn reduce(&mut self, rank: usize, values: &[(u64, Vec<u8>)]) -> Result<(), Error> {
        for (record, value) in values {
            if self.unreduced.remove(RecordLocation { rank, record: *record }) {
                self.reducer.add(value)?;
            }
        }
        Ok(())
    }

    /// Whether everything that is recorded is in the total.
    pub fn is_reduced(&self) -> bool {
        self.unreduced.0.is_empty()
    }

    /// The stage's result.
    ///
    /// # Errors
    /// The total cannot be encoded.
    pub fn result(&self) -> Result<StageResult, Error> {
        Ok(StageResult::new(self.current.spec(), self.failures(), self.reducer.total()?))
    }

    /// The records in the order of their tasks.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.records.by_task()
    }

    /// All records, of earlier runs too, which are nowhere now.
    pub fn heads(&self) -> impl Iterator<Item = Record<'_>> {
        let nowhere = |record| Record { location: RecordLocation::default(), ..record };
        self.saved.iter().chain(self.records()).map(nowhere)
    }

    /// Whether a failure in a record is the last one of its task, which has no value.
    pub fn stands(&self, failure: &Failure) -> bool {
        self.account.failed.get(&failure.task) == Some(failure)
    }

    /// The failure that stands recorded for `task`.
    pub fn failure(&self, task: TaskId) -> Option<&Failure> {
        self.account.failed.get(&task)
    }

    /// The account in the form that the result file keeps, encoded as a [`SavedStage`].
    ///
    /// # Errors
    /// The total cannot be encoded.
    pub fn save(&self) -> Result<impl Serialize + '_, Error> {
        let total = self.reducer.total()?;
        Ok(Saving { key: self.current.key, records: Packed(|| self.heads()), total })
    }
}

/// Locations of records, by rank: as few ranges of numbers as there are gaps.
#[derive(Default)]
struct Unreduced(BTreeMap<usize, TaskSet>);

impl Unreduced {
    fn insert(&mut self, RecordLocation { rank, record }: RecordLocation) {
        self.0.entry(rank).or_default().insert(Tasks::new(record, record + 1));
    }

    /// Removes a record; false where it is not there.
    fn remove(&mut self, RecordLocation { rank, record }: RecordLocation) -> bool {
        let Some(records) = self.0.get_mut(&rank).filter(|records| records.contains(record)) else { return false };
        records.remove(Tasks::new(record, record + 1));
        if records.is_empty() {
            self.0.remove(&rank);
        }
        true
    }

    fn contains(&self, RecordLocation { rank, record }: RecordLocation) -> bool {
        self.0.get(&rank).is_some_and(|records| records.contains(record))
    }

    /// The next rank after `last`, in turn, and its records.
    fn after(&self, last: usize) -> Option<(usize, &TaskSet)> {
        self.0.range(last + 1..).next().or(self.0.first_key_value()).map(|(&rank, records)| (rank, records))
    }
}
