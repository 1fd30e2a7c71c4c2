//! Which molecule is computed in which basis, and do its charges and electrons make sense?
use super::error::Error;
use crate::science::basis::BasisSet;
use crate::science::chemistry::{Atom, Element, Molecule, distance};

/// A molecule with the basis set of its atoms. Ghost atoms have basis functions, but neither nuclear charge nor electrons.
#[derive(Clone, Copy, Debug)]
pub struct System<'a> {
    pub molecule: &'a Molecule,
    pub basis: &'a BasisSet,
}

impl System<'_> {
    /// Elements and positions (bohr) of all atoms, including ghosts.
    pub(super) fn centers(&self) -> Vec<(Element, [f64; 3])> {
        self.molecule.atoms.iter().map(|atom| (atom.element, atom.position)).collect()
    }
}

/// The number of electrons of each spin, the larger one first.
pub(super) fn electrons(molecule: &Molecule) -> Result<[usize; 2], Error> {
    let (electrons, multiplicity) = (molecule.electrons(), molecule.multiplicity);
    if electrons < 0 {
        return Err(Error::Charge { charge: molecule.charge, nuclear: electrons + i64::from(molecule.charge) });
    }
    let unpaired = i64::from(multiplicity) - 1;
    if unpaired < 0 || unpaired > electrons || (electrons - unpaired) % 2 != 0 {
        return Err(Error::Multiplicity { electrons, multiplicity });
    }
    let fewer = (electrons - unpaired) / 2;
    Ok([fewer + unpaired, fewer].map(|number| number as usize))
}

/// Repulsion of the nuclei of real atoms among themselves and by point charges, Eh.
pub(super) fn nuclear_repulsion(molecule: &Molecule) -> Result<f64, Error> {
    let charges = charges(molecule);
    let nuclei = molecule.atoms.len();
    let mut sum = 0.0;
    for (first, (z, a)) in charges[..nuclei].iter().enumerate() {
        for (second, (q, b)) in charges.iter().enumerate().skip(first + 1).filter(|(_, (q, _))| z * q != 0.0) {
            let distance = distance(*a, *b);
            if distance == 0.0 {
                return Err(Error::Coincident { first, second });
            }
            sum += z * q / distance;
        }
    }
    if sum.is_finite() { Ok(sum) } else { Err(Error::NotFinite) }
}

/// All charges with their positions (bohr): first one for each atom, zero for ghosts, then the point charges.
pub(super) fn charges(molecule: &Molecule) -> Vec<(f64, [f64; 3])> {
    let charge = |atom: &Atom| if atom.is_ghost { 0.0 } else { f64::from(atom.element.number()) };
    let nuclei = molecule.atoms.iter().map(|atom| (charge(atom), atom.position));
    nuclei.chain(molecule.point_charges.iter().map(|point| (point.charge, point.position))).collect()
}
