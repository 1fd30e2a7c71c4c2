//! Input files of a fragment campaign: which cluster is expanded, and how?
//!
//! Either an xyz file or a QCSchema molecule and the section's own keys, or a ManyBodyInput of QCManyBody in place of all of them. Both
//! give a complete [`Section`](super::section::Section) and the clusters.
mod assign;
mod atom_rows;
mod cell;
mod charge_pairs;
mod charge_spec;
mod cluster;
mod columns;
mod comment;
mod defaults;
mod execution;
mod format;
mod fragmentation;
mod geometry;
mod json;
mod level_locations;
mod location;
mod many_body;
mod model_chemistry;
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
mod translation;
mod xyz;

pub use execution::Execution;
pub use level_locations::{LevelLocation, LevelLocations};
pub use periodic::PeriodicFrame;
pub use read::{Input, execution, read};
pub use translation::translate;

pub(super) use atom_rows::AtomRow;
pub(super) use charge_pairs::Pair;
pub(super) use charge_spec::{ChargeSpec, SelectionSpec};
pub(super) use cluster::{Cluster, lowest_multiplicity};
pub(super) use format::{excerpt, formula, list, ranges};
pub(super) use json::{Document, Node};
pub(super) use location::Location;
pub(super) use number::{Number, is_integer};
pub(super) use sourced::{Source, Sourced};
pub(super) use statement::Statement;

/// Keys of the configuration that name a molecule.
pub const MOLECULE: &str = "fragments.molecule";
const ATOMS: &str = "fragments.atoms";
const INPUT: &str = "fragments.input";
