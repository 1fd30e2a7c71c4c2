//! Which atoms and fragments does a cluster consist of?
use crate::science::chemistry::unwrapping::arrange;
use crate::science::chemistry::{Atom, Element, Lattice, Molecule, Nearest, PointCharge, distance};
use std::borrow::Cow;

/// The atoms of a cluster and their partition into fragments.
#[derive(Clone, Debug, PartialEq)]
pub struct Supersystem {
    pub elements: Vec<Element>,
    /// Bohr.
    pub positions: Vec<[f64; 3]>,
    pub fragments: Vec<Fragment>,
    /// The lattice of a periodic frame, in which every fragment is whole.
    pub lattice: Option<Lattice>,
}

/// Atoms that are always computed together.
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

    /// The molecule of the fragments `real` in the basis of the fragments `basis`, which include them: charges are summed, spins are coupled to
    /// the highest multiplicity, and atoms are in the order of the supersystem. In a periodic frame each fragment is at the image nearest to the
    /// first one of the basis, unless the basis is all fragments, which are not moved.
    pub fn molecule(&self, real: &[usize], basis: &[usize]) -> Molecule {
        let mut is_real = vec![false; self.elements.len()];
        real.iter().flat_map(|&f| &self.fragments[f].atoms).for_each(|&atom| is_real[atom] = true);
        let positions = self.positions_of(basis);
        let atom = |a: usize| Atom { element: self.elements[a], position: positions[a], is_ghost: !is_real[a] };
        Molecule {
            atoms: self.atoms_of(basis).into_iter().map(atom).collect(),
            charge: real.iter().map(|&f| self.fragments[f].charge).sum(),
            multiplicity: 1 + real.iter().map(|&f| self.fragments[f].multiplicity - 1).sum::<u32>(),
            point_charges: Vec::new(),
        }
    }

    /// Point charges of all fragments except `basis`; `charges` contains those of each fragment's atoms, elementary charges.
    pub fn embedding(&self, basis: &[usize], charges: &[Vec<f64>]) -> Vec<PointCharge> {
        let others = (0..self.fragments.len()).filter(|f| !basis.contains(f));
        let atoms_of = |f: usize| self.fragments[f].atoms.iter().zip(&charges[f]);
        others.flat_map(atoms_of).map(|(&a, &charge)| PointCharge { charge, position: self.positions[a] }).collect()
    }

    /// The largest distance between two of the fragments `members`, bohr.
    pub fn diameter(&self, members: &[usize]) -> f64 {
        let pairs = members.iter().enumerate().flat_map(|(k, &a)| members[..k].iter().map(move |&b| (a, b)));
        pairs.map(|(a, b)| self.distance(a, b)).fold(0.0, f64::max)
    }

    /// The smallest distance between atoms of two fragments, in a periodic frame of their nearest images, bohr.
    pub fn distance(&self, one: usize, other: usize) -> f64 {
        if let Some(lattice) = &self.lattice {
            return self.nearest(lattice, one, other).distance;
        }
        let [one, other] = [one, other].map(|f| &self.fragments[f].atoms);
        let pairs = one.iter().flat_map(|&a| other.iter().map(move |&b| (a, b)));
        pairs.map(|(a, b)| distance(self.positions[a], self.positions[b])).fold(f64::INFINITY, f64::min)
    }

    /// Moves the fragments of a periodic frame next to one another; the first one stays.
    pub fn arrange(&mut self) {
        let Some(lattice) = self.lattice else { return };
        let groups: Vec<Vec<[f64; 3]>> = (0..self.fragments.len()).map(|f| self.points(f)).collect();
        for (fragment, joint) in self.fragments.iter().zip(arrange(&groups, &lattice)) {
            for &atom in &fragment.atoms {
                self.positions[atom] = lattice.translated(self.positions[atom], joint.counts);
            }
        }
    }

    /// The nearest image of a fragment to another one.
    pub(super) fn nearest(&self, lattice: &Lattice, one: usize, other: usize) -> Nearest {
        lattice.nearest(&self.points(one), &self.points(other))
    }

    /// Positions of the atoms of a fragment, bohr.
    pub(super) fn points(&self, fragment: usize) -> Vec<[f64; 3]> {
        self.fragments[fragment].atoms.iter().map(|&atom| self.positions[atom]).collect()
    }

    /// Positions with the fragments `basis` at the images nearest to the first of them; unchanged if `basis` is all fragments.
    pub(super) fn positions_of(&self, basis: &[usize]) -> Cow<'_, [[f64; 3]]> {
        let mut positions = Cow::from(&self.positions);
        let (Some(lattice), [first, others @ ..]) = (&self.lattice, basis) else { return positions };
        if basis.len() == self.fragments.len() {
            return positions;
        }
        for &fragment in others {
            let counts = self.nearest(lattice, *first, fragment).counts;
            if counts != [0; 3] {
                for &atom in &self.fragments[fragment].atoms {
                    positions.to_mut()[atom] = lattice.translated(self.positions[atom], counts);
                }
            }
        }
        positions
    }

    /// Distances of all pairs of fragments, `[fragments, fragments]`, bohr.
    pub(super) fn distances(&self) -> Vec<f64> {
        let fragments = self.fragments.len();
        let mut distances = vec![0.0; fragments * fragments];
        for (a, b) in (0..fragments).flat_map(|a| (a + 1..fragments).map(move |b| (a, b))) {
            let distance = self.distance(a, b);
            (distances[a * fragments + b], distances[b * fragments + a]) = (distance, distance);
        }
        distances
    }
}
