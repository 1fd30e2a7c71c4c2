//! How are trajectories run in batches, and what is summed over them?
use super::{Setup, Units};
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::science::dynamics::{Correlations, LANES, Trajectories};
use crate::science::sum::{self, Moments, exponent_for};
use crate::task::{Cause, Failure, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Hops are counted in these parts: where every surface of an initial condition is followed, they have weights.
const HOP_EXPONENT: i32 = 32;

/// Some trajectories of a point.
pub struct TrajectoryStage {
    pub name: String,
    pub setup: Arc<Setup>,
    /// Of all trajectories of the point.
    pub tasks: Tasks,
}

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

/// All observables of one trajectory, `[T * layout.len()]`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    /// Its number among all trajectories of the point.
    pub task: TaskId,
    pub observables: Vec<f64>,
}

impl TrajectoryStage {
    /// Adds the trajectory in lane `l`, or nothing of it.
    fn add(&self, sums: &mut Sums, found: &Trajectories, task: TaskId, l: usize) -> Result<(), Cause> {
        if let Some(what) = &found.not_finite[l] {
            let Units { time, time_factor, .. } = self.setup.units;
            let text = format!("{} is {} at t = {} {time}", what.quantity, what.value, what.time * time_factor);
            return Err(Cause::NotFinite(text));
        }
        let layout = self.setup.layout();
        let refused = |error: sum::Error| Cause::NotFinite(error.to_string());
        let place = |k: usize| Place::of(k % layout.len(), layout.energies());
        let values = || found.samples.iter().map(|lanes| lanes[l]).enumerate();
        for (k, value) in values() {
            sums.moments(place(k)).accepts(value).map_err(refused)?;
        }
        sums.drift.accepts(found.drift[l]).map_err(refused)?;
        found.channels.iter().try_for_each(|value| sums.channels.accepts(value[l])).map_err(refused)?;
        // From here on nothing is refused but a sum of so many trajectories that it overflows.
        let mut next = [0; 3];
        for (k, value) in values() {
            let place = place(k);
            let next = &mut next[place as usize];
            sums.moments(place).add(*next, value).map_err(refused)?;
            *next += 1;
        }
        sums.hops.add(0, found.accepted_hops[l]).map_err(refused)?;
        sums.hops.add(1, found.frustrated_hops[l]).map_err(refused)?;
        sums.drift.add(0, found.drift[l]).map_err(refused)?;
        sums.largest_drift = sums.largest_drift.max(found.drift[l]);
        for (k, value) in found.channels.iter().enumerate() {
            sums.channels.add(k, value[l]).map_err(refused)?;
        }
        sums.used += 1;
        if self.setup.keep_all {
            sums.rows.push(Row { task, observables: found.samples.iter().map(|lanes| lanes[l]).collect() });
        }
        Ok(())
    }
}

/// The sums that an observable belongs to.
#[derive(Clone, Copy)]
enum Place {
    Quantum,
    Energies,
    Positions,
}

impl Place {
    /// Of observable `k`, where energies start at `energies`.
    fn of(k: usize, energies: usize) -> Self {
        match k {
            k if k < energies => Self::Quantum,
            k if k < energies + 3 => Self::Energies,
            _ => Self::Positions,
        }
    }
}

impl Sums {
    fn moments(&mut self, place: Place) -> &mut Moments {
        match place {
            Place::Quantum => &mut self.quantum,
            Place::Energies => &mut self.energies,
            Place::Positions => &mut self.positions,
        }
    }

    /// Joins the sums over other trajectories; single ones are put in order.
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

impl Stage for TrajectoryStage {
    type Value = Sums;

    fn name(&self) -> &str {
        &self.name
    }

    fn tasks(&self) -> u64 {
        self.tasks.count()
    }

    fn grain(&self) -> u64 {
        LANES as u64
    }

    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Sums> {
        let mut ran = Ran { value: self.empty(), failed: Vec::new() };
        let Setup { model, state, file, .. } = &*self.setup;
        for block in tasks.pieces(LANES as u64) {
            let block_of_all = block.shifted(self.tasks.first);
            let start = match file.as_ref().map(|file| file.read(block_of_all, model.bath())).transpose() {
                Ok(start) => start.unwrap_or_default(),
                Err(error) => {
                    ran.failed.extend(block.iter().map(|task| (task, Cause::Failed(error.to_string()))));
                    continue;
                }
            };
            let mut may_go_on = || !context.is_halted() && context.expired().is_none();
            let found = self.setup.system().run(block_of_all, (context.seed, state, &start), &mut may_go_on);
            for (l, task) in block.iter().enumerate() {
                let done = match context.expired().filter(|_| found.is_cut_short) {
                    Some(cause) => Err(cause),
                    None => self.add(&mut ran.value, &found, task + self.tasks.first, l),
                };
                ran.failed.extend(done.err().map(|cause| (task, cause)));
            }
        }
        ran
    }

    fn empty(&self) -> Sums {
        let (samples, layout) = (self.setup.clock.samples + 1, self.setup.layout());
        let energy = exponent_for(self.setup.energy_scale);
        let channels = if self.setup.model.scattering_range().is_some() { 3 * layout.states } else { 0 };
        let Correlations { coordinates, .. } = layout.correlations;
        let positions = if coordinates { samples * layout.coordinates } else { 0 };
        Sums {
            used: 0,
            quantum: Moments::new(samples * layout.energies(), exponent_for(2.0)),
            energies: Moments::new(samples * 3, energy),
            hops: Moments::new(2, HOP_EXPONENT),
            drift: Moments::new(1, energy),
            largest_drift: 0.0,
            channels: Moments::new(channels, exponent_for(2.0)),
            positions: Moments::new(positions, exponent_for(self.setup.position_scale)),
            rows: Vec::new(),
        }
    }

    fn merge(&self, into: &mut Sums, from: Sums) -> Result<(), Error> {
        into.merge(from)
    }

    /// Single trajectories are written later, one batch at a time.
    fn fold(&self, total: &mut Sums, from: Sums) -> Result<(), Error> {
        total.merge(Sums { rows: Vec::new(), ..from })
    }

    fn finish(&self, total: &Sums, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
