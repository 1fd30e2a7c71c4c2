//! Which atoms are at which positions, how are they bonded, and what are their electronic properties?
pub mod bonds;
mod close_pairs;
mod core_energy;
mod displacement;
mod element;
mod lattice;
mod molecule;
pub mod spin;
pub mod unwrapping;

pub use core_energy::is_below_core;
pub use displacement::{Differences, Displacement};
pub use element::Element;
pub use lattice::{Counts, Lattice, Nearest, Neighbours};
pub use molecule::{Atom, Molecule, PointCharge, distance};
