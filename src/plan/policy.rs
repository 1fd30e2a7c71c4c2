//! Which rank runs which batch?
use super::Plan;
use crate::task::{TaskId, Tasks};
use std::collections::VecDeque;

/// Hands out the batches of a plan, each once.
pub trait Policy: Send {
    /// The next batch for `rank`, or none where nothing is left for it.
    fn next(&mut self, rank: usize) -> Option<Tasks>;

    /// How many batches a rank should hold at a time: the one it runs and those that wait behind it.
    fn depth(&self) -> usize;
}

/// Every rank has its batches from the start: batch k goes to rank k modulo the number of ranks, so that rank 0 can fold
/// outcomes in order while all ranks are at work.
pub struct Static {
    queues: Vec<VecDeque<Tasks>>,
}

impl Static {
    /// Deals out the batches of `plan`.
    pub fn new(plan: &Plan) -> Self {
        let mut queues = vec![VecDeque::new(); plan.partition.ranks as usize];
        let ranks = queues.len();
        plan.batches.iter().enumerate().for_each(|(k, &batch)| queues[k % ranks].push_back(batch));
        Self { queues }
    }
}

impl Static {
    /// Nothing to run on any of `ranks`.
    pub fn none(ranks: usize) -> Self {
        Self { queues: vec![VecDeque::new(); ranks] }
    }
}

impl Policy for Static {
    fn next(&mut self, rank: usize) -> Option<Tasks> {
        self.queues[rank].pop_front()
    }

    fn depth(&self) -> usize {
        usize::MAX
    }
}

/// Whoever is free takes the costliest batch that is left, in the order of tasks among equals.
pub struct Dynamic {
    /// Costliest last.
    left: Vec<Tasks>,
}

impl Dynamic {
    /// Sorts the batches of `plan` by the sum of their tasks' `cost`.
    pub fn new(plan: &Plan, cost: impl Fn(TaskId) -> f64) -> Self {
        let mut left: Vec<(f64, Tasks)> =
            plan.batches.iter().map(|&batch| (batch.iter().map(&cost).sum(), batch)).collect();
        left.sort_by(|(a, x), (b, y)| a.total_cmp(b).then(y.first.cmp(&x.first)));
        Self { left: left.into_iter().map(|(_, batch)| batch).collect() }
    }
}

impl Policy for Dynamic {
    fn next(&mut self, _rank: usize) -> Option<Tasks> {
        self.left.pop()
    }

    /// One batch waits behind the running one, so that no rank waits for a message.
    fn depth(&self) -> usize {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Partition, TaskSet, lay_out};
    use super::*;

    fn plan(tasks: u64) -> Plan {
        lay_out(&TaskSet::all(tasks), Partition { ranks: 3, batch_size: 2, idle: true }).unwrap()
    }

    fn drain(policy: &mut dyn Policy, rank: usize) -> Vec<u64> {
        std::iter::from_fn(|| policy.next(rank)).map(|tasks| tasks.first).collect()
    }

    #[test]
    fn static_deals_batches_in_turn() {
        let mut policy = Static::new(&plan(14));
        assert_eq!(drain(&mut policy, 0), [0, 6, 12]);
        assert_eq!(drain(&mut policy, 1), [2, 8]);
        assert_eq!(drain(&mut policy, 2), [4, 10]);
    }

    #[test]
    fn dynamic_gives_the_costliest_first_and_keeps_the_order_of_equals() {
        let mut policy = Dynamic::new(&plan(8), |task| if task == 5 { 9.0 } else { 1.0 });
        assert_eq!(drain(&mut policy, 1), [4, 0, 2, 6]);
    }
}
