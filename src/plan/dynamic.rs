//! Which batch should an idle rank run next?
use super::costs::{Costs, Weight};
use super::partition::Plan;
use super::policy::Policy;
use crate::task::Tasks;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A rank holds three batches if they are shorter than this, s, so that it need not wait for a message, which takes milliseconds on a busy
/// node...
const SHORT_S: f64 = 0.1;
/// ...and of very short ones as many more as take this long, s, at most this number.
const AHEAD_S: f64 = 0.01;
const MAX_DEPTH: usize = 64;

/// An idle rank runs the costliest of the most urgent batches that are left; equal ones in the order of tasks. A batch so long that the
/// other ranks could run all the rest meanwhile starts at once. Costs are updated from the batches that have run.
pub struct Dynamic {
    /// Batches that are left, by urgency and expected cost (its bits, which sort like the cost since it is not negative).
    left: BTreeMap<(u32, u64), VecDeque<Tasks>>,
    /// Expected costs of the batches that run.
    running: HashMap<Tasks, f64>,
    ranks: usize,
    costs: Costs,
}

impl Dynamic {
    /// A schedule of the batches of `plan` by their `weight`, with the `costs` of batches that have run.
    pub fn new(plan: &Plan, weight: impl Fn(Tasks) -> Weight, costs: Costs) -> Self {
        let mut left = BTreeMap::<_, VecDeque<Tasks>>::new();
        for &batch in &plan.batches {
            let Weight { cost, urgency } = weight(batch);
            left.entry((urgency, cost.max(0.0).to_bits())).or_default().push_back(batch);
        }
        Self { left, running: HashMap::new(), ranks: plan.partition.ranks as usize, costs }
    }

    /// Urgency and cost of the next batch.
    fn choose(&self) -> Option<(u32, u64)> {
        let (mut all, mut longest, mut urgent) = (0.0, None::<(f64, _)>, None::<(f64, (u32, u64))>);
        for (&key, batches) in &self.left {
            let each = self.costs.expect(f64::from_bits(key.1));
            all += each * batches.len() as f64;
            if longest.is_none_or(|(most, _)| each > most) {
                longest = Some((each, key));
            }
            if urgent.is_none_or(|(most, (urgency, _))| urgency == key.0 && each >= most) {
                urgent = Some((each, key));
            }
        }
        let ((length, longest), (_, urgent)) = (longest?, urgent?);
        let others = (self.ranks - 1) as f64;
        Some(if self.ranks > 1 && length * others >= all - length { longest } else { urgent })
    }
}

impl Policy for Dynamic {
    fn next(&mut self, _rank: usize) -> Option<Tasks> {
        let key = self.choose()?;
        let batches = self.left.get_mut(&key)?;
        let batch = batches.pop_front()?;
        if batches.is_empty() {
            self.left.remove(&key);
        }
        self.running.insert(batch, f64::from_bits(key.1));
        Some(batch)
    }

    /// One if batches are long: a batch that waits behind another could be run by an idle rank.
    fn depth(&self) -> usize {
        match self.costs.mean() {
            Some(mean) if mean < SHORT_S => (3 + (AHEAD_S / mean) as usize).min(MAX_DEPTH),
            _ => 1,
        }
    }

    fn record(&mut self, batch: Tasks, seconds: f64) {
        if let Some(cost) = self.running.remove(&batch) {
            self.costs.learn(cost, seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Partition, TaskSet, lay_out, makespan};
    use super::*;
    use crate::task::TaskId;

    fn policy(tasks: u64, ranks: u64, cost: impl Fn(TaskId) -> f64, urgency: impl Fn(TaskId) -> u32) -> Dynamic {
        let plan = lay_out(&TaskSet::all(tasks), Partition { ranks, batch_size: 1, idle: true }).unwrap();
        Dynamic::new(&plan, |batch| Weight::for_batch(batch, &cost, &urgency), Costs::default())
    }

    /// The makespan if batches take `seconds`, and the order in which they start.
    fn run(policy: &mut Dynamic, ranks: usize, seconds: impl Fn(TaskId) -> f64) -> (f64, Vec<TaskId>) {
        let mut order = Vec::new();
        let makespan = makespan(policy, ranks, |batch| {
            order.push(batch.first);
            seconds(batch.first)
        });
        (makespan, order)
    }

    #[test]
    fn the_costliest_batch_is_first_and_equal_ones_keep_their_order() {
        let (_, order) = run(&mut policy(8, 3, |task| if task == 5 { 9.0 } else { 1.0 }, |_| 0), 3, |_| 1.0);
        assert_eq!(order, [5, 0, 1, 2, 3, 4, 6, 7]);
    }

    #[test]
    fn urgent_batches_are_first() {
        let (_, order) = run(&mut policy(6, 1, |task| task as f64 + 1.0, |task| (task / 3) as u32), 1, |_| 1.0);
        assert_eq!(order, [2, 1, 0, 5, 4, 3]);
    }

    #[test]
    fn a_long_batch_of_low_urgency_does_not_start_last() {
        // Twenty short batches and one as long as ten of them, which must start halfway.
        let seconds = |task| if task == 20 { 10.0 } else { 1.0 };
        let (makespan, order) = run(&mut policy(21, 2, seconds, |task| (task / 20) as u32), 2, seconds);
        assert!(makespan <= 15.5, "{makespan} {order:?}");
        assert!(order.iter().position(|&task| task == 20).unwrap() >= 8, "{order:?}");
    }

    #[test]
    fn costs_are_updated_from_batches_that_have_run() {
        // The second half is expected to be cheap and is expensive.
        let seconds = |task| if task >= 20 { 5.0 } else { 1.0 };
        let cost = |task| if task >= 20 { 0.5 } else { 1.0 };
        let mut policy = policy(40, 2, cost, |_| 0);
        policy.costs.learn(0.5, 5.0);
        let (makespan, order) = run(&mut policy, 2, seconds);
        assert_eq!(order[2..22], (20..40).collect::<Vec<_>>());
        assert!(makespan <= 61.0, "{makespan}");
    }

    #[test]
    fn only_short_batches_wait_behind_others() {
        let mut policy = policy(9, 2, |_| 1.0, |_| 0);
        assert_eq!(policy.depth(), 1);
        let first = policy.next(0).unwrap();
        policy.record(first, 0.001);
        // Ten more in ten milliseconds.
        assert_eq!(policy.depth(), 13);
        let second = policy.next(0).unwrap();
        policy.record(second, 1.0);
        assert_eq!(policy.depth(), 1);
    }
}
