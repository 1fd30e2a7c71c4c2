//! Which atoms are where, and what are they?
pub mod bonds;
mod core_energy;
mod displacement;
mod element;
mod lattice;
mod molecule;
pub mod spin;
pub mod whole;

pub use core_energy::is_below_core;
pub use displacement::{Differences, Displacement};
pub use element::Element;
pub use lattice::{Counts, Lattice, Nearest, Neighbours};
pub use molecule::{Atom, Molecule, PointCharge, distance};
