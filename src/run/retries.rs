//! Which failed tasks are tried again, and on which rank?
//!
//! On a rank that does not fail just now, if there is one; on a node where it has not failed, if there is one, otherwise on a rank where it has
//! not, otherwise on any. A task is tried again `max_retries` times if that may help; failures of ranks that are excluded
//! ([`RankFailures`]) do not count.
use super::ledger::Ledger;
use super::message::Retry;
use super::rank_failures::{RankFailures, Streak, failures_of_bad_ranks};
use super::rank_set::RankSet;
use crate::plan::TaskSet;
use crate::task::{Failure, TaskId, Tasks};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// The tasks of a stage that have failed and have no value.
#[derive(Debug)]
pub struct Retries {
    max_retries: u32,
    exclude_after: u32,
    /// The number of each host.
    hosts: HashMap<String, usize>,
    tasks: BTreeMap<TaskId, FailedTask>,
    /// The next one that is tried again comes first.
    waiting: VecDeque<TaskId>,
    failures: RankFailures,
    /// Ranks that accept tasks, those of them that are not suspect, and those of these whose last task did not fail.
    active: RankSet,
    trusted: RankSet,
    clean: RankSet,
    /// Whether ranks may have become idle or suspect, or no longer be so, since that was last asked.
    has_changed: bool,
}

/// A task that has failed.
#[derive(Debug, Default)]
struct FailedTask {
    /// Number of attempts, and of those that do not count because the rank was at fault.
    attempts: u32,
    not_counted: u32,
    /// The ranks of this run, and the hosts of this or an earlier one, on which it has failed.
    ranks: BTreeSet<usize>,
    hosts: BTreeSet<usize>,
    may_succeed: bool,
    /// Whether it has failed on a rank that does not fail everything.
    is_known_bad: bool,
    /// Whether it is tried again, and whether it still waits for that.
    is_open: bool,
    is_waiting: bool,
}

impl FailedTask {
    fn has_attempts_left(&self, max_retries: u32) -> bool {
        self.may_succeed && self.counted() <= max_retries
    }

    fn counted(&self) -> u32 {
        self.attempts.saturating_sub(self.not_counted)
    }
}

/// What follows from a record.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Tasks that are tried again.
    pub again: Vec<TaskId>,
    /// Number of tasks that have failed and are not.
    pub failed: u64,
}

impl Retries {
    /// Nothing has failed yet on ranks that run on these `hosts`.
    pub fn new(max_retries: u32, exclude_after: u32, host_of: &[String]) -> Self {
        let mut hosts = HashMap::new();
        for host in host_of {
            let next = hosts.len();
            hosts.entry(host.clone()).or_insert(next);
        }
        let all = RankSet::all(host_of.iter().map(|host| hosts[host]).collect());
        Self {
            max_retries,
            exclude_after,
            hosts,
            tasks: BTreeMap::new(),
            waiting: VecDeque::new(),
            failures: RankFailures::new(exclude_after),
            active: all.clone(),
            trusted: all.clone(),
            clean: all,
            has_changed: false,
        }
    }

    /// Accepts a record of `rank`.
    pub fn record(&mut self, rank: usize, tasks: Tasks, failed: &[Failure]) -> Outcome {
        let has_failed = |task: TaskId| failed.iter().any(|failure| failure.task == task);
        let done: Vec<TaskId> =
            self.tasks.range(tasks.iter()).map(|(&task, _)| task).filter(|&task| !has_failed(task)).collect();
        for task in done {
            let of_task = self.tasks.remove(&task).unwrap_or_default();
            if of_task.is_waiting {
                self.waiting.retain(|&other| other != task);
            }
            self.failures.succeed(rank, task, &of_task.ranks);
        }
        // Tasks run in order: what failed before the last success is no streak.
        let last_success = tasks.iter().rev().find(|&task| !has_failed(task));
        if last_success.is_some() {
            self.failures.end_streak(rank);
        }
        let mut outcome = Outcome::default();
        for failure in failed {
            let is_in_streak = last_success.is_none_or(|last| failure.task > last);
            self.fail(rank, failure, is_in_streak, &mut outcome);
        }
        self.update_trusted();
        for failure in failed {
            let ranks = self.tasks.get(&failure.task).map(|of_task| of_task.ranks.clone());
            ranks.into_iter().flatten().for_each(|suspect| self.try_task_of_suspect(suspect, &mut outcome));
        }
        outcome
    }

    fn fail(&mut self, rank: usize, failure: &Failure, is_in_streak: bool, outcome: &mut Outcome) {
        let of_task = self.tasks.entry(failure.task).or_default();
        of_task.attempts = failure.attempts.max(of_task.attempts);
        of_task.may_succeed = failure.cause.is_worth_retrying();
        if self.failures.is_excluded(rank) {
            of_task.not_counted += 1;
        } else if of_task.may_succeed && is_in_streak {
            of_task.is_known_bad = self.failures.fail(rank, failure, &of_task.ranks, of_task.is_known_bad);
        }
        of_task.ranks.insert(rank);
        of_task.hosts.insert(self.active.host_of(rank));
        of_task.is_open = of_task.has_attempts_left(self.max_retries);
        of_task.is_waiting = of_task.is_open;
        match of_task.is_open {
            true => {
                self.waiting.push_back(failure.task);
                outcome.again.push(failure.task);
            }
            false => outcome.failed += 1,
        }
    }

    /// Has a task that a suspect rank has failed tried elsewhere, whether it has attempts left or not: otherwise nothing would be learned.
    fn try_task_of_suspect(&mut self, suspect: usize, outcome: &mut Outcome) {
        let Some(streak) = self.failures.streak(suspect).filter(|_| self.failures.is_suspect(suspect)) else { return };
        let is_open = |task: &TaskId| self.tasks.get(task).is_some_and(|of_task| of_task.is_open);
        if self.trusted.count() == 0 || streak.tasks.iter().any(is_open) {
            return;
        }
        let may_tell = |task: &&TaskId| {
            let of_task = self.tasks.get(task);
            // One attempt more than it may have, at most.
            of_task.is_some_and(|of_task| {
                of_task.counted() <= self.max_retries + 1 && self.clean.has_rank_besides(&of_task.ranks)
            })
        };
        match streak.tasks.iter().find(may_tell).copied() {
            Some(task) => self.open(task, outcome),
            // Nobody could bear witness.
            None => self.failures.clear(suspect),
        }
        self.update_trusted();
    }

    fn open(&mut self, task: TaskId, outcome: &mut Outcome) {
        if let Some(of_task) = self.tasks.get_mut(&task) {
            (of_task.is_open, of_task.is_waiting) = (true, true);
            self.waiting.push_front(task);
            outcome.again.push(task);
        }
    }

    fn update_trusted(&mut self) {
        for rank in self.failures.take_changes() {
            let is_trusted = self.active.contains(rank) && !self.failures.is_suspect(rank);
            self.trusted.set(rank, is_trusted);
            self.clean.set(rank, is_trusted && self.failures.is_clean(rank));
            self.has_changed = true;
        }
    }

    /// The ranks that should get tasks: those that are suspect should not, unless all are.
    fn available(&self) -> &RankSet {
        if self.trusted.count() > 0 { &self.trusted } else { &self.active }
    }

    /// Whether a rank should get tasks.
    pub fn is_available(&self, rank: usize) -> bool {
        self.available().contains(rank)
    }

    /// The next task for a rank that is tried again.
    pub fn next_for(&mut self, rank: usize) -> Option<Retry> {
        if self.waiting.is_empty() || !self.is_available(rank) {
            return None;
        }
        let index = self.waiting.iter().position(|task| self.suits(rank, *task))?;
        let task = self.waiting.remove(index)?;
        let of_task = self.tasks.get_mut(&task)?;
        of_task.is_waiting = false;
        Some(Retry { task, attempts: of_task.attempts })
    }

    /// Whether no other rank suits a task better.
    fn suits(&self, rank: usize, task: TaskId) -> bool {
        let Some(FailedTask { hosts, ranks, .. }) = self.tasks.get(&task) else { return false };
        // A suspect rank may still turn out to be good.
        for set in [&self.clean, self.available(), &self.active] {
            if set.has_host_besides(hosts) {
                return set.contains(rank) && !hosts.contains(&set.host_of(rank));
            }
            if set.has_rank_besides(ranks) {
                return set.contains(rank) && !ranks.contains(&rank);
            }
        }
        true
    }

    /// A rank accepts no more tasks.
    pub fn retire(&mut self, rank: usize) {
        self.active.set(rank, false);
        self.trusted.set(rank, false);
        self.clean.set(rank, false);
        self.failures.clear(rank);
        self.update_trusted();
        self.has_changed = true;
    }

    /// Forgets tasks that have been done elsewhere.
    pub fn forget_done(&mut self, ledger: &Ledger) {
        self.tasks.retain(|&task, _| !ledger.is_done(task));
        self.waiting.retain(|task| self.tasks.contains_key(task));
    }

    /// Trusts suspect ranks again: nothing can be learned of them any more.
    pub fn clear_suspects(&mut self) {
        let suspects: Vec<usize> = self.active.iter().filter(|&rank| self.failures.is_suspect(rank)).collect();
        suspects.into_iter().for_each(|rank| self.failures.clear(rank));
        self.update_trusted();
    }

    /// The next rank that is to be excluded, where others are left.
    pub fn next_to_exclude(&mut self) -> Option<usize> {
        let rank = self.failures.next_guilty()?;
        (self.active.count() > usize::from(self.active.contains(rank))).then_some(rank)
    }

    /// Excludes a rank: what it has failed in a row does not count. Returns that, and what follows.
    pub fn exclude(&mut self, rank: usize) -> Option<(Streak, Outcome)> {
        let streak = self.failures.exclude(rank);
        self.retire(rank);
        let streak = streak?;
        let mut outcome = Outcome::default();
        for &task in &streak.tasks {
            let Some(of_task) = self.tasks.get_mut(&task) else { continue };
            of_task.not_counted += 1;
            if !of_task.is_open && of_task.has_attempts_left(self.max_retries) {
                self.open(task, &mut outcome);
            }
        }
        Some((streak, outcome))
    }

    /// What the only rank that accepts tasks has failed in a row, where that is as much as another one would be excluded for.
    pub fn streak_of_only_rank(&self) -> Option<(usize, &Streak)> {
        let only = self.active.iter().next().filter(|_| self.active.count() == 1)?;
        Some((only, self.failures.streak(only).filter(|_| self.failures.is_suspect(only))?))
    }

    /// Whether all other ranks are excluded or gone. Such a rank tries other tasks before it tries one again: if it fails these too it is at
    /// fault, and attempts would be wasted.
    pub fn is_last_rank(&self) -> bool {
        self.active.count() == 1 && self.failures.has_excluded()
    }

    /// Whether tasks wait for another attempt.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether idle ranks may get something since this was last asked.
    pub fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.has_changed) || self.has_waiting()
    }

    /// The tasks in the ledger that failed elsewhere, in an earlier run or another job, and have attempts left.
    pub fn unfinished<'a>(&'a self, ledger: &'a Ledger) -> impl Iterator<Item = TaskId> + 'a {
        let has_attempts_left =
            |failure: &&Failure| failure.cause.is_worth_retrying() && failure.attempts <= self.max_retries;
        let failures = ledger.standing_failures().filter(has_attempts_left).map(|failure| failure.task);
        failures.filter(|task| !self.tasks.contains_key(task))
    }

    /// Tries tasks `within` again that are [`unfinished`](Self::unfinished); returns their number.
    pub fn resume_within(&mut self, ledger: &mut Ledger, within: Tasks) -> u64 {
        let unfinished: Vec<TaskId> = self.unfinished(ledger).filter(|&task| within.contains(task)).collect();
        for &task in &unfinished {
            let attempts = ledger.failure(task).map_or(0, |failure| failure.attempts);
            self.resume(ledger, task, FailedTask { attempts, ..FailedTask::default() });
        }
        unfinished.len() as u64
    }

    /// Tries all tasks again that failed in an earlier run and have attempts left, as its journal says; returns their number.
    pub fn resume_journalled(&mut self, ledger: &mut Ledger) -> u64 {
        if ledger.counts().1 == 0 {
            return 0;
        }
        let records = || ledger.accepted();
        let not_counted = failures_of_bad_ranks(records, self.exclude_after, |task| ledger.is_done(task));
        let mut found = BTreeMap::new();
        for (record, failure) in records().flat_map(|record| record.failed.iter().map(move |failure| (record, failure)))
        {
            let of_task = FailedTask {
                attempts: failure.attempts,
                not_counted: not_counted.get(&failure.task).copied().unwrap_or(0),
                hosts: self.hosts.get(record.host).copied().into_iter().collect(),
                may_succeed: failure.cause.is_worth_retrying(),
                ..FailedTask::default()
            };
            if ledger.stands(failure) && of_task.has_attempts_left(self.max_retries) {
                found.insert(failure.task, of_task);
            }
        }
        let count = found.len() as u64;
        found.into_iter().for_each(|(task, of_task)| self.resume(ledger, task, of_task));
        count
    }

    fn resume(&mut self, ledger: &mut Ledger, task: TaskId, of_task: FailedTask) {
        ledger.retry(Tasks::new(task, task + 1));
        self.tasks.insert(task, FailedTask { is_open: true, is_waiting: true, ..of_task });
        self.waiting.push_back(task);
    }

    /// Removes the tasks that are tried again, which are handed out one by one, from what is handed out in batches.
    pub fn remove_open(&self, from: &mut TaskSet) {
        let open = self.tasks.iter().filter(|(_, of_task)| of_task.is_open);
        open.for_each(|(&task, _)| from.remove(Tasks::new(task, task + 1)));
    }
}
