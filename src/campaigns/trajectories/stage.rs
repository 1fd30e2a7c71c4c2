//! How are trajectories run in batches?
use super::setup::{Setup, Units};
use super::sums::{Quantity, Row, Sums};
use super::timing::step_that_keeps_the_norm;
use crate::campaigns::stage::{Computed, Context, Error, Stage, StageSpec, Workload};
use crate::science::dynamics::{BlockResult, Breakdown, Correlations, LANES, Lanes};
use crate::science::sum::{self, Moments, exponent_for};
use crate::task::{Cause, TaskId, Tasks};
use std::sync::Arc;

/// Hops are counted in these parts: where every surface of an initial condition is followed, they have weights.
const HOP_EXPONENT: i32 = 32;

/// Some trajectories of a point.
#[derive(Clone)]
pub struct TrajectoryWorkload {
    pub setup: Arc<Setup>,
    /// Indices among all trajectories of the point; tasks of the stage are counted from the first.
    pub tasks: Tasks,
}

impl TrajectoryWorkload {
    /// The stage that runs these trajectories.
    pub fn into_stage(self, name: String) -> Stage {
        let spec = StageSpec { chunk: LANES as u64, ..StageSpec::new(name, self.tasks.count()) };
        Stage::new(spec, self)
    }

    /// Adds the trajectories of a SIMD block, each wholly or not at all, and lists those that were refused, with the causes. `first` is the
    /// index of the block's first trajectory in the point.
    fn add(&self, sums: &mut Sums, block: &BlockResult, filled: usize, first: TaskId) -> Vec<(usize, Cause)> {
        let mut refused: [Option<Cause>; LANES] = std::array::from_fn(|l| self.breakdown(block, l));
        self.find_too_large(sums, block, &mut refused);
        let is_added: [bool; LANES] = std::array::from_fn(|l| l < filled && refused[l].is_none());
        if let Err(error) = self.add_lanes(sums, block, &is_added) {
            // Only for more trajectories than a sum has room for.
            (0..filled).for_each(|l| refused[l] = Some(Cause::Failed(error.to_string())));
        } else {
            sums.used += is_added.iter().filter(|is_added| **is_added).count() as u64;
            for l in (0..LANES).filter(|&l| is_added[l]) {
                sums.largest_drift = sums.largest_drift.max(block.drift[l]);
                if self.setup.keep_all {
                    let observables = block.samples.iter().map(|lanes| lanes[l]).collect();
                    sums.rows.push(Row { task: first + l as u64, observables });
                }
            }
        }
        let refused = refused.into_iter().enumerate().take(filled);
        refused.filter_map(|(l, cause)| Some((l, cause?))).collect()
    }

    /// Why the trajectory of a lane broke down, if it did.
    fn breakdown(&self, block: &BlockResult, l: usize) -> Option<Cause> {
        let Units { time: unit, time_factor, .. } = self.setup.units;
        Some(match *block.breakdown[l].as_ref()? {
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

    /// Everything that is summed: the sums it belongs to, its index in them, and its values by lane.
    fn summands<'a>(&self, block: &'a BlockResult) -> impl Iterator<Item = (Quantity, usize, &'a Lanes)> + use<'a> {
        let layout = self.setup.layout();
        let (len, energies, positions) =
            (layout.size(), layout.energies(), layout.size() - layout.position_correlations());
        let observables = block.samples.iter().enumerate().map(move |(k, values)| {
            let (sample, k) = (k / len, k % len);
            match k {
                k if k < energies => (Quantity::Quantum, sample * energies + k, values),
                k if k < energies + 3 => (Quantity::Energies, sample * 3 + k - energies, values),
                k => (Quantity::Positions, sample * positions + k - energies - 3, values),
            }
        });
        let hops = [(Quantity::Hops, 0, &block.accepted_hops), (Quantity::Hops, 1, &block.frustrated_hops)];
        let channels = block.channels.iter().enumerate().map(|(k, values)| (Quantity::Channels, k, values));
        observables.chain(hops).chain([(Quantity::Drift, 0, &block.drift)]).chain(channels)
    }

    fn find_too_large(&self, sums: &mut Sums, block: &BlockResult, refused: &mut [Option<Cause>; LANES]) {
        for (quantity, _, values) in self.summands(block) {
            let moments = sums.moments(quantity);
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

    fn add_lanes(&self, sums: &mut Sums, block: &BlockResult, is_added: &[bool; LANES]) -> Result<(), sum::Error> {
        self.summands(block).try_for_each(|(quantity, k, values)| sums.moments(quantity).add_lanes(k, values, is_added))
    }
}

impl Workload for TrajectoryWorkload {
    type Value = Sums;

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

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<Sums> {
        let mut computed = Computed { value: self.empty(), failed: Vec::new() };
        let Setup { model, state, file, .. } = &*self.setup;
        for block in tasks.split(LANES as u64) {
            let block_of_all = block.shifted(self.tasks.first);
            let start = match file.as_ref().map(|file| file.read(block_of_all, model.bath())).transpose() {
                Ok(start) => start.unwrap_or_default(),
                Err(error) => {
                    computed.failed.extend(block.iter().map(|task| (task, Cause::Failed(error.to_string()))));
                    continue;
                }
            };
            let mut may_go_on = || !context.is_halted() && context.expired().is_none();
            let trajectories = self.setup.system().run(block_of_all, (context.seed, state, &start), &mut may_go_on);
            if let Some(cause) = context.expired().filter(|_| trajectories.is_cut_short) {
                computed.failed.extend(block.iter().map(|task| (task, cause.clone())));
                continue;
            }
            let filled = block.count() as usize;
            let refused = self.add(&mut computed.value, &trajectories, filled, block_of_all.first);
            computed.failed.extend(refused.into_iter().map(|(l, cause)| (block.first + l as u64, cause)));
        }
        computed
    }

    fn merge(&self, into: &mut Sums, from: Sums) -> Result<(), Error> {
        into.merge(from)
    }

    /// Kept trajectories are written later, one batch at a time.
    fn reduce(&self, total: &mut Sums, from: Sums) -> Result<(), Error> {
        total.merge(Sums { rows: Vec::new(), ..from })
    }
}
