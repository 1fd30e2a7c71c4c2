//! What are the first eigenvectors of a matrix that is known by its products with vectors alone?
//!
//! Lanczos' method with a block of vectors at a time (Golub and Underwood, in Mathematical Software III, 361, 1977, DOI
//! 10.1016/B978-0-12-587260-7.50018-2), every new vector made orthogonal to all before: in the space of the vectors so far the matrix
//! is a small one, whose eigenvectors come close to those asked for.
use super::Components;
use super::width::{Width, side_by_side};
use crate::science::linear::{Eigen, Matrix, add_multiple, dot};
use crate::science::widest::widest;
use crate::seed::Stream;

/// A pair is good when the product misses it by this part of the eigenvalue. The eigenvalue is then good to the square of that, the
/// vector to that divided by the relative distance of eigenvalues. Trajectories tell positions to three digits or so.
const TOLERANCE: f64 = 1e-6;
/// What is left of a vector below this part of it is rounding.
const NOTHING: f64 = 1e-11;

/// A search for the first eigenvectors of a symmetric, non-negative matrix.
#[derive(Clone, Debug)]
pub struct Krylov {
    dimension: usize,
    wanted: usize,
    width: Width,
    /// Orthonormal, `[vectors, dimension]`.
    basis: Vec<Vec<f64>>,
    /// The matrix in the basis, for those whose products are known.
    small: Vec<Vec<f64>>,
    /// The longest product so far: about the largest eigenvalue.
    scale: f64,
    /// The number of vectors at which the pairs are looked at again: that takes time as its third power.
    next_look: usize,
}

impl Krylov {
    /// Begins with a block of random vectors.
    pub fn new(dimension: usize, wanted: usize, width: Width, stream: &mut Stream) -> Self {
        let mut search =
            Self { dimension, wanted, width, basis: Vec::new(), small: Vec::new(), scale: 1.0, next_look: wanted };
        for _ in 0..width.vectors().min(dimension) {
            search.extend((0..dimension).map(|_| stream.normal()).collect());
        }
        search.scale = 0.0;
        search
    }

    /// The vectors whose products are wanted next: `[dimension, width]`, zeros where there are fewer.
    pub fn block(&self) -> Vec<f64> {
        side_by_side(&self.basis[self.small.len()..], self.width)
    }

    /// Takes the products of [`block`](Self::block) in. The components once they are good, or when there is nothing more to find: they
    /// may be fewer than wanted then.
    pub fn take(&mut self, products: &[f64]) -> Option<Components> {
        let (known, all) = (self.small.len(), self.basis.len());
        let images: Vec<Vec<f64>> =
            (0..all - known).map(|k| products.chunks_exact(self.width.vectors()).map(|row| row[k]).collect()).collect();
        self.scale = images.iter().map(|image| norm(image)).fold(self.scale, f64::max);
        let mut outside = Vec::new();
        for image in images {
            let mut parts = self.extend(image);
            outside.push(parts.split_off(all));
            self.small.push(parts);
        }
        self.judge(&outside, known)
    }

    /// Adds what a vector has outside of the space, if it is more than rounding beside the largest eigenvalue. The vector's parts along all
    /// of the basis, the new vector included.
    fn extend(&mut self, mut vector: Vec<f64>) -> Vec<f64> {
        let mut parts = vec![0.0; self.basis.len()];
        // Twice: what is left after the first time may be as small as its roundings.
        for _ in 0..2 {
            for (other, part) in self.basis.iter().zip(&mut parts) {
                let along = product(other, &vector);
                add(-along, other, &mut vector);
                *part += along;
            }
        }
        let length = norm(&vector);
        if length > NOTHING * self.scale && self.basis.len() < self.dimension {
            vector.iter_mut().for_each(|x| *x /= length);
            self.basis.push(vector);
            parts.push(length);
        }
        parts
    }

    /// `outside` are the parts of the newest products along vectors whose products are not known yet; those that are missing are zero.
    fn judge(&mut self, outside: &[Vec<f64>], known: usize) -> Option<Components> {
        let n = self.small.len();
        let is_all = self.basis.len() == n;
        if n < self.next_look && !is_all {
            return None;
        }
        self.next_look = n + n / 8;
        let mut matrix = Matrix::zeros(n, n);
        for (i, row) in self.small.iter().enumerate() {
            for (j, x) in row.iter().enumerate().take(i + 1) {
                (matrix.values[i * n + j], matrix.values[j * n + i]) = (*x, *x);
            }
        }
        let Eigen { values, vectors } = Eigen::of(&matrix);
        let first = || (0..n).rev().take(self.wanted);
        let is_good = |k: usize| {
            let parts = &vectors.row(k)[known..];
            let missed: f64 = (0..self.basis.len() - n)
                .map(|b| parts.iter().zip(outside).map(|(part, of)| part * of.get(b).unwrap_or(&0.0)).sum::<f64>())
                .map(|x| x * x)
                .sum();
            missed.sqrt() <= TOLERANCE * values[k]
        };
        if !is_all && !first().all(is_good) {
            return None;
        }
        let vector = |k: usize| {
            let mut vector = vec![0.0; self.dimension];
            self.basis.iter().zip(vectors.row(k)).for_each(|(basis, part)| add(*part, basis, &mut vector));
            vector
        };
        Some(Components::new(first().map(|k| values[k]).collect(), first().map(vector).collect()))
    }
}

fn norm(vector: &[f64]) -> f64 {
    product(vector, vector).sqrt()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    product_into(a, b, &mut sum);
    sum
}

widest! {
    fn product_into(a: &[f64], b: &[f64], sum: &mut f64) {
        *sum = dot(a, b);
    }
}

widest! {
    fn add(factor: f64, row: &[f64], sum: &mut [f64]) {
        add_multiple(factor, row, sum);
    }
}
