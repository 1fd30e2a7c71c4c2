//! What is the state of a block of trajectories, and how does it begin?
use super::{Algorithm, Eigen, LANES, Lane, Matrix, Model, Phase, Vector, ZERO};
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

impl InitialState {
    /// The amplitudes, whatever their basis.
    pub fn amplitudes(&self) -> &[[f64; 2]] {
        match self {
            Self::Diabatic(amplitudes) | Self::Adiabatic(amplitudes) => amplitudes,
        }
    }
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
    /// Whether another program's trajectories are to be repeated decision by decision: set by the algorithm.
    pub is_replay: bool,
    /// Whether amplitudes are given for each trajectory, not drawn.
    pub has_given_amplitudes: bool,
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
    /// A block of no trajectories.
    pub fn blank(model: &dyn Model) -> Self {
        let (states, coordinates) = (model.states(), model.bath().coordinates());
        let mut h = Matrix::zero(states, model.is_real());
        let columns = |i: usize| (0..states).filter(|&j| model.couples(i, j)).collect();
        let columns: Vec<Vec<usize>> = (0..states).map(columns).collect();
        let is_sparse = 2 * columns.iter().map(Vec::len).sum::<usize>() <= states * states;
        h.columns = is_sparse.then_some(columns);
        Self {
            filled: 0,
            z: Phase::zero(coordinates),
            c: Vector::zero(states),
            eigen: Eigen::of(&h),
            last_vectors: Matrix::zero(states, model.is_real()),
            h,
            active: [0; LANES],
            accepted_hops: ZERO,
            frustrated_hops: ZERO,
            is_replay: false,
            has_given_amplitudes: false,
            uniforms: Vec::with_capacity(LANES),
            first_uniform: ZERO,
            force: Phase::zero(coordinates),
            scratch: std::array::from_fn(|_| Vector::zero(states)),
        }
    }

    /// The block of trajectories `tasks`, at most [`LANES`] of them.
    pub fn begin(
        model: &dyn Model,
        algorithm: &dyn Algorithm,
        tasks: Tasks,
        (seed, state, start): (CampaignSeed, &InitialState, &Start),
    ) -> Self {
        let filled = (tasks.count() as usize).min(LANES);
        let has_given_amplitudes = start.wavefunctions.is_some();
        let mut block = Self { filled, has_given_amplitudes, ..Self::blank(model) };
        // An empty lane repeats the first trajectory: it costs nothing and is never looked at.
        let of: [usize; LANES] = std::array::from_fn(|l| if l < block.filled { l } else { 0 });
        for (lane, &of) in of.iter().enumerate() {
            block.begin_lane(model, lane, of, tasks.first + of as u64, seed, start);
        }
        model.hamiltonian(&block.z, &mut block.h);
        block.eigen.solve(&block.h);
        let amplitudes = |of: usize| match &start.wavefunctions {
            Some(given) => given[of].clone(),
            None => {
                let stream = &mut seed.stream(tasks.first + of as u64, Purpose::MappingPhases);
                algorithm.draw_amplitudes(state.amplitudes(), stream)
            }
        };
        for (lane, &of) in of.iter().enumerate() {
            for (k, [re, im]) in amplitudes(of).into_iter().enumerate() {
                (block.c.re[k][lane], block.c.im[k][lane]) = (re, im);
            }
        }
        if start.wavefunctions.is_none() && matches!(state, InitialState::Adiabatic(_)) {
            block.scratch[0].clone_from(&block.c);
            block.eigen.vectors.apply(&block.scratch[0], &mut block.c);
        }
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

    /// The number that decides the hop of step `step` in `lane`; asked for once a step, in order.
    pub fn uniform(&mut self, lane: usize, step: usize) -> f64 {
        match &mut self.uniforms[lane] {
            Uniforms::Given(numbers) => numbers[step],
            Uniforms::Drawn(stream) => stream.uniform(),
        }
    }

    /// Whether the numbers that decide hops are given, not drawn.
    pub fn has_given_hops(&self) -> bool {
        self.uniforms.iter().all(|uniforms| matches!(uniforms, Uniforms::Given(_)))
    }

    /// The number that chooses the first surface of `lane`.
    pub fn surface_uniform(&self, lane: usize) -> f64 {
        self.first_uniform[lane]
    }

    /// The amplitudes in the adiabatic basis, into `scratch[0]`.
    pub fn to_adiabatic(&mut self) {
        self.eigen.vectors.apply_adjoint(&self.c, &mut self.scratch[0]);
    }

    /// Brings Hamiltonian, adiabatic states and `scratch[0]` up to date where coordinates have been moved; other lanes keep their bits.
    pub fn refresh(&mut self, model: &dyn Model, moved: &[bool; LANES]) {
        model.hamiltonian(&self.z, &mut self.h);
        self.eigen.solve_lanes(&self.h, moved);
        self.to_adiabatic();
    }

    /// Becomes `other` in all that moves but the coordinates, without allocating.
    pub fn take_state(&mut self, other: &Block) {
        let [_, _, state @ ..] = self.moving(other);
        state.into_iter().for_each(|(to, from)| to.copy_from_slice(from));
        (self.active, self.is_replay) = (other.active, other.is_replay);
        (self.accepted_hops, self.frustrated_hops) = (other.accepted_hops, other.frustrated_hops);
    }

    /// The same in lane `l` alone.
    pub fn take_lane(&mut self, other: &Block, l: usize) {
        for (to, from) in self.moving(other) {
            to.iter_mut().zip(from).for_each(|(to, from)| to[l] = from[l]);
        }
        self.active[l] = other.active[l];
        (self.accepted_hops[l], self.frustrated_hops[l]) = (other.accepted_hops[l], other.frustrated_hops[l]);
    }

    /// All arrays that move, beside those of `other`.
    fn moving<'a>(&'a mut self, other: &'a Block) -> [(&'a mut [Lane], &'a [Lane]); 9] {
        [
            (&mut self.z.x, &other.z.x),
            (&mut self.z.y, &other.z.y),
            (&mut self.c.re, &other.c.re),
            (&mut self.c.im, &other.c.im),
            (&mut self.h.re, &other.h.re),
            (&mut self.h.im, &other.h.im),
            (&mut self.eigen.values, &other.eigen.values),
            (&mut self.eigen.vectors.re, &other.eigen.vectors.re),
            (&mut self.eigen.vectors.im, &other.eigen.vectors.im),
        ]
    }
}
