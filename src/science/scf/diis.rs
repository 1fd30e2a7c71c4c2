//! How is the Fock matrix extrapolated by DIIS (direct inversion in the iterative subspace)?
//!
//! Pulay, J. Comput. Chem. 3, 556, 1982, DOI 10.1002/jcc.540030413.
use crate::science::linear::Matrix;
use std::collections::VecDeque;

/// Iterations in the subspace.
const DEPTH: usize = 8;

/// Fock matrices and residuals of the last iterations, each with one matrix per spin.
#[derive(Debug, Default)]
pub(super) struct Diis {
    past: VecDeque<(Vec<Matrix>, Vec<Matrix>)>,
}

impl Diis {
    /// Adds Fock matrices with their residuals; returns the linear combination with the smallest residual norm.
    pub fn extrapolate(&mut self, focks: &[Matrix], residuals: &[Matrix]) -> Vec<Matrix> {
        if self.past.len() == DEPTH {
            self.past.pop_front();
        }
        self.past.push_back((focks.to_vec(), residuals.to_vec()));
        let weights = loop {
            match self.weights() {
                Some(weights) => break weights,
                None => self.past.pop_front(),
            };
        };
        let mut sums: Vec<_> = focks.iter().map(|fock| Matrix::zeros(fock.rows, fock.columns)).collect();
        for (weight, (focks, _)) in weights.iter().zip(&self.past) {
            sums.iter_mut().zip(focks).for_each(|(sum, fock)| sum.add(*weight, fock));
        }
        sums
    }

    /// Weights with sum 1 that minimize the norm of the weighted residual; none if residuals are nearly linearly dependent.
    fn weights(&self) -> Option<Vec<f64>> {
        let n = self.past.len();
        if n == 1 {
            return Some(vec![1.0]);
        }
        let product = |a: usize, b: usize| {
            let pairs = self.past[a].1.iter().zip(&self.past[b].1);
            pairs.map(|(x, y)| x.dot(y)).sum::<f64>()
        };
        let norms: Vec<f64> = (0..n).map(|k| product(k, k).sqrt()).collect();
        if norms[n - 1] == 0.0 {
            return Some((0..n).map(|k| if k == n - 1 { 1.0 } else { 0.0 }).collect());
        }
        if norms.contains(&0.0) {
            return None;
        }
        // Normalized residuals: B' y = 1 / norm, weights y / norm, scaled to the sum 1.
        let mut matrix = Matrix::zeros(n, n + 1);
        for a in 0..n {
            for b in 0..n {
                matrix.row_mut(a)[b] = product(a.max(b), a.min(b)) / (norms[a] * norms[b]);
            }
            matrix.row_mut(a)[n] = norms[n - 1] / norms[a];
        }
        let solution = solve(matrix)?;
        let weights: Vec<f64> = solution.iter().zip(&norms).map(|(y, norm)| y / norm).collect();
        let sum: f64 = weights.iter().sum();
        (sum != 0.0 && sum.is_finite()).then(|| weights.iter().map(|weight| weight / sum).collect())
    }
}

/// Residuals with a smaller pivot are linearly dependent.
const SINGULAR: f64 = 1e-13;

/// Solves a positive definite system with the right-hand side as last column, by elimination with pivots from the diagonal.
fn solve(mut matrix: Matrix) -> Option<Vec<f64>> {
    let n = matrix.rows;
    for k in 0..n {
        let pivot = matrix.get(k, k);
        if pivot.is_nan() || pivot < SINGULAR {
            return None;
        }
        let row = matrix.row(k).to_vec();
        for i in k + 1..n {
            let factor = matrix.get(i, k) / pivot;
            matrix.row_mut(i).iter_mut().zip(&row).for_each(|(x, y)| *x -= factor * y);
        }
    }
    let mut solution = vec![0.0; n];
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| matrix.get(k, j) * solution[j]).sum();
        solution[k] = (matrix.get(k, n) - known) / matrix.get(k, k);
    }
    Some(solution)
}
