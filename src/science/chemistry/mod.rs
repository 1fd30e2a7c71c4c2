//! Which atoms are where, and what are they?
mod element;
mod molecule;

pub use element::Element;
pub use molecule::{Atom, Molecule, PointCharge, distance};
