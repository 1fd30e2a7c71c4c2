//! What are the first eigenvectors of a matrix that is known by its products with vectors alone?
//!
//! Lanczos' method with a block of vectors at a time (Golub and Underwood, in Mathematical Software III, 361, 1977, DOI
//! 10.1016/B978-0-12-587260-7.50018-2), every new vector made orthogonal to all before: in the space of the vectors so far the matrix
//! is a small one, whose eigenvectors come close to those asked for.
use super::Components;
use super::basis::{Basis, norm};
use crate::science::linear::{Band, Pairs};
use crate::science::lines::lines;
use crate::seed::Stream;
use bytemuck::cast_slice;

/// A pair is good when the product misses it by this part of the eigenvalue. The eigenvalue is then good to the square of that, the
/// vector to that divided by the relative distance of eigenvalues. Trajectories tell positions to three digits or so.
const TOLERANCE: f64 = 1e-6;
/// What is left of a vector below this part of it is rounding.
const NOTHING: f64 = 1e-11;

/// How many vectors are multiplied at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Two: a search takes fewer products in all, by half or so, and still finds a pair of equal eigenvalues.
    Narrow,
    /// Eight: it takes fewer passes over the frames, by half or so.
    Wide,
}

impl Width {
    /// The number of vectors.
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
    basis: Basis,
    /// The matrix in the basis, for those whose products are known.
    small: Vec<Vec<f64>>,
    /// The longest product so far: about the largest eigenvalue.
    scale: f64,
    /// The number of vectors at which the pairs are looked at again: that takes time as its third power.
    next_look: usize,
    /// The number at the last look, and by how much of its eigenvalue the worst pair was missed.
    last_look: (usize, f64),
}

impl Krylov {
    /// Begins with a block of random vectors.
    pub fn new(dimension: usize, wanted: usize, width: Width, stream: &mut Stream) -> Self {
        let last_look = (0, f64::INFINITY);
        let basis = Basis::new(dimension);
        let mut search = Self { wanted, width, basis, small: Vec::new(), scale: 1.0, next_look: wanted, last_look };
        for _ in 0..width.vectors().min(dimension) {
            search.extend(&(0..dimension).map(|_| stream.normal()).collect::<Vec<_>>(), 0);
        }
        search.scale = 0.0;
        search
    }

    /// The vectors whose products are wanted next: `[vectors, dimension]`, not more than the width.
    pub fn block(&self) -> Vec<f64> {
        self.basis.from(self.small.len())
    }

    /// The number of vectors whose products are known.
    pub fn multiplied(&self) -> usize {
        self.small.len()
    }

    /// Takes the products of [`block`](Self::block) in. The components once they are good, or when there is nothing more to find: they
    /// may be fewer than wanted then.
    pub fn take(&mut self, products: &[f64]) -> Option<Components> {
        let (known, all) = (self.small.len(), self.basis.count());
        let images = || products.chunks_exact(self.basis.dimension());
        self.scale = images().map(norm).fold(self.scale, f64::max);
        let mut outside = Vec::new();
        for image in images() {
            let mut parts = self.extend(image, self.small.len().saturating_sub(self.width.vectors()));
            outside.push(parts.split_off(all));
            self.small.push(parts);
        }
        self.judge(&outside, known)
    }

    /// Adds what a vector has outside of the space, if it is more than rounding beside the largest eigenvalue. The vector's parts along all
    /// of the basis, the new vector included; those before `first` are rounding.
    fn extend(&mut self, vector: &[f64], first: usize) -> Vec<f64> {
        let mut vector = lines(vector);
        let mut parts = self.basis.take_from(&mut vector, first);
        let length = norm(cast_slice(&vector));
        if length > NOTHING * self.scale && self.basis.count() < self.basis.dimension() {
            self.basis.push(&vector, length);
            parts.push(length);
        }
        parts
    }

    /// `outside` are the parts of the newest products along vectors whose products are not known yet; those that are missing are zero.
    fn judge(&mut self, outside: &[Vec<f64>], known: usize) -> Option<Components> {
        let n = self.small.len();
        let is_all = self.basis.count() == n;
        if n < self.next_look && !is_all {
            return None;
        }
        // The product of a vector has parts along those before it that have not been multiplied before it, and along a width of new ones.
        let matrix = Band::new(n, self.width.vectors(), |row, column| self.small[row][column]);
        let Pairs { values, vectors, missed: inside } = matrix.largest(self.wanted);
        let missed = |k: usize| {
            let outside = (0..self.basis.count() - n)
                .map(|b| {
                    vectors
                        .row(k)
                        .iter()
                        .skip(known)
                        .zip(outside)
                        .map(|(part, of)| part * of.get(b).unwrap_or(&0.0))
                        .sum::<f64>()
                })
                .map(|x| x * x)
                .sum::<f64>();
            let missed = (outside + inside[k] * inside[k]).sqrt() / values[k];
            // Below zero there is rounding alone.
            if missed >= 0.0 { missed } else { f64::INFINITY }
        };
        let worst = (0..values.len()).map(missed).fold(0.0, f64::max);
        if !is_all && worst > TOLERANCE {
            self.plan_look(n, worst);
            return None;
        }
        let vectors = (0..values.len()).map(|k| self.basis.sum(vectors.row(k))).collect();
        Some(Components::new(values, vectors))
    }

    /// Looks again when most of the vectors are there that are still needed, if it goes on as since the last look.
    fn plan_look(&mut self, n: usize, worst: f64) {
        let (vectors, before) = std::mem::replace(&mut self.last_look, (n, worst));
        let rate = libm::log(before / worst) / (n - vectors) as f64;
        let needed = libm::log(worst / TOLERANCE) / rate;
        let most = n / 3;
        let wait = if rate > 0.0 { needed as usize } else { most };
        self.next_look = n + wait.clamp(n / 32, most);
    }
}
