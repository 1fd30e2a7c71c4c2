//! Mean-field (Ehrenfest) dynamics: the coordinates move under the mean force of the quantum state.
use super::{Algorithm, Stepper};
use crate::science::dynamics::models::{ClassicalScheme, ClassicalStep, FrozenState};
use crate::science::dynamics::propagator::{Propagator, propagate_fourth_order};
use crate::science::dynamics::{Block, Clock, Integrator, LANES, Lanes, Model, Observables};

#[derive(Clone, Debug)]
pub struct MeanField;

impl Algorithm for MeanField {
    fn has_surfaces(&self) -> bool {
        false
    }

    fn begin(&self, _model: &dyn Model, _block: &mut Block, _branch: usize) -> Lanes {
        [1.0; LANES]
    }

    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a> {
        let t = clock.time_step;
        match clock.integrator {
            Integrator::Strang => Box::new(Strang {
                t,
                // A trajectory can be absorbed at any step.
                steps_per_sample: if model.stop_beyond().is_some() { 1 } else { clock.steps_per_sample },
                classical: model.classical_step(ClassicalScheme::KickDriftKick, t),
                propagator: Propagator::new(model.states()),
            }),
            Integrator::Sequential => {
                Box::new(Sequential { t, classical: model.classical_step(ClassicalScheme::RungeKutta, t) })
            }
        }
    }

    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observables) {
        block.eigen.solve(&block.h);
        observed.set_pure_state(&block.c);
        block.to_adiabatic();
        observed.set_adiabatic(&block.scratch[0]);
        let quantum = block.h.expectation(&block.c, &mut block.scratch[1]);
        observed.set_energies(model.bath().energy(&block.z), quantum);
    }
}

/// The coordinates with the state at the beginning of the step, the state with the Hamiltonian at the beginning of the step: first order, as
/// in QC Lab.
struct Sequential<'a> {
    t: f64,
    classical: Box<dyn ClassicalStep + 'a>,
}

impl Stepper for Sequential<'_> {
    fn advance(&mut self, block: &mut Block, _step: usize) {
        let [k @ .., frozen] = &mut block.scratch;
        frozen.clone_from(&block.c);
        propagate_fourth_order(&block.h, self.t, &mut block.c, k);
        self.classical.advance(&mut block.z, FrozenState { psi: frozen, active: &block.active }, &mut block.h);
    }
}

/// Half a step of the state, a symmetric step of the coordinates, half a step of the state: symmetric, hence second order (Strang, SIAM
/// J. Numer. Anal. 5, 506, 1968, doi:10.1137/0705041). Adjacent half steps of two steps have the same Hamiltonian and are merged, unless a
/// sample is taken between them.
struct Strang<'a> {
    t: f64,
    /// Steps after which the state must be at the end of the step.
    steps_per_sample: usize,
    classical: Box<dyn ClassicalStep + 'a>,
    propagator: Propagator,
}

impl Stepper for Strang<'_> {
    fn advance(&mut self, block: &mut Block, step: usize) {
        if step.is_multiple_of(self.steps_per_sample) {
            self.propagator.advance(&mut block.h, 0.5 * self.t, &mut block.c);
        }
        self.classical.advance(&mut block.z, FrozenState { psi: &block.c, active: &block.active }, &mut block.h);
        let is_last = (step + 1).is_multiple_of(self.steps_per_sample);
        self.propagator.advance(&mut block.h, if is_last { 0.5 * self.t } else { self.t }, &mut block.c);
    }
}
