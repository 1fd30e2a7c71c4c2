//! How does a block of trajectories run from beginning to end?
use super::ended::Ended;
use super::{Algorithm, Block, InitialState, LANES, Lane, Layout, Model, Observed, Start, ZERO};
use crate::seed::CampaignSeed;
use crate::task::Tasks;

/// How a step is put together from its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrator {
    /// Symmetric splitting, second order.
    Strang,
    /// One part after the other, first order: as QC Lab.
    Sequential,
}

/// The times of a trajectory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    pub time_step: f64,
    /// Steps from one sample to the next.
    pub steps_per_sample: usize,
    /// Samples after the one at t = 0.
    pub samples: usize,
    pub integrator: Integrator,
}

impl Clock {
    /// Steps in all.
    pub fn steps(&self) -> usize {
        self.steps_per_sample * self.samples
    }

    /// The times that are sampled.
    pub fn times(&self) -> Vec<f64> {
        (0..=self.samples).map(|k| (k * self.steps_per_sample) as f64 * self.time_step).collect()
    }
}

/// What was observed of a block.
pub struct Trajectories {
    /// `[sample * layout.len() + observable][lane]`.
    pub samples: Vec<Lane>,
    pub accepted_hops: Lane,
    pub frustrated_hops: Lane,
    /// Largest |E(t) - E(0)| over the samples.
    pub drift: Lane,
    /// Position of the first coordinate at the beginning.
    pub begin: Lane,
    /// Its position and momentum at the end.
    pub end: (Lane, Lane),
    /// Whether the run was given up before its end.
    pub is_cut_short: bool,
    /// For each lane what became infinite or no number first, if anything did.
    pub not_finite: [Option<NotFinite>; LANES],
}

/// An observable that is no finite number.
#[derive(Clone, Debug, PartialEq)]
pub struct NotFinite {
    pub quantity: &'static str,
    pub value: f64,
    /// When it was so first, of the times that are sampled.
    pub time: f64,
}

/// Runs the trajectories `tasks`, at most [`LANES`] of them. `may_go_on` is asked at every sample; where it denies, what has
/// been observed so far is of no use.
pub fn run_block(
    model: &dyn Model,
    algorithm: &dyn Algorithm,
    clock: &Clock,
    tasks: Tasks,
    begin: (CampaignSeed, &InitialState, &Start),
    may_go_on: &mut dyn FnMut() -> bool,
) -> Trajectories {
    let layout = Layout { states: model.states(), has_surfaces: algorithm.has_surfaces() };
    let mut block = Block::begin(model, tasks, begin.0, begin.1, begin.2);
    algorithm.begin(model, &mut block);
    let mut stepper = algorithm.stepper(model, clock);
    let mut ended = model.stop_beyond().map(|beyond| Ended::none(&block, beyond));
    let mut observed = Observed::new(layout);
    let mut found = Trajectories {
        samples: Vec::with_capacity((clock.samples + 1) * layout.len()),
        accepted_hops: ZERO,
        frustrated_hops: ZERO,
        drift: ZERO,
        begin: std::array::from_fn(|l| model.bath().to_real(0, block.z.x[0][l], 0.0).0),
        end: (ZERO, ZERO),
        is_cut_short: false,
        not_finite: std::array::from_fn(|_| None),
    };
    for sample in 0..=clock.samples {
        algorithm.observe(model, &mut block, &mut observed);
        found.take(&observed, clock.time_step * (sample * clock.steps_per_sample) as f64);
        if sample == clock.samples {
            break;
        }
        if !may_go_on() {
            found.is_cut_short = true;
            break;
        }
        for step in sample * clock.steps_per_sample..(sample + 1) * clock.steps_per_sample {
            if let Some(ended) = &mut ended {
                ended.remember(model, &block);
                if ended.is_all() {
                    break;
                }
            }
            stepper.advance(&mut block, step);
            if let Some(ended) = &ended {
                ended.restore(&mut block);
            }
        }
    }
    (found.accepted_hops, found.frustrated_hops) = (block.accepted_hops, block.frustrated_hops);
    for l in 0..LANES {
        (found.end.0[l], found.end.1[l]) = model.bath().to_real(0, block.z.x[0][l], block.z.y[0][l]);
    }
    found
}

impl Trajectories {
    fn take(&mut self, observed: &Observed, time: f64) {
        let layout = observed.layout;
        let total = layout.energies() + 2;
        for (index, values) in observed.values.iter().enumerate() {
            for (l, value) in values.iter().enumerate().filter(|(_, value)| !value.is_finite()) {
                let found = || NotFinite { quantity: name_of(layout, index), value: *value, time };
                self.not_finite[l].get_or_insert_with(found);
            }
        }
        self.samples.extend_from_slice(&observed.values);
        for l in 0..LANES {
            self.drift[l] = self.drift[l].max((observed.values[total][l] - self.samples[total][l]).abs());
        }
    }
}

fn name_of(layout: Layout, index: usize) -> &'static str {
    match index {
        i if i < layout.adiabatic() => "the density matrix",
        i if i < layout.surfaces() => "an adiabatic population",
        i if i < layout.energies() => "a surface",
        i => ["the classical energy", "the quantum energy", "the total energy"][i - layout.energies()],
    }
}
