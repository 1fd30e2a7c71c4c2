//! What are the projections of frames on a few vectors, and the products of the covariance with them?
use super::rows::Rows;
use crate::science::eight::{Eight, Work, by_widest};
use crate::science::linear::dot;
use crate::science::lines::{HalfLine, LANES, Line, Lines, lines};
use crate::science::widest::widest;
use bytemuck::cast_slice_mut;

/// Vectors that are multiplied together: each frame is loaded once for both, and the sums stay in registers.
const PAIR: usize = 2;

/// A block of vectors, and the mean of the frames.
pub struct VectorBlock<'a> {
    mean: &'a [f64],
    /// Number of vectors.
    count: usize,
    /// `[vectors padded to pairs, 3n]`, each padded with zeros to whole cache lines.
    vectors: Lines,
    /// Projections of the mean on the vectors, `[vectors]`.
    shift: Vec<f64>,
}

/// Products of frames with the vectors.
#[derive(Debug)]
struct Products {
    /// Projections of their distances from the mean, `[frames, vectors]`.
    projections: Vec<f64>,
    /// Sums of frames times their projections, `[vectors padded to pairs, 3n]`; empty if they are not needed.
    sums: Lines,
}

impl<'a> VectorBlock<'a> {
    /// `mean` `[3n]`, nm; `vectors` `[vectors, 3n]`.
    pub fn new(mean: &'a [f64], vectors: &[f64]) -> Self {
        let (count, stride) = (vectors.len() / mean.len(), mean.len().div_ceil(LANES));
        let mut padded = Vec::with_capacity(count.next_multiple_of(PAIR) * stride);
        vectors.chunks_exact(mean.len()).for_each(|vector| padded.extend(lines(vector)));
        padded.resize(count.next_multiple_of(PAIR) * stride, Line::default());
        let shift = vectors.chunks_exact(mean.len()).map(|vector| dot(vector, mean)).collect();
        Self { mean, count, vectors: padded, shift }
    }

    /// The projections of the frames' distances from the mean on the vectors: `[frames, vectors]`, nm.
    pub fn projections(&self, rows: &Rows) -> Vec<f64> {
        let mut products = self.empty_products(rows);
        by_widest(Pass { block: self, rows, products: &mut products });
        products.projections
    }

    /// The product of (X - 1 mean^T)^T (X - 1 mean^T) with the vectors, where X are the rows: `[vectors, 3n]`.
    pub fn product(&self, rows: &Rows) -> Vec<f64> {
        let mut products = Products { sums: vec![Line::default(); self.vectors.len()], ..self.empty_products(rows) };
        by_widest(Pass { block: self, rows, products: &mut products });
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

    /// Processes `R` frames at once, as many as fit into registers; no sum depends on it.
    #[inline(always)]
    fn multiply_all<E: Eight, const R: usize>(&self, eight: E, rows: &Rows, products: &mut Products) {
        let stride = rows.stride();
        let groups = rows.cache_lines().chunks_exact(R * stride);
        let rest = groups.remainder();
        groups.for_each(|rows| self.multiply::<E, R>(eight, rows, products));
        rest.chunks_exact(stride).for_each(|row| self.multiply::<E, 1>(eight, row, products));
    }

    /// Processes `R` frames.
    #[inline(always)]
    fn multiply<E: Eight, const R: usize>(&self, eight: E, rows: &[HalfLine], products: &mut Products) {
        let stride = rows.len() / R;
        let rows: [&[HalfLine]; R] = std::array::from_fn(|r| &rows[r * stride..][..stride]);
        let from = products.projections.len();
        products.projections.resize(from + R * self.count, 0.0);
        for first in (0..self.count).step_by(PAIR) {
            let vectors: [_; PAIR] = std::array::from_fn(|k| &self.vectors[(first + k) * stride..][..stride]);
            let mut sums = [[eight.all(0.0); PAIR]; R];
            for i in 0..stride {
                let mut x = [eight.all(0.0); R];
                for r in 0..R {
                    x[r] = eight.load_single(&rows[r][i]);
                }
                for k in 0..PAIR {
                    let vector = eight.load(&vectors[k][i]);
                    for r in 0..R {
                        sums[r][k] = eight.plus_product(sums[r][k], x[r], vector);
                    }
                }
            }
            let mut projections = [[0.0; PAIR]; R];
            for r in 0..R {
                for k in 0..PAIR.min(self.count - first) {
                    projections[r][k] = eight.together(sums[r][k]) - self.shift[first + k];
                    products.projections[from + r * self.count + first + k] = projections[r][k];
                }
            }
            if !products.sums.is_empty() {
                let product = &mut products.sums[first * stride..][..PAIR * stride];
                add_products(eight, &rows, &projections, product);
            }
        }
    }
}

widest! {
    /// Subtracts the mean `times` times from sums.
    fn subtract_mean(mean: &[f64], times: f64, sums: &mut [f64]) {
        sums.iter_mut().zip(mean).for_each(|(sum, mean)| *sum -= mean * times);
    }
}

/// A pass over all frames.
struct Pass<'a> {
    block: &'a VectorBlock<'a>,
    rows: &'a Rows,
    products: &'a mut Products,
}

impl Work for Pass<'_> {
    #[inline(always)]
    fn run<E: Eight>(self, eight: E) {
        match E::HELD {
            8.. => self.block.multiply_all::<E, 4>(eight, self.rows, self.products),
            _ => self.block.multiply_all::<E, 1>(eight, self.rows, self.products),
        }
    }
}

/// Adds frames times their projections on two vectors to sums `[2, 3n]`.
#[inline(always)]
fn add_products<E: Eight, const R: usize>(
    eight: E,
    rows: &[&[HalfLine]; R],
    projections: &[[f64; PAIR]; R],
    product: &mut [Line],
) {
    let mut factors = [[eight.all(0.0); PAIR]; R];
    for r in 0..R {
        for k in 0..PAIR {
            factors[r][k] = eight.all(projections[r][k]);
        }
    }
    let stride = product.len() / PAIR;
    let (first, second) = product.split_at_mut(stride);
    for (i, sums) in first.iter_mut().zip(second).enumerate() {
        let mut x = [eight.all(0.0); R];
        for r in 0..R {
            x[r] = eight.load_single(&rows[r][i]);
        }
        for (k, to) in <[_; PAIR]>::from(sums).into_iter().enumerate() {
            let mut sum = eight.load(to);
            for r in 0..R {
                sum = eight.plus_product(sum, x[r], factors[r][k]);
            }
            eight.store(sum, to);
        }
    }
}
