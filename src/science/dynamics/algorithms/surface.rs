//! How do methods that move on adiabatic surfaces make a step?
use super::gauge::{self, Gauge};
use super::tracking;
use crate::science::dynamics::models::{Frozen, FrozenStep, Motion};
use crate::science::dynamics::propagator::advance_phases;
use crate::science::dynamics::{Block, Clock, Integrator, LANES, Lane, Model, Phase, Vector};

/// The order of the parts of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Coordinates on the surface as it stood at the step's beginning, then the amplitudes with the energies of the step's
    /// beginning: first order, as QC Lab.
    Sequential,
    /// Second order: half steps with the surface and energies of the beginning, free flow, half steps with those of the end.
    /// Symmetric where the Hamiltonian depends on positions alone.
    Strang,
}

/// A step between two hops.
pub struct SurfaceStep<'a> {
    pub model: &'a dyn Model,
    pub scheme: Scheme,
    gauge: Gauge,
    t: f64,
    classical: Box<dyn FrozenStep + 'a>,
    /// Working memory: <last k|now k> of every state.
    overlaps: Vector,
    /// Trajectories whose active state passed one within the step that it is coupled to.
    pub crossed: [bool; LANES],
    /// Amplitudes of the beginning, in the order of the states that continue theirs, but for their phases; where any trajectory crossed.
    pub before: Vector,
}

impl<'a> SurfaceStep<'a> {
    /// Steps of the clock's length.
    pub fn new(model: &'a dyn Model, gauge: Gauge, clock: &Clock) -> Self {
        let scheme = match clock.integrator {
            Integrator::Strang => Scheme::Strang,
            Integrator::Sequential => Scheme::Sequential,
        };
        let motion = match scheme {
            Scheme::Sequential => Motion::RungeKutta,
            // The second half of the kick is corrected when the vectors there are known.
            Scheme::Strang if model.depends_on_momenta() => Motion::Symmetric,
            Scheme::Strang => Motion::Opening,
        };
        let classical = model.prepare(motion, clock.time_step);
        let zero = || Vector::zero(model.states());
        let (overlaps, before, crossed) = (zero(), zero(), [false; LANES]);
        Self { model, scheme, gauge, t: clock.time_step, classical, overlaps, crossed, before }
    }

    /// The length of a step.
    pub fn length(&self) -> f64 {
        self.t
    }

    /// Moves a block on its active surfaces by the clock's step. Leaves the adiabatic amplitudes in `scratch[0]`, the vectors of the
    /// active surfaces in `scratch[1]` and the vectors of the beginning, in the order of the states that continue them, in `last_vectors`.
    pub fn advance(&mut self, block: &mut Block) {
        self.advance_lanes(&[self.t; LANES], block, |classical, block| {
            let frozen = Frozen { psi: &block.scratch[1], active: &block.active };
            classical.advance(&mut block.z, frozen, &mut block.h);
        });
    }

    /// The same for a block whose coordinates were at `from`: those that it has are not looked at.
    pub fn advance_from(&mut self, from: &Phase, block: &mut Block) {
        self.advance_lanes(&[self.t; LANES], block, |classical, block| {
            let frozen = Frozen { psi: &block.scratch[1], active: &block.active };
            classical.advance_from(from, &mut block.z, frozen, &mut block.h);
        });
    }

    /// The same by each lane's own time.
    pub fn advance_by(&mut self, t: &Lane, from: &Phase, block: &mut Block) {
        self.advance_lanes(t, block, |classical, block| {
            let frozen = Frozen { psi: &block.scratch[1], active: &block.active };
            classical.advance_by(t, from, &mut block.z, frozen, &mut block.h);
        });
    }

    /// Brings Hamiltonian and adiabatic states up to date where a hop has moved coordinates of a model whose Hamiltonian depends on momenta;
    /// other lanes keep their bits. The surfaces stay the states that they were.
    pub fn refresh(&mut self, block: &mut Block, moved: &[bool; LANES]) {
        block.last_vectors.clone_from(&block.eigen.vectors);
        block.refresh(self.model, moved);
        self.follow(block);
    }

    /// Keeps every trajectory on the state that it moved on when the vectors were those in `last_vectors`. A replay of QC Lab's does so
    /// only where states are not coupled at all.
    pub fn follow(&mut self, block: &mut Block) {
        // QC Lab keeps the order by energy.
        let is_theirs = self.scheme == Scheme::Sequential && block.is_replay;
        let least = if is_theirs { tracking::ALL } else { tracking::MAJORITY };
        tracking::follow(least, block, &mut self.overlaps, &mut self.crossed);
    }

    fn advance_lanes(&mut self, t: &Lane, block: &mut Block, advance: impl FnOnce(&mut dyn FrozenStep, &mut Block)) {
        let half = t.map(|t| 0.5 * t);
        propagate_exactly(block, if self.scheme == Scheme::Strang { &half } else { t });
        block.scratch[1].take_columns(&block.eigen.vectors, &block.active);
        advance(self.classical.as_mut(), block);
        block.last_vectors.clone_from(&block.eigen.vectors);
        block.eigen.solve(&block.h);
        self.crossed = [false; LANES];
        self.follow(block);
        let is_corrected = self.scheme == Scheme::Strang && self.model.depends_on_momenta();
        if is_corrected {
            self.correct(&half, block);
            self.follow(block);
        }
        if self.crossed != [false; LANES] {
            // Until now the amplitudes were advanced by the energies of the beginning alone.
            block.last_vectors.apply_adjoint(&block.c, &mut self.before);
        }
        gauge::fix(self.gauge, self.model, block, &mut self.overlaps);
        block.scratch[1].take_columns(&block.eigen.vectors, &block.active);
        if self.scheme == Scheme::Strang {
            if !is_corrected {
                self.model.turn_momenta(&half, &block.active, &mut block.z);
                self.model.kick(&half, &mut block.z, &block.scratch[1], &mut block.force);
            }
            propagate_exactly(block, &half);
        }
        block.to_adiabatic();
    }

    /// Replaces the second half of the kick, given by the vectors of the beginning, by one of the vectors found at the end.
    fn correct(&self, half: &Lane, block: &mut Block) {
        let Block { z, h, eigen, active, scratch, force, .. } = block;
        self.model.kick(&half.map(|t| -t), z, &scratch[1], force);
        scratch[1].take_columns(&eigen.vectors, active);
        self.model.kick(half, z, &scratch[1], force);
        self.model.hamiltonian(z, h);
        eigen.solve(h);
    }
}

/// c <- U exp(-i e t) U^+ c.
fn propagate_exactly(block: &mut Block, t: &Lane) {
    block.to_adiabatic();
    let [adiabatic, ..] = &mut block.scratch;
    advance_phases(&block.eigen.values, t, adiabatic);
    block.eigen.vectors.apply(adiabatic, &mut block.c);
}
