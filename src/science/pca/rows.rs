//! What is summed over the frames of a chunk?
use super::block::{Narrow, Wide};
use super::width::Width;
use crate::science::widest::widest;

/// Deviations of superposed frames from the reference, `[frames, 3n]`, nm. Single precision holds them to 1e-8 nm, beyond what any
/// trajectory has; all sums are of double precision.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    coordinates: usize,
    values: Vec<f32>,
}

impl Rows {
    /// No frame yet, but room for some.
    pub fn with_capacity(coordinates: usize, frames: usize) -> Self {
        Self { coordinates, values: Vec::with_capacity(coordinates * frames) }
    }

    /// A new frame, to be filled.
    pub fn add(&mut self) -> &mut [f32] {
        let from = self.values.len();
        self.values.resize(from + self.coordinates, 0.0);
        &mut self.values[from..]
    }

    /// The number of frames.
    pub fn frames(&self) -> usize {
        self.values.len() / self.coordinates.max(1)
    }

    /// The number of coordinates of a frame.
    pub fn coordinates(&self) -> usize {
        self.coordinates
    }

    /// Memory of the frames.
    pub fn bytes(&self) -> usize {
        4 * self.values.len()
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(super) fn iter(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.coordinates)
    }

    /// The sum of all frames, `[3n]`.
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

    /// The sum of squared distances from `mean`, nm^2.
    pub fn sum_of_squares(&self, mean: &[f64]) -> f64 {
        self.iter().map(|row| square(row, mean)).sum()
    }

    /// The product of (X - 1 mean^T)^T (X - 1 mean^T) with a block of four or eight vectors, where X are these rows: `[3n, 4 or 8]` as the
    /// block.
    pub fn multiply(&self, mean: &[f64], block: &[f64]) -> Vec<f64> {
        match Width::of(block, mean.len()) {
            Width::Narrow => Narrow::new(mean, block).product(self),
            Width::Wide => Wide::new(mean, block).product(self),
        }
    }

    /// The components of the frames' distances from `mean` along the vectors of a block: `[frames, 4 or 8]`, nm.
    pub fn project(&self, mean: &[f64], block: &[f64]) -> Vec<f64> {
        match Width::of(block, mean.len()) {
            Width::Narrow => Narrow::new(mean, block).along(self),
            Width::Wide => Wide::new(mean, block).along(self),
        }
    }
}

widest! {
    fn add_row(row: &[f32], sums: &mut [f64]) {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += f64::from(*x);
        }
    }
}

/// The squared distance of a row from the mean.
fn square(row: &[f32], mean: &[f64]) -> f64 {
    let mut sum = 0.0;
    add_square(row, mean, &mut sum);
    sum
}

widest! {
    fn add_square(row: &[f32], mean: &[f64], sum: &mut f64) {
        let mut lanes = [0.0; 8];
        let (rows, means) = (row.chunks_exact(8), mean.chunks_exact(8));
        for (x, mean) in rows.remainder().iter().zip(means.remainder()) {
            *sum += (f64::from(*x) - mean) * (f64::from(*x) - mean);
        }
        for (row, mean) in rows.zip(means) {
            for lane in 0..8 {
                let distance = f64::from(row[lane]) - mean[lane];
                lanes[lane] += distance * distance;
            }
        }
        *sum += lanes.iter().sum::<f64>();
    }
}
