//! How does a block of trajectories run from beginning to end?
use super::ended::Ended;
use super::{
    Algorithm, Block, Correlations, InitialState, LANES, Lane, Layout, Model, Observed, Start, ZERO, scattering,
};
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

/// What trajectories are of.
#[derive(Clone, Copy)]
pub struct System<'a> {
    pub model: &'a dyn Model,
    pub algorithm: &'a dyn Algorithm,
    pub clock: &'a Clock,
    pub correlations: Correlations,
}

/// What was observed of a block.
pub struct Trajectories {
    /// `[sample * layout.len() + observable][lane]`.
    pub samples: Vec<Lane>,
    pub accepted_hops: Lane,
    pub frustrated_hops: Lane,
    /// Largest |E(t) - E(0)| over the samples.
    pub drift: Lane,
    /// Transmitted, reflected and undecided x adiabatic states; empty where nothing is scattered.
    pub channels: Vec<Lane>,
    /// Position and momentum of the first coordinate at the end, of the last branch.
    pub end: (Lane, Lane),
    /// Whether the run was given up before its end.
    pub is_cut_short: bool,
    /// For each lane the first thing that went wrong, if anything did.
    pub breakdown: [Option<Breakdown>; LANES],
}

/// Why the numbers of a trajectory are of no use, and when this was so first, of the times that are sampled.
#[derive(Clone, Debug, PartialEq)]
pub enum Breakdown {
    /// An observable is infinite or no number.
    NotFinite { quantity: &'static str, value: f64, time: f64 },
    /// The populations add up to `norm` times what they did at the beginning, off by more than [`NORM_TOLERANCE`].
    NormLost { norm: f64, time: f64 },
}

/// The largest relative deviation of the sum of populations from that of the beginning. Only a scheme of finite order exceeds it.
pub const NORM_TOLERANCE: f64 = 1e-3;

impl System<'_> {
    /// Where observables stand.
    pub fn layout(&self) -> Layout {
        Layout {
            states: self.model.states(),
            has_surfaces: self.algorithm.has_surfaces(),
            correlations: self.correlations,
            coordinates: self.model.bath().coordinates(),
        }
    }

    /// Runs the trajectories `tasks`, at most [`LANES`] of them, in all branches. `may_go_on` is asked at every sample; where it
    /// denies, what has been observed so far is of no use.
    pub fn run(
        &self,
        tasks: Tasks,
        begin: (CampaignSeed, &InitialState, &Start),
        may_go_on: &mut dyn FnMut() -> bool,
    ) -> Trajectories {
        let branches = self.algorithm.branches(self.model.states());
        let mut sum: Option<Trajectories> = None;
        for branch in 0..branches {
            let mut block = Block::begin(self.model, self.algorithm, tasks, begin);
            let weights = self.algorithm.begin(self.model, &mut block, branch);
            if branches == 1 {
                return self.follow(block, may_go_on);
            }
            if weights == ZERO {
                continue;
            }
            let found = self.follow(block, may_go_on);
            sum.get_or_insert_with(|| self.nothing()).add(found, &weights);
        }
        sum.unwrap_or_else(|| self.nothing())
    }

    fn nothing(&self) -> Trajectories {
        let (layout, channels) = (self.layout(), self.model.scattering_range().map_or(0, |_| 3 * self.model.states()));
        Trajectories {
            samples: vec![ZERO; (self.clock.samples + 1) * layout.len()],
            accepted_hops: ZERO,
            frustrated_hops: ZERO,
            drift: ZERO,
            channels: vec![ZERO; channels],
            end: (ZERO, ZERO),
            is_cut_short: false,
            breakdown: std::array::from_fn(|_| None),
        }
    }

    /// Runs a block from its beginning to the last sample.
    fn follow(&self, mut block: Block, may_go_on: &mut dyn FnMut() -> bool) -> Trajectories {
        let Self { model, algorithm, clock, .. } = *self;
        let mut stepper = algorithm.stepper(model, clock);
        let mut ended = model.stop_beyond().map(|beyond| Ended::none(model, beyond));
        let mut observed = Observed::new(self.layout());
        let mut first = Vec::new();
        let mut found = self.nothing();
        let begin = model.bath().positions(0, &block.z);
        for sample in 0..=clock.samples {
            algorithm.observe(model, &mut block, &mut observed);
            if self.correlations != Correlations::default() {
                observed.set_correlations(model.bath(), &block.z, &mut first);
            }
            found.take(sample, &observed, clock.time_step * (sample * clock.steps_per_sample) as f64);
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
        if let Some(range) = model.scattering_range() {
            let states =
                if observed.layout.has_surfaces { observed.layout.surfaces() } else { observed.layout.adiabatic() };
            let populations = &observed.values[states..states + observed.layout.states];
            scattering::channels(range, &begin, &found.end, populations, &mut found.channels);
        }
        found
    }
}

impl Trajectories {
    fn take(&mut self, sample: usize, observed: &Observed, time: f64) {
        let layout = observed.layout;
        let total = layout.energies() + 2;
        for (index, values) in observed.values.iter().enumerate() {
            for (l, value) in values.iter().enumerate().filter(|(_, value)| !value.is_finite()) {
                let found = || Breakdown::NotFinite { quantity: name_of(layout, index), value: *value, time };
                self.breakdown[l].get_or_insert_with(found);
            }
        }
        self.samples[sample * layout.len()..][..layout.len()].copy_from_slice(&observed.values);
        let trace = |numbers: &[Lane], l: usize| numbers[..layout.states].iter().map(|lanes| lanes[l]).sum::<f64>();
        for l in 0..LANES {
            let norm = trace(&observed.values, l) / trace(&self.samples, l);
            if (norm - 1.0).abs() > NORM_TOLERANCE {
                self.breakdown[l].get_or_insert(Breakdown::NormLost { norm, time });
            }
            self.drift[l] = self.drift[l].max((observed.values[total][l] - self.samples[total][l]).abs());
        }
    }

    /// Adds a branch by its weights. One of weight zero does not count at all.
    fn add(&mut self, branch: Trajectories, weights: &Lane) {
        let add = |to: &mut Lane, from: &Lane| {
            (0..LANES).filter(|&l| weights[l] != 0.0).for_each(|l| to[l] += weights[l] * from[l]);
        };
        self.samples.iter_mut().zip(&branch.samples).for_each(|(to, from)| add(to, from));
        self.channels.iter_mut().zip(&branch.channels).for_each(|(to, from)| add(to, from));
        add(&mut self.accepted_hops, &branch.accepted_hops);
        add(&mut self.frustrated_hops, &branch.frustrated_hops);
        for (l, what) in branch.breakdown.into_iter().enumerate().filter(|(l, _)| weights[*l] != 0.0) {
            self.drift[l] = self.drift[l].max(branch.drift[l]);
            self.breakdown[l] = self.breakdown[l].take().or(what);
        }
        self.end = branch.end;
        self.is_cut_short |= branch.is_cut_short;
    }
}

fn name_of(layout: Layout, index: usize) -> &'static str {
    match index {
        i if i < layout.adiabatic() => "the density matrix",
        i if i < layout.surfaces() => "an adiabatic population",
        i if i < layout.population_correlations() => "a surface",
        i if i < layout.energies() => "a correlation of populations",
        i if i < layout.position_correlations() => {
            ["the classical energy", "the quantum energy", "the total energy"][i - layout.energies()]
        }
        _ => "a correlation of positions",
    }
}
