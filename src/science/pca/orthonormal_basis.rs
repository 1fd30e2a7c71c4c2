//! How is a large orthonormal basis stored and used?
use crate::science::eight::{Eight, Work, by_widest};
use crate::science::linear::dot;
use crate::science::lines::{LANES, Line, Lines};
use bytemuck::cast_slice;
use std::slice::ChunksExact;

/// Basis vectors that are processed together: an element of another vector is loaded once for all of them.
const GROUP: usize = 4;

/// Orthonormal vectors.
#[derive(Clone, Debug)]
pub(super) struct OrthonormalBasis {
    dimension: usize,
    count: usize,
    /// `[vectors, dimension]`, each padded with zeros to whole cache lines.
    vectors: Lines,
}

impl OrthonormalBasis {
    pub fn new(dimension: usize) -> Self {
        Self { dimension, count: 0, vectors: Vec::new() }
    }

    /// Number of vectors.
    pub fn count(&self) -> usize {
        self.count
    }

    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The vectors from `first` on, `[vectors, dimension]`.
    pub fn vectors_from(&self, first: usize) -> Vec<f64> {
        let stride = self.stride();
        let rows = self.vectors[first * stride..].chunks_exact(stride.max(1));
        rows.flat_map(|row| &cast_slice(row)[..self.dimension]).copied().collect()
    }

    /// Orthogonalizes `vector` to the basis and returns its coefficients `[vectors]`. Those before `first` are known to be little more than
    /// rounding errors.
    pub fn orthogonalize(&self, vector: &mut Lines, first: usize) -> Vec<f64> {
        let mut all = vec![0.0; self.count];
        // First the large coefficients, then all of them, to remove the rounding errors left by the first pass (Gram-Schmidt with
        // reorthogonalization): the vector is orthogonal to its last digits, however short it has become.
        for first in [first, 0] {
            let group = &self.vectors[first * self.stride()..];
            by_widest(Orthogonalize { group, coefficients: &mut all[first..], vector });
        }
        all
    }

    /// Adds a vector that is orthogonal to the basis, divided by its length.
    pub fn push(&mut self, vector: &Lines, length: f64) {
        self.vectors.extend(vector.iter().map(|line| Line(line.0.map(|x| x / length))));
        self.count += 1;
    }

    /// The linear combination of the first basis vectors with these coefficients, `[dimension]`.
    pub fn combination(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut sum = vec![Line::default(); self.stride()];
        by_widest(AddCombination { basis: self, coefficients, sum: &mut sum });
        cast_slice(&sum)[..self.dimension].to_vec()
    }

    fn stride(&self) -> usize {
        self.dimension.div_ceil(LANES)
    }
}

/// The Euclidean norm.
pub(super) fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// Groups of vectors, and the single vectors that remain.
#[inline(always)]
fn grouped(vectors: &[Line], groups: usize, stride: usize) -> (ChunksExact<'_, Line>, ChunksExact<'_, Line>) {
    let (grouped, others) = vectors.split_at(groups * GROUP * stride);
    (grouped.chunks_exact(GROUP * stride), others.chunks_exact(stride))
}

/// Subtracts the projections of a vector on others, group by group, and adds the coefficients to `coefficients`.
struct Orthogonalize<'a> {
    group: &'a [Line],
    coefficients: &'a mut [f64],
    vector: &'a mut Lines,
}

impl Work for Orthogonalize<'_> {
    #[inline(always)]
    fn run<E: Eight>(self, eight: E) {
        let stride = self.vector.len();
        let (coefficients, rest) = self.coefficients.as_chunks_mut::<GROUP>();
        let (groups, others) = grouped(self.group, coefficients.len(), stride);
        for (coefficients, group) in coefficients.iter_mut().zip(groups) {
            subtract_projections(eight, coefficients, group, self.vector);
        }
        for (coefficient, one) in rest.iter_mut().zip(others) {
            subtract_projections(eight, std::array::from_mut(coefficient), one, self.vector);
        }
    }
}

#[inline(always)]
fn subtract_projections<E: Eight, const N: usize>(
    eight: E,
    coefficients: &mut [f64; N],
    group: &[Line],
    vector: &mut [Line],
) {
    let products = products::<E, N>(eight, group, vector);
    let mut negative = [0.0; N];
    for k in 0..N {
        coefficients[k] += products[k];
        negative[k] = -products[k];
    }
    add(eight, negative, group, vector);
}

/// The scalar products of a group of vectors with another vector.
#[inline(always)]
fn products<E: Eight, const N: usize>(eight: E, group: &[Line], vector: &[Line]) -> [f64; N] {
    let vectors: [&[Line]; N] = std::array::from_fn(|k| &group[k * vector.len()..][..vector.len()]);
    let mut sums = [eight.all(0.0); N];
    for (i, x) in vector.iter().enumerate() {
        let x = eight.load(x);
        for k in 0..N {
            sums[k] = eight.plus_product(sums[k], x, eight.load(&vectors[k][i]));
        }
    }
    let mut products = [0.0; N];
    for k in 0..N {
        products[k] = eight.together(sums[k]);
    }
    products
}

/// Adds a linear combination of the first basis vectors.
struct AddCombination<'a> {
    basis: &'a OrthonormalBasis,
    coefficients: &'a [f64],
    sum: &'a mut Lines,
}

impl Work for AddCombination<'_> {
    #[inline(always)]
    fn run<E: Eight>(self, eight: E) {
        let stride = self.sum.len();
        let (coefficients, rest) = self.coefficients.as_chunks::<GROUP>();
        let (groups, others) = grouped(&self.basis.vectors, coefficients.len(), stride);
        for (coefficients, group) in coefficients.iter().zip(groups) {
            add(eight, *coefficients, group, self.sum);
        }
        for (coefficient, one) in rest.iter().zip(others) {
            add(eight, [*coefficient], one, self.sum);
        }
    }
}

/// Adds the linear combination of a group of vectors.
#[inline(always)]
fn add<E: Eight, const N: usize>(eight: E, coefficients: [f64; N], group: &[Line], to: &mut [Line]) {
    let vectors: [&[Line]; N] = std::array::from_fn(|k| &group[k * to.len()..][..to.len()]);
    let mut factors = [eight.all(0.0); N];
    for k in 0..N {
        factors[k] = eight.all(coefficients[k]);
    }
    for (i, to) in to.iter_mut().enumerate() {
        let mut sum = eight.load(to);
        for k in 0..N {
            sum = eight.plus_product(sum, factors[k], eight.load(&vectors[k][i]));
        }
        eight.store(sum, to);
    }
}
