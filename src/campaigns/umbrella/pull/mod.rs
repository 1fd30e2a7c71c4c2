//! A distance or angle of groups of atoms, along which windows may stand.
//!
//! ```text
//! masses -> coordinate
//! ```
//!
//! A group of atoms stands at its centre of mass, with the masses of the topology; one task reads them, then every chunk of frames is
//! passed over once. GROMACS' pull code restrains the windows.
mod coordinate;
mod definition;
mod load;
mod masses;
mod pass;
mod restraint;
mod write;

pub use load::load;
pub use restraint::restraint_spec;
