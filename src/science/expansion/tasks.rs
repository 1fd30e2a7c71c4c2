//! Which tasks does an expansion have, and with which weights do they contribute to the results?
use super::bsse::Bsse;
use super::cluster::{Cluster, binomial, subsets};
use super::cluster_set::ClusterSet;
use std::collections::BTreeSet;

/// A many-body expansion of one arrangement of the atoms.
#[derive(Clone, Debug)]
pub struct Expansion {
    pub clusters: ClusterSet,
    /// Distinct treatments; the result of the first one is the returned energy.
    pub bsse: Vec<Bsse>,
    /// The level of theory of each order from 1 on, ascending; its length is the largest order.
    pub level_of: Vec<usize>,
    /// The level of theory of an additional task with all fragments.
    pub supersystem: Option<usize>,
    /// Whether total energies are requested, for which counterpoise needs single fragments in their own basis.
    pub total: bool,
    /// Whether only single fragments and the cluster of all fragments are computed.
    pub is_interaction_only: bool,
}

/// The fragments whose basis functions a task has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    Own,
    Of(Cluster),
    Whole,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task {
    /// The smallest `max_order` that needs the task, so that raising it appends tasks to the existing ones.
    pub generation: u16,
    pub level: u16,
    /// Sorted before the real fragments, so that tasks of the same basis are consecutive.
    pub basis: Basis,
    pub real: Cluster,
}

/// The weight `times` of a task's energy in the contribution of an order, with the treatment of an index in [`Expansion::bsse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    pub bsse: usize,
    pub order: usize,
    pub times: i64,
}

impl Expansion {
    /// The largest order of the expansion, without the supersystem task.
    pub fn max_order(&self) -> usize {
        self.level_of.len()
    }

    pub fn fragments(&self) -> usize {
        self.clusters.fragments()
    }

    /// The orders that have a contribution, ascending.
    pub fn order_values(&self) -> Vec<usize> {
        let supersystem = self.supersystem.map(|_| self.fragments());
        match self.is_interaction_only {
            true => vec![1, self.fragments()],
            false => (1..=self.max_order()).chain(supersystem).collect(),
        }
    }

    /// The level of theory of an order's contribution.
    pub fn level(&self, order: usize) -> usize {
        self.level_of.get(order - 1).copied().or(self.supersystem).unwrap_or(0)
    }

    /// All distinct tasks, sorted by generation first.
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        let mut levels = self.level_of.clone();
        levels.dedup();
        for level in levels {
            let of_level = (1..=self.max_order()).filter(|&order| self.level_of[order - 1] == level);
            let (first, last) = (of_level.clone().min().unwrap_or(1), of_level.max().unwrap_or(1));
            for &bsse in &self.bsse {
                self.add(&mut tasks, level, bsse, (first, last));
            }
        }
        if let Some(level) = self.supersystem {
            self.add(&mut tasks, level, Bsse::Nocp, (1, self.max_order()));
            tasks.push(self.task(1, level, self.all_fragments(), Basis::Own));
        }
        tasks.sort_unstable();
        // Of tasks that differ only in their generation the first is kept.
        let mut seen = std::collections::HashSet::with_capacity(tasks.len());
        tasks.retain(|task| seen.insert((task.level, task.real.clone(), task.basis.clone())));
        tasks
    }

    /// The number of tasks without cutoffs, counted without enumerating them; none if it overflows.
    pub fn uncut_count(&self) -> Option<i64> {
        // With one fragment more than the largest cluster, every kind of task occurs and no task is of two kinds.
        let few = self.fragments().min(self.max_order() + 1);
        let small = Self { clusters: ClusterSet::all(few, self.max_order()).ok()?, ..self.clone() };
        let kind = |task: &Task| (task.level, task.real.len(), small.basis_of(task).len());
        let kinds: BTreeSet<(u16, usize, usize)> = small.tasks().iter().map(kind).collect();
        let size = |size: usize| if size == few { self.fragments() } else { size };
        let count = |&(_, real, basis): &(u16, usize, usize)| {
            binomial(self.fragments(), size(basis))?.checked_mul(binomial(size(basis), size(real))?)
        };
        kinds.iter().map(count).sum()
    }

    /// Adds the tasks that the orders `first` to `last` need at `level`, including clusters of lower orders.
    fn add(&self, tasks: &mut Vec<Task>, level: usize, bsse: Bsse, (first, last): (usize, usize)) {
        let sizes = || (1..=last).flat_map(|size| self.clusters_of_size(size));
        // A small cluster that no larger cluster of the set contains does not contribute to the terms of this level.
        let is_used = |cluster: &&Cluster| cluster.len() >= first || self.contained_in(cluster, first) > 0;
        let generation = |order: usize| order.max(first);
        match bsse {
            Bsse::Nocp => {
                let used = sizes().filter(is_used);
                tasks.extend(used.map(|c| self.task(generation(c.len()), level, c.clone(), Basis::Own)));
            }
            Bsse::Cp => {
                if self.total && first == 1 {
                    tasks.extend(self.clusters_of_size(1).map(|c| self.task(1, level, c.clone(), Basis::Own)));
                }
                if last > 1 {
                    let used = sizes().filter(|c| c.len() > 1 || self.contained_in(c, first.max(2)) > 0);
                    tasks.extend(used.filter(is_used).map(|c| {
                        let generation = generation(c.len().max(2));
                        self.task(generation, level, c.clone(), Basis::Whole)
                    }));
                }
            }
            Bsse::Vmfc => {
                for basis in (first..=last).flat_map(|size| self.clusters_of_size(size)) {
                    tasks.extend(
                        subsets(basis)
                            .map(|real| self.task(generation(basis.len()), level, real, Basis::Of(basis.clone()))),
                    );
                }
            }
        }
    }

    fn clusters_of_size(&self, size: usize) -> impl Iterator<Item = &Cluster> {
        let is_included = !self.is_interaction_only || size == 1 || size == self.fragments();
        self.clusters.of_size(size).iter().filter(move |_| is_included)
    }

    fn contained_in(&self, cluster: &[u16], size: usize) -> i64 {
        match self.is_interaction_only {
            true => 1,
            false => self.clusters.containing(cluster, size),
        }
    }

    fn all_fragments(&self) -> Cluster {
        (0..self.fragments() as u16).collect()
    }

    /// A task with its basis in canonical form.
    fn task(&self, generation: usize, level: usize, real: Cluster, basis: Basis) -> Task {
        let basis = match basis {
            Basis::Whole if real.len() == self.fragments() => Basis::Own,
            Basis::Of(basis) if basis == real => Basis::Own,
            Basis::Of(basis) if basis.len() == self.fragments() => Basis::Whole,
            other => other,
        };
        Task { generation: generation as u16, level: level as u16, real, basis }
    }

    /// The fragments whose basis functions `task` has.
    pub fn basis_of(&self, task: &Task) -> Cluster {
        match &task.basis {
            Basis::Own => task.real.clone(),
            Basis::Of(basis) => basis.clone(),
            Basis::Whole => self.all_fragments(),
        }
    }

    /// The task of a term in the expansion of `cluster`: fragments `real` in their own basis, that of all fragments or that of `cluster`, depending
    /// on the treatment.
    pub fn term(&self, bsse: Bsse, level: usize, real: Cluster, cluster: &Cluster) -> Task {
        let basis = match bsse {
            Bsse::Nocp => Basis::Own,
            Bsse::Cp => Basis::Whole,
            Bsse::Vmfc => Basis::Of(cluster.clone()),
        };
        self.task(0, level, real, basis)
    }

    /// The weights of a task's energy. The contribution of order k is Delta V_k = sum over clusters C of k fragments of
    /// sum over A in C of (-1)^(k - |A|) E(A), with E in the basis that the treatment prescribes (for cp the first order is in the own basis);
    /// that of the supersystem is its energy less the expansion at the same level.
    pub fn weights(&self, task: &Task) -> Vec<Weight> {
        let (level, size) = (task.level as usize, task.real.len());
        let is_whole = size == self.fragments();
        let mut weights = Vec::new();
        for (bsse, &treatment) in self.bsse.iter().enumerate() {
            let of_level = self
                .order_values()
                .into_iter()
                .filter(|&order| order <= self.max_order() && self.level_of[order - 1] == level);
            for order in of_level {
                let times = self.times(treatment, task, order);
                weights.push(Weight { bsse, order, times });
            }
            if self.supersystem == Some(level) && task.basis == Basis::Own {
                let expansion: i64 = (1..=self.max_order()).map(|order| self.times(Bsse::Nocp, task, order)).sum();
                weights.push(Weight { bsse, order: self.fragments(), times: i64::from(is_whole) - expansion });
            }
        }
        weights.retain(|weight| weight.times != 0);
        weights
    }

    /// The weight of a task's energy in the contribution of `order`.
    fn times(&self, bsse: Bsse, task: &Task, order: usize) -> i64 {
        let size = task.real.len();
        let is_in_whole_basis = task.basis == Basis::Whole || size == self.fragments();
        let sign = if (order + size).is_multiple_of(2) { 1 } else { -1 };
        let in_all = || match self.is_interaction_only && order > 1 {
            // Only the interaction of all fragments at once.
            true if size == self.fragments() => 1,
            true => -1,
            false => sign * self.clusters.containing(&task.real, order),
        };
        match bsse {
            _ if size > order => 0,
            Bsse::Nocp if task.basis == Basis::Own => in_all(),
            Bsse::Cp if order == 1 && task.basis == Basis::Own => i64::from(self.total),
            Bsse::Cp if order > 1 && is_in_whole_basis => in_all(),
            Bsse::Vmfc => {
                let basis = self.basis_of(task);
                let is_included = basis.len() == order && self.clusters.containing(&basis, order) > 0;
                if is_included { sign } else { 0 }
            }
            _ => 0,
        }
    }
}
