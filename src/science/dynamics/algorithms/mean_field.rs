//! Mean field (Ehrenfest) dynamics: the coordinates feel the mean force of all states.
use super::{Algorithm, Stepper, propagate_fourth_order};
use crate::science::dynamics::models::{Frozen, FrozenStep, Motion};
use crate::science::dynamics::{Block, Clock, Integrator, LANES, Lane, Model, Observed};

/// The method; it has no settings.
#[derive(Clone, Debug)]
pub struct MeanField;

impl Algorithm for MeanField {
    fn has_surfaces(&self) -> bool {
        false
    }

    fn begin(&self, _model: &dyn Model, _block: &mut Block, _branch: usize) -> Lane {
        [1.0; LANES]
    }

    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a> {
        let t = clock.time_step;
        match clock.integrator {
            Integrator::Strang => Box::new(Strang { t, classical: model.prepare(Motion::Symmetric, t) }),
            Integrator::Sequential => Box::new(Sequential { t, classical: model.prepare(Motion::RungeKutta, t) }),
        }
    }

    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observed) {
        block.eigen.solve(&block.h);
        observed.set_pure_state(&block.c);
        block.to_adiabatic();
        observed.set_adiabatic(&block.scratch[0]);
        let quantum = block.h.expectation(&block.c, &mut block.scratch[1]);
        observed.set_energies(model.bath().energy(&block.z), quantum);
    }
}

/// Coordinates with the state of the step's beginning, then the state with the Hamiltonian of the step's beginning: first
/// order, as QC Lab.
struct Sequential<'a> {
    t: f64,
    classical: Box<dyn FrozenStep + 'a>,
}

impl Stepper for Sequential<'_> {
    fn advance(&mut self, block: &mut Block, _step: usize) {
        let [k @ .., frozen] = &mut block.scratch;
        frozen.clone_from(&block.c);
        propagate_fourth_order(&block.h, self.t, &mut block.c, k);
        self.classical.advance(&mut block.z, Frozen { psi: frozen, active: &block.active }, &mut block.h);
    }
}

/// Half a step of the state, a symmetric step of the coordinates, half a step of the state: itself symmetric, hence second order
/// (Strang, SIAM J. Numer. Anal. 5, 506, 1968, doi:10.1137/0705041).
struct Strang<'a> {
    t: f64,
    classical: Box<dyn FrozenStep + 'a>,
}

impl Stepper for Strang<'_> {
    fn advance(&mut self, block: &mut Block, _step: usize) {
        let half = 0.5 * self.t;
        let [k @ .., _] = &mut block.scratch;
        propagate_fourth_order(&block.h, half, &mut block.c, k);
        self.classical.advance(&mut block.z, Frozen { psi: &block.c, active: &block.active }, &mut block.h);
        propagate_fourth_order(&block.h, half, &mut block.c, k);
    }
}
