//! How are trajectories propagated on adiabatic surfaces between hops?
use super::gauge::{self, Gauge};
use super::tracking;
use crate::science::dynamics::models::{ClassicalScheme, ClassicalStep, FrozenState};
use crate::science::dynamics::propagator::advance_phases;
use crate::science::dynamics::{Block, Clock, Integrator, LANES, Lanes, Model, PhaseSpace, Vector};

/// A step of trajectories on their active surfaces, without hops.
///
/// [`Sequential`](Integrator::Sequential): the coordinates on the surface at the beginning of the step, then the amplitudes with the energies at its
/// beginning. [`Strang`](Integrator::Strang): half steps with the surface and energies of the beginning, free motion, half steps with those of the end;
/// symmetric if the Hamiltonian depends on positions alone.
pub struct SurfaceStep<'a> {
    pub model: &'a dyn Model,
    pub integrator: Integrator,
    gauge: Gauge,
    t: f64,
    classical: Box<dyn ClassicalStep + 'a>,
    /// Working memory: <last k|now k> of every state.
    overlaps: Vector,
    /// Trajectories whose active state crossed a coupled state within the step.
    pub crossed: [bool; LANES],
    /// Amplitudes at the beginning in the order of the states at the end, up to phases. Valid if any trajectory crossed.
    pub before: Vector,
}

impl<'a> SurfaceStep<'a> {
    /// Steps of the length and integrator of `clock`.
    pub fn new(model: &'a dyn Model, gauge: Gauge, clock: &Clock) -> Self {
        let integrator = clock.integrator;
        let scheme = match integrator {
            Integrator::Sequential => ClassicalScheme::RungeKutta,
            // The second half of the kick is corrected when the vectors there are known.
            Integrator::Strang if model.depends_on_momenta() => ClassicalScheme::KickDriftKick,
            Integrator::Strang => ClassicalScheme::KickDrift,
        };
        let classical = model.classical_step(scheme, clock.time_step);
        let zero = || Vector::zero(model.states());
        let (overlaps, before, crossed) = (zero(), zero(), [false; LANES]);
        Self { model, integrator, gauge, t: clock.time_step, classical, overlaps, crossed, before }
    }

    /// The length of a step.
    pub fn length(&self) -> f64 {
        self.t
    }

    /// Propagates a block on its active surfaces by the clock's step. Leaves the adiabatic amplitudes in `scratch[0]`, the eigenvectors of the
    /// active surfaces in `scratch[1]` and the eigenvectors at the beginning, in the order of the states at the end, in `last_vectors`.
    pub fn advance(&mut self, block: &mut Block) {
        self.advance_lanes(&[self.t; LANES], block, |classical, block| {
            let frozen = FrozenState { psi: &block.scratch[1], active: &block.active };
            classical.advance(&mut block.z, frozen, &mut block.h);
        });
    }

    /// The same from the coordinates `from`, which are kept; those of the block are ignored.
    pub fn advance_from(&mut self, from: &PhaseSpace, block: &mut Block) {
        self.advance_lanes(&[self.t; LANES], block, |classical, block| {
            let frozen = FrozenState { psi: &block.scratch[1], active: &block.active };
            classical.advance_from(from, &mut block.z, frozen, &mut block.h);
        });
    }

    /// The same from `from` by each lane's own time.
    pub fn advance_by(&mut self, t: &Lanes, from: &PhaseSpace, block: &mut Block) {
        self.advance_lanes(t, block, |classical, block| {
            let frozen = FrozenState { psi: &block.scratch[1], active: &block.active };
            classical.advance_by(t, from, &mut block.z, frozen, &mut block.h);
        });
    }

    /// Recomputes Hamiltonian and adiabatic states in the lanes in which a hop has `moved` the coordinates, for a model whose Hamiltonian depends
    /// on momenta; other lanes keep their bits. The active surfaces follow their states.
    pub fn refresh(&mut self, block: &mut Block, moved: &[bool; LANES]) {
        block.last_vectors.clone_from(&block.eigen.vectors);
        block.refresh(self.model, moved);
        self.follow_states(block);
    }

    /// Whether the trajectories are QC Lab's: its integrator with given decisions.
    pub fn is_qc_lab(&self, block: &Block) -> bool {
        self.integrator == Integrator::Sequential && block.is_replay
    }

    /// Keeps every trajectory on its state as the eigenvectors change from `last_vectors`. A replay of QC Lab does so only for states that are
    /// not coupled at all.
    pub fn follow_states(&mut self, block: &mut Block) {
        // QC Lab keeps the order by energy.
        let least = if self.is_qc_lab(block) { tracking::ALL } else { tracking::MAJORITY };
        tracking::follow_states(least, block, &mut self.overlaps, &mut self.crossed);
    }

    fn advance_lanes(
        &mut self,
        t: &Lanes,
        block: &mut Block,
        advance: impl FnOnce(&mut dyn ClassicalStep, &mut Block),
    ) {
        let half = t.map(|t| 0.5 * t);
        propagate_amplitudes(block, if self.integrator == Integrator::Strang { &half } else { t });
        block.scratch[1].copy_columns(&block.eigen.vectors, &block.active);
        advance(self.classical.as_mut(), block);
        block.last_vectors.clone_from(&block.eigen.vectors);
        block.eigen.solve(&block.h);
        self.crossed = [false; LANES];
        self.follow_states(block);
        let is_corrected = self.integrator == Integrator::Strang && self.model.depends_on_momenta();
        if is_corrected {
            self.correct(&half, block);
            self.follow_states(block);
        }
        if self.crossed != [false; LANES] {
            // So far the amplitudes have only been advanced by the energies at the beginning.
            block.last_vectors.apply_adjoint(&block.c, &mut self.before);
        }
        gauge::fix(self.gauge, self.model, block, &mut self.overlaps);
        block.scratch[1].copy_columns(&block.eigen.vectors, &block.active);
        if self.integrator == Integrator::Strang {
            if !is_corrected {
                self.model.rotate_momenta(&half, &block.active, &mut block.z);
                self.model.kick(&half, &mut block.z, &block.scratch[1], &mut block.force);
            }
            propagate_amplitudes(block, &half);
        }
        block.to_adiabatic();
    }

    /// Replaces the second half of the kick, made with the eigenvectors at the beginning, by one with those at the end.
    fn correct(&self, half: &Lanes, block: &mut Block) {
        let Block { z, h, eigen, active, scratch, force, .. } = block;
        self.model.kick(&half.map(|t| -t), z, &scratch[1], force);
        scratch[1].copy_columns(&eigen.vectors, active);
        self.model.kick(half, z, &scratch[1], force);
        self.model.hamiltonian(z, h);
        eigen.solve(h);
    }
}

/// c <- U exp(-i e t) U^+ c.
fn propagate_amplitudes(block: &mut Block, t: &Lanes) {
    block.to_adiabatic();
    let [adiabatic, ..] = &mut block.scratch;
    advance_phases(&block.eigen.values, t, adiabatic);
    block.eigen.vectors.apply(adiabatic, &mut block.c);
}
