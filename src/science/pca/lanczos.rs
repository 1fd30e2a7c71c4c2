//! What are the first eigenvectors of a matrix that is known only by its products with vectors?
//!
//! The block Lanczos method (Golub and Underwood, in Mathematical Software III, 361, 1977, DOI
//! 10.1016/B978-0-12-587260-7.50018-2) with full reorthogonalization: the matrix is projected on the Krylov space, where it is
//! projected, and its eigenvectors converge to those of the full matrix.
use super::orthonormal_basis::{OrthonormalBasis, norm};
use crate::science::linear::{Eigen, Matrix};
use crate::science::simd::padded;
use crate::seed::Stream;
use bytemuck::cast_slice;
use serde::{Deserialize, Serialize};

/// An eigenpair has converged when its residual is below this fraction of the eigenvalue. The relative error of the eigenvalue is then the square
/// of that, the error of the vector that divided by the relative gap of eigenvalues. Trajectories have about three digits.
const TOLERANCE: f64 = 1e-6;
/// A vector shorter than this, relative to the largest eigenvalue, is a rounding error.
const ROUNDING: f64 = 1e-11;

/// The first eigenvectors of the covariance, largest eigenvalue first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// Eigenvalues `[components]`, nm^2.
    pub values: Vec<f64>,
    /// Unit vectors `[components, 3n]`. Their sign is such that the element of largest magnitude (the first of equal ones) is positive.
    pub vectors: Vec<Vec<f64>>,
}

impl Components {
    /// From eigenpairs in descending order of eigenvalues.
    pub(super) fn new(values: Vec<f64>, vectors: Vec<Vec<f64>>) -> Self {
        let signed = vectors.into_iter().map(|mut vector| {
            let largest = vector.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
            if largest < 0.0 {
                vector.iter_mut().for_each(|x| *x = -*x);
            }
            vector
        });
        Self { values, vectors: signed.collect() }
    }
}

/// The block size: how many vectors are multiplied in one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Two: about half as many products in all, and pairs of equal eigenvalues are still found.
    Narrow,
    /// Eight: about half as many passes over the frames.
    Wide,
}

impl Width {
    pub fn vectors(self) -> usize {
        match self {
            Self::Narrow => 2,
            Self::Wide => 8,
        }
    }
}

/// A search for the first eigenvectors of a symmetric, non-negative matrix.
#[derive(Clone, Debug)]
pub struct Krylov {
    wanted: usize,
    width: Width,
    basis: OrthonormalBasis,
    /// The projected matrix: the rows of basis vectors whose products are known.
    projected: Vec<Vec<f64>>,
    /// The norm of the longest product so far: about the largest eigenvalue.
    scale: f64,
    /// The number of vectors at which convergence is tested next; a test scales with its third power.
    next_test: usize,
    /// The number of vectors at the last test, and the largest relative residual.
    last_test: (usize, f64),
}

impl Krylov {
    /// Starts with a block of random vectors.
    pub fn new(dimension: usize, wanted: usize, width: Width, stream: &mut Stream) -> Self {
        let last_test = (0, f64::INFINITY);
        let basis = OrthonormalBasis::new(dimension);
        let mut search = Self { wanted, width, basis, projected: Vec::new(), scale: 1.0, next_test: wanted, last_test };
        for _ in 0..width.vectors().min(dimension) {
            search.extend(&(0..dimension).map(|_| stream.normal()).collect::<Vec<_>>(), 0);
        }
        search.scale = 0.0;
        search
    }

    /// The vectors to be multiplied next: `[vectors, dimension]`, at most the block size.
    pub fn block(&self) -> Vec<f64> {
        self.basis.vectors_from(self.projected.len())
    }

    /// Number of vectors whose products are known.
    pub fn multiplied(&self) -> usize {
        self.projected.len()
    }

    /// Adds the products of [`block`](Self::block), `[vectors, dimension]`. Returns the components once they have converged, or when the Krylov
    /// space is complete: there may be fewer than wanted then.
    pub fn add_products(&mut self, products: &[f64]) -> Option<Components> {
        let (known, all) = (self.projected.len(), self.basis.count());
        let images = || products.chunks_exact(self.basis.dimension());
        self.scale = images().map(norm).fold(self.scale, f64::max);
        let mut outside = Vec::new();
        for image in images() {
            let mut coefficients = self.extend(image, self.projected.len().saturating_sub(self.width.vectors()));
            outside.push(coefficients.split_off(all));
            self.projected.push(coefficients);
        }
        self.test_convergence(&outside, known)
    }

    /// Orthogonalizes a vector and adds it to the basis, unless it is a rounding error relative to the largest eigenvalue. Returns its coefficients
    /// in the basis, including the new vector; those before `first` are rounding errors.
    fn extend(&mut self, vector: &[f64], first: usize) -> Vec<f64> {
        let mut vector = padded(vector);
        let mut coefficients = self.basis.orthogonalize(&mut vector, first);
        let length = norm(cast_slice(&vector));
        if length > ROUNDING * self.scale && self.basis.count() < self.basis.dimension() {
            self.basis.push(&vector, length);
            coefficients.push(length);
        }
        coefficients
    }

    /// `outside` are the coefficients of the newest products along vectors whose products are not known yet; missing ones are zero.
    fn test_convergence(&mut self, outside: &[Vec<f64>], known: usize) -> Option<Components> {
        let n = self.projected.len();
        let is_all = self.basis.count() == n;
        if n < self.next_test && !is_all {
            return None;
        }
        let element = |k: usize| self.projected[(k / n).max(k % n)][(k / n).min(k % n)];
        let Eigen { values, vectors } = Eigen::new(&Matrix::new(n, n, (0..n * n).map(element).collect()));
        let largest = || (0..n).rev().take(self.wanted);
        let rounding = f64::EPSILON * values[n - 1];
        let missed = |k: usize| {
            let newest = || vectors.row(k).iter().skip(known).zip(outside);
            let along = |b: usize| newest().map(|(part, of)| part * of.get(b).unwrap_or(&0.0)).sum::<f64>();
            let outside = (0..self.basis.count() - n).map(along).map(|x| x * x).sum::<f64>();
            let missed = (outside + rounding * rounding).sqrt() / values[k];
            // Eigenvalues below zero are rounding errors.
            if missed >= 0.0 { missed } else { f64::INFINITY }
        };
        let worst = largest().map(missed).fold(0.0, f64::max);
        if !is_all && worst > TOLERANCE {
            self.plan_test(n, worst);
            return None;
        }
        let combinations = largest().map(|k| self.basis.combination(vectors.row(k))).collect();
        Some(Components::new(largest().map(|k| values[k]).collect(), combinations))
    }

    /// Schedules the next test by extrapolating the convergence since the last one.
    fn plan_test(&mut self, n: usize, worst: f64) {
        let (vectors, before) = std::mem::replace(&mut self.last_test, (n, worst));
        let rate = libm::log(before / worst) / (n - vectors) as f64;
        let needed = libm::log(worst / TOLERANCE) / rate;
        let most = n / 3;
        let wait = if rate > 0.0 { needed as usize } else { most };
        self.next_test = n + wait.clamp(n / 32, most);
    }
}
