//! Which rank runs which batch?
use super::Plan;
use crate::task::Tasks;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Hands out the batches of a plan, each once.
pub trait Policy: Send {
    /// The next batch for `rank`, or none where nothing is left for it.
    fn next(&mut self, rank: usize) -> Option<Tasks>;

    /// How many batches a rank should hold at a time: the one it runs and those that wait behind it.
    fn depth(&self) -> usize;

    /// Takes note of how long a batch took.
    fn hear(&mut self, _batch: Tasks, _seconds: f64) {}

    /// The batches that no other rank than `rank` would run, which takes no more: they are no longer handed out.
    fn retire(&mut self, _rank: usize) -> Vec<Tasks> {
        Vec::new()
    }
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

    fn retire(&mut self, rank: usize) -> Vec<Tasks> {
        self.queues[rank].drain(..).collect()
    }
}

/// When the last of `ranks` is done, if each batch takes `seconds`.
pub fn makespan(policy: &mut dyn Policy, ranks: usize, mut seconds: impl FnMut(Tasks) -> f64) -> f64 {
    let mut busy = BinaryHeap::new();
    let mut end = 0.0f64;
    let mut start = |policy: &mut dyn Policy, busy: &mut BinaryHeap<_>, rank: usize, now: f64| {
        if let Some(batch) = policy.next(rank) {
            let took = seconds(batch).max(0.0);
            // Times are not negative, so that their bits are in their order.
            busy.push((Reverse((now + took).to_bits()), Reverse(rank), batch, took.to_bits()));
        }
    };
    (0..ranks).for_each(|rank| start(policy, &mut busy, rank, 0.0));
    while let Some((Reverse(now), Reverse(rank), batch, took)) = busy.pop() {
        let now = f64::from_bits(now);
        end = end.max(now);
        policy.hear(batch, f64::from_bits(took));
        start(policy, &mut busy, rank, now);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::super::{Partition, TaskSet, lay_out};
    use super::*;

    fn drain(policy: &mut dyn Policy, rank: usize) -> Vec<u64> {
        std::iter::from_fn(|| policy.next(rank)).map(|tasks| tasks.first).collect()
    }

    #[test]
    fn static_deals_batches_in_turn() {
        let plan = lay_out(&TaskSet::all(14), Partition { ranks: 3, batch_size: 2, idle: true }).unwrap();
        let mut policy = Static::new(&plan);
        assert_eq!(drain(&mut policy, 0), [0, 6, 12]);
        assert_eq!(drain(&mut policy, 1), [2, 8]);
        assert_eq!(drain(&mut policy, 2), [4, 10]);
        let mut policy = Static::new(&plan);
        assert_eq!(makespan(&mut policy, 3, |batch| batch.first as f64), 18.0);
    }
}
