//! How does a block of trajectories run from beginning to end?
use super::absorbed::Absorbed;
use super::initial_block::initial_block;
use super::{
    Algorithm, Block, Clock, Correlations, InitialConditions, InitialState, LANES, Lanes, Layout, Model, Observables,
    ZERO,
};
use crate::seed::CampaignSeed;
use crate::task::Tasks;

/// A model propagated by an algorithm, with its times and what is recorded.
#[derive(Clone, Copy)]
pub struct System<'a> {
    pub model: &'a dyn Model,
    pub algorithm: &'a dyn Algorithm,
    pub clock: &'a Clock,
    pub correlations: Correlations,
}

pub struct BlockResult {
    /// Observables, `[sample * layout.size() + observable][lane]`.
    pub samples: Vec<Lanes>,
    pub accepted_hops: Lanes,
    pub frustrated_hops: Lanes,
    /// Largest |E(t) - E(0)| over the samples.
    pub drift: Lanes,
    /// (Transmitted, reflected, undecided) x adiabatic states; empty unless the model is a scattering problem.
    pub channels: Vec<Lanes>,
    /// Final position and momentum of the first coordinate, in the last branch.
    pub end: (Lanes, Lanes),
    /// Whether the run was stopped before its end.
    pub is_cut_short: bool,
    /// The first numerical breakdown of each trajectory, if any.
    pub breakdown: [Option<Breakdown>; LANES],
}

/// Why the results of a trajectory are unusable, and the first sampled time at which they are.
#[derive(Clone, Debug, PartialEq)]
pub enum Breakdown {
    /// An observable is infinite or NaN.
    NotFinite { quantity: &'static str, value: f64, time: f64 },
    /// The sum of the populations is `norm` times its initial value, which deviates from one by more than [`NORM_TOLERANCE`].
    NormLost { norm: f64, time: f64 },
}

/// The largest accepted relative deviation of the sum of the populations from its initial value. Only integrators of finite order exceed it.
pub const NORM_TOLERANCE: f64 = 1e-3;

impl System<'_> {
    pub fn layout(&self) -> Layout {
        Layout {
            states: self.model.states(),
            has_surfaces: self.algorithm.has_surfaces(),
            correlations: self.correlations,
            coordinates: self.model.bath().coordinates(),
        }
    }

    /// Runs the trajectories `tasks`, at most [`LANES`] of them, in all branches. `may_continue` is called at every sample; when it returns
    /// false the run stops and its result is marked as cut short.
    pub fn run(
        &self,
        tasks: Tasks,
        begin: (CampaignSeed, &InitialState, &InitialConditions),
        may_continue: &mut dyn FnMut() -> bool,
    ) -> BlockResult {
        let branches = self.algorithm.branches(self.model.states());
        let mut sum: Option<BlockResult> = None;
        for branch in 0..branches {
            let mut block = initial_block(self.model, self.algorithm, tasks, begin);
            let weights = self.algorithm.begin(self.model, &mut block, branch);
            if branches == 1 {
                return self.run_branch(block, may_continue);
            }
            if weights == ZERO {
                continue;
            }
            let result = self.run_branch(block, may_continue);
            sum.get_or_insert_with(|| self.empty_result()).add(result, &weights);
        }
        sum.unwrap_or_else(|| self.empty_result())
    }

    fn empty_result(&self) -> BlockResult {
        let (layout, channels) = (self.layout(), self.model.scattering_range().map_or(0, |_| 3 * self.model.states()));
        BlockResult {
            samples: vec![ZERO; (self.clock.samples + 1) * layout.size()],
            accepted_hops: ZERO,
            frustrated_hops: ZERO,
            drift: ZERO,
            channels: vec![ZERO; channels],
            end: (ZERO, ZERO),
            is_cut_short: false,
            breakdown: std::array::from_fn(|_| None),
        }
    }

    /// Runs a block from its initial state to the last sample.
    fn run_branch(&self, mut block: Block, may_continue: &mut dyn FnMut() -> bool) -> BlockResult {
        let Self { model, algorithm, clock, .. } = *self;
        let mut stepper = algorithm.stepper(model, clock);
        let mut absorbed = model.stop_beyond().map(|beyond| Absorbed::new(model, beyond));
        let mut observed = Observables::new(self.layout());
        let mut first = Vec::new();
        let mut result = self.empty_result();
        let begin = model.bath().positions(0, &block.z);
        for sample in 0..=clock.samples {
            algorithm.observe(model, &mut block, &mut observed);
            if self.correlations != Correlations::default() {
                observed.set_correlations(model.bath(), &block.z, &mut first);
            }
            result.record(sample, &observed, clock.time_step * (sample * clock.steps_per_sample) as f64);
            if sample == clock.samples {
                break;
            }
            if !may_continue() {
                result.is_cut_short = true;
                break;
            }
            for step in sample * clock.steps_per_sample..(sample + 1) * clock.steps_per_sample {
                if let Some(absorbed) = &mut absorbed {
                    absorbed.update(model, &block);
                    if absorbed.is_all() {
                        break;
                    }
                }
                stepper.advance(&mut block, step);
                if let Some(absorbed) = &absorbed {
                    absorbed.restore(&mut block);
                }
            }
        }
        (result.accepted_hops, result.frustrated_hops) = (block.accepted_hops, block.frustrated_hops);
        for l in 0..LANES {
            (result.end.0[l], result.end.1[l]) = model.bath().to_real(0, block.z.x[0][l], block.z.y[0][l]);
        }
        if let Some(range) = model.scattering_range() {
            let states =
                if observed.layout.has_surfaces { observed.layout.surfaces() } else { observed.layout.adiabatic() };
            let populations = &observed.values[states..states + observed.layout.states];
            add_to_channels(range, &begin, &result.end, populations, &mut result.channels);
        }
        result
    }
}

impl BlockResult {
    fn record(&mut self, sample: usize, observed: &Observables, time: f64) {
        let layout = observed.layout;
        let total = layout.energies() + 2;
        for (index, values) in observed.values.iter().enumerate() {
            for (l, value) in values.iter().enumerate().filter(|(_, value)| !value.is_finite()) {
                let breakdown =
                    || Breakdown::NotFinite { quantity: observable_name(layout, index), value: *value, time };
                self.breakdown[l].get_or_insert_with(breakdown);
            }
        }
        self.samples[sample * layout.size()..][..layout.size()].copy_from_slice(&observed.values);
        let trace = |numbers: &[Lanes], l: usize| numbers[..layout.states].iter().map(|lanes| lanes[l]).sum::<f64>();
        for l in 0..LANES {
            let norm = trace(&observed.values, l) / trace(&self.samples, l);
            if (norm - 1.0).abs() > NORM_TOLERANCE {
                self.breakdown[l].get_or_insert(Breakdown::NormLost { norm, time });
            }
            self.drift[l] = self.drift[l].max((observed.values[total][l] - self.samples[total][l]).abs());
        }
    }

    /// Adds a branch with its weights. A trajectory of weight zero is skipped, whatever its values.
    fn add(&mut self, branch: BlockResult, weights: &Lanes) {
        let add = |to: &mut Lanes, from: &Lanes| {
            (0..LANES).filter(|&l| weights[l] != 0.0).for_each(|l| to[l] += weights[l] * from[l]);
        };
        self.samples.iter_mut().zip(&branch.samples).for_each(|(to, from)| add(to, from));
        self.channels.iter_mut().zip(&branch.channels).for_each(|(to, from)| add(to, from));
        add(&mut self.accepted_hops, &branch.accepted_hops);
        add(&mut self.frustrated_hops, &branch.frustrated_hops);
        for (l, breakdown) in branch.breakdown.into_iter().enumerate().filter(|(l, _)| weights[*l] != 0.0) {
            self.drift[l] = self.drift[l].max(branch.drift[l]);
            self.breakdown[l] = self.breakdown[l].take().or(breakdown);
        }
        self.end = branch.end;
        self.is_cut_short |= branch.is_cut_short;
    }
}

fn observable_name(layout: Layout, index: usize) -> &'static str {
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

/// Adds the `populations` `[state][lane]` of each trajectory to the channel it left through; `channels` is (transmitted, reflected, undecided) x
/// states. A particle has left when |q| > `range` and it moves outwards. `begin` holds the initial positions, `end` the final positions and momenta.
fn add_to_channels(range: f64, begin: &Lanes, end: &(Lanes, Lanes), populations: &[Lanes], channels: &mut [Lanes]) {
    for l in 0..LANES {
        let (q, p) = (end.0[l], end.1[l]);
        let came_from = if begin[l] < 0.0 { -1.0 } else { 1.0 };
        let is_out = q.abs() > range && q * p > 0.0;
        let channel = match is_out {
            false => 2,
            true if q * came_from > 0.0 => 1,
            true => 0,
        };
        for (k, population) in populations.iter().enumerate() {
            channels[channel * populations.len() + k][l] += population[l];
        }
    }
}
