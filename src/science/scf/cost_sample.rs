//! Which samples of a calculation can be timed to estimate the duration of all of it?
//!
//! Nothing here reads a clock: the caller times the calls and divides by the returned fractions.
use super::eri::{Eri, Quartets};
use super::error::Error;
use super::fock::{DensityInput, JkBuilder};
use super::settings::Settings;
use super::shells::Shells;
use super::system::{System, electrons};
use crate::science::linear::{Eigen, Matrix, multiply};

/// The largest dimension of a matrix that is diagonalized as a sample.
const MAX_DIAGONALIZED: usize = 120;

/// Samples of the integrals of a system and of the work of an SCF iteration.
pub struct CostSample {
    eri: Eri,
    quartets: Quartets,
    density: Matrix,
    /// Number of occupied orbitals of each spin; a single one if the spins share their orbitals.
    occupied: Vec<usize>,
    /// Number of blocks that have been computed, in a scattered order.
    computed: usize,
    rows: Vec<f64>,
    builder: JkBuilder,
}

impl CostSample {
    /// Prepares samples of a system.
    ///
    /// # Errors
    /// The basis set lacks an element, or charge, reference and multiplicity do not fit.
    pub fn new(system: &System<'_>, settings: &Settings) -> Result<Self, Error> {
        let eri = Eri::new(Shells::for_atoms(&system.centers(), system.basis)?);
        let n = eri.shells().functions;
        let electrons = electrons(system.molecule)?;
        let is_restricted = settings.is_restricted(system.molecule)?;
        let occupied = if is_restricted { vec![electrons[0]] } else { electrons.to_vec() };
        let density = pattern(n, n);
        let input = DensityInput { total: density.clone(), spins: vec![&density; occupied.len()] };
        let builder = JkBuilder::new(&input, eri.runs());
        Ok(Self { eri, quartets: Quartets::default(), density, occupied, computed: 0, rows: Vec::new(), builder })
    }

    pub fn functions(&self) -> usize {
        self.density.rows
    }

    /// Number of occupied orbitals of each spin; a single one if the spins share their orbitals.
    pub fn occupied(&self) -> &[usize] {
        &self.occupied
    }

    /// Computes another block of integrals; returns the fraction of all integrals that it is, or none after the last block.
    pub fn compute_block(&mut self) -> Option<f64> {
        let blocks = self.eri.blocks();
        let block = (self.computed < blocks.len()).then(|| scattered(self.computed, blocks.len()))?;
        self.computed += 1;
        self.eri.compute(&blocks[block], &mut self.rows, &mut self.quartets);
        Some(blocks[block].size() as f64 / self.eri.size() as f64)
    }

    /// Adds the last block to J and K, as an SCF iteration does.
    pub fn build_jk(&mut self) {
        if let Some(last) = self.computed.checked_sub(1) {
            let blocks = self.eri.blocks();
            self.builder.add_block(&blocks[scattered(last, blocks.len())], &self.rows, self.eri.runs());
        }
    }

    /// Diagonalizes a matrix; returns the fraction of the work for a matrix over all functions.
    pub fn diagonalize(&self) -> f64 {
        let n = self.functions().min(MAX_DIAGONALIZED);
        let mut matrix = pattern(n, n);
        matrix.add(1.0, &pattern(n, n).transposed());
        std::hint::black_box(Eigen::new(&matrix));
        (n as f64 / self.functions().max(1) as f64).powi(3)
    }

    /// Multiplies matrices as MP2 does, `[occupied, functions]` by `[functions, functions]`; returns the number of multiplications.
    pub fn multiply(&self) -> f64 {
        let (n, rows) = (self.functions(), self.occupied[0].max(1));
        let mut result = vec![0.0; rows * n];
        multiply(&pattern(rows, n).values, &self.density.values, n, n, &mut result);
        std::hint::black_box(result);
        rows as f64 * (n * n) as f64
    }
}

/// Index `at` of a permutation of the numbers below `count` that puts neighbours far apart.
fn scattered(at: usize, count: usize) -> usize {
    let greatest_common_divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    // About the golden section.
    let mut step = (count as f64 * 0.618_033_988_749_895) as usize + 1;
    while greatest_common_divisor(step, count) != 1 {
        step += 1;
    }
    (at as u128 * step as u128 % count as u128) as usize
}

/// A matrix of small pseudo-random numbers.
fn pattern(rows: usize, columns: usize) -> Matrix {
    let value = |k: usize| ((k * 7919 % 1009) as f64 / 1009.0 - 0.5) / columns.max(1) as f64;
    Matrix::new(rows, columns, (0..rows * columns).map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::scattered;

    #[test]
    fn every_block_is_computed_once() {
        for count in [1, 2, 3, 10, 97, 5886] {
            let mut indices: Vec<usize> = (0..count).map(|at| scattered(at, count)).collect();
            indices.sort_unstable();
            assert!(indices.into_iter().eq(0..count), "{count}");
        }
    }
}
