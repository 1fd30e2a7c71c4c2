//! How are very many vectors of a space used at once?
use crate::science::eight::{Eight, Work, by_widest};
use crate::science::linear::dot;
use crate::science::lines::{LANES, Line, Lines};
use bytemuck::cast_slice;
use std::slice::ChunksExact;

/// Vectors that are taken at once: each number of another vector is then brought from memory once for all of them.
const TAKEN: usize = 4;

/// Orthonormal vectors.
#[derive(Clone, Debug)]
pub(super) struct Basis {
    dimension: usize,
    count: usize,
    /// `[vectors, dimension]`, each with zeros up to whole lines.
    vectors: Lines,
}

impl Basis {
    pub fn new(dimension: usize) -> Self {
        Self { dimension, count: 0, vectors: Vec::new() }
    }

    /// The number of vectors.
    pub fn count(&self) -> usize {
        self.count
    }

    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The vectors from one on, `[vectors, dimension]`.
    pub fn from(&self, first: usize) -> Vec<f64> {
        let stride = self.stride();
        let rows = self.vectors[first * stride..].chunks_exact(stride.max(1));
        rows.flat_map(|row| &cast_slice(row)[..self.dimension]).copied().collect()
    }

    /// Takes from `vector` what it has in the space, which along vectors before `first` is little more than rounding; what that was along
    /// each vector.
    pub fn take_from(&self, vector: &mut Lines, first: usize) -> Vec<f64> {
        let mut all = vec![0.0; self.count];
        // First what is much. What is left along the vectors is rounding then, which goes with all the rest: the vector is orthogonal to
        // its last digits, however short it has become.
        for first in [first, 0] {
            let group = &self.vectors[first * self.stride()..];
            by_widest(Take { group, parts: &mut all[first..], from: vector });
        }
        all
    }

    /// Adds a vector that is orthogonal to all others and has this length.
    pub fn push(&mut self, vector: &Lines, length: f64) {
        self.vectors.extend(vector.iter().map(|line| Line(line.0.map(|x| x / length))));
        self.count += 1;
    }

    /// The vector that has these parts along the first ones.
    pub fn sum(&self, parts: &[f64]) -> Vec<f64> {
        let mut sum = vec![Line::default(); self.stride()];
        by_widest(Add { basis: self, parts, to: &mut sum });
        cast_slice(&sum)[..self.dimension].to_vec()
    }

    fn stride(&self) -> usize {
        self.dimension.div_ceil(LANES)
    }
}

/// The length of a vector.
pub(super) fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// Groups of vectors that are taken at once, and then those that are left, one by one.
#[inline(always)]
fn parted(vectors: &[Line], groups: usize, stride: usize) -> (ChunksExact<'_, Line>, ChunksExact<'_, Line>) {
    let (grouped, others) = vectors.split_at(groups * TAKEN * stride);
    (grouped.chunks_exact(TAKEN * stride), others.chunks_exact(stride))
}

/// Takes from a vector what it is along others, and adds that to `parts`: some at once, while they are near.
struct Take<'a> {
    group: &'a [Line],
    parts: &'a mut [f64],
    from: &'a mut Lines,
}

impl Work for Take<'_> {
    #[inline(always)]
    fn run<E: Eight>(self, eight: E) {
        let stride = self.from.len();
        let (parts, rest) = self.parts.as_chunks_mut::<TAKEN>();
        let (groups, others) = parted(self.group, parts.len(), stride);
        for (parts, group) in parts.iter_mut().zip(groups) {
            take(eight, parts, group, self.from);
        }
        for (part, one) in rest.iter_mut().zip(others) {
            take(eight, std::array::from_mut(part), one, self.from);
        }
    }
}

#[inline(always)]
fn take<E: Eight, const N: usize>(eight: E, parts: &mut [f64; N], group: &[Line], from: &mut [Line]) {
    let along = products::<E, N>(eight, group, from);
    let mut less = [0.0; N];
    for k in 0..N {
        parts[k] += along[k];
        less[k] = -along[k];
    }
    add(eight, less, group, from);
}

/// The products of some vectors with another.
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

/// Adds multiples of the first vectors of a basis.
struct Add<'a> {
    basis: &'a Basis,
    parts: &'a [f64],
    to: &'a mut Lines,
}

impl Work for Add<'_> {
    #[inline(always)]
    fn run<E: Eight>(self, eight: E) {
        let stride = self.to.len();
        let (parts, rest) = self.parts.as_chunks::<TAKEN>();
        let (groups, others) = parted(&self.basis.vectors, parts.len(), stride);
        for (parts, group) in parts.iter().zip(groups) {
            add(eight, *parts, group, self.to);
        }
        for (part, one) in rest.iter().zip(others) {
            add(eight, [*part], one, self.to);
        }
    }
}

/// Adds some vectors, each as many times as its part is.
#[inline(always)]
fn add<E: Eight, const N: usize>(eight: E, parts: [f64; N], group: &[Line], to: &mut [Line]) {
    let vectors: [&[Line]; N] = std::array::from_fn(|k| &group[k * to.len()..][..to.len()]);
    let mut factors = [eight.all(0.0); N];
    for k in 0..N {
        factors[k] = eight.all(parts[k]);
    }
    for (i, to) in to.iter_mut().enumerate() {
        let mut sum = eight.load(to);
        for k in 0..N {
            sum = eight.plus_product(sum, factors[k], eight.load(&vectors[k][i]));
        }
        eight.store(sum, to);
    }
}
