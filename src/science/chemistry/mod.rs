//! Which atoms are where, and what are they?
pub mod bonds;
mod element;
mod molecule;

pub use element::Element;
pub use molecule::{Atom, Molecule, PointCharge, distance};
