//! What do tasks leave behind, and how are their derivatives summed?
use super::{Setup, Unit};
use crate::engines::Driver;
use crate::science::exact::{self, Exact};
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
    /// What is to be known of single tasks' solutions.
    pub notes: Vec<(TaskId, String)>,
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
        append(&mut self.notes, &mut from.notes, |(task, _)| *task);
        Ok(())
    }

    /// Takes the rows of `from` into the sums, with the weights of the expansion, and joins the rest.
    ///
    /// # Errors
    /// A sum overflows, or a value is not finite.
    pub fn fold(&mut self, setup: &Setup, mut from: Values) -> Result<(), exact::Error> {
        if setup.driver != Driver::Energy {
            let rows = std::mem::take(&mut from.rows);
            let mut rows = rows.iter().peekable();
            for &(id, energy) in &from.energies {
                let row = rows.next_if(|row| row.task == id);
                let (gradient, hessian) =
                    (row.map_or(&[][..], |row| &row.gradient), row.map_or(&[][..], |row| &row.hessian));
                self.sums.add(setup, &setup.units[id as usize], (energy, gradient, hessian))?;
            }
        }
        self.merge(from)
    }
}

impl Sums {
    /// Adds what a unit tells of derivatives, with the weights of the expansion.
    fn add(
        &mut self,
        setup: &Setup,
        unit: &Unit,
        (energy, gradient, hessian): (f64, &[f64], &[f64]),
    ) -> Result<(), exact::Error> {
        let Unit { frame, task, displacement } = unit;
        let places = setup.coordinates(*frame, task);
        let differences = setup.differences(task);
        let of_energy = differences.to_gradient(displacement, energy, places.len());
        let of_gradient = differences.to_hessian(displacement, energy, gradient, places.len());
        // Where the Hessian comes from gradients, that at the positions themselves is the gradient too.
        let gradient = if displacement.is_none() || of_energy.is_some() { gradient } else { &[] };
        let (gradient, hessian) = (of_energy.as_deref().unwrap_or(gradient), of_gradient.as_deref().unwrap_or(hessian));
        let size = 3 * setup.frames[*frame].system.elements.len();
        for weight in setup.frames[*frame].expansion.weights(task) {
            let sums = self.slots.entry((*frame, weight.bsse, weight.order)).or_default();
            add_at(&mut sums.gradient, size, weight.times, &places, gradient)?;
            sums.hessian.resize(if hessian.is_empty() { sums.hessian.len() } else { size * size }, Exact::default());
            for (&first, values) in places.iter().zip(hessian.chunks(places.len())) {
                let row = &mut sums.hessian[first * size..(first + 1) * size];
                places.iter().zip(values).try_for_each(|(&second, &value)| row[second].add(weight.times, value))?;
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

/// Adds `times` the `values` to the elements at `places` of a sum of `size` elements; nothing where there are no values.
fn add_at(
    into: &mut Vec<Exact>,
    size: usize,
    times: i64,
    places: &[usize],
    values: &[f64],
) -> Result<(), exact::Error> {
    if !values.is_empty() {
        into.resize(size, Exact::default());
    }
    places.iter().zip(values).try_for_each(|(&place, &value)| into[place].add(times, value))
}

/// Adds `from` to `into`, which may be empty.
pub fn add_all(into: &mut Vec<Exact>, from: &[Exact]) -> Result<(), exact::Error> {
    into.resize(into.len().max(from.len()), Exact::default());
    into.iter_mut().zip(from).try_for_each(|(mine, other)| {
        *mine = mine.plus(*other)?;
        Ok(())
    })
}
