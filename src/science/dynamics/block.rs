//! What is the state of a block of trajectories?
use super::{Eigen, InitialConditions, LANES, Lanes, Matrix, Model, PhaseSpace, Vector, ZERO};
use crate::seed::{CampaignSeed, Purpose, Stream};

/// Up to [`LANES`] trajectories that are propagated together.
pub struct Block {
    /// Number of lanes with a trajectory of their own; the others repeat the first one.
    pub filled: usize,
    pub z: PhaseSpace,
    /// Amplitudes in the diabatic basis.
    pub c: Vector,
    pub h: Matrix,
    pub eigen: Eigen,
    /// The adiabatic states of the previous step.
    pub last_vectors: Matrix,
    /// The surface that each trajectory moves on, where the algorithm has one.
    pub active: [usize; LANES],
    pub accepted_hops: Lanes,
    pub frustrated_hops: Lanes,
    /// Whether the trajectories replay those of another program decision by decision; set by the algorithm.
    pub is_replay: bool,
    /// Whether the amplitudes of each trajectory are given rather than drawn.
    pub has_given_amplitudes: bool,
    uniforms: Vec<Uniforms>,
    /// The uniform random number that selects the initial surface of each trajectory.
    pub first_uniform: Lanes,
    /// Working memory for coordinates.
    pub force: PhaseSpace,
    /// Working memory for states.
    pub scratch: [Vector; 6],
}

/// The random numbers that decide a trajectory's hops.
enum Uniforms {
    Given(Vec<f64>),
    Drawn(Box<Stream>),
}

impl Block {
    pub fn blank(model: &dyn Model) -> Self {
        let (states, coordinates) = (model.states(), model.bath().coordinates());
        let mut h = Matrix::zero(states, model.is_real());
        let columns = |i: usize| (0..states).filter(|&j| model.couples(i, j)).collect();
        let columns: Vec<Vec<usize>> = (0..states).map(columns).collect();
        let is_sparse = 2 * columns.iter().map(Vec::len).sum::<usize>() <= states * states;
        h.columns = is_sparse.then_some(columns);
        Self {
            filled: 0,
            z: PhaseSpace::zero(coordinates),
            c: Vector::zero(states),
            eigen: Eigen::new(&h),
            last_vectors: Matrix::zero(states, model.is_real()),
            h,
            active: [0; LANES],
            accepted_hops: ZERO,
            frustrated_hops: ZERO,
            is_replay: false,
            has_given_amplitudes: false,
            uniforms: Vec::with_capacity(LANES),
            first_uniform: ZERO,
            force: PhaseSpace::zero(coordinates),
            scratch: std::array::from_fn(|_| Vector::zero(states)),
        }
    }

    /// Sets up the trajectory `task` in lane `l` from row `row` of the given conditions, or draws what is not given.
    pub fn begin_trajectory(
        &mut self,
        model: &dyn Model,
        l: usize,
        (task, row): (u64, usize),
        seed: CampaignSeed,
        start: &InitialConditions,
    ) {
        match &start.coordinates {
            Some(given) => given[row].iter().enumerate().for_each(|(j, z)| {
                (self.z.x[j][l], self.z.y[j][l]) = (z[0], z[1]);
            }),
            None => model.draw(l, &mut seed.stream(task, Purpose::InitialCoordinates), &mut self.z),
        }
        self.uniforms.push(match &start.hop_uniforms {
            Some(given) => Uniforms::Given(given[row].clone()),
            None => Uniforms::Drawn(Box::new(seed.stream(task, Purpose::Hops))),
        });
        self.first_uniform[l] = match &start.surface_uniforms {
            Some(given) => given[row],
            None => seed.stream(task, Purpose::InitialSurface).uniform(),
        };
    }

    /// The uniform random number that decides the hop of step `step` in `lane`. Must be called once a step, in order.
    pub fn uniform(&mut self, lane: usize, step: usize) -> f64 {
        match &mut self.uniforms[lane] {
            Uniforms::Given(numbers) => numbers[step],
            Uniforms::Drawn(stream) => stream.uniform(),
        }
    }

    /// Whether the random numbers that decide hops are given rather than drawn.
    pub fn has_given_hops(&self) -> bool {
        self.uniforms.iter().all(|uniforms| matches!(uniforms, Uniforms::Given(_)))
    }

    /// Computes the amplitudes in the adiabatic basis into `scratch[0]`.
    pub fn to_adiabatic(&mut self) {
        self.eigen.vectors.apply_adjoint(&self.c, &mut self.scratch[0]);
    }

    /// Recomputes Hamiltonian, adiabatic states and `scratch[0]` in the lanes whose coordinates have been `moved`; other lanes keep their bits.
    pub fn refresh(&mut self, model: &dyn Model, moved: &[bool; LANES]) {
        model.hamiltonian(&self.z, &mut self.h);
        self.eigen.solve_lanes(&self.h, moved);
        self.to_adiabatic();
    }

    /// Copies the dynamic state of `other` except the coordinates.
    pub fn copy_state(&mut self, other: &Block) {
        let [_, _, state @ ..] = self.dynamic_arrays(other);
        state.into_iter().for_each(|(to, from)| to.copy_from_slice(from));
        (self.active, self.is_replay) = (other.active, other.is_replay);
        (self.accepted_hops, self.frustrated_hops) = (other.accepted_hops, other.frustrated_hops);
    }

    /// Copies the dynamic state of `other`, with the coordinates, in lane `l` alone.
    pub fn copy_trajectory(&mut self, other: &Block, l: usize) {
        for (to, from) in self.dynamic_arrays(other) {
            to.iter_mut().zip(from).for_each(|(to, from)| to[l] = from[l]);
        }
        self.active[l] = other.active[l];
        (self.accepted_hops[l], self.frustrated_hops[l]) = (other.accepted_hops[l], other.frustrated_hops[l]);
    }

    fn dynamic_arrays<'a>(&'a mut self, other: &'a Block) -> [(&'a mut [Lanes], &'a [Lanes]); 9] {
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
