//! Which ways are there to let quantum states and classical coordinates act on each other? An algorithm is one file here and
//! one line below.
mod decoherence;
mod fssh;
mod gauge;
mod mash;
mod mean_field;
mod rescaling;
mod surface;
mod tracking;

pub use decoherence::{Decay, Decoherence};
pub use fssh::{Fssh, InitialSurface};
pub use gauge::Gauge;
pub use mash::Mash;
pub use mean_field::MeanField;
pub use rescaling::Frustrated;

use super::{Block, Clock, Lane, Model, Observed};
use crate::seed::Stream;

/// A mixed quantum-classical method.
pub trait Algorithm: Send + Sync {
    /// Whether every trajectory moves on one surface at a time.
    fn has_surfaces(&self) -> bool;

    /// How many runs with the same random numbers an initial condition is followed in; what they give is added up, each with
    /// its weight.
    fn branches(&self, _states: usize) -> usize {
        1
    }

    /// The amplitudes that a trajectory starts with, drawn around those of the campaign's initial state, in the same basis.
    fn draw_amplitudes(&self, state: &[[f64; 2]], _stream: &mut Stream) -> Vec<[f64; 2]> {
        state.to_vec()
    }

    /// Prepares a block whose coordinates, amplitudes and adiabatic states are those of t = 0, and gives the weight of this
    /// branch for every trajectory.
    fn begin(&self, model: &dyn Model, block: &mut Block, branch: usize) -> Lane;

    /// The method's step for a model.
    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a>;

    /// Takes the observables of the present moment.
    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observed);
}

/// Moves a block by one time step.
pub trait Stepper {
    /// Step number `step`, counted from 0.
    fn advance(&mut self, block: &mut Block, step: usize);
}
