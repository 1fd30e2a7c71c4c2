//! What are the largest eigenvalues of a symmetric band matrix, and their vectors?
//!
//! Rotations make it tridiagonal, and chase what they leave beside the band down and out (Schwarz, Numer. Math. 12, 231, 1968, DOI
//! 10.1007/BF02162505): work as the square of the dimension, where a reduction of all elements takes its third power.
use super::matrix::Matrix;
use super::tridiagonal::Tridiagonal;

/// A symmetric matrix with zeros where row and column are more than `reach` apart.
#[derive(Clone, Debug)]
pub(in crate::science) struct Band {
    n: usize,
    reach: usize,
    /// Of row i the columns i - reach - 1 to i, of which the first is there for what rotations leave.
    values: Vec<f64>,
}

/// Pairs of eigenvalues and eigenvectors.
#[derive(Debug)]
pub(in crate::science) struct Pairs {
    /// In descending order.
    pub values: Vec<f64>,
    /// Unit vectors as rows, orthogonal; their signs are any.
    pub vectors: Matrix,
    /// The lengths by which products with the vectors miss these times their values.
    pub missed: Vec<f64>,
}

/// A rotation of components `at` and `at + 1`.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: usize,
    cosine: f64,
    sine: f64,
}

impl Band {
    /// Of elements by row and column, which are asked for in the lower triangle alone.
    pub fn new(n: usize, reach: usize, element: impl Fn(usize, usize) -> f64) -> Self {
        let mut band = Self { n, reach, values: vec![0.0; n * (reach + 2)] };
        for row in 0..n {
            for column in row.saturating_sub(reach)..=row {
                *band.at(row, column) = element(row, column);
            }
        }
        band
    }

    /// The largest eigenvalues, `wanted` or as many as there are, with their vectors.
    pub fn largest(mut self, wanted: usize) -> Pairs {
        let (n, wanted) = (self.n, wanted.min(self.n));
        let turns = self.reduce();
        let pairs =
            Tridiagonal::new((0..n).map(|k| *self.at(k, k)).collect(), (1..n).map(|k| *self.at(k, k - 1)).collect())
                .largest(wanted);
        // All vectors at a time, component by component.
        let mut components = pairs.vectors.transposed().values;
        for Turn { at, cosine, sine } in turns.into_iter().rev() {
            let (upper, lower) = components[at * wanted..][..2 * wanted].split_at_mut(wanted);
            for (x, y) in upper.iter_mut().zip(lower) {
                (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
            }
        }
        Pairs { vectors: Matrix::of(n, wanted, components).transposed(), ..pairs }
    }

    fn at(&mut self, row: usize, column: usize) -> &mut f64 {
        let width = self.reach + 2;
        &mut self.values[row * width + column + width - 1 - row]
    }

    /// Makes the matrix tridiagonal.
    fn reduce(&mut self) -> Vec<Turn> {
        let mut turns = Vec::new();
        for first in 0..self.n {
            for away in (2..=self.reach).rev() {
                let (mut row, mut column) = (first + away, first);
                while row < self.n {
                    turns.extend(self.remove(row, column));
                    // What that has left beside the band.
                    (row, column) = (row + self.reach, row - 1);
                }
            }
        }
        turns
    }

    /// Turns `row` and the one above so that the element of `row` in `column` vanishes.
    fn remove(&mut self, row: usize, column: usize) -> Option<Turn> {
        let above = row - 1;
        let (keeps, goes) = (*self.at(above, column), *self.at(row, column));
        let length = (keeps * keeps + goes * goes).sqrt();
        if goes == 0.0 || length == 0.0 {
            return None;
        }
        let (cosine, sine) = (keeps / length, goes / length);
        for k in column..above {
            let (x, y) = (*self.at(above, k), *self.at(row, k));
            (*self.at(above, k), *self.at(row, k)) = (cosine * x + sine * y, cosine * y - sine * x);
        }
        *self.at(row, column) = 0.0;
        let (x, z, y) = (*self.at(above, above), *self.at(row, above), *self.at(row, row));
        let both = 2.0 * cosine * sine * z;
        *self.at(above, above) = cosine * cosine * x + both + sine * sine * y;
        *self.at(row, row) = sine * sine * x - both + cosine * cosine * y;
        *self.at(row, above) = cosine * sine * (y - x) + (cosine * cosine - sine * sine) * z;
        for k in row + 1..self.n.min(row + self.reach + 1) {
            let (x, y) = (*self.at(k, above), *self.at(k, row));
            (*self.at(k, above), *self.at(k, row)) = (cosine * x + sine * y, cosine * y - sine * x);
        }
        Some(Turn { at: above, cosine, sine })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::linear::eigen::{Eigen, tests::symmetric};

    /// A band of numbers in (-1, 1) without a pattern.
    fn random(n: usize, reach: usize) -> Matrix {
        let mut matrix = symmetric(n);
        for i in 0..n {
            (0..n).filter(|j| i.abs_diff(*j) > reach).for_each(|j| matrix.values[i * n + j] = 0.0);
        }
        matrix
    }

    /// The largest pairs, which must be those of QL steps.
    fn checked(matrix: &Matrix, reach: usize, wanted: usize) -> Pairs {
        let n = matrix.rows;
        let found = Band::new(n, reach, |i, j| matrix.at(i, j)).largest(wanted);
        assert_eq!(found.values.len(), wanted.min(n));
        let (expected, size) = (Eigen::of(matrix), matrix.largest().max(1.0) * n as f64);
        for (value, expected) in found.values.iter().zip(expected.values.iter().rev()) {
            assert!((value - expected).abs() < 1e-14 * size, "{value} {expected}");
        }
        let unit = found.vectors.times(&found.vectors.transposed());
        let images = found.vectors.times(matrix);
        for i in 0..found.values.len() {
            for j in 0..found.values.len() {
                assert!((unit.at(i, j) - if i == j { 1.0 } else { 0.0 }).abs() < 1e-13, "{i} {j} {}", unit.at(i, j));
            }
            let miss = |k: usize| images.at(i, k) - found.values[i] * found.vectors.at(i, k);
            assert!((0..n).all(|k| miss(k).abs() < 1e-13 * size), "vector {i} of {n}");
            assert!(found.missed[i] < 1e-13 * size, "vector {i} of {n}: {}", found.missed[i]);
        }
        found
    }

    #[test]
    fn pairs_are_those_of_ql_steps() {
        for (n, reach, wanted) in [
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
            checked(&random(n, reach), reach, wanted);
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
                both.values[2 * i * n + 2 * j] = one.at(i, j);
                both.values[(2 * i + 1) * n + 2 * j + 1] = one.at(i, j);
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
        let expected = Eigen::of(&graded).values;
        for scale in [1e-120, 1e-9, 1.0, 1e9, 1e120] {
            let found = Band::new(n, 2, |i, j| scale * graded.at(i, j)).largest(10);
            for (k, (value, expected)) in found.values.iter().zip(expected.iter().rev()).enumerate() {
                assert!((value / scale - expected).abs() < 1e-14, "{value} {expected}");
                assert!(found.missed[k] < 1e-14 * scale);
            }
        }
    }
}
