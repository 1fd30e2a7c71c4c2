//! How do the values of tasks become those of the cluster?
use super::Bsse;
use super::cluster::{Cluster, subsets};
use super::tasks::{Expansion, Task, Weight};
use crate::science::exact::{Error, Exact};
use std::collections::HashMap;

/// A sum over tasks, and those of them that it lacks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    exact: Exact,
    /// The places of the tasks that would enter and have no value.
    pub missing: Vec<usize>,
}

impl Sum {
    /// The value; NaN where a task is missing.
    pub fn value(&self) -> f64 {
        if self.missing.is_empty() { self.exact.value() } else { f64::NAN }
    }

    fn add(&mut self, place: usize, times: i64, value: Option<f64>) -> Result<(), Error> {
        match value {
            Some(value) => self.exact.add(times, value)?,
            None if times != 0 => self.missing.push(place),
            None => {}
        }
        Ok(())
    }
}

/// What one treatment of superposition error gives for one order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Through {
    pub order: usize,
    /// Of this order alone.
    pub contribution: Sum,
    /// All orders up to this one.
    pub total: Sum,
    /// All orders up to this one but the first.
    pub interaction: Sum,
}

/// Energies by treatment, as in [`Expansion::bsse`], and by order.
///
/// `energies` are those of `tasks`, Eh; none where a task has failed.
///
/// # Errors
/// An energy is not finite, or a sum overflows.
pub fn energies(expansion: &Expansion, tasks: &[Task], energies: &[Option<f64>]) -> Result<Vec<Vec<Through>>, Error> {
    let orders = expansion.orders();
    let empty: Vec<Through> = orders.iter().map(|&order| Through { order, ..Through::default() }).collect();
    let mut results = vec![empty; expansion.bsse.len()];
    for (place, (task, &energy)) in tasks.iter().zip(energies).enumerate() {
        let weights = expansion.weights(task);
        for (bsse, result) in results.iter_mut().enumerate() {
            let times = |order: usize| of(&weights, bsse, order);
            let (mut total, mut interaction) = (0, 0);
            for through in result {
                let own = times(through.order);
                total += own;
                interaction += if through.order > 1 { own } else { 0 };
                through.contribution.add(place, own, energy)?;
                through.total.add(place, total, energy)?;
                through.interaction.add(place, interaction, energy)?;
            }
        }
    }
    Ok(results)
}

/// The weight in one treatment's contribution of one order.
fn of(weights: &[Weight], bsse: usize, order: usize) -> i64 {
    weights.iter().find(|weight| (weight.bsse, weight.order) == (bsse, order)).map_or(0, |weight| weight.times)
}

/// By how much errors of single tasks, all of the same size and adding up, are magnified in the returned energy: the sum of
/// the magnitudes of all weights.
pub fn amplification(expansion: &Expansion, tasks: &[Task]) -> f64 {
    let first = if expansion.total { 1 } else { 2 };
    let returned = |task: &Task| -> i64 {
        let weights = expansion.weights(task).into_iter().filter(|weight| weight.bsse == 0 && weight.order >= first);
        weights.map(|weight| weight.times).sum()
    };
    tasks.iter().map(|task| returned(task).abs() as f64).sum()
}

/// A cluster's own term: what it adds to the terms of its sub-clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    pub fragments: Cluster,
    /// Eh.
    pub energy: Sum,
}

/// The own terms of all clusters of `order` fragments in the treatment `bsse`, of energies as above.
///
/// # Errors
/// As [`energies`].
pub fn terms(
    expansion: &Expansion,
    places: &Places,
    energies: &[Option<f64>],
    bsse: Bsse,
    order: usize,
) -> Result<Vec<Term>, Error> {
    let level = expansion.level(order);
    let term = |cluster: &Cluster| {
        let mut energy = Sum::default();
        for inner in subsets(cluster) {
            let times = if (order - inner.len()).is_multiple_of(2) { 1 } else { -1 };
            let Some(place) = places.of(&expansion.term(bsse, level, inner, cluster)) else { continue };
            energy.add(place, times, energies[place])?;
        }
        Ok(Term { fragments: cluster.clone(), energy })
    };
    expansion.kept.of_size(order).iter().map(term).collect()
}

/// Where each task stands.
pub struct Places(HashMap<Task, usize>);

impl Places {
    /// The places of `tasks`.
    pub fn new(tasks: &[Task]) -> Self {
        Self(tasks.iter().enumerate().map(|(place, task)| (Task { generation: 0, ..task.clone() }, place)).collect())
    }

    /// The place of a task, whatever its generation.
    pub fn of(&self, task: &Task) -> Option<usize> {
        self.0.get(&Task { generation: 0, ..task.clone() }).copied()
    }
}
