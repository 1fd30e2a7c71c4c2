//! What is summed over the frames of a chunk?
use crate::science::lines::{HalfLine, LANES};
use crate::science::widest::widest;
use bytemuck::{cast_slice, cast_slice_mut};

/// Deviations of superposed frames from the reference, `[frames, 3n]`, nm. Single precision holds them to 1e-8 nm, beyond what any
/// trajectory has; all sums are of double precision.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    coordinates: usize,
    /// Every frame with zeros up to whole lines.
    values: Vec<HalfLine>,
}

impl Rows {
    /// No frame yet, but room for some.
    pub fn with_capacity(coordinates: usize, frames: usize) -> Self {
        Self { coordinates, values: Vec::with_capacity(coordinates.div_ceil(LANES) * frames) }
    }

    /// A new frame, to be filled.
    pub fn add(&mut self) -> &mut [f32] {
        let from = self.values.len();
        self.values.resize(from + self.stride(), HalfLine::default());
        &mut cast_slice_mut(&mut self.values[from..])[..self.coordinates]
    }

    /// The number of frames.
    pub fn frames(&self) -> usize {
        self.values.len() / self.stride().max(1)
    }

    /// The number of coordinates of a frame.
    pub fn coordinates(&self) -> usize {
        self.coordinates
    }

    /// Memory of the frames.
    pub fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice())
    }

    /// Lines of a frame.
    pub(super) fn stride(&self) -> usize {
        self.coordinates.div_ceil(LANES)
    }

    /// Of all frames, `[frames, stride]`.
    pub(super) fn lines(&self) -> &[HalfLine] {
        &self.values
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.stride()).map(|row| &cast_slice(row)[..self.coordinates])
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
