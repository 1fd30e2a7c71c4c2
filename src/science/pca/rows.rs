//! How are the deviations of the frames of a chunk stored and summed?
use crate::science::simd::{F32x8, F64x8, dispatch};
use bytemuck::{cast_slice, cast_slice_mut};

/// Frames that are summed before the sum is rounded to fixed point.
pub const CHUNK: usize = 256;

/// Deviations of superposed frames from the reference, `[frames, 3n]`, nm. Single precision resolves 1e-8 nm, more than trajectories do; all
/// sums are in double precision.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    coordinates: usize,
    /// Every frame is padded with zeros to whole cache lines.
    values: Vec<F32x8>,
}

impl Rows {
    pub fn with_capacity(coordinates: usize, frames: usize) -> Self {
        Self { coordinates, values: Vec::with_capacity(coordinates.div_ceil(F64x8::LANES) * frames) }
    }

    /// Appends a frame of zeros; returns its deviations `[3n]`.
    pub fn add(&mut self) -> &mut [f32] {
        let from = self.values.len();
        self.values.resize(from + self.stride(), F32x8::default());
        &mut cast_slice_mut(&mut self.values[from..])[..self.coordinates]
    }

    pub fn frames(&self) -> usize {
        self.values.len() / self.stride().max(1)
    }

    pub fn coordinates(&self) -> usize {
        self.coordinates
    }

    /// Memory of the frames, bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice())
    }

    /// Cache lines per frame.
    pub(super) fn stride(&self) -> usize {
        self.coordinates.div_ceil(F64x8::LANES)
    }

    /// The cache lines of all frames, `[frames, stride]`.
    pub(super) fn cache_lines(&self) -> &[F32x8] {
        &self.values
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.stride()).map(|row| &cast_slice(row)[..self.coordinates])
    }

    /// The sum over all frames, `[3n]`, nm.
    pub fn sum(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.coordinates];
        self.iter().for_each(|row| add_row(row, &mut sums));
        sums
    }

    /// The largest squared length of a frame's deviations, nm^2.
    pub fn largest_square(&self) -> f64 {
        let origin = vec![0.0; self.coordinates];
        self.iter().map(|row| square(row, &origin)).fold(0.0, f64::max)
    }

    /// The sum of squared distances from `mean` `[3n]`, nm^2.
    pub fn sum_of_squares(&self, mean: &[f64]) -> f64 {
        self.iter().map(|row| square(row, mean)).sum()
    }
}

dispatch! {
    fn add_row(row: &[f32], sums: &mut [f64]) {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += f64::from(*x);
        }
    }
}

fn square(row: &[f32], mean: &[f64]) -> f64 {
    let mut sum = 0.0;
    add_square(row, mean, &mut sum);
    sum
}

dispatch! {
    fn add_square(row: &[f32], mean: &[f64], sum: &mut f64) {
        let mut sums = [0.0; 8];
        let (rows, means) = (row.chunks_exact(8), mean.chunks_exact(8));
        for (x, mean) in rows.remainder().iter().zip(means.remainder()) {
            *sum += (f64::from(*x) - mean) * (f64::from(*x) - mean);
        }
        for (row, mean) in rows.zip(means) {
            for k in 0..8 {
                let distance = f64::from(row[k]) - mean[k];
                sums[k] += distance * distance;
            }
        }
        *sum += sums.iter().sum::<f64>();
    }
}
