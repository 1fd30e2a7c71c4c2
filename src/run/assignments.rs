//! Which rank holds which batches, and which are handed out again?
use crate::plan::{Batches, Policy};
use crate::task::Tasks;
use std::collections::{BTreeSet, VecDeque};

/// The most returned batches that a rank holds at a time: other ranks may be idle.
const RETURNED_AT_ONCE: usize = 2;
/// A rank gets more once it may hold so many more, as a part of all that it may hold: one message then brings several.
const REFILL: usize = 4;

/// Batches of a stage and the ranks that run them.
pub struct Assignments {
    policy: Box<dyn Policy>,
    /// What each rank holds, in the order in which it was handed out.
    held: Vec<VecDeque<Tasks>>,
    /// What was handed out and not run, to be handed out again.
    returned: Batches,
    /// Ranks that have had a batch, those that accept no more, and those of the others that hold none.
    dealt: BTreeSet<usize>,
    retired: BTreeSet<usize>,
    idle: BTreeSet<usize>,
    /// Number of tasks without a record, or to be tried again.
    open: u64,
}

impl Assignments {
    /// Nothing is handed out yet of the `tasks` that `policy` has for `ranks` ranks.
    pub fn new(policy: Box<dyn Policy>, ranks: usize, tasks: u64) -> Self {
        let (returned, dealt, retired) = (Batches::default(), BTreeSet::new(), BTreeSet::new());
        let (held, idle) = (vec![VecDeque::new(); ranks], (0..ranks).collect());
        Self { policy, held, returned, dealt, retired, idle, open: tasks }
    }

    /// Batches for a rank, up to the depth that the policy wants it to hold.
    pub fn deal(&mut self, rank: usize) -> Vec<Tasks> {
        let mut batches = Vec::new();
        if self.retired.contains(&rank) {
            return batches;
        }
        let depth = self.policy.depth();
        let is_due = self.held[rank].len() + (depth / REFILL).max(1) <= depth;
        loop {
            let holds = self.held[rank].len();
            let next = if is_due && holds < depth { self.policy.next(rank) } else { None };
            let next = next.or_else(|| (holds < RETURNED_AT_ONCE).then(|| self.returned.pop_front()).flatten());
            let Some(batch) = next else { return batches };
            self.hand_out(rank, batch);
            batches.push(batch);
        }
    }

    /// Lets a rank hold tasks that were not handed out by the schedule.
    pub fn hand_out(&mut self, rank: usize, batch: Tasks) {
        self.held[rank].push_back(batch);
        self.dealt.insert(rank);
        self.idle.remove(&rank);
    }

    /// Whether a rank may be given a task that is tried again, before others.
    pub fn has_room(&self, rank: usize) -> bool {
        self.held[rank].len() < self.policy.depth().min(RETURNED_AT_ONCE)
    }

    /// Expects another record of so many tasks, which are tried again.
    pub fn reopen(&mut self, tasks: u64) {
        self.open += tasks;
    }

    /// Accepts that `rank` has recorded `tasks`, which took so many `seconds` where few have failed; the rest of their batch is handed out
    /// again. Returns whether it held them: otherwise nothing changes.
    pub fn finish(&mut self, rank: usize, tasks: Tasks, seconds: Option<f64>) -> bool {
        let Some(index) = self.held[rank].iter().position(|batch| batch.first == tasks.first) else { return false };
        self.open = self.open.saturating_sub(tasks.count());
        let Some(batch) = self.held[rank].remove(index) else { return false };
        seconds.iter().for_each(|&seconds| self.policy.record(batch, seconds));
        self.give_back(Tasks::new(tasks.end, batch.end));
        if self.held[rank].is_empty() && !self.retired.contains(&rank) {
            self.idle.insert(rank);
        }
        true
    }

    /// Gives a rank no more batches; what it holds and would have got is handed out to others.
    pub fn retire(&mut self, rank: usize) {
        self.exclude(rank);
        let held = std::mem::take(&mut self.held[rank]);
        held.into_iter().for_each(|batch| self.give_back(batch));
    }

    /// Gives a rank no more batches; what it would have got is handed out to others, and it ends what it holds.
    pub fn exclude(&mut self, rank: usize) {
        if self.retired.insert(rank) {
            self.idle.remove(&rank);
            self.returned.append(self.policy.retire(rank));
        }
    }

    /// Accepts that a rank that is lost had recorded `tasks`: they are not handed out again.
    pub fn finish_lost(&mut self, tasks: Tasks, seconds: Option<f64>) {
        if let Some(batch) = self.returned.extract(tasks.first) {
            self.open = self.open.saturating_sub(tasks.count());
            seconds.iter().for_each(|&seconds| self.policy.record(batch, seconds));
            self.give_back(Tasks::new(tasks.end, batch.end));
        }
    }

    /// Hands out tasks again whose record is lost.
    pub fn run_again(&mut self, tasks: Tasks) {
        self.open += tasks.count();
        self.give_back(tasks);
    }

    /// Hands out what another policy has, after what the one before has left for ranks that have not asked for it.
    pub fn extend(&mut self, policy: Box<dyn Policy>) {
        let mut before = std::mem::replace(&mut self.policy, policy);
        (0..self.held.len()).for_each(|rank| self.returned.append(before.retire(rank)));
    }

    /// The ranks that accept batches and hold none.
    pub fn idle(&self) -> impl Iterator<Item = usize> + '_ {
        self.idle.iter().copied()
    }

    /// Whether something is to be handed out again.
    pub fn has_returned(&self) -> bool {
        !self.returned.is_empty()
    }

    fn give_back(&mut self, tasks: Tasks) {
        if !tasks.is_empty() {
            self.returned.push_back(tasks);
        }
    }

    /// Whether no rank holds anything, and nothing is to be handed out again.
    pub fn is_over(&self) -> bool {
        self.returned.is_empty() && self.held.iter().all(VecDeque::is_empty)
    }

    /// The ranks that accept batches.
    pub fn active(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.held.len()).filter(|rank| !self.retired.contains(rank))
    }

    /// Those of them that have had a batch.
    pub fn involved(&self) -> impl Iterator<Item = usize> + '_ {
        self.dealt.difference(&self.retired).copied()
    }

    /// Whether a rank accepts no more batches.
    pub fn is_retired(&self, rank: usize) -> bool {
        self.retired.contains(&rank)
    }

    /// Whether there are tasks without a record.
    pub fn is_anything_open(&self) -> bool {
        self.open > 0
    }
}
