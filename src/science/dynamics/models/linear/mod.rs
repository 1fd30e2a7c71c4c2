//! Models of harmonic modes that couple linearly to the states.
//!
//! H_qc = sum over groups G of modes sum_{j in G} g_j (B_G z_j + B_G^+ z_j*). Most couplings only shift the energies of states: B is
//! then a list of weights. Forces are formed per group, never as a `[modes, states, states]` array, and a step under a constant
//! force is one affine map per mode.
mod affine;
mod hamiltonian;
mod model;
mod operator;

pub use hamiltonian::LinearModel;
pub use operator::{Group, Operator};
