//! How are trajectories run in batches, and what is summed over them?
use super::{Setup, Units};
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::science::dynamics::{LANES, Layout, Trajectories, run_block};
use crate::science::sum::{self, Moments, exponent_for};
use crate::task::{Cause, Failure, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The one stage of a campaign of trajectories.
pub struct TrajectoryStage {
    pub setup: Arc<Setup>,
}

/// Exact sums over trajectories.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sums {
    /// Trajectories summed over.
    pub used: u64,
    /// Observables without unit, `[T * (layout.len() - 3)]`.
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
    /// Single trajectories, in the order of tasks, where they are kept.
    pub rows: Vec<Row>,
}

/// All observables of one trajectory, `[T * layout.len()]`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    pub task: TaskId,
    pub observables: Vec<f64>,
}

impl TrajectoryStage {
    fn samples(&self) -> usize {
        self.setup.clock.samples + 1
    }

    /// Adds the trajectory in lane `l`, or nothing of it.
    fn add(&self, sums: &mut Sums, found: &Trajectories, task: TaskId, l: usize) -> Result<(), Cause> {
        if let Some(what) = &found.not_finite[l] {
            let Units { time, time_factor, .. } = self.setup.units;
            let text = format!("{} is {} at t = {} {time}", what.quantity, what.value, what.time * time_factor);
            return Err(Cause::NotFinite(text));
        }
        let layout = self.setup.layout();
        let channels = self.channels(found, layout, l);
        let refused = |error: sum::Error| Cause::NotFinite(error.to_string());
        let is_energy = |k: usize| k % layout.len() >= layout.energies();
        let values = || found.samples.iter().map(|lanes| lanes[l]).enumerate();
        for (k, value) in values() {
            if is_energy(k) { &sums.energies } else { &sums.quantum }.accepts(value).map_err(refused)?;
        }
        sums.drift.accepts(found.drift[l]).map_err(refused)?;
        channels.iter().try_for_each(|value| sums.channels.accepts(*value)).map_err(refused)?;
        // From here on nothing is refused but a sum of so many trajectories that it overflows.
        let (mut of_energy, mut of_quantum) = (0, 0);
        for (k, value) in values() {
            let (moments, next) =
                if is_energy(k) { (&mut sums.energies, &mut of_energy) } else { (&mut sums.quantum, &mut of_quantum) };
            moments.add(*next, value).map_err(refused)?;
            *next += 1;
        }
        sums.hops.add(0, found.accepted_hops[l]).map_err(refused)?;
        sums.hops.add(1, found.frustrated_hops[l]).map_err(refused)?;
        sums.drift.add(0, found.drift[l]).map_err(refused)?;
        sums.largest_drift = sums.largest_drift.max(found.drift[l]);
        for (k, value) in channels.into_iter().enumerate() {
            sums.channels.add(k, value).map_err(refused)?;
        }
        sums.used += 1;
        if self.setup.keep_all {
            sums.rows.push(Row { task, observables: found.samples.iter().map(|lanes| lanes[l]).collect() });
        }
        Ok(())
    }

    /// Where the particle went, and in which adiabatic state: transmitted, reflected or undecided.
    fn channels(&self, found: &Trajectories, layout: Layout, l: usize) -> Vec<f64> {
        let Some(range) = self.setup.model.scattering_range() else { return Vec::new() };
        let last = &found.samples[found.samples.len() - layout.len()..];
        let start = if layout.has_surfaces { layout.surfaces() } else { layout.adiabatic() };
        let (q, p) = (found.end.0[l], found.end.1[l]);
        let came_from = if found.begin[l] < 0.0 { -1.0 } else { 1.0 };
        let is_out = q.abs() > range && q * p > 0.0;
        let channel = match is_out {
            false => 2,
            true if q * came_from > 0.0 => 1,
            true => 0,
        };
        let mut channels = vec![0.0; 3 * layout.states];
        (0..layout.states).for_each(|k| channels[channel * layout.states + k] = last[start + k][l]);
        channels
    }
}

impl Stage for TrajectoryStage {
    type Value = Sums;

    fn name(&self) -> &str {
        "trajectories"
    }

    fn tasks(&self) -> u64 {
        self.setup.count
    }

    fn grain(&self) -> u64 {
        LANES as u64
    }

    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Sums> {
        let mut ran = Ran { value: self.empty(), failed: Vec::new() };
        let Setup { model, algorithm, clock, state, file, .. } = &*self.setup;
        for block in tasks.pieces(LANES as u64) {
            let start = match file.as_ref().map(|file| file.read(block, model.bath())).transpose() {
                Ok(start) => start.unwrap_or_default(),
                Err(error) => {
                    ran.failed.extend(block.iter().map(|task| (task, Cause::Failed(error.to_string()))));
                    continue;
                }
            };
            let mut may_go_on = || !context.is_halted() && context.expired().is_none();
            let found = run_block(
                model.as_ref(),
                algorithm.as_ref(),
                clock,
                block,
                (context.seed, state, &start),
                &mut may_go_on,
            );
            for (l, task) in block.iter().enumerate() {
                let done = match context.expired().filter(|_| found.is_cut_short) {
                    Some(cause) => Err(cause),
                    None => self.add(&mut ran.value, &found, task, l),
                };
                ran.failed.extend(done.err().map(|cause| (task, cause)));
            }
        }
        ran
    }

    fn empty(&self) -> Sums {
        let (samples, layout) = (self.samples(), self.setup.layout());
        let energy = exponent_for(self.setup.energy_scale);
        let channels = if self.setup.model.scattering_range().is_some() { 3 * layout.states } else { 0 };
        Sums {
            used: 0,
            quantum: Moments::new(samples * layout.energies(), exponent_for(2.0)),
            energies: Moments::new(samples * 3, energy),
            hops: Moments::new(2, 0),
            drift: Moments::new(1, energy),
            largest_drift: 0.0,
            channels: Moments::new(channels, exponent_for(2.0)),
            rows: Vec::new(),
        }
    }

    fn merge(&self, into: &mut Sums, mut from: Sums) -> Result<(), Error> {
        into.used += from.used;
        into.quantum.merge(&from.quantum)?;
        into.energies.merge(&from.energies)?;
        into.hops.merge(&from.hops)?;
        into.drift.merge(&from.drift)?;
        into.largest_drift = into.largest_drift.max(from.largest_drift);
        into.channels.merge(&from.channels)?;
        into.rows.append(&mut from.rows);
        into.rows.sort_by_key(|row| row.task);
        Ok(())
    }

    /// Single trajectories are written later, one batch at a time.
    fn fold(&self, total: &mut Sums, from: Sums) -> Result<(), Error> {
        self.merge(total, Sums { rows: Vec::new(), ..from })
    }

    fn finish(&self, total: &Sums, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
