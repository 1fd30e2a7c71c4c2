//! Which orthonormal basis spans the space of overlapping basis functions?
use crate::science::linear::{Eigen, Matrix};

/// Linear combinations of basis functions with a smaller eigenvalue of the overlap matrix are linearly dependent and left out, as in psi4.
/// Functions are scaled to unit norm first, so that the normalization of Cartesian functions does not matter.
pub(super) const LINEAR_DEPENDENCE: f64 = 1e-7;

/// Canonical orthonormal combinations of basis functions (Lowdin, Adv. Quantum Chem. 5, 185, 1970, DOI 10.1016/S0065-3276(08)60339-1).
#[derive(Debug)]
pub(super) struct OrthonormalBasis {
    /// `[combinations, functions]`.
    rows: Matrix,
    /// Its transpose.
    columns: Matrix,
    /// The smallest eigenvalue of the overlap matrix of unit functions.
    pub smallest_overlap: f64,
}

impl OrthonormalBasis {
    /// The basis for an overlap matrix `[functions, functions]`.
    pub fn new(overlap: &Matrix) -> Self {
        let n = overlap.rows;
        let scales: Vec<f64> = (0..n).map(|p| 1.0 / overlap.get(p, p).sqrt()).collect();
        let mut scaled = overlap.clone();
        for p in 0..n {
            scaled.row_mut(p).iter_mut().zip(&scales).for_each(|(value, scale)| *value *= scale * scales[p]);
        }
        let Eigen { values, vectors } = Eigen::new(&scaled);
        let first = values.partition_point(|value| *value < LINEAR_DEPENDENCE);
        let mut rows = Matrix::zeros(n - first, n);
        for (k, value) in values[first..].iter().enumerate() {
            let factor = 1.0 / value.sqrt();
            let from = vectors.row(first + k).iter().zip(&scales);
            rows.row_mut(k).iter_mut().zip(from).for_each(|(to, (x, scale))| *to = factor * x * scale);
        }
        let columns = rows.transposed();
        Self { rows, columns, smallest_overlap: values.first().copied().unwrap_or(1.0) }
    }

    pub fn size(&self) -> usize {
        self.rows.rows
    }

    /// Transforms an operator `[functions, functions]` to this basis.
    pub fn to_orthonormal(&self, matrix: &Matrix) -> Matrix {
        self.rows.times(matrix).times(&self.columns)
    }

    /// Transforms row vectors of this basis back to basis functions.
    pub fn back_transform(&self, vectors: &Matrix) -> Matrix {
        vectors.times(&self.rows)
    }
}
