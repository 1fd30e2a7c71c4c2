//! Which atoms are where, and what are they?
pub mod bonds;
mod displacement;
mod element;
mod molecule;

pub use displacement::{Differences, Displacement};
pub use element::Element;
pub use molecule::{Atom, Molecule, PointCharge, distance};
