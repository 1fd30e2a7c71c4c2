//! How are trajectories run in batches, and what is summed over them?
use super::timing::step_that_keeps_the_norm;
use super::{Setup, Units};
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::science::dynamics::{BlockResult, Breakdown, Correlations, LANES, Lanes};
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
    /// Adds the trajectories of a block, each or nothing of it, and tells why those that are not added are not. `first` is the number
    /// of the first one among all of the point.
    fn add(&self, sums: &mut Sums, found: &BlockResult, filled: usize, first: TaskId) -> Vec<(usize, Cause)> {
        let mut refused: [Option<Cause>; LANES] = std::array::from_fn(|l| self.breakdown(found, l));
        self.find_too_large(sums, found, &mut refused);
        let is_meant: [bool; LANES] = std::array::from_fn(|l| l < filled && refused[l].is_none());
        if let Err(error) = self.add_lanes(sums, found, &is_meant) {
            // Sums of so many trajectories that they overflow: nobody has run them yet.
            (0..filled).for_each(|l| refused[l] = Some(Cause::Failed(error.to_string())));
        } else {
            sums.used += is_meant.iter().filter(|is_meant| **is_meant).count() as u64;
            for l in (0..LANES).filter(|&l| is_meant[l]) {
                sums.largest_drift = sums.largest_drift.max(found.drift[l]);
                if self.setup.keep_all {
                    let observables = found.samples.iter().map(|lanes| lanes[l]).collect();
                    sums.rows.push(Row { task: first + l as u64, observables });
                }
            }
        }
        let refused = refused.into_iter().enumerate().take(filled);
        refused.filter_map(|(l, cause)| Some((l, cause?))).collect()
    }

    fn breakdown(&self, found: &BlockResult, l: usize) -> Option<Cause> {
        let Units { time: unit, time_factor, .. } = self.setup.units;
        Some(match *found.breakdown[l].as_ref()? {
            Breakdown::NotFinite { quantity, value, time } => {
                Cause::NotFinite(format!("{quantity} is {value} at t = {} {unit}", time * time_factor))
            }
            Breakdown::NormLost { norm, time } => {
                let step = time_factor * step_that_keeps_the_norm(self.setup.model.as_ref(), &self.setup.clock);
                Cause::Unstable(format!(
                    "the populations add up to {norm:.4} of what they were at t = 0, at t = {} {unit}: use time_step = {step:.1e} or less, or integrator = \"strang\", which keeps the norm at any step",
                    time * time_factor
                ))
            }
        })
    }

    /// Everything that is summed: the sums it belongs to, its place there, and its values.
    fn summed<'a>(&self, found: &'a BlockResult) -> impl Iterator<Item = (Place, usize, &'a Lanes)> + use<'a> {
        let layout = self.setup.layout();
        let (len, energies, positions) =
            (layout.len(), layout.energies(), layout.len() - layout.position_correlations());
        let observables = found.samples.iter().enumerate().map(move |(k, values)| {
            let (sample, k) = (k / len, k % len);
            match k {
                k if k < energies => (Place::Quantum, sample * energies + k, values),
                k if k < energies + 3 => (Place::Energies, sample * 3 + k - energies, values),
                k => (Place::Positions, sample * positions + k - energies - 3, values),
            }
        });
        let hops = [(Place::Hops, 0, &found.accepted_hops), (Place::Hops, 1, &found.frustrated_hops)];
        let channels = found.channels.iter().enumerate().map(|(k, values)| (Place::Channels, k, values));
        observables.chain(hops).chain([(Place::Drift, 0, &found.drift)]).chain(channels)
    }

    fn find_too_large(&self, sums: &mut Sums, found: &BlockResult, refused: &mut [Option<Cause>; LANES]) {
        for (place, _, values) in self.summed(found) {
            let moments = sums.moments(place);
            if values.iter().all(|value| moments.accepts(*value).is_ok()) {
                continue;
            }
            for (value, refused) in values.iter().zip(refused.iter_mut()) {
                if let Err(error) = moments.accepts(*value) {
                    refused.get_or_insert_with(|| Cause::NotFinite(error.to_string()));
                }
            }
        }
    }

    fn add_lanes(&self, sums: &mut Sums, found: &BlockResult, is_meant: &[bool; LANES]) -> Result<(), sum::Error> {
        self.summed(found).try_for_each(|(place, k, values)| sums.moments(place).add_lanes(k, values, is_meant))
    }
}

/// The sums that a quantity belongs to.
#[derive(Clone, Copy)]
enum Place {
    Quantum,
    Energies,
    Positions,
    Hops,
    Drift,
    Channels,
}

impl Sums {
    fn moments(&mut self, place: Place) -> &mut Moments {
        match place {
            Place::Quantum => &mut self.quantum,
            Place::Energies => &mut self.energies,
            Place::Positions => &mut self.positions,
            Place::Hops => &mut self.hops,
            Place::Drift => &mut self.drift,
            Place::Channels => &mut self.channels,
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
            if let Some(cause) = context.expired().filter(|_| found.is_cut_short) {
                ran.failed.extend(block.iter().map(|task| (task, cause.clone())));
                continue;
            }
            let filled = block.count() as usize;
            let refused = self.add(&mut ran.value, &found, filled, block_of_all.first);
            ran.failed.extend(refused.into_iter().map(|(l, cause)| (block.first + l as u64, cause)));
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
