//! How do trajectories of classical coordinates coupled to quantum states evolve?
//!
//! Units: hbar = 1. A classical degree of freedom with mass m and weight h has the complex coordinate
//! z = sqrt(m h/2) q + i p/sqrt(2 m h); its equation of motion is dz/dt = -i dH/dz* (Miyazaki, Krotz and Tempelaar,
//! J. Chem. Theory Comput. 20, 6500, 2024, doi:10.1021/acs.jctc.4c00555).
//!
//! Trajectories run in blocks of [`LANES`], each array with the lane as its innermost index, so that plain loops over lanes
//! become vector instructions (`widest`). Nothing crosses lanes: a trajectory's bits depend on itself alone. No multiply-add is
//! fused and transcendental functions come from `libm` or are written out, so they do not depend on the processor either.
//!
//! A [`Model`] is one file in `models`, an [`Algorithm`] one in `algorithms`.
#![expect(clippy::needless_range_loop, reason = "a lane index runs over several arrays at once")]

pub mod algorithms;
mod bath;
mod block;
mod eigen;
mod ended;
mod matrix;
pub mod models;
mod observables;
mod phase;
mod propagator;
mod scattering;
#[cfg(test)]
mod tests;
mod trajectory;

pub use algorithms::Algorithm;
pub use bath::{Bath, Phase, Sampling};
pub use block::{Block, InitialState, Start};
pub use eigen::Eigen;
pub use matrix::{Matrix, Vector};
pub use models::Model;
pub use observables::{Correlations, Layout, Observed};
pub use trajectory::{Breakdown, Clock, Integrator, NORM_TOLERANCE, System, Trajectories};

use super::{exponential, widest};

/// Trajectories of a block.
pub const LANES: usize = 16;

/// A number for each trajectory of a block.
pub type Lane = [f64; LANES];

/// Zero for each trajectory.
pub const ZERO: Lane = [0.0; LANES];
