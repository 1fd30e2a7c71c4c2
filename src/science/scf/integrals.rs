//! Integrals over the functions of some atoms at some places.
use super::fock::{Demand, coulomb_and_exchange};
use super::guess;
use super::orthonormal::Orthonormal;
use super::repulsion::Repulsion;
use super::shells::{Shell, Shells, to_functions};
use super::{Error, System};
use crate::science::basis::BasisSet;
use crate::science::chemistry::{Element, Molecule};
use crate::science::linear::Matrix;
use crate::science::memory::Room;
use integral::engine::os::{self, Prim};
use std::sync::OnceLock;

/// Integrals over the functions of some atoms at some places, whichever of them are ghosts.
///
/// Tasks whose atoms are the same share them: every task in the basis of a whole cluster. What is computed with them
/// is the same to the last bit as with integrals of one's own. What not every task needs, the attraction by each nucleus and guesses of
/// atoms, is computed when it is first asked for.
#[derive(Debug)]
pub struct Integrals {
    basis: BasisSet,
    elements: Vec<Element>,
    places: Vec<[f64; 3]>,
    pub(super) overlap: Matrix,
    pub(super) kinetic: Matrix,
    pub(super) repulsion: Repulsion,
    orthonormal: OnceLock<Orthonormal>,
    /// Of a positive unit charge at each atom's place.
    attraction: Vec<OnceLock<Matrix>>,
    /// The density of each atom alone.
    atoms: Vec<OnceLock<Matrix>>,
    /// What is kept and what every task needs beside it, in bytes.
    bytes: usize,
}

/// Bytes of a MB.
pub(super) const MB: usize = 1_000_000;

impl Integrals {
    /// Of a system's atoms, in memory of this process alone; else as [`within`](Self::within).
    ///
    /// # Errors
    /// As there.
    pub fn new(system: &System<'_>, memory_mb: usize) -> Result<Self, Error> {
        Self::within(system, Room::own(memory_mb))
    }

    /// Of a system's atoms; repulsion integrals are kept if all fits into the room and otherwise computed for every pass. Where they
    /// are kept has no part in that.
    ///
    /// # Errors
    /// Where the set lacks an element, where numbers are not finite, or where not even one pass fits into memory.
    pub fn within(system: &System<'_>, Room { memory_mb, memory }: Room<'_>) -> Result<Self, Error> {
        let atoms = &system.molecule.atoms;
        let placed: Vec<_> = atoms.iter().map(|atom| (atom.element, atom.position)).collect();
        if placed.iter().any(|(_, place)| place.iter().any(|x| !x.is_finite())) {
            return Err(Error::NotFinite);
        }
        let shells = Shells::place(&placed, system.basis)?;
        let functions = shells.functions;
        let overlap = one_electron(&shells, os::overlap_into);
        let kinetic = one_electron(&shells, os::kinetic_into);
        if overlap.values.iter().any(|x| !x.is_finite()) {
            return Err(Error::NotFinite);
        }
        let mut repulsion = Repulsion::new(shells);
        let (kept, beside) = (8 * repulsion.size(), bytes_beside(functions, repulsion.largest_block()));
        let available = memory_mb.saturating_mul(MB);
        if beside > available {
            let needed_mb = beside.div_ceil(MB);
            return Err(Error::Memory { functions, needed_mb, available_mb: memory_mb });
        }
        let is_kept = kept + beside <= available;
        if is_kept {
            repulsion.keep(memory);
        }
        Ok(Self {
            basis: system.basis.clone(),
            elements: placed.iter().map(|(element, _)| *element).collect(),
            places: placed.iter().map(|(_, place)| *place).collect(),
            overlap,
            kinetic,
            repulsion,
            orthonormal: OnceLock::new(),
            attraction: atoms.iter().map(|_| OnceLock::new()).collect(),
            atoms: atoms.iter().map(|_| OnceLock::new()).collect(),
            bytes: beside + if is_kept { kept } else { 0 },
        })
    }

    /// Whether they are those of a system: the same elements at the same places, and the same basis.
    pub fn serve(&self, system: &System<'_>) -> bool {
        let atoms = &system.molecule.atoms;
        let is_same = |(atom, (element, place)): (&_, (&Element, &[f64; 3]))| {
            let atom: &crate::science::chemistry::Atom = atom;
            atom.element == *element && atom.position == *place
        };
        atoms.len() == self.elements.len()
            && atoms.iter().zip(self.elements.iter().zip(&self.places)).all(is_same)
            && self.basis == *system.basis
    }

    /// The number of basis functions.
    pub fn functions(&self) -> usize {
        self.overlap.rows
    }

    /// The memory in use, in bytes: integrals that are kept, and room for a task's matrices.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// J and K of a symmetric density, `J_pq = sum_rs D_rs (pq|rs)` and `K_pr = sum_qs D_qs (pq|rs)`, all `[functions, functions]`.
    ///
    /// # Panics
    /// Where the density is not of that shape.
    pub fn coulomb_and_exchange(&self, density: &[f64]) -> [Vec<f64>; 2] {
        let density = Matrix::of(self.functions(), self.functions(), density.to_vec());
        let demand = Demand { density: density.clone(), spins: vec![&density] };
        let mut feeling = coulomb_and_exchange(&self.repulsion, &[demand]).swap_remove(0);
        [feeling.coulomb.values, feeling.exchange.swap_remove(0).values]
    }

    /// How many tasks fit into `memory_mb` (10^6 bytes) beside these integrals: one at least, and no more than gain from it.
    pub(super) fn together(&self, memory_mb: usize) -> usize {
        let left = memory_mb.saturating_mul(MB).saturating_sub(self.bytes);
        let more = left / (8 * MATRICES * self.functions() * self.functions()).max(1);
        (1 + more).min(TOGETHER)
    }

    /// An orthonormal basis.
    pub(super) fn orthonormal(&self) -> &Orthonormal {
        self.orthonormal.get_or_init(|| Orthonormal::of(&self.overlap))
    }

    pub(super) fn shells(&self) -> &Shells {
        self.repulsion.shells()
    }

    /// The one-electron Hamiltonian of a molecule: kinetic energy, nuclei of real atoms in their order, point charges.
    pub(super) fn hamiltonian(&self, molecule: &Molecule) -> Matrix {
        let mut sum = self.kinetic.clone();
        for (at, atom) in molecule.atoms.iter().enumerate().filter(|(_, atom)| !atom.is_ghost) {
            let attraction = self.attraction[at].get_or_init(|| attraction(self.shells(), &[(atom.position, 1.0)]));
            sum.add(f64::from(atom.element.number()), attraction);
        }
        if !molecule.point_charges.is_empty() {
            let charges: Vec<_> = molecule.point_charges.iter().map(|point| (point.position, point.charge)).collect();
            sum.add(1.0, &attraction(self.shells(), &charges));
        }
        sum
    }

    /// The sum of the densities of real atoms, each as it is alone.
    pub(super) fn atomic_densities(&self, molecule: &Molecule) -> Matrix {
        let mut sum = Matrix::zeros(self.functions(), self.functions());
        for (at, atom) in molecule.atoms.iter().enumerate().filter(|(_, atom)| !atom.is_ghost) {
            let same = self.elements.iter().position(|element| *element == atom.element).unwrap_or(at);
            let density = self.atoms[same].get_or_init(|| guess::atom(atom.element, &self.basis));
            let own = self.shells().list.iter().filter(|shell| shell.atom == at);
            let functions: Vec<usize> = own.flat_map(|shell| shell.range()).collect();
            for (row, &p) in functions.iter().enumerate() {
                functions.iter().zip(density.row(row)).for_each(|(&q, &value)| sum.row_mut(p)[q] = value);
            }
        }
        sum
    }
}

/// Matrices over functions that a task has at once, with all that DIIS keeps.
pub(super) const MATRICES: usize = 70;

/// Tasks that are iterated together at most: with so many, reading integrals takes a small part of the time.
pub const TOGETHER: usize = 8;

/// What a task needs beside the integrals, in bytes: its matrices, a block, and for MP2 half a
/// cube of the functions for one occupied orbital's half-transformed integrals, a cube for a panel and the rest for its transformed ones.
pub(super) fn bytes_beside(functions: usize, block: usize) -> usize {
    let square = functions * functions;
    8 * (MATRICES * square + block + 2 * square * functions)
}

/// A matrix over functions from an operator's integrals over primitives, which `add` adds times a factor.
pub(super) fn one_electron(shells: &Shells, add: impl Fn(Prim, Prim, f64, &mut [f64])) -> Matrix {
    let n = shells.functions;
    let mut matrix = Matrix::zeros(n, n);
    let (mut block, mut spare) = (Vec::new(), Vec::new());
    for (i, a) in shells.list.iter().enumerate() {
        for b in &shells.list[..=i] {
            block.clear();
            block.resize(a.cartesian() * b.cartesian(), 0.0);
            contract(a, a.angular, b, b.angular, &add, &mut block);
            let forms = [shells.form(a.angular), shells.form(b.angular)];
            to_functions(&mut block, [a.cartesian(), b.cartesian()], forms, &mut spare);
            for (p, row) in a.range().zip(block.chunks_exact(b.functions)) {
                for (q, &value) in b.range().zip(row) {
                    (matrix.values[p * n + q], matrix.values[q * n + p]) = (value, value);
                }
            }
        }
    }
    matrix
}

/// Adds the contracted Cartesian integrals of two shells as if they had other angular momenta.
pub(super) fn contract(
    a: &Shell,
    angular_a: usize,
    b: &Shell,
    angular_b: usize,
    add: &impl Fn(Prim, Prim, f64, &mut [f64]),
    block: &mut [f64],
) {
    for (p, c) in a.primitives(angular_a) {
        b.primitives(angular_b).for_each(|(q, d)| add(p, q, c * d, block));
    }
}

/// The attraction of electrons by charges (elementary charges at places in bohr), negative for positive ones.
fn attraction(shells: &Shells, charges: &[([f64; 3], f64)]) -> Matrix {
    one_electron(shells, |a, b, scale, block| os::nuclear_into(a, b, charges, scale, block))
}
