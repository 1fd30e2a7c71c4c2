//! Input files of a fragment campaign: which cluster is expanded, and how?
//!
//! Either a file of a molecule (xyz, PDB, GRO, psi4, Q-Chem, QCSchema) and the section's own keys, or a ManyBodyInput of QCManyBody in place of all of them. Both
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
mod foreign;
mod format;
mod fragment_blocks;
mod fragment_values;
mod fragmentation;
mod geometry;
mod gro;
mod input_file;
mod json;
mod level_locations;
mod location;
mod many_body;
mod model_chemistry;
mod molecule_format;
mod molecule_source;
mod named_values;
mod number;
mod pdb;
mod periodic;
mod psi4_input;
mod qchem_input;
mod qcschema;
mod read;
mod remarks;
mod residue_atoms;
mod residues;
mod sourced;
mod spins;
mod statement;
mod summary;
mod symbol;
#[cfg(test)]
mod tests;
mod translation;
mod uppercase_symbols;
mod xyz;

pub use execution::Execution;
pub use level_locations::{LevelLocation, LevelLocations};
pub use periodic::PeriodicFrame;
pub use read::{Input, execution, read};
pub use translation::translate;

pub(super) use atom_rows::{AtomRow, RowColumns};
pub(super) use charge_pairs::Pair;
pub(super) use charge_spec::{ChargeSpec, SelectionSpec};
pub(super) use cluster::{AtomCharge, Cluster, lowest_multiplicity};
pub(super) use format::{excerpt, formula, list, ranges};
pub(super) use fragment_blocks::MoleculeBlocks;
pub(super) use input_file::InputFile;
pub(super) use json::{Document, Node};
pub(super) use location::Location;
pub(super) use molecule_source::MoleculeSource;
pub(super) use number::{Number, is_integer};
pub(super) use residues::Residue;
pub(super) use sourced::{Source, Sourced};
pub(super) use statement::Statement;

/// Keys of the configuration that name a molecule.
pub const MOLECULE: &str = "fragments.molecule";
const ATOMS: &str = "fragments.atoms";
const INPUT: &str = "fragments.input";
