//! What are the largest eigenvalues of a symmetric band matrix, and their eigenvectors?
//!
//! Plane rotations reduce it to tridiagonal form and chase the fill-in down the band (Schwarz, Numer. Math. 12, 231, 1968, DOI
//! 10.1007/BF02162505): the work is of second order in the dimension, that of a dense reduction of third order.
use super::matrix::Matrix;
use super::tridiagonal::{EigenPairs, Tridiagonal};

/// A symmetric matrix with zeros where row and column are more than `bandwidth` apart.
#[derive(Clone, Debug)]
pub(in crate::science) struct Band {
    n: usize,
    bandwidth: usize,
    /// For each row i the columns i - bandwidth - 1 to i; the first one holds fill-in of the rotations.
    values: Vec<f64>,
}

/// A plane rotation of the components `first` and `first + 1`.
#[derive(Clone, Copy, Debug)]
struct PlaneRotation {
    first: usize,
    cosine: f64,
    sine: f64,
}

impl Band {
    /// A matrix with the given elements by row and column; only the lower triangle is evaluated.
    pub fn new(n: usize, bandwidth: usize, element: impl Fn(usize, usize) -> f64) -> Self {
        let mut band = Self { n, bandwidth, values: vec![0.0; n * (bandwidth + 2)] };
        for row in 0..n {
            for column in row.saturating_sub(bandwidth)..=row {
                *band.element_mut(row, column) = element(row, column);
            }
        }
        band
    }

    /// The `wanted` largest eigenvalues, or all of them if there are fewer.
    pub fn largest(mut self, wanted: usize) -> EigenPairs {
        let (n, wanted) = (self.n, wanted.min(self.n));
        let rotations = self.reduce();
        let pairs = Tridiagonal::new(
            (0..n).map(|k| *self.element_mut(k, k)).collect(),
            (1..n).map(|k| *self.element_mut(k, k - 1)).collect(),
        )
        .largest(wanted);
        // All vectors at once, component by component.
        let mut components = pairs.vectors.transposed().values;
        for PlaneRotation { first, cosine, sine } in rotations.into_iter().rev() {
            let (upper, lower) = components[first * wanted..][..2 * wanted].split_at_mut(wanted);
            for (x, y) in upper.iter_mut().zip(lower) {
                (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
            }
        }
        EigenPairs { vectors: Matrix::new(n, wanted, components).transposed(), ..pairs }
    }

    fn element_mut(&mut self, row: usize, column: usize) -> &mut f64 {
        let width = self.bandwidth + 2;
        &mut self.values[row * width + column + width - 1 - row]
    }

    /// Reduces the matrix to tridiagonal form; returns the rotations in their order.
    fn reduce(&mut self) -> Vec<PlaneRotation> {
        let mut rotations = Vec::new();
        for first in 0..self.n {
            for away in (2..=self.bandwidth).rev() {
                let (mut row, mut column) = (first + away, first);
                while row < self.n {
                    rotations.extend(self.remove(row, column));
                    // The fill-in of that rotation.
                    (row, column) = (row + self.bandwidth, row - 1);
                }
            }
        }
        rotations
    }

    /// Rotates `row` with the row above such that its element in `column` becomes zero.
    fn remove(&mut self, row: usize, column: usize) -> Option<PlaneRotation> {
        let above = row - 1;
        let (kept, removed) = (*self.element_mut(above, column), *self.element_mut(row, column));
        let length = (kept * kept + removed * removed).sqrt();
        if removed == 0.0 || length == 0.0 {
            return None;
        }
        let (cosine, sine) = (kept / length, removed / length);
        for k in column..above {
            let (x, y) = (*self.element_mut(above, k), *self.element_mut(row, k));
            (*self.element_mut(above, k), *self.element_mut(row, k)) = (cosine * x + sine * y, cosine * y - sine * x);
        }
        *self.element_mut(row, column) = 0.0;
        let (x, z, y) = (*self.element_mut(above, above), *self.element_mut(row, above), *self.element_mut(row, row));
        let both = 2.0 * cosine * sine * z;
        *self.element_mut(above, above) = cosine * cosine * x + both + sine * sine * y;
        *self.element_mut(row, row) = sine * sine * x - both + cosine * cosine * y;
        *self.element_mut(row, above) = cosine * sine * (y - x) + (cosine * cosine - sine * sine) * z;
        for k in row + 1..self.n.min(row + self.bandwidth + 1) {
            let (x, y) = (*self.element_mut(k, above), *self.element_mut(k, row));
            (*self.element_mut(k, above), *self.element_mut(k, row)) = (cosine * x + sine * y, cosine * y - sine * x);
        }
        Some(PlaneRotation { first: above, cosine, sine })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::linear::eigen::{Eigen, tests::symmetric};

    /// A band matrix of pseudo-random numbers in (-1, 1).
    fn random(n: usize, bandwidth: usize) -> Matrix {
        let mut matrix = symmetric(n);
        for i in 0..n {
            (0..n).filter(|j| i.abs_diff(*j) > bandwidth).for_each(|j| matrix.values[i * n + j] = 0.0);
        }
        matrix
    }

    /// The largest eigenvalues, checked against the dense solver.
    fn checked(matrix: &Matrix, bandwidth: usize, wanted: usize) -> EigenPairs {
        let n = matrix.rows;
        let found = Band::new(n, bandwidth, |i, j| matrix.get(i, j)).largest(wanted);
        assert_eq!(found.values.len(), wanted.min(n));
        let (expected, size) = (Eigen::new(matrix), matrix.largest().max(1.0) * n as f64);
        for (value, expected) in found.values.iter().zip(expected.values.iter().rev()) {
            assert!((value - expected).abs() < 1e-14 * size, "{value} {expected}");
        }
        let unit = found.vectors.times(&found.vectors.transposed());
        let images = found.vectors.times(matrix);
        for i in 0..found.values.len() {
            for j in 0..found.values.len() {
                assert!((unit.get(i, j) - if i == j { 1.0 } else { 0.0 }).abs() < 1e-13, "{i} {j} {}", unit.get(i, j));
            }
            let miss = |k: usize| images.get(i, k) - found.values[i] * found.vectors.get(i, k);
            assert!((0..n).all(|k| miss(k).abs() < 1e-13 * size), "vector {i} of {n}");
            assert!(found.residuals[i] < 1e-13 * size, "vector {i} of {n}: {}", found.residuals[i]);
        }
        found
    }

    #[test]
    fn eigenvalues_are_those_of_the_dense_solver() {
        for (n, bandwidth, wanted) in [
            (1, 0, 1),
            (1, 3, 2),
            (2, 1, 2),
            (5, 0, 5),
            (9, 1, 4),
            (30, 2, 10),
            (41, 3, 20),
            (115, 8, 33),
            (120, 2, 120),
        ] {
            checked(&random(n, bandwidth), bandwidth, wanted);
        }
    }

    #[test]
    fn equal_and_vanishing_values_have_orthogonal_vectors() {
        checked(&Matrix::zeros(7, 7), 2, 7);
        let mut twos = Matrix::zeros(6, 6);
        (0..6).for_each(|k| twos.values[7 * k] = 2.0);
        assert!(checked(&twos, 2, 6).values.iter().all(|value| (value - 2.0).abs() < 1e-15));
        // Two equal matrices, one between the rows of the other.
        let (one, n) = (random(20, 1), 40);
        let mut both = Matrix::zeros(n, n);
        for i in 0..20 {
            for j in 0..20 {
                both.values[2 * i * n + 2 * j] = one.get(i, j);
                both.values[(2 * i + 1) * n + 2 * j + 1] = one.get(i, j);
            }
        }
        checked(&both, 2, 40);
    }

    #[test]
    fn nearly_equal_values_have_orthogonal_vectors() {
        // Wilkinson's: its largest values are in pairs that agree to 14 digits.
        let mut matrix = Matrix::zeros(21, 21);
        for k in 0..21_usize {
            matrix.values[22 * k] = (k as f64 - 10.0).abs();
            if k > 0 {
                (matrix.values[21 * k + k - 1], matrix.values[21 * (k - 1) + k]) = (1.0, 1.0);
            }
        }
        let values = checked(&matrix, 1, 21).values;
        assert!((values[0] - 10.746_194_182_903_39).abs() < 1e-13 && values[0] - values[1] < 1e-13);
    }

    #[test]
    fn values_of_any_size_are_found() {
        let (mut graded, n) = (random(30, 2), 30);
        // Every row a third of the one before.
        for i in 0..n {
            for j in 0..n {
                graded.values[i * n + j] *= 3.0_f64.powi(-((i + j) as i32));
            }
        }
        let expected = Eigen::new(&graded).values;
        for scale in [1e-120, 1e-9, 1.0, 1e9, 1e120] {
            let found = Band::new(n, 2, |i, j| scale * graded.get(i, j)).largest(10);
            for (k, (value, expected)) in found.values.iter().zip(expected.iter().rev()).enumerate() {
                assert!((value / scale - expected).abs() < 1e-14, "{value} {expected}");
                assert!(found.residuals[k] < 1e-14 * scale);
            }
        }
    }
}
