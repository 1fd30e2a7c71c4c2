//! How long will a batch take, given the batches that have run?
use crate::task::{TaskId, Tasks};
use std::collections::BTreeMap;

/// Expected cost of a batch, in any unit, and its urgency: batches of lower values run first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    pub cost: f64,
    pub urgency: u32,
}

impl Weight {
    /// The weight of a batch: the sum of its tasks' costs, and the urgency of its most urgent task.
    pub fn for_batch(tasks: Tasks, cost: impl Fn(TaskId) -> f64, urgency: impl Fn(TaskId) -> u32) -> Self {
        Self { cost: tasks.iter().map(cost).sum(), urgency: tasks.iter().map(urgency).min().unwrap_or(0) }
    }
}

/// Times of the batches that have run, by their expected cost.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    /// By the bits of the expected cost of a batch.
    classes: BTreeMap<u64, TimeSpent>,
    all: TimeSpent,
    /// Sum of the expected costs of all batches that have run.
    expected: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct TimeSpent {
    seconds: f64,
    batches: u32,
}

impl TimeSpent {
    fn add(&mut self, seconds: f64) {
        (self.seconds, self.batches) = (self.seconds + seconds, self.batches + 1);
    }
}

impl Costs {
    /// Records that a batch of the expected `cost` took `seconds`.
    pub fn learn(&mut self, cost: f64, seconds: f64) {
        self.classes.entry(cost.to_bits()).or_default().add(seconds);
        self.all.add(seconds);
        self.expected += cost;
    }

    /// Whether no batch has run.
    pub fn is_empty(&self) -> bool {
        self.all.batches == 0
    }

    /// Expected time of a batch, in seconds if any batch has run: the mean of batches of equal cost, or else proportional to its cost.
    pub fn expect(&self, cost: f64) -> f64 {
        match self.classes.get(&cost.to_bits()) {
            Some(spent) => spent.seconds / f64::from(spent.batches),
            None => self.by_ratio(cost),
        }
    }

    /// A cost in seconds, if any batch has run, in proportion to the costs of all of them.
    pub fn by_ratio(&self, cost: f64) -> f64 {
        if self.expected > 0.0 { cost * self.all.seconds / self.expected } else { cost }
    }

    /// The expected costs (their bits) of batches that have run.
    pub fn known(&self) -> impl Iterator<Item = u64> + '_ {
        self.classes.keys().copied()
    }

    /// Mean time of a batch, s.
    pub fn mean(&self) -> Option<f64> {
        (self.all.batches > 0).then(|| self.all.seconds / f64::from(self.all.batches))
    }
}
