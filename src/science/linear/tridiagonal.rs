//! What are the largest eigenvalues of a symmetric tridiagonal matrix, and their vectors?
//!
//! Values by bisection, as the signs of pivots tell how many lie below a number (Barth, Martin and Wilkinson, Numer. Math. 9, 386, 1967,
//! DOI 10.1007/BF02162154); vectors by inverse iteration, each made orthogonal to those before (Peters and Wilkinson, in Handbook for
//! Automatic Computation II, 418, 1971, DOI 10.1007/978-3-642-86940-2_30). Only the four rules and square roots: the bits are the same
//! on every processor.
use super::band::Pairs;
use super::matrix::{Matrix, add_multiple, dot};
use crate::science::simd::dispatch;

/// Eigenvalues that are bisected at once.
const SHIFTS: usize = 16;
/// Inverse iterations for a vector: the first is nearly always enough.
const ITERATIONS: usize = 3;
/// Values smaller than this part of the largest need not be known to all their digits.
const SMALL: f64 = 1e-4;

/// A matrix with `beside[k]` between k and k + 1.
#[derive(Debug)]
pub(super) struct Tridiagonal {
    diagonal: Vec<f64>,
    beside: Vec<f64>,
    /// No eigenvalue is farther from zero.
    bound: f64,
}

impl Tridiagonal {
    pub fn new(diagonal: Vec<f64>, beside: Vec<f64>) -> Self {
        let next_to = |k: usize| beside.get(k).map_or(0.0, |x| x.abs());
        let row = |k: usize| diagonal[k].abs() + next_to(k) + if k > 0 { next_to(k - 1) } else { 0.0 };
        let bound = (0..diagonal.len()).map(row).fold(0.0, f64::max);
        // Of a matrix of zeros anything positive.
        Self { bound: if bound > 0.0 { bound } else { 1.0 }, diagonal, beside }
    }

    /// The largest eigenvalues, of which there must be as many, with their vectors.
    pub fn largest(&self, wanted: usize) -> Pairs {
        let n = self.diagonal.len();
        let values: Vec<f64> = (0..wanted).step_by(SHIFTS).flat_map(|first| self.bisect(first)).take(wanted).collect();
        let mut vectors = Matrix::zeros(wanted, n);
        for (k, value) in values.iter().enumerate() {
            let (before, rest) = vectors.values.split_at_mut(k * n);
            self.iterate(*value, k, before, &mut rest[..n]);
        }
        let missed = (0..wanted).map(|k| self.missed(values[k], vectors.row(k))).collect();
        Pairs { values, vectors, missed }
    }

    /// Some eigenvalues, of which the first is the `first` largest.
    fn bisect(&self, first: usize) -> [f64; SHIFTS] {
        let n = self.diagonal.len();
        // The square of an element over the pivot of the row before it; none before the first.
        let squares: Vec<f64> = std::iter::once(0.0).chain(self.beside.iter().map(|x| x * x)).collect();
        let least = f64::MIN_POSITIVE * squares.iter().fold(1.0, |most, x| f64::max(most, *x));
        let (mut low, mut high) = ([-self.bound * (1.0 + 1e-9); SHIFTS], [self.bound * (1.0 + 1e-9); SHIFTS]);
        loop {
            let (mut middle, mut below) = ([0.0; SHIFTS], [0; SHIFTS]);
            let mut is_near = true;
            for k in 0..SHIFTS {
                middle[k] = 0.5 * low[k] + 0.5 * high[k];
                let size = low[k].abs().max(high[k].abs()).max(SMALL * self.bound);
                is_near &= high[k] - low[k] <= 2.0 * f64::EPSILON * size;
            }
            if is_near {
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

    /// The vector of a value, orthogonal to those `before` it.
    fn iterate(&self, value: f64, number: usize, before: &[f64], vector: &mut [f64]) {
        let n = vector.len();
        // Numbers without a pattern, other ones for each vector: equal values have different vectors.
        let mut state = 2 * number as u64 + 1;
        for x in &mut *vector {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *x = (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        }
        let pivots = Pivots::of(self, value);
        for _ in 0..ITERATIONS {
            // So that numbers stay of one size whatever that of the matrix is.
            vector.iter_mut().for_each(|x| *x *= self.bound);
            pivots.solve(vector);
            for _ in 0..2 {
                before.chunks_exact(n).for_each(|other| add_multiple(-dot(other, vector), other, vector));
            }
            let length = dot(vector, vector).sqrt();
            vector.iter_mut().for_each(|x| *x /= length);
        }
    }

    /// The length by which the product with a vector misses it times its value.
    fn missed(&self, value: f64, vector: &[f64]) -> f64 {
        let mut missed: Vec<f64> = vector.iter().zip(&self.diagonal).map(|(x, d)| (d - value) * x).collect();
        for (k, beside) in self.beside.iter().enumerate() {
            missed[k] += beside * vector[k + 1];
            missed[k + 1] += beside * vector[k];
        }
        dot(&missed, &missed).sqrt()
    }
}

dispatch! {
    /// How many eigenvalues are below numbers: as many as pivots of the matrix less the number are negative.
    fn count_below(
        diagonal: &[f64], squares: &[f64], least: f64, numbers: &[f64; SHIFTS], below: &mut [i64; SHIFTS],
    ) {
        let mut pivots = [1.0; SHIFTS];
        for (diagonal, square) in diagonal.iter().zip(squares) {
            for k in 0..SHIFTS {
                let pivot = diagonal - numbers[k] - square / pivots[k];
                pivots[k] = if pivot.abs() < least { -least } else { pivot };
                below[k] += i64::from(pivots[k] < 0.0);
            }
        }
    }
}

/// A tridiagonal matrix less a number as a product of triangles, rows exchanged so that no factor is above one.
struct Pivots {
    rows: Vec<Pivot>,
}

/// A row of the upper triangle, and what is done with the row below to get there.
#[derive(Clone, Copy)]
struct Pivot {
    inverse: f64,
    next: f64,
    second: f64,
    factor: f64,
    is_exchanged: bool,
}

impl Pivots {
    fn of(matrix: &Tridiagonal, value: f64) -> Self {
        let n = matrix.diagonal.len();
        let least = f64::EPSILON * matrix.bound;
        let beside = |k: usize| matrix.beside.get(k).copied().unwrap_or(0.0);
        let inverse = |pivot: f64| if pivot.abs() < least { 1.0 / least } else { 1.0 / pivot };
        let (mut at, mut next) = (matrix.diagonal[0] - value, beside(0));
        let mut rows = Vec::with_capacity(n);
        for k in 0..n {
            let below = beside(k);
            let (diagonal, after) = match matrix.diagonal.get(k + 1) {
                Some(diagonal) => (diagonal - value, beside(k + 1)),
                None => (0.0, 0.0),
            };
            if below.abs() > at.abs() {
                let factor = at / below;
                rows.push(Pivot { inverse: inverse(below), next: diagonal, second: after, factor, is_exchanged: true });
                (at, next) = (next - factor * diagonal, -factor * after);
            } else {
                let inverse = inverse(at);
                let factor = below * inverse;
                rows.push(Pivot { inverse, next, second: 0.0, factor, is_exchanged: false });
                (at, next) = (diagonal - factor * next, after);
            }
        }
        Self { rows }
    }

    /// Solves for a vector.
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
