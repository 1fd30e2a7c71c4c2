//! What is the mathematics and the physics? Pure functions of numbers: no file, no process, no message passes through here.
pub mod basis;
pub mod chemistry;
pub mod dynamics;
pub mod exact;
pub mod expansion;
mod exponential;
mod four;
pub mod free_energy;
pub mod langevin;
mod linear;
pub mod opes;
pub mod pca;
pub mod periodic;
pub mod reweighting;
pub mod scf;
pub mod selection;
pub mod sum;
mod widest;
