//! What are the largest eigenvalues of a symmetric tridiagonal matrix, and their eigenvectors?
//!
//! Eigenvalues by bisection with Sturm counts (Barth, Martin and Wilkinson, Numer. Math. 9, 386, 1967,
//! DOI 10.1007/BF02162154); eigenvectors by inverse iteration with orthogonalization (Peters and Wilkinson, in Handbook for
//! Automatic Computation II, 418, 1971, DOI 10.1007/978-3-642-86940-2_30). Only basic arithmetic and square roots, so the bits are the
//! same on every processor.
use super::matrix::{Matrix, add_multiple, dot};
use crate::science::simd::dispatch;

/// Eigenvalues that are bisected at once.
const SHIFTS: usize = 16;
/// Inverse iterations for an eigenvector; the first is nearly always sufficient.
const ITERATIONS: usize = 3;
/// Eigenvalues smaller than this fraction of the bound are computed with a smaller relative accuracy.
const SMALL: f64 = 1e-4;

#[derive(Debug)]
pub(in crate::science) struct EigenPairs {
    /// In descending order.
    pub values: Vec<f64>,
    /// Orthonormal eigenvectors as rows; their signs are arbitrary.
    pub vectors: Matrix,
    /// Norms of the residual vectors: matrix times vector less value times vector.
    pub residuals: Vec<f64>,
}

/// A symmetric tridiagonal matrix; `off_diagonal[k]` is the element between k and k + 1.
#[derive(Debug)]
pub(super) struct Tridiagonal {
    diagonal: Vec<f64>,
    off_diagonal: Vec<f64>,
    /// Upper bound of the magnitudes of eigenvalues (Gershgorin).
    bound: f64,
}

impl Tridiagonal {
    pub fn new(diagonal: Vec<f64>, off_diagonal: Vec<f64>) -> Self {
        let next_to = |k: usize| off_diagonal.get(k).map_or(0.0, |x| x.abs());
        let row = |k: usize| diagonal[k].abs() + next_to(k) + if k > 0 { next_to(k - 1) } else { 0.0 };
        let bound = (0..diagonal.len()).map(row).fold(0.0, f64::max);
        // Any positive bound will do for a matrix of zeros.
        Self { bound: if bound > 0.0 { bound } else { 1.0 }, diagonal, off_diagonal }
    }

    /// The `wanted` largest eigenvalues; `wanted` is at most the dimension.
    pub fn largest(&self, wanted: usize) -> EigenPairs {
        let n = self.diagonal.len();
        let values: Vec<f64> = (0..wanted).step_by(SHIFTS).flat_map(|first| self.bisect(first)).take(wanted).collect();
        let mut vectors = Matrix::zeros(wanted, n);
        for (k, value) in values.iter().enumerate() {
            let (before, rest) = vectors.values.split_at_mut(k * n);
            self.iterate(*value, k, before, &mut rest[..n]);
        }
        let residuals = (0..wanted).map(|k| self.residual(values[k], vectors.row(k))).collect();
        EigenPairs { values, vectors, residuals }
    }

    /// Eigenvalues number `first`, `first + 1`, ... in descending order.
    fn bisect(&self, first: usize) -> [f64; SHIFTS] {
        let n = self.diagonal.len();
        // Squares of the elements before each diagonal element; zero for the first.
        let squares: Vec<f64> = std::iter::once(0.0).chain(self.off_diagonal.iter().map(|x| x * x)).collect();
        let least = f64::MIN_POSITIVE * squares.iter().fold(1.0, |most, x| f64::max(most, *x));
        let (mut low, mut high) = ([-self.bound * (1.0 + 1e-9); SHIFTS], [self.bound * (1.0 + 1e-9); SHIFTS]);
        loop {
            let (mut middle, mut below) = ([0.0; SHIFTS], [0; SHIFTS]);
            let mut is_converged = true;
            for k in 0..SHIFTS {
                middle[k] = 0.5 * low[k] + 0.5 * high[k];
                let size = low[k].abs().max(high[k].abs()).max(SMALL * self.bound);
                is_converged &= high[k] - low[k] <= 2.0 * f64::EPSILON * size;
            }
            if is_converged {
                return middle;
            }
            count_below(&self.diagonal, &squares, least, &middle, &mut below);
            for k in 0..SHIFTS {
                if below[k] + (first + k) as i64 >= n as i64 {
                    high[k] = middle[k];
                } else {
                    low[k] = middle[k];
                }
            }
        }
    }

    /// The eigenvector of an eigenvalue by inverse iteration, orthogonal to the vectors `before` it.
    fn iterate(&self, value: f64, number: usize, before: &[f64], vector: &mut [f64]) {
        let n = vector.len();
        // Pseudo-random numbers that differ between vectors, so that equal eigenvalues get different vectors.
        let mut state = 2 * number as u64 + 1;
        for x in &mut *vector {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *x = (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        }
        let pivots = LuFactors::new(self, value);
        for _ in 0..ITERATIONS {
            // Keeps the components of order one for a matrix of any magnitude.
            vector.iter_mut().for_each(|x| *x *= self.bound);
            pivots.solve(vector);
            for _ in 0..2 {
                before.chunks_exact(n).for_each(|other| add_multiple(-dot(other, vector), other, vector));
            }
            let length = dot(vector, vector).sqrt();
            vector.iter_mut().for_each(|x| *x /= length);
        }
    }

    fn residual(&self, value: f64, vector: &[f64]) -> f64 {
        let mut residual: Vec<f64> = vector.iter().zip(&self.diagonal).map(|(x, d)| (d - value) * x).collect();
        for (k, off_diagonal) in self.off_diagonal.iter().enumerate() {
            residual[k] += off_diagonal * vector[k + 1];
            residual[k + 1] += off_diagonal * vector[k];
        }
        dot(&residual, &residual).sqrt()
    }
}

dispatch! {
    /// Sturm counts: how many eigenvalues are below each shift, which is the number of negative pivots of the matrix less the shift.
    fn count_below(
        diagonal: &[f64], squares: &[f64], least: f64, shifts: &[f64; SHIFTS], below: &mut [i64; SHIFTS],
    ) {
        let mut pivots = [1.0; SHIFTS];
        for (diagonal, square) in diagonal.iter().zip(squares) {
            for k in 0..SHIFTS {
                let pivot = diagonal - shifts[k] - square / pivots[k];
                pivots[k] = if pivot.abs() < least { -least } else { pivot };
                below[k] += i64::from(pivots[k] < 0.0);
            }
        }
    }
}

/// The LU factorization with row exchanges of a tridiagonal matrix less a shift.
struct LuFactors {
    rows: Vec<LuRow>,
}

/// A row of the upper factor, and the elimination step that leads to the next row.
#[derive(Clone, Copy)]
struct LuRow {
    inverse: f64,
    next: f64,
    second: f64,
    factor: f64,
    is_exchanged: bool,
}

impl LuFactors {
    fn new(matrix: &Tridiagonal, value: f64) -> Self {
        let n = matrix.diagonal.len();
        let least = f64::EPSILON * matrix.bound;
        let off_diagonal = |k: usize| matrix.off_diagonal.get(k).copied().unwrap_or(0.0);
        let inverse = |pivot: f64| if pivot.abs() < least { 1.0 / least } else { 1.0 / pivot };
        let (mut at, mut next) = (matrix.diagonal[0] - value, off_diagonal(0));
        let mut rows = Vec::with_capacity(n);
        for k in 0..n {
            let below = off_diagonal(k);
            let (diagonal, after) = match matrix.diagonal.get(k + 1) {
                Some(diagonal) => (diagonal - value, off_diagonal(k + 1)),
                None => (0.0, 0.0),
            };
            if below.abs() > at.abs() {
                let factor = at / below;
                rows.push(LuRow { inverse: inverse(below), next: diagonal, second: after, factor, is_exchanged: true });
                (at, next) = (next - factor * diagonal, -factor * after);
            } else {
                let inverse = inverse(at);
                let factor = below * inverse;
                rows.push(LuRow { inverse, next, second: 0.0, factor, is_exchanged: false });
                (at, next) = (diagonal - factor * next, after);
            }
        }
        Self { rows }
    }

    /// Solves for a right-hand side in place.
    fn solve(&self, x: &mut [f64]) {
        for k in 0..x.len() - 1 {
            let row = &self.rows[k];
            if row.is_exchanged {
                x.swap(k, k + 1);
            }
            x[k + 1] -= row.factor * x[k];
        }
        let (mut next, mut second) = (0.0, 0.0);
        for (x, row) in x.iter_mut().zip(&self.rows).rev() {
            *x = (*x - row.next * next - row.second * second) * row.inverse;
            (next, second) = (*x, next);
        }
    }
}
