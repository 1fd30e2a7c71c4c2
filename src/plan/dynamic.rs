//! Which batch should a free rank take?
use super::Plan;
use super::policy::Policy;
use crate::task::{TaskId, Tasks};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Batches shorter than this, s, are handed out two at a time, so that no rank waits for a message.
const SHORT_S: f64 = 0.02;

/// What a batch is expected to cost, in any unit, and how soon its results are wanted: the lower the sooner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    pub cost: f64,
    pub urgency: u32,
}

impl Weight {
    /// The weight of a batch: the sum of its tasks' costs and the most urgent one's urgency.
    pub fn of(tasks: Tasks, cost: impl Fn(TaskId) -> f64, urgency: impl Fn(TaskId) -> u32) -> Self {
        Self { cost: tasks.iter().map(cost).sum(), urgency: tasks.iter().map(urgency).min().unwrap_or(0) }
    }
}

/// Batches that are expected to cost the same, and what those that ran did cost.
#[derive(Default)]
struct Class {
    left: VecDeque<Tasks>,
    seconds: f64,
    heard: u32,
}

/// Whoever is free takes the costliest of the most urgent batches that are left, in the order of tasks among equals; but a batch so long that
/// the others could do all the rest meanwhile is begun at once. Costs are learned from the batches that have run.
pub struct Dynamic {
    /// By urgency and expected cost (as bits, which order costs that are not negative).
    classes: BTreeMap<(u32, u64), Class>,
    running: HashMap<Tasks, (u32, u64)>,
    ranks: usize,
    /// Expected cost and seconds of everything that has run.
    cost: f64,
    seconds: f64,
    heard: u32,
}

impl Dynamic {
    /// Sorts the batches of `plan` by their `weight`.
    pub fn new(plan: &Plan, weight: impl Fn(Tasks) -> Weight) -> Self {
        let mut classes = BTreeMap::<_, Class>::new();
        plan.batches.iter().for_each(|&batch| classes.entry(key(weight(batch))).or_default().left.push_back(batch));
        let ranks = plan.partition.ranks as usize;
        Self { classes, running: HashMap::new(), ranks, cost: 0.0, seconds: 0.0, heard: 0 }
    }

    /// Takes note of a batch that ran before.
    pub fn learn(&mut self, weight: Weight, seconds: f64) {
        self.note(key(weight), seconds);
    }

    fn note(&mut self, key: (u32, u64), seconds: f64) {
        let class = self.classes.entry(key).or_default();
        (class.seconds, class.heard) = (class.seconds + seconds, class.heard + 1);
        (self.cost, self.seconds, self.heard) =
            (self.cost + f64::from_bits(key.1), self.seconds + seconds, self.heard + 1);
    }

    /// What a batch of a class is expected to take, in seconds once anything has run: as its like did, or else in proportion to its cost.
    fn expected(&self, cost: u64, class: &Class) -> f64 {
        match class.heard {
            0 if self.cost > 0.0 => f64::from_bits(cost) * self.seconds / self.cost,
            0 => f64::from_bits(cost),
            heard => class.seconds / f64::from(heard),
        }
    }

    /// The class that the next batch is taken from.
    fn choose(&self) -> Option<(u32, u64)> {
        let (mut all, mut longest, mut urgent) = (0.0, None::<(f64, _)>, None::<(f64, (u32, u64))>);
        for (&key, class) in self.classes.iter().filter(|(_, class)| !class.left.is_empty()) {
            let each = self.expected(key.1, class);
            all += each * class.left.len() as f64;
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

fn key(weight: Weight) -> (u32, u64) {
    (weight.urgency, weight.cost.max(0.0).to_bits())
}

impl Policy for Dynamic {
    fn next(&mut self, _rank: usize) -> Option<Tasks> {
        let key = self.choose()?;
        let batch = self.classes.get_mut(&key)?.left.pop_front()?;
        self.running.insert(batch, key);
        Some(batch)
    }

    /// Where batches are long one is enough: what waits behind another could be run by a rank that is free.
    fn depth(&self) -> usize {
        if self.heard > 0 && self.seconds < SHORT_S * f64::from(self.heard) { 2 } else { 1 }
    }

    fn hear(&mut self, batch: Tasks, seconds: f64) {
        if let Some(key) = self.running.remove(&batch) {
            self.note(key, seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Partition, TaskSet, lay_out};
    use super::*;

    fn policy(tasks: u64, ranks: u64, cost: impl Fn(TaskId) -> f64, urgency: impl Fn(TaskId) -> u32) -> Dynamic {
        let plan = lay_out(&TaskSet::all(tasks), Partition { ranks, batch_size: 1, idle: true }).unwrap();
        Dynamic::new(&plan, |batch| Weight::of(batch, &cost, &urgency))
    }

    /// When each rank is done, if costs are seconds, and the order of the tasks' beginnings.
    fn run(policy: &mut Dynamic, ranks: usize, seconds: impl Fn(TaskId) -> f64) -> (f64, Vec<TaskId>) {
        let (mut free, mut order) = (vec![0.0; ranks], Vec::new());
        let mut held: Vec<Option<Tasks>> = (0..ranks).map(|rank| policy.next(rank)).collect();
        order.extend(held.iter().flatten().map(|tasks| tasks.first));
        while let Some(rank) = (0..ranks).filter(|&rank| held[rank].is_some()).min_by(|&a, &b| {
            (free[a] + held[a].map_or(0.0, |t| seconds(t.first)))
                .total_cmp(&(free[b] + held[b].map_or(0.0, |t| seconds(t.first))))
        }) {
            let Some(batch) = held[rank] else { break };
            free[rank] += seconds(batch.first);
            policy.hear(batch, seconds(batch.first));
            held[rank] = policy.next(rank);
            order.extend(held[rank].map(|tasks| tasks.first));
        }
        (free.into_iter().fold(0.0, f64::max), order)
    }

    #[test]
    fn the_costliest_comes_first_and_equals_keep_their_order() {
        let (_, order) = run(&mut policy(8, 3, |task| if task == 5 { 9.0 } else { 1.0 }, |_| 0), 3, |_| 1.0);
        assert_eq!(order, [5, 0, 1, 2, 3, 4, 6, 7]);
    }

    #[test]
    fn the_urgent_come_first() {
        let (_, order) = run(&mut policy(6, 1, |task| task as f64 + 1.0, |task| (task / 3) as u32), 1, |_| 1.0);
        assert_eq!(order, [2, 1, 0, 5, 4, 3]);
    }

    #[test]
    fn a_long_task_of_low_urgency_does_not_wait_until_it_is_alone() {
        // Twenty short tasks and one as long as ten of them: it must begin halfway.
        let seconds = |task| if task == 20 { 10.0 } else { 1.0 };
        let (makespan, order) = run(&mut policy(21, 2, seconds, |task| (task / 20) as u32), 2, seconds);
        assert!(makespan <= 15.5, "{makespan} {order:?}");
        assert!(order.iter().position(|&task| task == 20).unwrap() >= 8, "{order:?}");
    }

    #[test]
    fn costs_are_learned() {
        // The second half is expected to be cheap and is not.
        let seconds = |task| if task >= 20 { 5.0 } else { 1.0 };
        let cost = |task| if task >= 20 { 0.5 } else { 1.0 };
        let mut policy = policy(40, 2, cost, |_| 0);
        policy.learn(Weight { cost: 0.5, urgency: 0 }, 5.0);
        let (makespan, order) = run(&mut policy, 2, seconds);
        assert_eq!(order[2..20], (22..40).collect::<Vec<_>>());
        assert!(makespan <= 61.0, "{makespan}");
    }

    #[test]
    fn only_short_batches_wait_behind_others() {
        let mut policy = policy(9, 2, |_| 1.0, |_| 0);
        assert_eq!(policy.depth(), 1);
        let first = policy.next(0).unwrap();
        policy.hear(first, 0.001);
        assert_eq!(policy.depth(), 2);
        let second = policy.next(0).unwrap();
        policy.hear(second, 1.0);
        assert_eq!(policy.depth(), 1);
    }
}
