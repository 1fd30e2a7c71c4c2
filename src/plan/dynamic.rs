//! Which batch should an idle rank run next?
use super::batches::Batches;
use super::costs::{Costs, Weight};
use super::partition::Plan;
use super::policy::Policy;
use crate::task::Tasks;
use std::collections::{BTreeMap, HashMap};

/// A rank holds three batches if they are shorter than this, s, so that it need not wait for a message, which takes milliseconds on a busy
/// node...
const SHORT_S: f64 = 0.1;
/// ...and of very short ones as many more as take this long, s, at most this number.
const AHEAD_S: f64 = 0.01;
const MAX_DEPTH: usize = 1024;

/// An idle rank runs the costliest of the most urgent batches that are left; equal ones in the order of tasks. A batch so long that the
/// other ranks could run all the rest meanwhile starts at once. Costs are updated from the batches that have run.
pub struct Dynamic {
    /// Batches that are left and of whose cost none has run, by urgency and expected cost (its bits, which sort like the cost since it is not
    /// negative). There may be a million costs: of each urgency only the largest is looked at.
    left: BTreeMap<u32, BTreeMap<u64, Batches>>,
    /// Sum of their expected costs.
    cost_left: f64,
    /// Batches that are left and whose time is known from others of equal cost.
    timed: BTreeMap<Key, Batches>,
    /// Expected costs of the batches that run.
    running: HashMap<Tasks, f64>,
    ranks: usize,
    costs: Costs,
}

/// Urgency and bits of the expected cost.
type Key = (u32, u64);

impl Dynamic {
    /// A schedule of the batches of `plan` by their `weight`, with the `costs` of batches that have run.
    pub fn new(plan: &Plan, weight: impl Fn(Tasks) -> Weight, costs: Costs) -> Self {
        let (mut left, mut cost_left) = (BTreeMap::<_, BTreeMap<_, Batches>>::new(), 0.0);
        for batch in plan.batches.iter() {
            let Weight { cost, urgency } = weight(batch);
            let cost = cost.max(0.0);
            cost_left += cost;
            left.entry(urgency).or_default().entry(cost.to_bits()).or_default().push_back(batch);
        }
        let (timed, running, ranks) = (BTreeMap::new(), HashMap::new(), plan.partition.ranks as usize);
        let mut policy = Self { left, cost_left, timed, running, ranks, costs };
        let known: Vec<u64> = policy.costs.known().collect();
        known.into_iter().for_each(|cost| policy.move_to_timed(cost));
        policy
    }

    /// The time of batches of this cost (its bits) is known from now on.
    fn move_to_timed(&mut self, cost: u64) {
        for (&urgency, by_cost) in &mut self.left {
            if let Some(batches) = by_cost.remove(&cost) {
                self.cost_left -= f64::from_bits(cost) * batches.len() as f64;
                self.timed.insert((urgency, cost), batches);
            }
        }
    }

    /// Urgency and cost of the next batch.
    fn choose(&self) -> Option<Key> {
        let of = |key: Key| (self.costs.expect(f64::from_bits(key.1)), key);
        let largest = self.left.iter().filter_map(|(&urgency, by_cost)| Some((urgency, *by_cost.last_key_value()?.0)));
        let candidates: Vec<(f64, Key)> = self.timed.keys().copied().chain(largest).map(of).collect();
        let first = candidates.iter().map(|(_, key)| key.0).min()?;
        let by_time = |a: &&(f64, Key), b: &&(f64, Key)| a.0.total_cmp(&b.0);
        let &(length, longest) = candidates.iter().max_by(|a, b| by_time(a, b).then(b.1.cmp(&a.1)))?;
        let urgent =
            candidates.iter().filter(|(_, key)| key.0 == first).max_by(|a, b| by_time(a, b).then(a.1.cmp(&b.1)))?;
        let timed: f64 = self.timed.iter().map(|(&key, batches)| of(key).0 * batches.len() as f64).sum();
        let others = (self.ranks - 1) as f64;
        let rest = timed + self.costs.by_ratio(self.cost_left) - length;
        Some(if self.ranks > 1 && length * others >= rest { longest } else { urgent.1 })
    }
}

impl Policy for Dynamic {
    fn next(&mut self, _rank: usize) -> Option<Tasks> {
        let key = self.choose()?;
        let (urgency, cost) = (key.0, f64::from_bits(key.1));
        let batch = match pop(&mut self.timed, key) {
            Some(batch) => batch,
            None => {
                self.cost_left -= cost;
                pop(self.left.get_mut(&urgency)?, key.1)?
            }
        };
        self.running.insert(batch, cost);
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
            self.move_to_timed(cost.to_bits());
        }
    }
}

/// Takes the first batch of `key`, and the key with the last one.
fn pop<K: Ord>(batches: &mut BTreeMap<K, Batches>, key: K) -> Option<Tasks> {
    let of_key = batches.get_mut(&key)?;
    let batch = of_key.pop_front()?;
    if of_key.is_empty() {
        batches.remove(&key);
    }
    Some(batch)
}
