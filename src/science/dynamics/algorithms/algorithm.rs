//! What must a mixed quantum-classical method provide?
use crate::science::dynamics::{Block, Clock, Lanes, Model, Observables};
use crate::seed::Stream;

/// A mixed quantum-classical method.
pub trait Algorithm: Send + Sync {
    /// Whether every trajectory moves on one adiabatic surface at a time.
    fn has_surfaces(&self) -> bool;

    /// Number of runs of each initial condition, all with the same random numbers; their results are added with the weights that
    /// [`begin`](Self::begin) returns.
    fn branches(&self, _states: usize) -> usize {
        1
    }

    /// The initial amplitudes of a trajectory, sampled for the campaign's initial state `state` and in the same basis, `[S]` pairs.
    fn draw_amplitudes(&self, state: &[[f64; 2]], _stream: &mut Stream) -> Vec<[f64; 2]> {
        state.to_vec()
    }

    /// Prepares a block whose coordinates, amplitudes and adiabatic states are those at t = 0. Returns the weight of this branch for every
    /// trajectory.
    fn begin(&self, model: &dyn Model, block: &mut Block, branch: usize) -> Lanes;

    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a>;

    /// Computes the observables of the current state.
    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observables);
}

/// Propagates a block by one time step.
pub trait Stepper {
    /// Propagates by step number `step`, counted from 0.
    fn advance(&mut self, block: &mut Block, step: usize);
}
