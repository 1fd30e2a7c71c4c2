//! What describes a determinant: orbitals, densities and energy?
use super::diagnostic::Diagnostic;
use super::fock::DensityInput;
use crate::science::linear::Matrix;

/// The orbitals of one spin, or of both if they are the same.
#[derive(Clone, Debug)]
pub(super) struct SpinOrbitals {
    pub occupied: usize,
    /// Coefficients over basis functions, ascending in energy, `[orbitals, functions]`.
    pub orbitals: Matrix,
    /// The same over the orthonormal basis.
    pub vectors: Matrix,
    /// Eh.
    pub energies: Vec<f64>,
    /// `sum_i c_pi c_qi` over occupied orbitals, `[functions, functions]`.
    pub density: Matrix,
    /// Fock matrix, `[functions, functions]`, Eh.
    pub fock: Matrix,
}

impl SpinOrbitals {
    /// Virtual orbitals over the orthonormal basis, as rows.
    pub fn virtuals(&self) -> Matrix {
        let (rows, columns) = (self.vectors.rows - self.occupied, self.vectors.columns);
        Matrix::new(rows, columns, self.vectors.values[self.occupied * columns..].to_vec())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct ScfState {
    /// One entry if both spins have the same orbitals, else first the spin with more electrons.
    pub spins: Vec<SpinOrbitals>,
    /// Energy without the repulsion of nuclei, Eh.
    pub electronic_energy: f64,
    pub iterations: usize,
    pub diagnostics: Vec<Diagnostic>,
}

impl ScfState {
    /// Whether both spins have the same orbitals.
    pub fn is_restricted(&self) -> bool {
        self.spins.len() == 1
    }

    /// The smallest gap between an occupied and a virtual orbital of the same spin, Eh; none if no spin has both.
    pub fn gap(&self) -> Option<f64> {
        let of_spin = |spin: &SpinOrbitals| {
            let (occupied, virtuals) = spin.energies.split_at(spin.occupied);
            occupied.last().zip(virtuals.first()).map(|(homo, lumo)| lumo - homo)
        };
        self.spins.iter().filter_map(of_spin).min_by(f64::total_cmp)
    }

    /// The density of all electrons, `[functions, functions]`.
    pub fn density(&self) -> Matrix {
        total_density(&self.spins)
    }

    /// The expectation value of S^2 (Szabo and Ostlund, Modern Quantum Chemistry, eq. 2.271).
    pub fn s_squared(&self, overlap: &Matrix) -> f64 {
        let [a, b] = &self.spins[..] else { return 0.0 };
        let half = 0.5 * (a.occupied as f64 - b.occupied as f64);
        let same = a.density.times(overlap).transposed().dot(&b.density.times(overlap));
        half * (half + 1.0) + b.occupied as f64 - same
    }
}

impl<'a> DensityInput<'a> {
    pub fn from_spins(spins: &'a [SpinOrbitals]) -> Self {
        Self { total: total_density(spins), spins: spins.iter().map(|spin| &spin.density).collect() }
    }
}

fn total_density(spins: &[SpinOrbitals]) -> Matrix {
    let mut sum = spins[0].density.clone();
    sum.add(1.0, &spins[spins.len() - 1].density);
    sum
}
