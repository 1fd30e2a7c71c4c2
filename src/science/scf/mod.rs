//! What is the Hartree-Fock energy of a molecule, and what does second-order correlation add to it?
//!
//! RHF and UHF energies with analytic gradients, and MP2 energies on both, over contracted Gaussians; atomic units throughout.
//!
//! ```text
//! System -> Integrals (once for all tasks with the same atoms) -> search: guess, fock, diis, stability (some tasks at once)
//!        -> mp2, gradient -> ScfResult
//! ```
//!
//! Every result is a pure function of the system and the settings, computed on one thread. Whether repulsion integrals are stored or
//! recomputed in every pass, whether tasks share them, and how much memory MP2 may use changes no bit of any result. The linear algebra
//! gives the same bits on every processor; the integrals (crate `integral`) use the exponential function of the C library, so results are
//! bit-identical on processors of one kind with one C library, and equal to rounding on others.
mod cost_sample;
mod diagnostic;
mod diis;
mod eri;
mod eri_blocks;
mod error;
mod fock;
mod footprint;
mod gradient;
mod guess;
mod integrals;
mod iterations;
mod minimization;
mod mp2;
mod one_electron;
mod orthonormal_basis;
mod problem;
mod scf_state;
mod search;
mod settings;
mod shells;
mod solve;
mod stability;
mod system;
#[cfg(test)]
mod tests;

pub use cost_sample::CostSample;
pub use diagnostic::Diagnostic;
pub use error::{Attempt, Error, History, Iterate, Unsupported};
pub use footprint::{Footprint, MemoryUse};
pub use integrals::{Integrals, MAX_TASKS_PER_PASS};
pub use settings::{Derivative, Guess, Method, Reference, Settings};
pub use solve::{ScfResult, solve, solve_all, solve_with};
pub use system::System;
