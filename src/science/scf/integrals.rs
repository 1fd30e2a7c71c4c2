//! Which integrals do tasks with the same atoms share?
use super::eri::Eri;
use super::error::Error;
use super::fock::{DensityInput, build_jk};
use super::guess::atomic_density;
use super::one_electron::{attraction, one_electron};
use super::orthonormal_basis::OrthonormalBasis;
use super::shells::Shells;
use super::system::System;
use crate::science::basis::BasisSet;
use crate::science::chemistry::{Element, Molecule};
use crate::science::linear::Matrix;
use crate::science::memory::MemoryBudget;
use integral::engine::os;
use std::sync::OnceLock;

/// Integrals over the basis functions of atoms at given positions, whichever of the atoms are ghosts.
///
/// Tasks with the same atoms share them, for example all counterpoise tasks of a cluster. Results are the same to the last bit as with
/// integrals of the task's own. The attraction by each nucleus and the atomic guess densities, which not every task needs, are computed on
/// first use.
#[derive(Debug)]
pub struct Integrals {
    basis: BasisSet,
    elements: Vec<Element>,
    /// Bohr.
    positions: Vec<[f64; 3]>,
    pub(super) overlap: Matrix,
    pub(super) kinetic: Matrix,
    pub(super) eri: Eri,
    orthonormal: OnceLock<OrthonormalBasis>,
    /// Attraction by a unit charge at each atom's position.
    attraction: Vec<OnceLock<Matrix>>,
    /// The density of each neutral free atom.
    atomic_densities: Vec<OnceLock<Matrix>>,
    /// Stored integrals and work memory of a task, bytes.
    bytes: usize,
}

pub(super) const MB: usize = 1_000_000;

impl Integrals {
    /// Integrals for a system's atoms, stored in private memory; see [`within`](Self::within).
    pub fn new(system: &System<'_>, memory_mb: usize) -> Result<Self, Error> {
        Self::within(system, MemoryBudget::own(memory_mb))
    }

    /// Integrals for a system's atoms. Repulsion integrals are stored if everything fits into the memory budget, and otherwise recomputed in
    /// every pass.
    ///
    /// # Errors
    /// The basis set lacks an element, numbers are not finite, or memory is too small for a single pass.
    pub fn within(system: &System<'_>, MemoryBudget { memory_mb, memory }: MemoryBudget<'_>) -> Result<Self, Error> {
        let centers = system.centers();
        if centers.iter().any(|(_, position)| position.iter().any(|x| !x.is_finite())) {
            return Err(Error::NotFinite);
        }
        let shells = Shells::for_atoms(&centers, system.basis)?;
        let functions = shells.functions;
        let overlap = one_electron(&shells, os::overlap_into);
        let kinetic = one_electron(&shells, os::kinetic_into);
        if overlap.values.iter().any(|x| !x.is_finite()) {
            return Err(Error::NotFinite);
        }
        let mut eri = Eri::new(shells);
        let (stored, work) = (8 * eri.size(), work_bytes(functions, eri.largest_block()));
        let available = memory_mb.saturating_mul(MB);
        if work > available {
            let needed_mb = work.div_ceil(MB);
            return Err(Error::Memory { functions, needed_mb, available_mb: memory_mb });
        }
        let is_stored = stored + work <= available;
        if is_stored {
            eri.store(memory);
        }
        Ok(Self {
            basis: system.basis.clone(),
            elements: centers.iter().map(|(element, _)| *element).collect(),
            positions: centers.iter().map(|(_, position)| *position).collect(),
            overlap,
            kinetic,
            eri,
            orthonormal: OnceLock::new(),
            attraction: centers.iter().map(|_| OnceLock::new()).collect(),
            atomic_densities: centers.iter().map(|_| OnceLock::new()).collect(),
            bytes: work + if is_stored { stored } else { 0 },
        })
    }

    /// Whether they belong to a system: the same elements at the same positions, and the same basis set.
    pub fn are_for(&self, system: &System<'_>) -> bool {
        let own = self.elements.iter().copied().zip(self.positions.iter().copied());
        own.eq(system.centers()) && self.basis == *system.basis
    }

    pub fn functions(&self) -> usize {
        self.overlap.rows
    }

    /// Memory of the stored integrals and of one task's work arrays, bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// J and K of a symmetric density, `J_pq = sum_rs D_rs (pq|rs)` and `K_pr = sum_qs D_qs (pq|rs)`, all `[functions, functions]`.
    ///
    /// # Panics
    /// The density does not have that shape.
    pub fn coulomb_and_exchange(&self, density: &[f64]) -> [Vec<f64>; 2] {
        let density = Matrix::new(self.functions(), self.functions(), density.to_vec());
        let input = DensityInput { total: density.clone(), spins: vec![&density] };
        let mut jk = build_jk(&self.eri, &[input]).swap_remove(0);
        [jk.coulomb.values, jk.exchange.swap_remove(0).values]
    }

    /// How many tasks are iterated together within `memory_mb` (10^6 bytes): at least one, at most [`MAX_TASKS_PER_PASS`].
    pub(super) fn tasks_per_pass(&self, memory_mb: usize) -> usize {
        let left = memory_mb.saturating_mul(MB).saturating_sub(self.bytes);
        let more = left / (8 * MATRICES * self.functions() * self.functions()).max(1);
        (1 + more).min(MAX_TASKS_PER_PASS)
    }

    pub(super) fn orthonormal(&self) -> &OrthonormalBasis {
        self.orthonormal.get_or_init(|| OrthonormalBasis::new(&self.overlap))
    }

    pub(super) fn shells(&self) -> &Shells {
        self.eri.shells()
    }

    /// The one-electron Hamiltonian of a molecule, summed in the order kinetic energy, nuclei of real atoms, point charges.
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

    /// The superposition of the densities of free atoms at the positions of real atoms.
    pub(super) fn atomic_densities(&self, molecule: &Molecule) -> Matrix {
        let mut sum = Matrix::zeros(self.functions(), self.functions());
        for (at, atom) in molecule.atoms.iter().enumerate().filter(|(_, atom)| !atom.is_ghost) {
            let first = self.elements.iter().position(|element| *element == atom.element).unwrap_or(at);
            let density = self.atomic_densities[first].get_or_init(|| atomic_density(atom.element, &self.basis));
            let own = self.shells().list.iter().filter(|shell| shell.atom == at);
            let functions: Vec<usize> = own.flat_map(|shell| shell.range()).collect();
            for (row, &p) in functions.iter().enumerate() {
                functions.iter().zip(density.row(row)).for_each(|(&q, &value)| sum.row_mut(p)[q] = value);
            }
        }
        sum
    }
}

/// Matrices `[functions, functions]` that a task holds at once, including those of DIIS.
pub(super) const MATRICES: usize = 70;

/// The largest number of tasks that are iterated together: with this many, reading integrals takes a small part of the time.
pub const MAX_TASKS_PER_PASS: usize = 8;

/// Work memory of a task, bytes: its matrices, one block of integrals, and for MP2 `2 functions^3` numbers for a panel (`functions^3`), the
/// half-transformed integrals of one occupied orbital (half of that) and its transformed ones.
pub(super) fn work_bytes(functions: usize, block: usize) -> usize {
    let square = functions * functions;
    8 * (MATRICES * square + block + 2 * square * functions)
}
