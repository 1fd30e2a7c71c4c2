//! What does a solver for some eigenvalues return?
use super::matrix::Matrix;

#[derive(Debug)]
pub(in crate::science) struct EigenPairs {
    /// In descending order.
    pub values: Vec<f64>,
    /// Orthonormal eigenvectors as rows; their signs are arbitrary.
    pub vectors: Matrix,
    /// Norms of the residual vectors: matrix times vector less value times vector.
    pub residuals: Vec<f64>,
}
