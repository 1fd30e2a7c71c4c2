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
    /// Ranks that have had a batch, and those that accept no more.
    dealt: BTreeSet<usize>,
    retired: BTreeSet<usize>,
    /// Number of tasks without a record.
    open: u64,
}

impl Assignments {
    /// Nothing is handed out yet of the `tasks` that `policy` has for `ranks` ranks.
    pub fn new(policy: Box<dyn Policy>, ranks: usize, tasks: u64) -> Self {
        let (returned, dealt, retired) = (Batches::default(), BTreeSet::new(), BTreeSet::new());
        Self { policy, held: vec![VecDeque::new(); ranks], returned, dealt, retired, open: tasks }
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
            self.held[rank].push_back(batch);
            self.dealt.insert(rank);
            batches.push(batch);
        }
    }

    /// Accepts that `rank` has recorded `tasks`; the rest of their batch is handed out again. What it does not hold changes nothing.
    pub fn finish(&mut self, rank: usize, tasks: Tasks, seconds: f64) {
        let Some(index) = self.held[rank].iter().position(|batch| batch.first == tasks.first) else { return };
        self.open = self.open.saturating_sub(tasks.count());
        let Some(batch) = self.held[rank].remove(index) else { return };
        self.policy.record(batch, seconds);
        self.give_back(Tasks::new(tasks.end, batch.end));
    }

    /// Gives a rank no more batches; what it holds and would have got is handed out to others.
    pub fn retire(&mut self, rank: usize) {
        if self.retired.insert(rank) {
            let held = std::mem::take(&mut self.held[rank]);
            held.into_iter().for_each(|batch| self.give_back(batch));
            self.returned.append(self.policy.retire(rank));
        }
    }

    /// Accepts that a rank that is lost had recorded `tasks`: they are not handed out again.
    pub fn finish_lost(&mut self, tasks: Tasks, seconds: f64) {
        if let Some(batch) = self.returned.take(tasks.first) {
            self.open = self.open.saturating_sub(tasks.count());
            self.policy.record(batch, seconds);
            self.give_back(Tasks::new(tasks.end, batch.end));
        }
    }

    /// Hands out tasks again whose record is lost.
    pub fn run_again(&mut self, tasks: Tasks) {
        self.open += tasks.count();
        self.give_back(tasks);
    }

    /// Hands out what another policy has, once the one before has nothing left.
    pub fn extend(&mut self, policy: Box<dyn Policy>) {
        self.policy = policy;
    }

    /// Whether a rank that accepts batches holds none.
    pub fn has_idle_rank(&self) -> bool {
        self.active().any(|rank| self.held[rank].is_empty())
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
