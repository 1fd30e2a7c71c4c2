//! Which ranks fail tasks that others can do?
//!
//! A rank on a node with a full disk or a broken driver fails every task at once, and would get one after another. What it fails in a row
//! counts against it, until the same task fails on a rank that has just succeeded in another; a rank with a streak of such failures is
//! suspect, and one of whose streak a task has succeeded elsewhere is to be excluded.
use super::record_table::Record;
use crate::task::{Cause, Failure, TaskId};
use std::collections::{BTreeMap, BTreeSet};

/// What each rank has failed since its last success.
#[derive(Debug)]
pub struct RankFailures {
    /// A streak of so many tasks is suspicious; 0 means that none is.
    exclude_after: usize,
    streaks: BTreeMap<usize, Streak>,
    suspects: BTreeSet<usize>,
    /// Ranks that have done a task, and those whose last one failed.
    succeeded: BTreeSet<usize>,
    failed_last: BTreeSet<usize>,
    excluded: BTreeSet<usize>,
    /// Ranks that are to be excluded.
    guilty: Vec<usize>,
    /// Ranks that have become suspect or have failed their last task, or no longer.
    changes: Vec<usize>,
}

/// Tasks that a rank has failed in a row and that need not be at fault.
#[derive(Debug)]
pub struct Streak {
    pub tasks: Vec<TaskId>,
    /// The cause of the last one.
    pub cause: Cause,
    has_succeeded_elsewhere: bool,
}

impl RankFailures {
    /// Nothing has failed.
    pub fn new(exclude_after: u32) -> Self {
        Self {
            exclude_after: exclude_after as usize,
            streaks: BTreeMap::new(),
            suspects: BTreeSet::new(),
            succeeded: BTreeSet::new(),
            failed_last: BTreeSet::new(),
            excluded: BTreeSet::new(),
            guilty: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Accepts that a rank has succeeded in a task that these ranks had failed.
    pub fn succeed(&mut self, rank: usize, task: TaskId, failed_by: &BTreeSet<usize>) {
        for other in failed_by.iter().filter(|&&other| other != rank) {
            if let Some(streak) = self.streaks.get_mut(other).filter(|streak| streak.tasks.contains(&task)) {
                streak.has_succeeded_elsewhere = true;
                self.judge(*other);
            }
        }
    }

    /// Accepts that the last task of a rank has succeeded.
    pub fn end_streak(&mut self, rank: usize) {
        self.succeeded.insert(rank);
        if self.failed_last.remove(&rank) {
            self.changes.push(rank);
        }
        self.clear(rank);
    }

    /// Accepts that a rank has failed a task, as these ranks had; `is_known_bad` says that the task is at fault. Returns whether it is now known
    /// to be: a rank that fails everything is no witness.
    pub fn fail(&mut self, rank: usize, failure: &Failure, failed_by: &BTreeSet<usize>, is_known_bad: bool) -> bool {
        let is_clean = self.failed_last.insert(rank);
        self.changes.push(rank);
        let is_witness = is_clean && self.succeeded.contains(&rank);
        if is_witness {
            failed_by.iter().filter(|&&other| other != rank).for_each(|&other| {
                if self.streaks.get(&other).is_some_and(|streak| streak.tasks.contains(&failure.task)) {
                    self.clear(other);
                }
            });
        }
        let is_known_bad = is_known_bad || is_witness && !failed_by.is_empty();
        if !is_known_bad && !self.excluded.contains(&rank) {
            let (cause, tasks) = (failure.cause.clone(), Vec::new());
            let streak = self.streaks.entry(rank).or_insert(Streak { tasks, cause, has_succeeded_elsewhere: false });
            if !streak.tasks.contains(&failure.task) {
                streak.tasks.push(failure.task);
            }
            streak.cause.clone_from(&failure.cause);
            self.judge(rank);
        }
        is_known_bad || is_witness
    }

    fn judge(&mut self, rank: usize) {
        let Some(streak) = self.streaks.get(&rank).filter(|streak| streak.tasks.len() >= self.exclude_after) else {
            return;
        };
        if self.exclude_after > 0 {
            if self.suspects.insert(rank) {
                self.changes.push(rank);
            }
            if streak.has_succeeded_elsewhere && !self.guilty.contains(&rank) {
                self.guilty.push(rank);
            }
        }
    }

    /// Forgets what a rank has failed.
    pub fn clear(&mut self, rank: usize) {
        self.streaks.remove(&rank);
        if self.suspects.remove(&rank) {
            self.changes.push(rank);
        }
        self.guilty.retain(|&other| other != rank);
    }

    /// Whether a rank has failed so many tasks in a row that it should get no more before these have been tried elsewhere.
    pub fn is_suspect(&self, rank: usize) -> bool {
        self.suspects.contains(&rank)
    }

    /// Whether the last task of a rank did not fail, unless that was the task's fault.
    pub fn is_clean(&self, rank: usize) -> bool {
        !self.failed_last.contains(&rank)
    }

    /// The ranks of which this has changed, or whether they are suspect, since that was last asked.
    pub fn take_changes(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.changes)
    }

    /// What a rank has failed in a row.
    pub fn streak(&self, rank: usize) -> Option<&Streak> {
        self.streaks.get(&rank)
    }

    /// The next rank that is to be excluded.
    pub fn next_guilty(&mut self) -> Option<usize> {
        self.guilty.pop()
    }

    /// Whether any rank is excluded.
    pub fn has_excluded(&self) -> bool {
        !self.excluded.is_empty()
    }

    /// Whether a rank is excluded.
    pub fn is_excluded(&self, rank: usize) -> bool {
        self.excluded.contains(&rank)
    }

    /// Excludes a rank; returns what it had failed in a row.
    pub fn exclude(&mut self, rank: usize) -> Option<Streak> {
        self.excluded.insert(rank);
        let streak = self.streaks.remove(&rank);
        self.clear(rank);
        streak
    }
}

/// How many failures of each task in these records are those of ranks that were at fault: they had failed so many tasks in a row, of which one
/// has succeeded elsewhere.
pub fn failures_of_bad_ranks<'a, I: Iterator<Item = Record<'a>>>(
    records: impl Fn() -> I,
    exclude_after: u32,
    is_done: impl Fn(TaskId) -> bool,
) -> BTreeMap<TaskId, u32> {
    let mut counts = BTreeMap::new();
    if exclude_after == 0 {
        return counts;
    }
    let of = |record: &Record<'a>| (record.rank, record.host);
    let mut by_rank: BTreeMap<_, Vec<Record>> =
        records().filter(|record| !record.failed.is_empty()).map(|record| (of(&record), Vec::new())).collect();
    records().for_each(|record| {
        if let Some(of_rank) = by_rank.get_mut(&of(&record)) {
            of_rank.push(record);
        }
    });
    for mut records in by_rank.into_values() {
        records.sort_by(|a, b| a.started_s.total_cmp(&b.started_s));
        let succeeds = |record: &Record| (record.failed.len() as u64) < record.tasks.count();
        for streak in records.split(succeeds) {
            let failures = streak.iter().flat_map(|record| record.failed);
            let tasks: BTreeSet<TaskId> =
                failures.filter(|failure| failure.cause.is_worth_retrying()).map(|failure| failure.task).collect();
            if tasks.len() >= exclude_after as usize && tasks.iter().any(|&task| is_done(task)) {
                tasks.into_iter().for_each(|task| *counts.entry(task).or_default() += 1);
            }
        }
    }
    counts
}
