//! What do tasks leave behind, and how are their derivatives summed?
use super::Setup;
use crate::science::exact::{self, Exact};
use crate::science::expansion::Task;
use crate::task::TaskId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The values of some tasks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Values {
    /// Eh.
    pub energies: Vec<(TaskId, f64)>,
    /// Derivatives of single tasks, until they are folded into the sums.
    pub rows: Vec<Row>,
    pub sums: Sums,
    /// Whether a task told a Hessian without a gradient, which then cannot be summed.
    pub lacks_gradients: bool,
    /// Options that programs told were in effect: level and name, and every value that was seen.
    pub effective: BTreeMap<(usize, String), BTreeSet<String>>,
    /// Tasks that needed other keywords to converge, and how many sets of them were tried.
    pub retried: Vec<(TaskId, u32)>,
}

/// A task's derivatives over the atoms of its basis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub task: TaskId,
    /// Eh/bohr.
    pub gradient: Vec<f64>,
    /// Eh/bohr^2; empty where it is not asked for.
    pub hessian: Vec<f64>,
}

/// Weighted sums of derivatives over the atoms of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// By frame, treatment and order: see [`Slot`].
    pub slots: BTreeMap<Slot, Derivatives>,
}

/// Frame, place of the treatment among those asked for, and order of the contribution.
pub type Slot = (usize, usize, usize);

/// Sums of gradients `[3 atoms]` and Hessians `[3 atoms * 3 atoms]`; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Derivatives {
    pub gradient: Vec<Exact>,
    pub hessian: Vec<Exact>,
}

impl Values {
    /// Joins the values of other tasks.
    ///
    /// # Errors
    /// A sum overflows.
    pub fn merge(&mut self, mut from: Values) -> Result<(), exact::Error> {
        append(&mut self.energies, &mut from.energies, |(task, _)| *task);
        append(&mut self.rows, &mut from.rows, |row| row.task);
        self.sums.merge(&from.sums)?;
        self.lacks_gradients |= from.lacks_gradients;
        from.effective.into_iter().for_each(|(key, mut seen)| self.effective.entry(key).or_default().append(&mut seen));
        append(&mut self.retried, &mut from.retried, |(task, _)| *task);
        Ok(())
    }

    /// Takes the rows of `from` into the sums, with the weights of the expansion, and joins the rest.
    ///
    /// # Errors
    /// A sum overflows, or a value is not finite.
    pub fn fold(&mut self, setup: &Setup, mut from: Values) -> Result<(), exact::Error> {
        for row in std::mem::take(&mut from.rows) {
            let (frame, task) = &setup.tasks[row.task as usize];
            self.sums.add(setup, *frame, task, &row)?;
        }
        self.merge(from)
    }
}

impl Sums {
    fn add(&mut self, setup: &Setup, frame: usize, task: &Task, row: &Row) -> Result<(), exact::Error> {
        let (system, expansion) = (&setup.frames[frame].system, &setup.frames[frame].expansion);
        let basis: Vec<usize> = expansion.basis_of(task).iter().map(|&fragment| fragment.into()).collect();
        // Where each coordinate of the task stands among those of the cluster.
        let places: Vec<usize> = system.atoms_of(&basis).into_iter().flat_map(|atom| 3 * atom..3 * atom + 3).collect();
        let size = 3 * system.elements.len();
        for weight in expansion.weights(task) {
            let sums = self.slots.entry((frame, weight.bsse, weight.order)).or_default();
            if !row.gradient.is_empty() {
                sums.gradient.resize(size, Exact::default());
                for (&place, &value) in places.iter().zip(&row.gradient) {
                    sums.gradient[place].add(weight.times, value)?;
                }
            }
            if !row.hessian.is_empty() {
                sums.hessian.resize(size * size, Exact::default());
                for (&first, values) in places.iter().zip(row.hessian.chunks(places.len())) {
                    for (&second, &value) in places.iter().zip(values) {
                        sums.hessian[first * size + second].add(weight.times, value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, from: &Sums) -> Result<(), exact::Error> {
        for (slot, derivatives) in &from.slots {
            let mine = self.slots.entry(*slot).or_default();
            add_all(&mut mine.gradient, &derivatives.gradient)?;
            add_all(&mut mine.hessian, &derivatives.hessian)?;
        }
        Ok(())
    }
}

/// Joins lists that are in the order of tasks; mostly one comes behind the other.
fn append<T>(into: &mut Vec<T>, from: &mut Vec<T>, task: impl Fn(&T) -> TaskId) {
    let is_behind = into.last().zip(from.first()).is_none_or(|(last, first)| task(last) < task(first));
    into.append(from);
    if !is_behind {
        into.sort_by_key(task);
    }
}

/// Adds `from` to `into`, which may be empty.
pub fn add_all(into: &mut Vec<Exact>, from: &[Exact]) -> Result<(), exact::Error> {
    into.resize(into.len().max(from.len()), Exact::default());
    into.iter_mut().zip(from).try_for_each(|(mine, other)| {
        *mine = mine.plus(*other)?;
        Ok(())
    })
}
