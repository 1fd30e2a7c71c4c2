//! What is the state of a block of trajectories, and how does it begin?
use super::{Eigen, LANES, Lane, Matrix, Model, Phase, Vector, ZERO};
use crate::seed::{CampaignSeed, Purpose, Stream};
use crate::task::Tasks;

/// A quantum state that all trajectories start in.
#[derive(Clone, Debug, PartialEq)]
pub enum InitialState {
    /// Amplitudes in the diabatic basis, normalized.
    Diabatic(Vec<[f64; 2]>),
    /// Amplitudes in the adiabatic basis at the initial coordinates, normalized.
    Adiabatic(Vec<[f64; 2]>),
}

/// What trajectories of a block start from, besides the campaign's seed.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Given z of each trajectory, `[C]` pairs; else drawn from the model's distribution.
    pub coordinates: Option<Vec<Vec<[f64; 2]>>>,
    /// Given diabatic amplitudes of each trajectory, `[S]` pairs; else the campaign's initial state.
    pub wavefunctions: Option<Vec<Vec<[f64; 2]>>>,
    /// Given uniform number of every step of each trajectory, `[steps]`; else drawn.
    pub hop_uniforms: Option<Vec<Vec<f64>>>,
    /// Given uniform number that chooses each trajectory's first surface; else drawn.
    pub surface_uniforms: Option<Vec<f64>>,
}

/// Up to [`LANES`] trajectories that are moved together.
pub struct Block {
    /// How many lanes hold a trajectory; the others repeat the first one.
    pub filled: usize,
    pub z: Phase,
    /// Amplitudes in the diabatic basis.
    pub c: Vector,
    pub h: Matrix,
    pub eigen: Eigen,
    /// The vectors of the step before.
    pub last_vectors: Matrix,
    /// The surface that each trajectory moves on, where the algorithm has one.
    pub active: [usize; LANES],
    pub accepted_hops: Lane,
    pub frustrated_hops: Lane,
    uniforms: Vec<Uniforms>,
    first_uniform: Lane,
    /// Working memory for coordinates.
    pub force: Phase,
    /// Working memory for states.
    pub scratch: [Vector; 6],
}

/// Where a trajectory's decisions to hop come from.
enum Uniforms {
    Given(Vec<f64>),
    Drawn(Box<Stream>),
}

impl Block {
    /// The block of trajectories `tasks`, at most [`LANES`] of them.
    pub fn begin(model: &dyn Model, tasks: Tasks, seed: CampaignSeed, state: &InitialState, start: &Start) -> Self {
        let (states, coordinates) = (model.states(), model.bath().coordinates());
        let filled = (tasks.count() as usize).min(LANES);
        let h = Matrix::zero(states, model.is_real());
        let mut block = Self {
            filled,
            z: Phase::zero(coordinates),
            c: Vector::zero(states),
            eigen: Eigen::of(&h),
            last_vectors: h.clone(),
            h,
            active: [0; LANES],
            accepted_hops: ZERO,
            frustrated_hops: ZERO,
            uniforms: Vec::with_capacity(LANES),
            first_uniform: ZERO,
            force: Phase::zero(coordinates),
            scratch: std::array::from_fn(|_| Vector::zero(states)),
        };
        for lane in 0..LANES {
            // An empty lane repeats the first trajectory: it costs nothing and is never looked at.
            let of = if lane < filled { lane } else { 0 };
            block.begin_lane(model, lane, of, tasks.first + of as u64, seed, start);
        }
        model.hamiltonian(&block.z, &mut block.h);
        block.eigen.solve(&block.h);
        block.begin_amplitudes(state, start);
        block
    }

    fn begin_lane(&mut self, model: &dyn Model, lane: usize, of: usize, task: u64, seed: CampaignSeed, start: &Start) {
        match &start.coordinates {
            Some(given) => given[of].iter().enumerate().for_each(|(j, z)| {
                (self.z.x[j][lane], self.z.y[j][lane]) = (z[0], z[1]);
            }),
            None => model.draw(lane, &mut seed.stream(task, Purpose::InitialCoordinates), &mut self.z),
        }
        self.uniforms.push(match &start.hop_uniforms {
            Some(given) => Uniforms::Given(given[of].clone()),
            None => Uniforms::Drawn(Box::new(seed.stream(task, Purpose::Hops))),
        });
        self.first_uniform[lane] = match &start.surface_uniforms {
            Some(given) => given[of],
            None => seed.stream(task, Purpose::InitialSurface).uniform(),
        };
    }

    fn begin_amplitudes(&mut self, state: &InitialState, start: &Start) {
        let fill = |v: &mut Vector, lane: usize, amplitudes: &[[f64; 2]]| {
            amplitudes.iter().enumerate().for_each(|(k, a)| (v.re[k][lane], v.im[k][lane]) = (a[0], a[1]));
        };
        if let Some(given) = &start.wavefunctions {
            return (0..LANES).for_each(|l| fill(&mut self.c, l, &given[if l < self.filled { l } else { 0 }]));
        }
        match state {
            InitialState::Diabatic(amplitudes) => (0..LANES).for_each(|l| fill(&mut self.c, l, amplitudes)),
            InitialState::Adiabatic(amplitudes) => {
                (0..LANES).for_each(|l| fill(&mut self.scratch[0], l, amplitudes));
                self.eigen.vectors.apply(&self.scratch[0], &mut self.c);
            }
        }
    }

    /// The number that decides the hop of step `step` in `lane`; asked for once a step, in order.
    pub fn uniform(&mut self, lane: usize, step: usize) -> f64 {
        match &mut self.uniforms[lane] {
            Uniforms::Given(numbers) => numbers[step],
            Uniforms::Drawn(stream) => stream.uniform(),
        }
    }

    /// The number that chooses the first surface of `lane`.
    pub fn surface_uniform(&self, lane: usize) -> f64 {
        self.first_uniform[lane]
    }

    /// The amplitudes in the adiabatic basis, into `scratch[0]`.
    pub fn to_adiabatic(&mut self) {
        self.eigen.vectors.apply_adjoint(&self.c, &mut self.scratch[0]);
    }
}
