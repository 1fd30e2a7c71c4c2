//! What is expanded?
use crate::science::chemistry::{Atom, Element, Lattice, Molecule, PointCharge, distance};

/// A cluster of atoms and how it falls into fragments.
#[derive(Clone, Debug, PartialEq)]
pub struct Supersystem {
    pub elements: Vec<Element>,
    /// Bohr.
    pub positions: Vec<[f64; 3]>,
    pub fragments: Vec<Fragment>,
    /// Of a periodic frame. Each fragment is in one piece then.
    pub lattice: Option<Lattice>,
}

/// Atoms that are never taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Their numbers in the supersystem, counted from 0.
    pub atoms: Vec<usize>,
    /// Elementary charges.
    pub charge: i32,
    /// 2 S + 1.
    pub multiplicity: u32,
}

impl Supersystem {
    /// The atoms of the fragments `basis`, in the order of the supersystem.
    pub fn atoms_of(&self, basis: &[usize]) -> Vec<usize> {
        let mut atoms: Vec<usize> = basis.iter().flat_map(|&f| self.fragments[f].atoms.iter().copied()).collect();
        atoms.sort_unstable();
        atoms
    }

    /// The molecule of the fragments `real` in the basis of the fragments `basis`, which hold them: charges add, spins add to the highest
    /// multiplicity, and atoms stand in the order of the supersystem. Of a periodic frame each fragment stands at the image that is nearest
    /// to the first one of the basis, but all of them stand where they are.
    pub fn molecule(&self, real: &[usize], basis: &[usize]) -> Molecule {
        let mut is_real = vec![false; self.elements.len()];
        real.iter().flat_map(|&f| &self.fragments[f].atoms).for_each(|&atom| is_real[atom] = true);
        let positions = self.placed(basis);
        let atom = |a: usize| Atom { element: self.elements[a], position: positions[a], is_ghost: !is_real[a] };
        Molecule {
            atoms: self.atoms_of(basis).into_iter().map(atom).collect(),
            charge: real.iter().map(|&f| self.fragments[f].charge).sum(),
            multiplicity: 1 + real.iter().map(|&f| self.fragments[f].multiplicity - 1).sum::<u32>(),
            point_charges: Vec::new(),
        }
    }

    /// The charges of all fragments but `basis`; `charges` has those of each fragment's atoms.
    pub fn embedding(&self, basis: &[usize], charges: &[Vec<f64>]) -> Vec<PointCharge> {
        let others = (0..self.fragments.len()).filter(|f| !basis.contains(f));
        let of = |f: usize| self.fragments[f].atoms.iter().zip(&charges[f]);
        others.flat_map(of).map(|(&a, &charge)| PointCharge { charge, position: self.positions[a] }).collect()
    }

    /// The largest of the distances between two of the fragments `members`, bohr.
    pub fn diameter(&self, members: &[usize]) -> f64 {
        let pairs = members.iter().enumerate().flat_map(|(k, &a)| members[..k].iter().map(move |&b| (a, b)));
        pairs.map(|(a, b)| self.distance(a, b)).fold(0.0, f64::max)
    }

    /// The smallest distance between an atom of one fragment and one of the other, or of its nearest image, bohr.
    pub fn distance(&self, one: usize, other: usize) -> f64 {
        if let Some(lattice) = &self.lattice {
            return self.nearest(lattice, one, other).distance;
        }
        let [one, other] = [one, other].map(|f| &self.fragments[f].atoms);
        let pairs = one.iter().flat_map(|&a| other.iter().map(move |&b| (a, b)));
        pairs.map(|(a, b)| distance(self.positions[a], self.positions[b])).fold(f64::INFINITY, f64::min)
    }
}
