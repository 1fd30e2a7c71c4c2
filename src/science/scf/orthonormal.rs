//! An orthonormal basis for functions that overlap.
use crate::science::linear::{Eigen, Matrix};

/// Combinations of functions whose norm squared is smaller are left out, as psi4 does it: they are what the others are already.
/// Functions are taken with the norm 1 each, so that it does not matter how Cartesian ones are normalised.
pub const DEPENDENT: f64 = 1e-7;

/// Canonical orthonormal combinations of functions (Lowdin, Adv. Quantum Chem. 5, 185, 1970, DOI 10.1016/S0065-3276(08)60339-1).
#[derive(Debug)]
pub(super) struct Orthonormal {
    /// Combinations as rows, `[combinations, functions]`.
    rows: Matrix,
    columns: Matrix,
    /// The smallest eigenvalue of the overlap.
    pub smallest: f64,
}

impl Orthonormal {
    /// Of functions with this overlap.
    pub fn of(overlap: &Matrix) -> Self {
        let n = overlap.rows;
        let scales: Vec<f64> = (0..n).map(|p| 1.0 / overlap.at(p, p).sqrt()).collect();
        let mut scaled = overlap.clone();
        for p in 0..n {
            scaled.row_mut(p).iter_mut().zip(&scales).for_each(|(value, scale)| *value *= scale * scales[p]);
        }
        let Eigen { values, vectors } = Eigen::of(&scaled);
        let first = values.partition_point(|value| *value < DEPENDENT);
        let mut rows = Matrix::zeros(n - first, n);
        for (k, value) in values[first..].iter().enumerate() {
            let factor = 1.0 / value.sqrt();
            let from = vectors.row(first + k).iter().zip(&scales);
            rows.row_mut(k).iter_mut().zip(from).for_each(|(to, (x, scale))| *to = factor * x * scale);
        }
        let columns = rows.transposed();
        Self { rows, columns, smallest: values.first().copied().unwrap_or(1.0) }
    }

    /// The number of combinations.
    pub fn size(&self) -> usize {
        self.rows.rows
    }

    /// An operator's matrix over functions in this basis.
    pub fn enter(&self, matrix: &Matrix) -> Matrix {
        self.rows.times(matrix).times(&self.columns)
    }

    /// Vectors of this basis, as rows, over functions.
    pub fn leave(&self, vectors: &Matrix) -> Matrix {
        vectors.times(&self.rows)
    }
}
