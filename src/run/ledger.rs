//! What does rank 0 know of a stage: which tasks are done, by whom, and what is folded?
use super::account::{Account, values_of};
use super::message::Notice;
use super::rank::Present;
use crate::campaigns::stage::{Piece, StageResult};
use crate::journal::record::Head;
use crate::plan::TaskSet;
use crate::task::{Failure, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Where a record stands: the rank that answers for it, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shelved {
    pub rank: usize,
    pub record: u64,
}

/// Rank 0's account of a stage.
pub struct Ledger {
    pub present: Present,
    total: Piece,
    account: Account,
    /// Tasks that ran and were read in another way than this run does.
    ran: TaskSet,
    /// How many of an earlier run are tried again: they count as left until they have a value or have failed again.
    retried: u64,
    /// Records whose values are not in the total yet, by their tasks, and the tasks of each.
    unfolded: BTreeMap<(TaskId, TaskId), Shelved>,
    places: HashMap<Shelved, (TaskId, TaskId)>,
    /// All records of the stage, by first task, for those who want single outcomes.
    records: BTreeMap<(TaskId, TaskId), (Shelved, Head)>,
    /// What a result file of an earlier run stands for, when its journal is gone.
    saved: Vec<Head>,
}

/// A stage as the result file keeps it: with it a complete campaign can grow, or retry what failed.
#[derive(Serialize, Deserialize)]
pub struct SavedStage {
    pub key: u64,
    pub heads: Vec<Head>,
    pub total: Vec<u8>,
}

impl Ledger {
    /// An empty account.
    pub fn new(present: Present) -> Self {
        let total = present.stage.empty();
        Self {
            present,
            total,
            account: Account::default(),
            ran: TaskSet::default(),
            retried: 0,
            unfolded: BTreeMap::new(),
            places: HashMap::new(),
            records: BTreeMap::new(),
            saved: Vec::new(),
        }
    }

    /// Starts from what a result file keeps.
    ///
    /// # Errors
    /// The total cannot be read.
    pub fn restore(&mut self, saved: SavedStage) -> Result<(), crate::campaigns::stage::Error> {
        self.total = self.present.stage.decode(&saved.total)?;
        for head in &saved.heads {
            self.account.note(head);
        }
        self.saved = saved.heads;
        Ok(())
    }

    /// Takes in a record; false, and nothing changes, where its tasks are done already.
    pub fn hear(&mut self, rank: usize, notice: Notice) -> bool {
        let Notice { record, head } = notice;
        let is_foreign = head.tasks.end > self.present.stage.tasks() || head.stage != self.present.key;
        if is_foreign || values_of(&head).any(|tasks| self.account.done.overlaps(tasks)) {
            return false;
        }
        let adds_nothing = values_of(&head).next().is_none();
        if adds_nothing && head.failed.iter().all(|f| self.account.done.contains(f.task)) {
            return false;
        }
        self.account.note(&head);
        let (place, shelved) = ((head.tasks.first, head.tasks.end), Shelved { rank, record });
        if !adds_nothing {
            self.unfolded.insert(place, shelved);
            self.places.insert(shelved, place);
        }
        self.records.insert(place, (shelved, head));
        true
    }

    /// Takes in records of earlier runs that read other things of the same tasks' files: what ran has run, and what failed has failed, unless
    /// the records of this reading, which come first, say more.
    pub fn hear_earlier(&mut self, heads: &[Head]) {
        heads.iter().flat_map(values_of).for_each(|tasks| self.ran.insert(tasks));
        for (head, failure) in heads.iter().flat_map(|head| head.failed.iter().map(move |failure| (head, failure))) {
            let (task, Account { done, failed }) = (failure.task, &mut self.account);
            let is_known = done.contains(task) || self.ran.contains(task) || failed.contains_key(&task);
            if task < self.present.stage.tasks() && !is_known {
                let tasks = Tasks::new(task, task + 1);
                failed.insert(task, failure.clone());
                self.saved.push(Head { tasks, failed: vec![failure.clone()], stage: self.present.key, ..head.clone() });
            }
        }
    }

    /// Tasks that ran in another run and of which this reading has no value yet.
    pub fn to_read_anew(&self) -> TaskSet {
        let mut anew = self.ran.clone();
        self.account.done.ranges().for_each(|tasks| anew.remove(tasks));
        self.account.failed.keys().for_each(|&task| anew.remove(Tasks::new(task, task + 1)));
        anew.remove(Tasks::new(self.present.stage.tasks(), TaskId::MAX));
        anew
    }

    /// Tasks that ran and whose files could not be read: their failures are no reason not to read them again.
    pub fn unread(&self) -> impl Iterator<Item = TaskId> {
        self.account.failed.values().filter(|failure| failure.cause.is_of_reading()).map(|failure| failure.task)
    }

    /// How many of these there are whose files stay where they are.
    pub fn readable_again(&self) -> u64 {
        if self.present.stage.reading().is_some() { self.unread().count() as u64 } else { 0 }
    }

    /// The tasks that have neither value nor failure.
    pub fn left(&self) -> TaskSet {
        self.account.left(self.present.stage.tasks())
    }

    /// Tries those of `tasks` again that have failed: until they have been, nothing counts as known of them.
    pub fn retry(&mut self, tasks: Tasks) {
        self.retried += self.account.forget_failures(tasks);
    }

    /// How many tasks were tried again.
    pub fn retried(&self) -> u64 {
        self.retried
    }

    /// Tasks with a value, and tasks that failed.
    pub fn counts(&self) -> (u64, u64) {
        self.account.counts()
    }

    /// The failures, by task.
    pub fn failures(&self) -> Vec<Failure> {
        self.account.failed.values().cloned().collect()
    }

    /// Whose turn it is to give values to the total, in the order of tasks, and at most `most` of that rank's records.
    pub fn next_to_fold(&self, most: usize) -> Option<(usize, Vec<u64>)> {
        let rank = self.unfolded.values().next()?.rank;
        let of_rank = self.unfolded.values().filter(|shelved| shelved.rank == rank);
        Some((rank, of_rank.take(most).map(|shelved| shelved.record).collect()))
    }

    /// Folds values that `rank` sent.
    ///
    /// # Errors
    /// A value cannot be read, or a sum overflows.
    pub fn fold(&mut self, rank: usize, values: &[(u64, Vec<u8>)]) -> Result<(), crate::campaigns::stage::Error> {
        for (record, value) in values {
            if let Some(place) = self.places.remove(&Shelved { rank, record: *record }) {
                self.present.stage.fold(&mut self.total, value)?;
                self.unfolded.remove(&place);
            }
        }
        Ok(())
    }

    /// Whether everything that is recorded is in the total.
    pub fn is_folded(&self) -> bool {
        self.unfolded.is_empty()
    }

    /// The stage's result.
    ///
    /// # Errors
    /// It cannot be formed.
    pub fn finish(&self) -> Result<StageResult, crate::campaigns::stage::Error> {
        self.present.stage.finish(&self.total, &self.failures())
    }

    /// The records in the order of their tasks, and where they stand.
    pub fn records(&self) -> impl Iterator<Item = (&Shelved, &Head)> {
        self.records.values().map(|(shelved, head)| (shelved, head))
    }

    /// What is known of every record, those of earlier runs too.
    pub fn heads(&self) -> impl Iterator<Item = &Head> {
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
    pub fn save(&self) -> Result<SavedStage, crate::campaigns::stage::Error> {
        let total = self.present.stage.encode(&self.total)?;
        Ok(SavedStage { key: self.present.key, heads: self.heads().cloned().collect(), total })
    }
}
