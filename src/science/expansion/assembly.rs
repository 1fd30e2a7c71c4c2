//! How are the energies of tasks summed to those of the cluster?
use super::bsse::Bsse;
use super::cluster::{Cluster, subsets};
use super::tasks::{Expansion, Task, Weight};
use crate::science::exact::{Error, Exact};
use std::collections::HashMap;

/// A weighted sum over tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    exact: Exact,
    /// Indices of the tasks that contribute but have no value.
    pub missing: Vec<usize>,
}

impl Sum {
    /// The value; none if a task is missing.
    pub fn value(&self) -> Option<f64> {
        self.missing.is_empty().then(|| self.exact.value())
    }

    fn add(&mut self, index: usize, times: i64, value: Option<f64>) -> Result<(), Error> {
        match value {
            Some(value) => self.exact.add(times, value)?,
            None if times != 0 => self.missing.push(index),
            None => {}
        }
        Ok(())
    }
}

/// The sums for one order with one treatment of superposition error, Eh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderSums {
    pub order: usize,
    pub contribution: Sum,
    /// Sum of all orders up to this one.
    pub total: Sum,
    /// Sum of the orders from 2 up to this one.
    pub interaction: Sum,
}

/// Sums by treatment, in the order of [`Expansion::bsse`], and by order.
///
/// `energies` are those of `tasks`, Eh; none if a task has failed.
///
/// # Errors
/// An energy is not finite, or a sum overflows.
pub fn energies(expansion: &Expansion, tasks: &[Task], energies: &[Option<f64>]) -> Result<Vec<Vec<OrderSums>>, Error> {
    let empty: Vec<OrderSums> =
        expansion.order_values().into_iter().map(|order| OrderSums { order, ..OrderSums::default() }).collect();
    let mut results = vec![empty; expansion.bsse.len()];
    for (index, (task, &energy)) in tasks.iter().zip(energies).enumerate() {
        let weights = expansion.weights(task);
        for (bsse, result) in results.iter_mut().enumerate() {
            let times = |order: usize| weight_of(&weights, bsse, order);
            let (mut total, mut interaction) = (0, 0);
            for through in result {
                let own = times(through.order);
                total += own;
                interaction += if through.order > 1 { own } else { 0 };
                through.contribution.add(index, own, energy)?;
                through.total.add(index, total, energy)?;
                through.interaction.add(index, interaction, energy)?;
            }
        }
    }
    Ok(results)
}

/// The weight in the contribution of one order with one treatment.
fn weight_of(weights: &[Weight], bsse: usize, order: usize) -> i64 {
    weights.iter().find(|weight| (weight.bsse, weight.order) == (bsse, order)).map_or(0, |weight| weight.times)
}

/// The sum of the magnitudes of all weights in the returned energy: the factor by which equal errors of all tasks are amplified if they add up.
pub fn amplification(expansion: &Expansion, tasks: &[Task]) -> f64 {
    let first = if expansion.total { 1 } else { 2 };
    let returned = |task: &Task| -> i64 {
        let weights = expansion.weights(task).into_iter().filter(|weight| weight.bsse == 0 && weight.order >= first);
        weights.map(|weight| weight.times).sum()
    };
    tasks.iter().map(|task| returned(task).abs() as f64).sum()
}

/// The own term of a cluster: its energy less the own terms of its sub-clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    pub fragments: Cluster,
    /// Eh.
    pub energy: Sum,
}

/// The own terms of all clusters of `order` fragments with the treatment `bsse`; `energies` as in [`energies`].
pub fn cluster_terms(
    expansion: &Expansion,
    index: &TaskIndex,
    energies: &[Option<f64>],
    bsse: Bsse,
    order: usize,
) -> Result<Vec<Term>, Error> {
    let level = expansion.level(order);
    let term = |cluster: &Cluster| {
        let mut energy = Sum::default();
        for inner in subsets(cluster) {
            let times = if (order - inner.len()).is_multiple_of(2) { 1 } else { -1 };
            let Some(task) = index.index_of(&expansion.term(bsse, level, inner, cluster)) else { continue };
            energy.add(task, times, energies[task])?;
        }
        Ok(Term { fragments: cluster.clone(), energy })
    };
    expansion.clusters.of_size(order).iter().map(term).collect()
}

pub struct TaskIndex(HashMap<Task, usize>);

impl TaskIndex {
    pub fn new(tasks: &[Task]) -> Self {
        Self(tasks.iter().enumerate().map(|(index, task)| (Task { generation: 0, ..task.clone() }, index)).collect())
    }

    /// The index of a task, whatever its generation.
    pub fn index_of(&self, task: &Task) -> Option<usize> {
        self.0.get(&Task { generation: 0, ..task.clone() }).copied()
    }
}
