//! What is summed over trajectories, exactly?
use crate::campaigns::stage::Error;
use crate::science::sum::Moments;
use crate::task::TaskId;
use serde::{Deserialize, Serialize};

/// Exact sums over trajectories.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sums {
    /// Trajectories summed over.
    pub used: u64,
    /// Observables without unit, `[T * layout.energies()]`.
    pub quantum: Moments,
    /// Classical, quantum and total energy, `[T * 3]`.
    pub energies: Moments,
    /// Accepted and frustrated hops.
    pub hops: Moments,
    /// Largest |E(t) - E(0)| of a trajectory.
    pub drift: Moments,
    pub largest_drift: f64,
    /// Transmitted, reflected, undecided x adiabatic states; empty where nothing is scattered.
    pub channels: Moments,
    /// Correlations of positions, `[T * C]`; empty where they are not asked for.
    pub positions: Moments,
    /// Single trajectories, in the order of tasks, where they are kept.
    pub rows: Vec<Row>,
}

/// All observables of one trajectory, `[T * layout.size()]`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    /// Index among all trajectories of the point.
    pub task: TaskId,
    pub observables: Vec<f64>,
}

/// What is summed separately.
#[derive(Clone, Copy)]
pub enum Quantity {
    Quantum,
    Energies,
    Positions,
    Hops,
    Drift,
    Channels,
}

impl Sums {
    /// The sums of a quantity.
    pub fn moments(&mut self, quantity: Quantity) -> &mut Moments {
        match quantity {
            Quantity::Quantum => &mut self.quantum,
            Quantity::Energies => &mut self.energies,
            Quantity::Positions => &mut self.positions,
            Quantity::Hops => &mut self.hops,
            Quantity::Drift => &mut self.drift,
            Quantity::Channels => &mut self.channels,
        }
    }

    /// Merges the sums over other trajectories; kept trajectories are sorted by task.
    ///
    /// # Errors
    /// A sum overflows.
    pub fn merge(&mut self, mut from: Sums) -> Result<(), Error> {
        self.used += from.used;
        self.quantum.merge(&from.quantum)?;
        self.energies.merge(&from.energies)?;
        self.hops.merge(&from.hops)?;
        self.drift.merge(&from.drift)?;
        self.largest_drift = self.largest_drift.max(from.largest_drift);
        self.channels.merge(&from.channels)?;
        self.positions.merge(&from.positions)?;
        self.rows.append(&mut from.rows);
        self.rows.sort_by_key(|row| row.task);
        Ok(())
    }
}
