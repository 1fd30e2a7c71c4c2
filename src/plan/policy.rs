//! Which rank runs which batch?
use super::batches::Batches;
use super::partition::Plan;
use crate::task::Tasks;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Hands out the batches of a plan, each once.
pub trait Policy: Send {
    /// The next batch for `rank`; none if no batch is left for it.
    fn next(&mut self, rank: usize) -> Option<Tasks>;

    /// Number of batches that a rank should hold: the one that runs and those that wait behind it.
    fn depth(&self) -> usize;

    /// Records how long a batch took.
    fn record(&mut self, _batch: Tasks, _seconds: f64) {}

    /// Removes and returns the batches that only `rank`, which runs no more, would have run.
    fn retire(&mut self, _rank: usize) -> Batches {
        Batches::default()
    }
}

/// A rank holds batches of a static schedule that take so long together, s, besides two, so that it need not wait for a message...
const AHEAD_S: f64 = 0.1;
/// ...and at most this number: there may be ten million.
const MAX_DEPTH: usize = 1024;

/// The rank of every batch is fixed from the start: batch k has rank k modulo the number of ranks.
pub struct Static {
    queues: Vec<Batches>,
    /// Number of batches that have run, and the sum of their times, s.
    batches: u32,
    seconds: f64,
}

impl Static {
    /// Assigns the batches of `plan`.
    pub fn new(plan: &Plan) -> Self {
        let mut queues = vec![Batches::default(); plan.partition.ranks as usize];
        let ranks = queues.len();
        plan.batches.iter().enumerate().for_each(|(k, batch)| queues[k % ranks].push_back(batch));
        Self { queues, batches: 0, seconds: 0.0 }
    }

    /// A schedule without batches on `ranks` ranks.
    pub fn none(ranks: usize) -> Self {
        Self { queues: vec![Batches::default(); ranks], batches: 0, seconds: 0.0 }
    }
}

impl Policy for Static {
    fn next(&mut self, rank: usize) -> Option<Tasks> {
        self.queues[rank].pop_front()
    }

    /// One until it is known how long a batch takes: a rank on which all tasks fail at once would fail all that it holds.
    fn depth(&self) -> usize {
        if self.batches == 0 {
            return 1;
        }
        (2 + (AHEAD_S * f64::from(self.batches) / self.seconds.max(f64::MIN_POSITIVE)) as usize).min(MAX_DEPTH)
    }

    fn record(&mut self, _batch: Tasks, seconds: f64) {
        (self.batches, self.seconds) = (self.batches + 1, self.seconds + seconds);
    }

    fn retire(&mut self, rank: usize) -> Batches {
        std::mem::take(&mut self.queues[rank])
    }
}

/// Time until the last of `ranks` has finished if each batch takes `seconds`, in the unit of that function.
pub fn makespan(policy: &mut dyn Policy, ranks: usize, mut seconds: impl FnMut(Tasks) -> f64) -> f64 {
    let mut busy = BinaryHeap::new();
    let mut end = 0.0f64;
    let mut start = |policy: &mut dyn Policy, busy: &mut BinaryHeap<_>, rank: usize, now: f64| {
        if let Some(batch) = policy.next(rank) {
            let took = seconds(batch).max(0.0);
            // Times are not negative: their bits sort like the times.
            busy.push((Reverse((now + took).to_bits()), Reverse(rank), batch, took.to_bits()));
        }
    };
    (0..ranks).for_each(|rank| start(policy, &mut busy, rank, 0.0));
    while let Some((Reverse(now), Reverse(rank), batch, took)) = busy.pop() {
        let now = f64::from_bits(now);
        end = end.max(now);
        policy.record(batch, f64::from_bits(took));
        start(policy, &mut busy, rank, now);
    }
    end
}
