//! How is a large orthonormal basis stored and used?
use crate::science::linear::dot;
use crate::science::simd::{F64x8, dispatch};
use bytemuck::cast_slice;

/// Basis vectors that are processed together: an element of another vector is loaded once for all of them.
const GROUP: usize = 4;

#[derive(Clone, Debug)]
pub(super) struct OrthonormalBasis {
    dimension: usize,
    count: usize,
    /// `[vectors, dimension]`, each padded with zeros to whole cache lines.
    vectors: Vec<F64x8>,
}

impl OrthonormalBasis {
    pub fn new(dimension: usize) -> Self {
        Self { dimension, count: 0, vectors: Vec::new() }
    }

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
    pub fn orthogonalize(&self, vector: &mut [F64x8], first: usize) -> Vec<f64> {
        let mut all = vec![0.0; self.count];
        // First the large coefficients, then all of them, to remove the rounding errors left by the first pass (Gram-Schmidt with
        // reorthogonalization): the vector is orthogonal to its last digits, however short it has become.
        for first in [first, 0] {
            let others = &self.vectors[first * self.stride()..];
            subtract_all(others, &mut all[first..], vector);
        }
        all
    }

    /// Adds a vector that is orthogonal to the basis, divided by its length.
    pub fn push(&mut self, vector: &[F64x8], length: f64) {
        self.vectors.extend(vector.iter().map(|chunk| F64x8(chunk.0.map(|x| x / length))));
        self.count += 1;
    }

    /// The linear combination of the first basis vectors with these coefficients, `[dimension]`.
    pub fn combination(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut sum = vec![F64x8::default(); self.stride()];
        add_combination(&self.vectors, coefficients, &mut sum);
        cast_slice(&sum)[..self.dimension].to_vec()
    }

    fn stride(&self) -> usize {
        self.dimension.div_ceil(F64x8::LANES)
    }
}

pub(super) fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

dispatch! {
    /// Subtracts the projections of a vector on others, group by group, and adds the coefficients to `coefficients`.
    fn subtract_all(others: &[F64x8], coefficients: &mut [f64], vector: &mut [F64x8]) {
        let stride = vector.len();
        let (coefficients, rest) = coefficients.as_chunks_mut::<GROUP>();
        let (grouped, others) = others.split_at(coefficients.len() * GROUP * stride);
        for (coefficients, group) in coefficients.iter_mut().zip(grouped.chunks_exact(GROUP * stride)) {
            subtract_projections(coefficients, group, vector);
        }
        for (coefficient, one) in rest.iter_mut().zip(others.chunks_exact(stride)) {
            subtract_projections(std::array::from_mut(coefficient), one, vector);
        }
    }
}

#[inline(always)]
fn subtract_projections<const N: usize>(coefficients: &mut [f64; N], group: &[F64x8], vector: &mut [F64x8]) {
    let products = products::<N>(group, vector);
    let mut negative = [0.0; N];
    for k in 0..N {
        coefficients[k] += products[k];
        negative[k] = -products[k];
    }
    add(negative, group, vector);
}

/// The scalar products of a group of vectors with another vector.
#[inline(always)]
fn products<const N: usize>(group: &[F64x8], vector: &[F64x8]) -> [f64; N] {
    let vectors: [&[F64x8]; N] = std::array::from_fn(|k| &group[k * vector.len()..][..vector.len()]);
    let mut sums = [F64x8::splat(0.0); N];
    for (i, x) in vector.iter().enumerate() {
        for k in 0..N {
            sums[k] = sums[k].add_product(*x, vectors[k][i]);
        }
    }
    let mut products = [0.0; N];
    for k in 0..N {
        products[k] = sums[k].sum();
    }
    products
}

dispatch! {
    fn add_combination(vectors: &[F64x8], coefficients: &[f64], sum: &mut [F64x8]) {
        for (coefficient, one) in coefficients.iter().zip(vectors.chunks_exact(sum.len())) {
            add([*coefficient], one, sum);
        }
    }
}

/// Adds the linear combination of a group of vectors.
#[inline(always)]
fn add<const N: usize>(coefficients: [f64; N], group: &[F64x8], to: &mut [F64x8]) {
    let vectors: [&[F64x8]; N] = std::array::from_fn(|k| &group[k * to.len()..][..to.len()]);
    for (i, to) in to.iter_mut().enumerate() {
        let mut sum = *to;
        for k in 0..N {
            sum = sum.add_product(F64x8::splat(coefficients[k]), vectors[k][i]);
        }
        *to = sum;
    }
}
