//! Orbitals in the field of one another: Hartree-Fock, restricted (Roothaan, Rev. Mod. Phys. 23, 69, 1951, DOI
//! 10.1103/RevModPhys.23.69) and unrestricted (Pople and Nesbet, J. Chem. Phys. 22, 571, 1954, DOI 10.1063/1.1740120).
use super::fock::{Demand, Feeling};
use super::integrals::Integrals;
use super::note::Note;
use super::orthonormal::Orthonormal;
use crate::science::chemistry::Molecule;
use crate::science::linear::{Eigen, Matrix};

/// Below this eigenvalue of the overlap functions are nearly dependent.
const NEARLY_DEPENDENT: f64 = 1e-6;

/// Two spaces of orbitals are the same where squares of overlaps add up to their number within this.
const SAME_SPACE: f64 = 1e-3;

/// The orbitals of one spin, or of both where they are the same.
#[derive(Clone, Debug)]
pub(super) struct Spin {
    /// Occupied orbitals.
    pub occupied: usize,
    /// As rows over functions, ascending in energy.
    pub orbitals: Matrix,
    /// The same in the orthonormal basis.
    pub vectors: Matrix,
    /// Eh.
    pub energies: Vec<f64>,
    /// `sum_i c_pi c_qi` over occupied orbitals.
    pub density: Matrix,
    /// Over functions, Eh.
    pub fock: Matrix,
}

impl Spin {
    /// Virtual orbitals in the orthonormal basis, as rows.
    pub fn virtuals(&self) -> Matrix {
        let (rows, columns) = (self.vectors.rows - self.occupied, self.vectors.columns);
        Matrix::of(rows, columns, self.vectors.values[self.occupied * columns..].to_vec())
    }
}

/// A converged determinant.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// One where both spins have the same orbitals, else first the more numerous.
    pub spins: Vec<Spin>,
    /// Eh.
    pub electronic_energy: f64,
    pub iterations: usize,
    pub notes: Vec<Note>,
}

impl Field {
    /// Whether both spins have the same orbitals.
    pub fn is_restricted(&self) -> bool {
        self.spins.len() == 1
    }

    /// The smallest gap between an occupied and a virtual orbital of a spin, Eh; none where a spin has only one kind.
    pub fn gap(&self) -> Option<f64> {
        let of_spin = |spin: &Spin| {
            let (below, above) = spin.energies.split_at(spin.occupied);
            below.last().zip(above.first()).map(|(below, above)| above - below)
        };
        self.spins.iter().filter_map(of_spin).min_by(f64::total_cmp)
    }

    /// The density of all electrons.
    pub fn density(&self) -> Matrix {
        total(&self.spins)
    }

    /// The expectation value of S^2 of the determinant (Szabo and Ostlund, Modern Quantum Chemistry, eq. 2.271).
    pub fn s_squared(&self, overlap: &Matrix) -> f64 {
        let [a, b] = &self.spins[..] else { return 0.0 };
        let half = 0.5 * (a.occupied as f64 - b.occupied as f64);
        let same = a.density.times(overlap).transposed().dot(&b.density.times(overlap));
        half * (half + 1.0) + b.occupied as f64 - same
    }
}

impl<'a> Demand<'a> {
    /// The densities of the spins of a determinant.
    pub fn of(spins: &'a [Spin]) -> Self {
        Self { density: total(spins), spins: spins.iter().map(|spin| &spin.density).collect() }
    }
}

/// The density of all electrons of one or two spins.
fn total(spins: &[Spin]) -> Matrix {
    let mut sum = spins[0].density.clone();
    sum.add(1.0, &spins[spins.len() - 1].density);
    sum
}

/// What does not change between iterations.
pub(super) struct Problem<'a> {
    pub integrals: &'a Integrals,
    pub molecule: &'a Molecule,
    pub hamiltonian: Matrix,
    pub basis: &'a Orthonormal,
    /// Occupied orbitals of each spin.
    pub occupied: Vec<usize>,
}

impl<'a> Problem<'a> {
    /// For the orbitals of a molecule, so many of each spin occupied.
    pub fn new(integrals: &'a Integrals, molecule: &'a Molecule, occupied: Vec<usize>) -> Self {
        let hamiltonian = integrals.hamiltonian(molecule);
        Self { integrals, molecule, hamiltonian, basis: integrals.orthonormal(), occupied }
    }

    /// What is to be told about the basis and the electrons.
    pub fn notes(&self) -> Vec<Note> {
        let (functions, smallest) = (self.integrals.functions(), self.basis.smallest);
        let left_out = functions - self.basis.size();
        let mut notes = Vec::new();
        if left_out > 0 {
            notes.push(Note::Dependent { left_out, functions, smallest });
        } else if smallest < NEARLY_DEPENDENT {
            notes.push(Note::NearlyDependent { smallest });
        }
        if self.occupied.iter().all(|occupied| *occupied == 0) {
            notes.push(Note::NoElectrons);
        }
        notes
    }

    /// The first orbitals, in the field of a density of all electrons.
    pub fn first(&self, feeling: &Feeling) -> Vec<Spin> {
        let mut fock = self.hamiltonian.clone();
        fock.add(1.0, &feeling.coulomb);
        fock.add(-0.5, &feeling.exchange[0]);
        let inside = self.basis.enter(&fock);
        self.fill(&vec![inside; self.occupied.len()])
    }

    /// The lowest orbitals of each spin's Fock matrix in the orthonormal basis.
    pub fn fill(&self, focks: &[Matrix]) -> Vec<Spin> {
        focks.iter().zip(&self.occupied).map(|(fock, &occupied)| self.occupy(occupied, fock)).collect()
    }

    /// The lowest orbitals of a Fock matrix in the orthonormal basis.
    fn occupy(&self, occupied: usize, fock: &Matrix) -> Spin {
        let Eigen { values, vectors } = Eigen::of(fock);
        let orbitals = self.basis.leave(&vectors);
        let density = orbitals.first_rows(occupied).gram();
        let fock = Matrix::zeros(0, 0);
        Spin { occupied, orbitals, vectors, energies: values, density, fock }
    }

    /// Makes Fock matrices of what the densities feel, and returns the electronic energy.
    pub fn feel(&self, spins: &mut [Spin], feeling: &Feeling) -> f64 {
        let weight = if spins.len() == 1 { 1.0 } else { 0.5 };
        let mut energy = 0.0;
        for (spin, exchange) in spins.iter_mut().zip(&feeling.exchange) {
            let mut fock = self.hamiltonian.clone();
            fock.add(1.0, &feeling.coulomb);
            fock.add(-1.0, exchange);
            energy += weight * (spin.density.dot(&self.hamiltonian) + spin.density.dot(&fock));
            spin.fock = fock;
        }
        energy
    }

    /// The orbitals of each spin turned by an angle along rotations `[occupied, virtual]`: `exp(angle (x - x^T))`, by the eigenvectors of
    /// `x x^T`. The energies are those of the orbitals before.
    pub fn turned(&self, spins: &[Spin], rotations: &[Matrix], angle: f64) -> Vec<Spin> {
        spins.iter().zip(rotations).map(|(spin, rotation)| self.turn(spin, rotation, angle)).collect()
    }

    fn turn(&self, spin: &Spin, x: &Matrix, angle: f64) -> Spin {
        let Eigen { values, vectors } = Eigen::of(&x.times(&x.transposed()));
        let function = |of: &dyn Fn(f64) -> f64| {
            let mut scaled = vectors.clone();
            for (k, value) in values.iter().enumerate() {
                let factor = of(value.max(0.0).sqrt());
                scaled.row_mut(k).iter_mut().for_each(|element| *element *= factor);
            }
            vectors.transposed().times(&scaled)
        };
        let (occupied, virtuals) = (spin.vectors.first_rows(spin.occupied), spin.virtuals());
        // With s^2 for x x^T: cos(s angle), sin(s angle) / s and (cos(s angle) - 1) / s^2.
        let cosine = function(&|s| libm::cos(s * angle));
        let sine = function(&|s| if s == 0.0 { angle } else { libm::sin(s * angle) / s });
        let versine = function(&|s| {
            let half = if s == 0.0 { 0.5 * angle } else { libm::sin(0.5 * s * angle) / s };
            -2.0 * half * half
        });
        let across = x.times(&virtuals);
        let mut turned = cosine.times(&occupied);
        turned.add(1.0, &sine.times(&across));
        let mut rest = virtuals;
        rest.add(1.0, &x.transposed().times(&versine.times(&across)));
        rest.add(-1.0, &x.transposed().times(&sine.times(&occupied)));
        let vectors = Matrix::of(spin.vectors.rows, spin.vectors.columns, [turned.values, rest.values].concat());
        let orbitals = self.basis.leave(&vectors);
        let density = orbitals.first_rows(spin.occupied).gram();
        let (energies, fock) = (spin.energies.clone(), Matrix::zeros(0, 0));
        Spin { occupied: spin.occupied, orbitals, vectors, energies, density, fock }
    }

    /// Canonical orbitals of the last Fock matrices; densities stay those that the energy belongs to.
    pub fn settle(&self, spins: Vec<Spin>, inside: &[Matrix]) -> Vec<Spin> {
        let settle = |(spin, fock): (Spin, &Matrix)| {
            let lowest = self.occupy(spin.occupied, fock);
            let (own, kept) = (spin.vectors.first_rows(spin.occupied), lowest.vectors.first_rows(spin.occupied));
            let overlap = own.times(&kept.transposed());
            // With a level shift iterations may end where other orbitals are occupied than the lowest ones.
            let is_lowest = (spin.occupied as f64 - overlap.dot(&overlap)).abs() < SAME_SPACE;
            let canonical = if is_lowest { lowest } else { self.occupy_again(&spin, fock) };
            let Spin { orbitals, vectors, energies, .. } = canonical;
            Spin { orbitals, vectors, energies, ..spin }
        };
        spins.into_iter().zip(inside).map(settle).collect()
    }

    /// The orbitals of a Fock matrix that span the space that is occupied already, then the others.
    fn occupy_again(&self, spin: &Spin, fock: &Matrix) -> Spin {
        let width = fock.values.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut again = self.occupy(spin.occupied, &raise(fock.clone(), spin, 4.0 * width));
        again.energies[spin.occupied..].iter_mut().for_each(|energy| *energy -= 4.0 * width);
        again
    }
}

/// The commutator FP - PF in the orthonormal basis.
pub(super) fn residual(spin: &Spin, fock: &Matrix) -> Matrix {
    let occupied = spin.vectors.first_rows(spin.occupied);
    let product = occupied.times(fock).transposed().times(&occupied);
    let mut commutator = product.clone();
    commutator.add(-1.0, &product.transposed());
    commutator
}

/// Raises virtual orbitals.
pub(super) fn raise(mut fock: Matrix, spin: &Spin, level_shift: f64) -> Matrix {
    if level_shift != 0.0 {
        fock.add(-level_shift, &spin.vectors.first_rows(spin.occupied).gram());
        let n = fock.rows;
        (0..n).for_each(|k| fock.values[k * (n + 1)] += level_shift);
    }
    fock
}
