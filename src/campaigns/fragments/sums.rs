//! What is recorded of tasks, and how are their derivatives summed?
use super::{Setup, Unit};
use crate::engines::qc::Driver;
use crate::science::exact::{self, Exact};
use crate::task::TaskId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The results of some tasks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FragmentValues {
    /// Eh.
    pub energies: Vec<(TaskId, f64)>,
    /// Derivatives of single tasks, until they are folded into the sums.
    pub rows: Vec<TaskDerivatives>,
    pub sums: DerivativeSums,
    /// Whether a task has a Hessian without a gradient; gradients cannot be summed then.
    pub lacks_gradients: bool,
    /// Options in effect as programs report them: level and name, and every value seen.
    pub effective: BTreeMap<(usize, String), BTreeSet<String>>,
    /// Tasks that needed other keywords to converge, and the number of retries.
    pub retried: Vec<(TaskId, u32)>,
    /// Notes on the SCF solutions of single tasks.
    pub notes: Vec<(TaskId, String)>,
}

/// A task's derivatives over the atoms of its basis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskDerivatives {
    pub task: TaskId,
    /// Eh/bohr.
    pub gradient: Vec<f64>,
    /// Eh/bohr^2; empty where it is not asked for.
    pub hessian: Vec<f64>,
}

/// Weighted sums of derivatives over the atoms of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DerivativeSums {
    pub slots: BTreeMap<SumKey, Derivatives>,
}

/// Frame, index of the BSSE treatment, and order of the contribution.
pub type SumKey = (usize, usize, usize);

/// Sums of gradients `[3 atoms]` and Hessians `[3 atoms * 3 atoms]`; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Derivatives {
    pub gradient: Vec<Exact>,
    pub hessian: Vec<Exact>,
}

impl FragmentValues {
    /// Adds the results of other tasks. Fails where a sum overflows.
    pub fn merge(&mut self, mut from: FragmentValues) -> Result<(), exact::Error> {
        append(&mut self.energies, &mut from.energies, |(task, _)| *task);
        append(&mut self.rows, &mut from.rows, |row| row.task);
        self.sums.merge(&from.sums)?;
        self.lacks_gradients |= from.lacks_gradients;
        from.effective.into_iter().for_each(|(key, mut seen)| self.effective.entry(key).or_default().append(&mut seen));
        append(&mut self.retried, &mut from.retried, |(task, _)| *task);
        append(&mut self.notes, &mut from.notes, |(task, _)| *task);
        Ok(())
    }

    /// Adds the rows of `from` to the sums, with the weights of the expansion, and merges the rest. Fails where a sum overflows, or a value
    /// is not finite.
    pub fn fold(&mut self, setup: &Setup, mut from: FragmentValues) -> Result<(), exact::Error> {
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

impl DerivativeSums {
    /// Adds the derivatives of a unit with the weights of the expansion: `energy`, Eh, `gradient` `[coordinates]`, Eh/bohr, and `hessian`
    /// `[coordinates * coordinates]`, Eh/bohr^2.
    fn add(
        &mut self,
        setup: &Setup,
        unit: &Unit,
        (energy, gradient, hessian): (f64, &[f64], &[f64]),
    ) -> Result<(), exact::Error> {
        let Unit { frame, task, displacement } = unit;
        let coordinates = setup.coordinates(*frame, task);
        let differences = setup.differences(task);
        let of_energy = differences.to_gradient(displacement, energy, coordinates.len());
        let of_gradient = differences.to_hessian(displacement, energy, gradient, coordinates.len());
        // Where the Hessian comes from gradients, the one without displacement is also the gradient.
        let gradient = if displacement.is_none() || of_energy.is_some() { gradient } else { &[] };
        let (gradient, hessian) = (of_energy.as_deref().unwrap_or(gradient), of_gradient.as_deref().unwrap_or(hessian));
        let size = 3 * setup.frames[*frame].system.elements.len();
        for weight in setup.frames[*frame].expansion.weights(task) {
            let sums = self.slots.entry((*frame, weight.bsse, weight.order)).or_default();
            add_at(&mut sums.gradient, size, weight.times, &coordinates, gradient)?;
            sums.hessian.resize(if hessian.is_empty() { sums.hessian.len() } else { size * size }, Exact::default());
            for (&first, values) in coordinates.iter().zip(hessian.chunks(coordinates.len())) {
                let row = &mut sums.hessian[first * size..(first + 1) * size];
                coordinates
                    .iter()
                    .zip(values)
                    .try_for_each(|(&second, &value)| row[second].add(weight.times, value))?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, from: &DerivativeSums) -> Result<(), exact::Error> {
        for (slot, derivatives) in &from.slots {
            let mine = self.slots.entry(*slot).or_default();
            add_all(&mut mine.gradient, &derivatives.gradient)?;
            add_all(&mut mine.hessian, &derivatives.hessian)?;
        }
        Ok(())
    }
}

/// Merges lists ordered by task; usually all of one follows the other.
fn append<T>(into: &mut Vec<T>, from: &mut Vec<T>, task: impl Fn(&T) -> TaskId) {
    let follows = into.last().zip(from.first()).is_none_or(|(last, first)| task(last) < task(first));
    into.append(from);
    if !follows {
        into.sort_by_key(task);
    }
}

/// Adds `times` the `values` to the elements at `coordinates` of a sum of `size` elements; nothing without values.
fn add_at(
    into: &mut Vec<Exact>,
    size: usize,
    times: i64,
    coordinates: &[usize],
    values: &[f64],
) -> Result<(), exact::Error> {
    if !values.is_empty() {
        into.resize(size, Exact::default());
    }
    coordinates.iter().zip(values).try_for_each(|(&coordinate, &value)| into[coordinate].add(times, value))
}

/// Adds `from` to `into`, which may be empty.
pub fn add_all(into: &mut Vec<Exact>, from: &[Exact]) -> Result<(), exact::Error> {
    into.resize(into.len().max(from.len()), Exact::default());
    into.iter_mut().zip(from).try_for_each(|(mine, other)| {
        *mine = mine.plus(*other)?;
        Ok(())
    })
}
