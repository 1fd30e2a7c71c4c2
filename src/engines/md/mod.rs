//! How is one replica of a simulation run, and continued after an interruption?
//!
//! A replica has a folder that outlives the run. Its programs are started with a [`LaunchContext`]; [`gromacs`] continues from the
//! checkpoints in the folder, and [`plumed`] adjusts PLUMED's files to the same step. [`model`] is simmpi's own: it starts no program and
//! needs no folder.
//!
//! ```text
//! Simulation (Input, Mdp) --LaunchContext--> grompp -> checkpoint -> mdrun -> Log -> RunSummary
//! ```
pub mod gromacs;
mod launch;
pub mod model;
pub mod plumed;
mod progress;
mod usage;

pub use launch::{Invocation, LaunchContext};
pub use progress::Progress;
pub use usage::{RunSummary, Usage};
