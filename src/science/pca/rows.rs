//! What is summed over the frames of a chunk?
use super::krylov::WIDE;
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

    /// The product of (X - 1 mean^T)^T (X - 1 mean^T) with a block of vectors, where X are these rows: `[3n, WIDE]` as the block.
    pub fn multiply(&self, mean: &[f64], block: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; block.len()];
        let mut totals = [0.0; WIDE];
        let shift = shift(mean, block);
        for rows in self.values.chunks(4 * self.coordinates) {
            match rows.len() / self.coordinates {
                4 => multiply_rows::<4>(rows, block, &shift, &mut totals, &mut product),
                3 => multiply_rows::<3>(rows, block, &shift, &mut totals, &mut product),
                2 => multiply_rows::<2>(rows, block, &shift, &mut totals, &mut product),
                _ => multiply_rows::<1>(rows, block, &shift, &mut totals, &mut product),
            }
        }
        for (product, mean) in product.chunks_exact_mut(WIDE).zip(mean) {
            (0..WIDE).for_each(|k| product[k] -= mean * totals[k]);
        }
        product
    }

    /// The components of the frames' distances from `mean` along the vectors of a block: `[frames, WIDE]`, nm.
    pub fn project(&self, mean: &[f64], block: &[f64]) -> Vec<[f64; WIDE]> {
        let shift = shift(mean, block);
        let mut projections = vec![[0.0; WIDE]; self.frames()];
        for (rows, along) in self.values.chunks(4 * self.coordinates).zip(projections.chunks_mut(4)) {
            match <&mut [_; 4]>::try_from(&mut *along) {
                Ok(along) => project_rows::<4>(rows, block, &shift, along),
                Err(_) => rows.chunks(self.coordinates).zip(along).for_each(|(row, along)| {
                    project_rows::<1>(row, block, &shift, std::array::from_mut(along));
                }),
            }
        }
        projections
    }
}

/// Components of the mean along the vectors of a block.
fn shift(mean: &[f64], block: &[f64]) -> [f64; WIDE] {
    let mut shift = [0.0; WIDE];
    for (mean, block) in mean.iter().zip(block.chunks_exact(WIDE)) {
        (0..WIDE).for_each(|k| shift[k] += mean * block[k]);
    }
    shift
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

widest! {
    fn multiply_rows<const R: usize>(rows: &[f32], block: &[f64], shift: &[f64; WIDE], totals: &mut [f64; WIDE], product: &mut [f64]) {
        let mut along = [[0.0; WIDE]; R];
        project(rows, block, shift, &mut along);
        for along in &along {
            (0..WIDE).for_each(|k| totals[k] += along[k]);
        }
        let rows: [&[f32]; R] = split(rows);
        for (i, product) in product.chunks_exact_mut(WIDE).enumerate() {
            let mut sum: [f64; WIDE] = [0.0; WIDE];
            sum.copy_from_slice(product);
            for r in 0..R {
                let x = f64::from(rows[r][i]);
                for k in 0..WIDE {
                    sum[k] += x * along[r][k];
                }
            }
            product.copy_from_slice(&sum);
        }
    }
}

widest! {
    fn project_rows<const R: usize>(rows: &[f32], block: &[f64], shift: &[f64; WIDE], along: &mut [[f64; WIDE]; R]) {
        project(rows, block, shift, along);
    }
}

#[inline(always)]
fn project<const R: usize>(rows: &[f32], block: &[f64], shift: &[f64; WIDE], along: &mut [[f64; WIDE]; R]) {
    let rows: [&[f32]; R] = split(rows);
    let mut sums = [[0.0; WIDE]; R];
    for (i, block) in block.chunks_exact(WIDE).enumerate() {
        for r in 0..R {
            let x = f64::from(rows[r][i]);
            for k in 0..WIDE {
                sums[r][k] += x * block[k];
            }
        }
    }
    for r in 0..R {
        for k in 0..WIDE {
            along[r][k] = sums[r][k] - shift[k];
        }
    }
}

#[inline(always)]
fn split<const R: usize>(rows: &[f32]) -> [&[f32]; R] {
    let length = rows.len() / R;
    std::array::from_fn(|r| &rows[r * length..][..length])
}
