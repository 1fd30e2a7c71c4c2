//! wip
use super::field::Field;
use super::integrals::Integrals;
use crate::science::chemistry::Molecule;
pub(super) fn gradient(_: &Integrals, _: &Molecule, _: &Field) -> Vec<[f64; 3]> {
    Vec::new()
}
