//! How does GROMACS simulate one replica?
//!
//! A replica is a sequence of simulations ([`Simulation`]), each run by `grompp` and `mdrun` in the replica's own folder. Called again for
//! the same folder, [`Gromacs::run`] continues: finished simulations are skipped, and an unfinished one continues from its checkpoint.
//! Behaviour of GROMACS that its manual does not describe was measured with 2022.5 and is noted at the code that depends on it.
mod arguments;
mod build;
mod checkpoint;
mod error_message;
mod gpus;
mod grompp;
mod log;
mod masses;
mod mdp;
mod mdrun;
mod mpi_library;
mod plumed_check;
mod program;
mod progress_monitor;
mod replica;
mod run_input;
mod sequence;
mod simulation;
mod topology;
mod trial;

pub use mdp::{Mdp, SeedFault};
pub use program::Gromacs;
pub use run_input::{PullCoordinate, RunInput, find_gmx, read_run_input};
pub use simulation::{Input, Simulation};
pub use topology::digest_with_includes;
pub use trial::{GromppError, Trial};
