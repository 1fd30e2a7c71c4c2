//! What will a batch cost, judged by those that ran?
use crate::task::{TaskId, Tasks};
use std::collections::BTreeMap;

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

/// What batches did cost, by what they were expected to.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    /// By the bits of the expected cost.
    classes: BTreeMap<u64, Spent>,
    all: Spent,
    /// Expected cost of everything that has run.
    expected: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    seconds: f64,
    batches: u32,
}

impl Spent {
    fn add(&mut self, seconds: f64) {
        (self.seconds, self.batches) = (self.seconds + seconds, self.batches + 1);
    }
}

impl Costs {
    /// Takes note of a batch that was expected to cost `cost`.
    pub fn learn(&mut self, cost: f64, seconds: f64) {
        self.classes.entry(cost.to_bits()).or_default().add(seconds);
        self.all.add(seconds);
        self.expected += cost;
    }

    /// Whether anything has run.
    pub fn is_empty(&self) -> bool {
        self.all.batches == 0
    }

    /// What a batch will take, in seconds once anything has run: as its like did, or else in proportion to its cost.
    pub fn expect(&self, cost: f64) -> f64 {
        match self.classes.get(&cost.to_bits()) {
            Some(spent) => spent.seconds / f64::from(spent.batches),
            None if self.expected > 0.0 => cost * self.all.seconds / self.expected,
            None => cost,
        }
    }

    /// How long batches took in the mean, s.
    pub fn mean(&self) -> Option<f64> {
        (self.all.batches > 0).then(|| self.all.seconds / f64::from(self.all.batches))
    }
}
