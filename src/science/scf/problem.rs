//! How are orbitals and Fock matrices obtained from each other?
//!
//! Restricted (Roothaan, Rev. Mod. Phys. 23, 69, 1951, DOI 10.1103/RevModPhys.23.69) and unrestricted Hartree-Fock (Pople and Nesbet, J. Chem.
//! Phys. 22, 571, 1954, DOI 10.1063/1.1740120).
use super::diagnostic::Diagnostic;
use super::fock::JkMatrices;
use super::integrals::Integrals;
use super::orthonormal_basis::OrthonormalBasis;
use super::scf_state::SpinOrbitals;
use crate::science::chemistry::Molecule;
use crate::science::linear::{Eigen, Matrix};

/// Below this eigenvalue of the overlap matrix, functions are nearly linearly dependent.
const NEAR_DEPENDENCE: f64 = 1e-6;

/// Two occupied spaces are the same if the squares of their overlaps sum to their dimension within this.
const SAME_SPACE: f64 = 1e-3;

/// In units of the Frobenius norm of the Fock matrix: a shift that puts all virtual orbitals above all occupied ones.
const SEPARATING_SHIFT: f64 = 4.0;

/// What stays constant during the iterations.
pub(super) struct ScfProblem<'a> {
    pub integrals: &'a Integrals,
    pub molecule: &'a Molecule,
    /// One-electron Hamiltonian, `[functions, functions]`, Eh.
    pub hamiltonian: Matrix,
    pub basis: &'a OrthonormalBasis,
    /// Number of occupied orbitals of each spin; one entry if the spins share their orbitals.
    pub occupied: Vec<usize>,
}

impl<'a> ScfProblem<'a> {
    pub fn new(integrals: &'a Integrals, molecule: &'a Molecule, occupied: Vec<usize>) -> Self {
        let hamiltonian = integrals.hamiltonian(molecule);
        Self { integrals, molecule, hamiltonian, basis: integrals.orthonormal(), occupied }
    }

    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let (functions, smallest) = (self.integrals.functions(), self.basis.smallest_overlap);
        let left_out = functions - self.basis.size();
        let mut diagnostics = Vec::new();
        if left_out > 0 {
            diagnostics.push(Diagnostic::Dependent { left_out, functions, smallest });
        } else if smallest < NEAR_DEPENDENCE {
            diagnostics.push(Diagnostic::NearlyDependent { smallest });
        }
        if self.occupied.iter().all(|occupied| *occupied == 0) {
            diagnostics.push(Diagnostic::NoElectrons);
        }
        diagnostics
    }

    /// Orbitals in the field of a density that is the same for both spins.
    pub fn orbitals_in_field(&self, jk: &JkMatrices) -> Vec<SpinOrbitals> {
        let mut fock = self.hamiltonian.clone();
        fock.add(1.0, &jk.coulomb);
        fock.add(-0.5, &jk.exchange[0]);
        let fock = self.basis.to_orthonormal(&fock);
        self.diagonalize_all(&vec![fock; self.occupied.len()])
    }

    /// Orbitals of each spin's Fock matrix, which is over the orthonormal basis.
    pub fn diagonalize_all(&self, focks: &[Matrix]) -> Vec<SpinOrbitals> {
        focks.iter().zip(&self.occupied).map(|(fock, &occupied)| self.diagonalize(occupied, fock)).collect()
    }

    /// Orbitals of a Fock matrix over the orthonormal basis, the lowest occupied.
    fn diagonalize(&self, occupied: usize, fock: &Matrix) -> SpinOrbitals {
        let Eigen { values, vectors } = Eigen::new(fock);
        let orbitals = self.basis.back_transform(&vectors);
        let density = orbitals.first_rows(occupied).gram();
        let fock = Matrix::zeros(0, 0);
        SpinOrbitals { occupied, orbitals, vectors, energies: values, density, fock }
    }

    /// Sets the Fock matrix of each spin and returns the electronic energy, Eh.
    pub fn update_fock(&self, spins: &mut [SpinOrbitals], jk: &JkMatrices) -> f64 {
        let weight = if spins.len() == 1 { 1.0 } else { 0.5 };
        let mut energy = 0.0;
        for (spin, exchange) in spins.iter_mut().zip(&jk.exchange) {
            let mut fock = self.hamiltonian.clone();
            fock.add(1.0, &jk.coulomb);
            fock.add(-1.0, exchange);
            energy += weight * (spin.density.dot(&self.hamiltonian) + spin.density.dot(&fock));
            spin.fock = fock;
        }
        energy
    }

    /// The orbitals of each spin, rotated by `exp(angle (x - x^T))` with x `[occupied, virtual]`, using the eigenvectors of `x x^T`. Orbital
    /// energies are those before the rotation.
    pub fn rotate_all(&self, spins: &[SpinOrbitals], rotations: &[Matrix], angle: f64) -> Vec<SpinOrbitals> {
        spins.iter().zip(rotations).map(|(spin, rotation)| self.rotate(spin, rotation, angle)).collect()
    }

    fn rotate(&self, spin: &SpinOrbitals, x: &Matrix, angle: f64) -> SpinOrbitals {
        let Eigen { values, vectors } = Eigen::new(&x.times(&x.transposed()));
        let matrix_function = |f: &dyn Fn(f64) -> f64| {
            let mut scaled = vectors.clone();
            for (k, value) in values.iter().enumerate() {
                let factor = f(value.max(0.0).sqrt());
                scaled.row_mut(k).iter_mut().for_each(|element| *element *= factor);
            }
            vectors.transposed().times(&scaled)
        };
        let (occupied, virtuals) = (spin.vectors.first_rows(spin.occupied), spin.virtuals());
        // With s^2 for x x^T: cos(s angle), sin(s angle) / s and (cos(s angle) - 1) / s^2.
        let cosine = matrix_function(&|s| libm::cos(s * angle));
        let sine = matrix_function(&|s| if s == 0.0 { angle } else { libm::sin(s * angle) / s });
        let versine = matrix_function(&|s| {
            let half = if s == 0.0 { 0.5 * angle } else { libm::sin(0.5 * s * angle) / s };
            -2.0 * half * half
        });
        let across = x.times(&virtuals);
        let mut rotated = cosine.times(&occupied);
        rotated.add(1.0, &sine.times(&across));
        let mut rest = virtuals;
        rest.add(1.0, &x.transposed().times(&versine.times(&across)));
        rest.add(-1.0, &x.transposed().times(&sine.times(&occupied)));
        let vectors = Matrix::new(spin.vectors.rows, spin.vectors.columns, [rotated.values, rest.values].concat());
        let orbitals = self.basis.back_transform(&vectors);
        let density = orbitals.first_rows(spin.occupied).gram();
        let (energies, fock) = (spin.energies.clone(), Matrix::zeros(0, 0));
        SpinOrbitals { occupied: spin.occupied, orbitals, vectors, energies, density, fock }
    }

    /// Canonical orbitals of the final Fock matrices (over the orthonormal basis); densities stay those of the final energy.
    pub fn canonicalize(&self, spins: Vec<SpinOrbitals>, focks: &[Matrix]) -> Vec<SpinOrbitals> {
        let canonicalize = |(spin, fock): (SpinOrbitals, &Matrix)| {
            let lowest = self.diagonalize(spin.occupied, fock);
            let (own, other) = (spin.vectors.first_rows(spin.occupied), lowest.vectors.first_rows(spin.occupied));
            let overlap = own.times(&other.transposed());
            // With a level shift the iterations may converge with other orbitals occupied than the lowest ones.
            let is_lowest = (spin.occupied as f64 - overlap.dot(&overlap)).abs() < SAME_SPACE;
            let canonical = if is_lowest { lowest } else { self.diagonalize_in_spaces(&spin, fock) };
            let SpinOrbitals { orbitals, vectors, energies, .. } = canonical;
            SpinOrbitals { orbitals, vectors, energies, ..spin }
        };
        spins.into_iter().zip(focks).map(canonicalize).collect()
    }

    /// Orbitals of a Fock matrix that leave the occupied space as it is: first those that span it, then the others.
    fn diagonalize_in_spaces(&self, spin: &SpinOrbitals, fock: &Matrix) -> SpinOrbitals {
        let norm = fock.values.iter().map(|x| x * x).sum::<f64>().sqrt();
        let shift = SEPARATING_SHIFT * norm;
        let mut orbitals = self.diagonalize(spin.occupied, &shift_virtuals(fock.clone(), spin, shift));
        orbitals.energies[spin.occupied..].iter_mut().for_each(|energy| *energy -= shift);
        orbitals
    }
}

/// The SCF residual: the commutator FP - PF over the orthonormal basis, Eh.
pub(super) fn residual(spin: &SpinOrbitals, fock: &Matrix) -> Matrix {
    let occupied = spin.vectors.first_rows(spin.occupied);
    let product = occupied.times(fock).transposed().times(&occupied);
    let mut commutator = product.clone();
    commutator.add(-1.0, &product.transposed());
    commutator
}

/// Applies a level shift (Eh) to the virtual orbitals of a Fock matrix over the orthonormal basis.
pub(super) fn shift_virtuals(mut fock: Matrix, spin: &SpinOrbitals, level_shift: f64) -> Matrix {
    if level_shift != 0.0 {
        fock.add(-level_shift, &spin.vectors.first_rows(spin.occupied).gram());
        let n = fock.rows;
        (0..n).for_each(|k| fock.values[k * (n + 1)] += level_shift);
    }
    fock
}
