//! Input files of a fragment campaign: which cluster is expanded, and how?
//!
//! Either an xyz file or a QCSchema molecule and the section's own keys, or a ManyBodyInput of QCManyBody in place of all of them. Both
//! give a complete [`Section`](super::section::Section) and the clusters.
mod assign;
mod atom_rows;
mod cell;
mod charge_pairs;
mod charge_spec;
mod chemistries;
mod cluster;
mod columns;
mod comment;
mod defaults;
mod diagnostic;
mod file;
mod format;
mod fragmentation;
mod geometry;
mod json;
mod keys;
mod level_locations;
mod many_body;
mod number;
mod periodic;
mod psi4_block;
mod qcschema;
mod read;
mod sourced;
mod spins;
mod statement;
mod summary;
mod symbol;
#[cfg(test)]
mod tests;
mod xyz;

pub use diagnostic::Diagnostic;
pub use keys::MOLECULE;
pub use level_locations::LevelLocations;
pub use periodic::PeriodicFrame;
pub use read::{Input, read};
