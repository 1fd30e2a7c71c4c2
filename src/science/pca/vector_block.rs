//! What are the projections of frames on a few vectors, and the products of the covariance with them?
use super::rows::Rows;
use crate::science::linear::dot;
use crate::science::simd::{F32x8, F64x8, dispatch, padded};
use bytemuck::cast_slice_mut;

/// Vectors that are multiplied together: each frame is loaded once for both, and the sums stay in registers.
const PAIR: usize = 2;

/// Frames that are multiplied together.
const GROUP: usize = 4;

pub struct VectorBlock<'a> {
    mean: &'a [f64],
    count: usize,
    /// `[vectors padded to pairs, 3n]`, each padded with zeros to whole cache lines.
    vectors: Vec<F64x8>,
    /// Projections of the mean on the vectors, `[vectors]`.
    shift: Vec<f64>,
}

#[derive(Debug)]
struct Products {
    /// Projections of the frames' distances from the mean, `[frames, vectors]`.
    projections: Vec<f64>,
    /// Sums of frames times their projections, `[vectors padded to pairs, 3n]`; empty if they are not needed.
    sums: Vec<F64x8>,
}

impl<'a> VectorBlock<'a> {
    /// `mean` `[3n]`, nm; `vectors` `[vectors, 3n]`.
    pub fn new(mean: &'a [f64], vectors: &[f64]) -> Self {
        let (count, stride) = (vectors.len() / mean.len(), mean.len().div_ceil(F64x8::LANES));
        let mut rows = Vec::with_capacity(count.next_multiple_of(PAIR) * stride);
        vectors.chunks_exact(mean.len()).for_each(|vector| rows.extend(padded(vector)));
        rows.resize(count.next_multiple_of(PAIR) * stride, F64x8::default());
        let shift = vectors.chunks_exact(mean.len()).map(|vector| dot(vector, mean)).collect();
        Self { mean, count, vectors: rows, shift }
    }

    /// The projections of the frames' distances from the mean on the vectors: `[frames, vectors]`, nm.
    pub fn projections(&self, rows: &Rows) -> Vec<f64> {
        let mut products = self.empty_products(rows);
        multiply_all(self, rows, &mut products);
        products.projections
    }

    /// The product of (X - 1 mean^T)^T (X - 1 mean^T) with the vectors, where X are the rows: `[vectors, 3n]`.
    pub fn product(&self, rows: &Rows) -> Vec<f64> {
        let mut products = Products { sums: vec![F64x8::default(); self.vectors.len()], ..self.empty_products(rows) };
        multiply_all(self, rows, &mut products);
        let (mut totals, mut product) = (vec![0.0; self.count], Vec::with_capacity(self.count * self.mean.len()));
        for projections in products.projections.chunks_exact(self.count) {
            totals.iter_mut().zip(projections).for_each(|(total, x)| *total += x);
        }
        for (sums, total) in products.sums.chunks_exact_mut(rows.stride()).zip(&totals) {
            let sums = &mut cast_slice_mut(sums)[..self.mean.len()];
            subtract_mean(self.mean, *total, sums);
            product.extend_from_slice(sums);
        }
        product
    }

    /// No products, with capacity for the projections of all frames.
    fn empty_products(&self, rows: &Rows) -> Products {
        Products { projections: Vec::with_capacity(self.count * rows.frames()), sums: Vec::new() }
    }
}

dispatch! {
    fn multiply_all(block: &VectorBlock<'_>, rows: &Rows, products: &mut Products) {
        let stride = rows.stride();
        let groups = rows.cache_lines().chunks_exact(GROUP * stride);
        let rest = groups.remainder();
        for rows in groups {
            multiply::<GROUP>(block, rows, products);
        }
        for row in rest.chunks_exact(stride) {
            multiply::<1>(block, row, products);
        }
    }
}

/// Multiplies `R` frames with the vectors; no sum depends on how many are multiplied at once.
#[inline(always)]
fn multiply<const R: usize>(block: &VectorBlock<'_>, rows: &[F32x8], products: &mut Products) {
    let stride = rows.len() / R;
    let rows: [&[F32x8]; R] = std::array::from_fn(|r| &rows[r * stride..][..stride]);
    let from = products.projections.len();
    products.projections.resize(from + R * block.count, 0.0);
    for first in (0..block.count).step_by(PAIR) {
        let vectors: [_; PAIR] = std::array::from_fn(|k| &block.vectors[(first + k) * stride..][..stride]);
        let mut sums = [[F64x8::splat(0.0); PAIR]; R];
        for i in 0..stride {
            for r in 0..R {
                let x = rows[r][i].to_f64();
                for k in 0..PAIR {
                    sums[r][k] = sums[r][k].add_product(x, vectors[k][i]);
                }
            }
        }
        let mut projections = [[0.0; PAIR]; R];
        for r in 0..R {
            for k in 0..PAIR.min(block.count - first) {
                projections[r][k] = sums[r][k].sum() - block.shift[first + k];
                products.projections[from + r * block.count + first + k] = projections[r][k];
            }
        }
        if !products.sums.is_empty() {
            add_products(&rows, &projections, &mut products.sums[first * stride..][..PAIR * stride]);
        }
    }
}

/// Adds frames times their projections on two vectors to sums `[2, 3n]`.
#[inline(always)]
fn add_products<const R: usize>(rows: &[&[F32x8]; R], projections: &[[f64; PAIR]; R], product: &mut [F64x8]) {
    let stride = product.len() / PAIR;
    let (first, second) = product.split_at_mut(stride);
    for (i, sums) in first.iter_mut().zip(second).enumerate() {
        for (k, to) in <[_; PAIR]>::from(sums).into_iter().enumerate() {
            let mut sum = *to;
            for r in 0..R {
                sum = sum.add_product(rows[r][i].to_f64(), F64x8::splat(projections[r][k]));
            }
            *to = sum;
        }
    }
}

dispatch! {
    fn subtract_mean(mean: &[f64], times: f64, sums: &mut [f64]) {
        sums.iter_mut().zip(mean).for_each(|(sum, mean)| *sum -= mean * times);
    }
}
