//! How are dense real matrices multiplied and added with reproducible bits?
//!
//! Every element of a product is summed over the inner index in ascending order, without fused or reordered operations, however the loops
//! are blocked: its bits depend neither on the other elements that are computed with it nor on the processor.
use crate::science::simd::dispatch;

/// A dense matrix, `values` in row-major order `[rows, columns]`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::science) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Vec<f64>,
}

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// A matrix of values in row-major order.
    pub fn new(rows: usize, columns: usize, values: Vec<f64>) -> Self {
        assert_eq!(values.len(), rows * columns, "one value per element");
        Self { rows, columns, values }
    }

    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..][..self.columns]
    }

    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..][..self.columns]
    }

    pub fn first_rows(&self, rows: usize) -> Self {
        Self::new(rows, self.columns, self.values[..rows * self.columns].to_vec())
    }

    pub fn transposed(&self) -> Self {
        let mut transposed = Self::zeros(self.columns, self.rows);
        for (i, row) in self.values.chunks_exact(self.columns.max(1)).enumerate() {
            row.iter().enumerate().for_each(|(j, value)| transposed.values[j * self.rows + i] = *value);
        }
        transposed
    }

    pub fn times(&self, other: &Self) -> Self {
        assert_eq!(self.columns, other.rows, "matching dimensions");
        let mut result = Self::zeros(self.rows, other.columns);
        multiply(&self.values, &other.values, self.columns, other.columns, &mut result.values);
        result
    }

    /// The transpose of this matrix times itself.
    pub fn gram(&self) -> Self {
        self.transposed().times(self)
    }

    pub fn add(&mut self, factor: f64, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += factor * value);
    }

    /// The sum of elementwise products.
    pub fn dot(&self, other: &Self) -> f64 {
        let mut sum = 0.0;
        dot_into(&self.values, &other.values, &mut sum);
        sum
    }

    pub fn largest(&self) -> f64 {
        self.values.iter().fold(0.0, |largest, value| f64::max(largest, value.abs()))
    }

    pub fn get(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// Sets an element of a square matrix and its mirror image.
    pub fn set_symmetric(&mut self, row: usize, column: usize, value: f64) {
        let n = self.columns;
        (self.values[row * n + column], self.values[column * n + row]) = (value, value);
    }
}

const BLOCK_COLUMNS: usize = 8;

dispatch! {
    /// `result = a b` with `a` `[n, inner]`, `b` `[inner, columns]` and `result` `[n, columns]`.
    pub(in crate::science) fn multiply(a: &[f64], b: &[f64], inner: usize, columns: usize, result: &mut [f64]) {
        if inner == 0 || columns == 0 {
            return result.fill(0.0);
        }
        let whole = columns - columns % BLOCK_COLUMNS;
        for first in (0..whole).step_by(BLOCK_COLUMNS) {
            panel(a, inner, &b[first..], columns, &mut result[first..], columns, BLOCK_COLUMNS);
        }
        if whole < columns {
            // The last columns, padded with zeros.
            let mut rest = vec![0.0; inner * BLOCK_COLUMNS];
            for (to, from) in rest.chunks_exact_mut(BLOCK_COLUMNS).zip(b.chunks_exact(columns)) {
                to[..columns - whole].copy_from_slice(&from[whole..]);
            }
            panel(a, inner, &rest, BLOCK_COLUMNS, &mut result[whole..], columns, columns - whole);
        }
    }
}

/// One block of columns of a product for all rows, four rows at a time.
#[inline(always)]
fn panel(a: &[f64], inner: usize, b: &[f64], stride: usize, result: &mut [f64], columns: usize, used: usize) {
    let rows = a.len() / inner;
    let whole = rows - rows % 4;
    for row in (0..whole).step_by(4) {
        tile::<4>(&a[row * inner..], inner, b, stride, &mut result[row * columns..], columns, used);
    }
    if rows == whole {
        return;
    }
    let (a, result) = (&a[whole * inner..], &mut result[whole * columns..]);
    match rows - whole {
        1 => tile::<1>(a, inner, b, stride, result, columns, used),
        2 => tile::<2>(a, inner, b, stride, result, columns, used),
        3 => tile::<3>(a, inner, b, stride, result, columns, used),
        _ => {}
    }
}

#[inline(always)]
fn tile<const ROWS: usize>(
    a: &[f64],
    inner: usize,
    b: &[f64],
    stride: usize,
    result: &mut [f64],
    columns: usize,
    used: usize,
) {
    let mut sums = [[0.0; BLOCK_COLUMNS]; ROWS];
    let a: [&[f64]; ROWS] = std::array::from_fn(|row| &a[row * inner..][..inner]);
    for k in 0..inner {
        let b: &[f64; BLOCK_COLUMNS] =
            b[k * stride..][..BLOCK_COLUMNS].try_into().expect("a block has this many columns");
        for row in 0..ROWS {
            let factor = a[row][k];
            for column in 0..BLOCK_COLUMNS {
                sums[row][column] += factor * b[column];
            }
        }
    }
    for row in 0..ROWS {
        result[row * columns..][..used].copy_from_slice(&sums[row][..used]);
    }
}

/// The scalar product, in eight interleaved sums that are added in a fixed order.
#[inline(always)]
pub(in crate::science) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    let halves = [sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6], sums[3] + sums[7]];
    (halves[0] + halves[2]) + (halves[1] + halves[3]) + rest
}

dispatch! {
    fn dot_into(a: &[f64], b: &[f64], sum: &mut f64) {
        *sum = dot(a, b);
    }
}

#[inline(always)]
pub(in crate::science) fn add_multiple(factor: f64, row: &[f64], sum: &mut [f64]) {
    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += factor * value);
}
