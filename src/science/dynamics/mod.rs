//! How do trajectories of classical coordinates coupled to quantum states evolve?
//!
//! | file | question |
//! |---|---|
//! | [`models`] | which systems can be simulated? One file each, behind the trait [`Model`] |
//! | [`algorithms`] | which mixed quantum-classical methods are there? One file each, behind the trait [`Algorithm`] |
//! | `algorithms/fssh.rs`, `mash.rs` | when does a trajectory hop to another surface? |
//! | `algorithms/rescaling.rs` | how is the momentum rescaled after a hop? |
//! | `algorithms/decoherence.rs` | how are the amplitudes damped? |
//! | `algorithms/tracking.rs`, `gauge.rs` | which adiabatic state continues which, and with which phase? |
//! | `propagator.rs` | how do the amplitudes evolve under a constant Hamiltonian? |
//! | `eigen` | what are the adiabatic states? |
//! | `initial_block.rs`, `trajectory.rs` | how does a block of trajectories begin, and how does it run? |
//! | `observables.rs` | what is recorded at a sample? |
//!
//! Units: hbar = 1. A classical degree of freedom with mass m and weight h has the complex coordinate
//! z = sqrt(m h/2) q + i p/sqrt(2 m h); its equation of motion is dz/dt = -i dH/dz* (Miyazaki, Krotz and Tempelaar,
//! J. Chem. Theory Comput. 20, 6500, 2024, doi:10.1021/acs.jctc.4c00555).
//!
//! Trajectories run in blocks of [`LANES`]. The trajectory is the innermost index of every array (its SIMD lane), so that plain loops over it
//! become vector instructions (`simd::dispatch!`). Lanes never mix: the bits of a trajectory depend on itself alone. No multiply-add is fused, and
//! transcendental functions come from `libm` or are written out: results do not depend on the processor either.
#![expect(clippy::needless_range_loop, reason = "a lane index runs over several arrays at once")]

mod absorbed;
pub mod algorithms;
mod arrays;
mod bath;
mod block;
mod clock;
mod eigen;
mod initial;
mod initial_block;
pub mod models;
mod observables;
mod propagator;
mod sincos;
#[cfg(test)]
mod tests;
mod trajectory;

pub use algorithms::Algorithm;
pub use arrays::{LANES, Lanes, Matrix, PhaseSpace, Vector, ZERO};
pub use bath::{Bath, Sampling};
pub use block::Block;
pub use clock::{Clock, Integrator};
pub use eigen::Eigen;
pub use initial::{InitialConditions, InitialState};
pub use initial_block::initial_block;
pub use models::Model;
pub use observables::{Correlations, Layout, Observables};
pub use trajectory::{BlockResult, Breakdown, NORM_TOLERANCE, System};

use super::exponential;
