//! Which external programs and built-in engines do the computing, and how is each called?
//!
//! | module | question |
//! |---|---|
//! | [`qc`] | how is the energy of one molecule computed, with its derivatives? |
//! | [`md`] | how is one replica of a simulation run, and continued after an interruption? |
//!
//! Both use the same helpers: `locate` finds a program and its version, `text` reads its output within bounds, `failure` says what kind of
//! failure the output points to, and `task_launcher` starts it by a launcher of the batch system.
mod failure;
mod locate;
pub mod md;
pub mod qc;
mod task_launcher;
mod temporary_folder;
mod text;

pub use locate::{InstalledProgram, locate_with_scripts, resolve_argument};
pub use task_launcher::{TaskLauncher, launcher_problems, resolve_launcher};
