//! What do frames give with a few vectors?
use super::rows::Rows;
use crate::science::eight::{Eight, Work, by_widest};
use crate::science::linear::dot;
use crate::science::lines::{HalfLine, LANES, Line, Lines, lines};
use crate::science::widest::widest;
use bytemuck::cast_slice_mut;

/// Vectors that are taken at once: what a row brings from memory serves both, and their sums stay in registers.
const PAIR: usize = 2;

/// Vectors, and the mean from which deviations are counted.
pub struct Block<'a> {
    mean: &'a [f64],
    /// How many vectors there are.
    count: usize,
    /// `[whole pairs, 3n]`, each with zeros up to whole lines.
    vectors: Lines,
    /// Components of the mean along the vectors.
    shift: Vec<f64>,
}

/// What frames give.
#[derive(Debug)]
struct Given {
    /// Components of their distances from the mean along the vectors, `[frames, vectors]`.
    along: Vec<f64>,
    /// The sums of the rows times their components, `[whole pairs, 3n]` as the vectors; none where they are not asked for.
    product: Lines,
}

impl<'a> Block<'a> {
    /// Of vectors `[vectors, 3n]`, with as many coordinates as the mean, nm.
    pub fn new(mean: &'a [f64], vectors: &[f64]) -> Self {
        let (count, stride) = (vectors.len() / mean.len(), mean.len().div_ceil(LANES));
        let mut padded = Vec::with_capacity(count.next_multiple_of(PAIR) * stride);
        vectors.chunks_exact(mean.len()).for_each(|vector| padded.extend(lines(vector)));
        padded.resize(count.next_multiple_of(PAIR) * stride, Line::default());
        let shift = vectors.chunks_exact(mean.len()).map(|vector| dot(vector, mean)).collect();
        Self { mean, count, vectors: padded, shift }
    }

    /// The components of the frames' distances from the mean along the vectors: `[frames, vectors]`, nm.
    pub fn along(&self, rows: &Rows) -> Vec<f64> {
        let mut given = self.nothing(rows);
        by_widest(Go { block: self, rows, given: &mut given });
        given.along
    }

    /// The product of (X - 1 mean^T)^T (X - 1 mean^T) with the vectors, where X are the rows: `[vectors, 3n]`.
    pub fn product(&self, rows: &Rows) -> Vec<f64> {
        let mut given = Given { product: vec![Line::default(); self.vectors.len()], ..self.nothing(rows) };
        by_widest(Go { block: self, rows, given: &mut given });
        let (mut totals, mut product) = (vec![0.0; self.count], Vec::with_capacity(self.count * self.mean.len()));
        for along in given.along.chunks_exact(self.count) {
            totals.iter_mut().zip(along).for_each(|(total, x)| *total += x);
        }
        for (sums, total) in given.product.chunks_exact_mut(rows.stride()).zip(&totals) {
            let sums = &mut cast_slice_mut(sums)[..self.mean.len()];
            take_mean(self.mean, *total, sums);
            product.extend_from_slice(sums);
        }
        product
    }

    /// Nothing yet, but room for components of all rows.
    fn nothing(&self, rows: &Rows) -> Given {
        Given { along: Vec::with_capacity(self.count * rows.frames()), product: Vec::new() }
    }

    /// `R` rows at once, as many as there are registers for: nothing that is summed depends on it.
    #[inline(always)]
    fn each<E: Eight, const R: usize>(&self, eight: E, rows: &Rows, given: &mut Given) {
        let stride = rows.stride();
        let groups = rows.lines().chunks_exact(R * stride);
        let rest = groups.remainder();
        groups.for_each(|rows| self.some::<E, R>(eight, rows, given));
        rest.chunks_exact(stride).for_each(|row| self.some::<E, 1>(eight, row, given));
    }

    #[inline(always)]
    fn some<E: Eight, const R: usize>(&self, eight: E, rows: &[HalfLine], given: &mut Given) {
        let stride = rows.len() / R;
        let rows: [&[HalfLine]; R] = std::array::from_fn(|r| &rows[r * stride..][..stride]);
        let from = given.along.len();
        given.along.resize(from + R * self.count, 0.0);
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
            let mut along = [[0.0; PAIR]; R];
            for r in 0..R {
                for k in 0..PAIR.min(self.count - first) {
                    along[r][k] = eight.together(sums[r][k]) - self.shift[first + k];
                    given.along[from + r * self.count + first + k] = along[r][k];
                }
            }
            if !given.product.is_empty() {
                let product = &mut given.product[first * stride..][..PAIR * stride];
                add_products(eight, &rows, &along, product);
            }
        }
    }
}

widest! {
    /// Takes the mean, so many times, from sums.
    fn take_mean(mean: &[f64], times: f64, sums: &mut [f64]) {
        sums.iter_mut().zip(mean).for_each(|(sum, mean)| *sum -= mean * times);
    }
}

/// A way through all rows.
struct Go<'a> {
    block: &'a Block<'a>,
    rows: &'a Rows,
    given: &'a mut Given,
}

impl Work for Go<'_> {
    #[inline(always)]
    fn run<E: Eight>(self, eight: E) {
        match E::HELD {
            8.. => self.block.each::<E, 4>(eight, self.rows, self.given),
            _ => self.block.each::<E, 1>(eight, self.rows, self.given),
        }
    }
}

/// Adds rows times their components along two vectors to sums `[2, 3n]`.
#[inline(always)]
fn add_products<E: Eight, const R: usize>(
    eight: E,
    rows: &[&[HalfLine]; R],
    along: &[[f64; PAIR]; R],
    product: &mut [Line],
) {
    let mut factors = [[eight.all(0.0); PAIR]; R];
    for r in 0..R {
        for k in 0..PAIR {
            factors[r][k] = eight.all(along[r][k]);
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
