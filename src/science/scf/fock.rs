//! What electrons feel of one another: the Coulomb matrix J of a density and the exchange matrix K of a spin's.
//!
//! `J_pq = sum_rs D_rs (pq|rs)` and `K_pr = sum_qs P_qs (pq|rs)` for symmetric D and P. Of each integral all of its eight places are
//! used at once: with integrals halved for each of p = q, r = s and pq = rs, what eight places give is half of the sum of what is
//! written here and its transpose.
use super::repulsion::{Block, Repulsion};
use crate::science::linear::Matrix;
use crate::science::widest::widest;

/// Numbers in a vector.
const LANES: usize = 4;

/// J of the whole density and K of each spin's density, all `[functions, functions]`.
pub(super) fn coulomb_and_exchange(
    repulsion: &Repulsion,
    density: &Matrix,
    spins: &[&Matrix],
) -> (Matrix, Vec<Matrix>) {
    let n = density.rows;
    let runs = repulsion.runs();
    let mut coulomb = Coulomb { density: pack(density, runs), potential: vec![0.0; runs[n]] };
    let mut exchange: Vec<_> = spins.iter().map(|spin| Exchange::of(spin)).collect();
    repulsion.each_block(|block, rows| take(block, rows, runs, &mut coulomb, &mut exchange));
    (coulomb.finish(n, runs), exchange.iter().map(|exchange| exchange.finish(n)).collect())
}

/// Elements r >= s of a symmetric matrix, in runs.
fn pack(matrix: &Matrix, runs: &[usize]) -> Vec<f64> {
    let mut packed = vec![0.0; runs[matrix.rows]];
    for r in 0..matrix.rows {
        packed[runs[r]..][..=r].copy_from_slice(&matrix.row(r)[..=r]);
    }
    packed
}

/// The density and what it does, both in runs.
struct Coulomb {
    density: Vec<f64>,
    potential: Vec<f64>,
}

impl Coulomb {
    /// Takes a row of integrals (pq|..).
    #[inline(always)]
    fn take(&mut self, block: &Block, (p, q): (usize, usize), row: &[f64], runs: &[usize]) {
        let (place, whole) = (runs[p] + q, block.last_runs[0]);
        let Self { density, potential } = self;
        let factor = density[place];
        let mut sum = coulomb_run(&row[..whole], &density[..whole], factor, &mut potential[..whole]);
        for (r, ends) in block.last_runs.windows(2).enumerate() {
            let (run, at) = (&row[ends[0]..ends[1]], runs[block.first[0] + r]);
            sum += coulomb_run(run, &density[at..][..run.len()], factor, &mut potential[at..][..run.len()]);
        }
        potential[place] += sum;
    }

    fn finish(&self, n: usize, runs: &[usize]) -> Matrix {
        let mut matrix = Matrix::zeros(n, n);
        for (p, start) in runs[..n].iter().enumerate() {
            for q in 0..=p {
                let value = if p == q { 4.0 } else { 2.0 } * self.potential[start + q];
                (matrix.values[p * n + q], matrix.values[q * n + p]) = (value, value);
            }
        }
        matrix
    }
}

/// A spin's density and sums for the first and the second function of a row, rows filled up with zeros to `stride`.
struct Exchange {
    stride: usize,
    density: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    sums: Vec<[Lanes; 2]>,
}

impl Exchange {
    fn of(density: &Matrix) -> Self {
        let n = density.rows;
        let stride = n.next_multiple_of(LANES);
        let mut wide = vec![0.0; n * stride];
        wide.chunks_exact_mut(stride.max(1)).enumerate().for_each(|(p, row)| row[..n].copy_from_slice(density.row(p)));
        let (first, second) = (vec![0.0; n * stride], vec![0.0; n * stride]);
        Self { stride, density: wide, first, second, sums: vec![Default::default(); n] }
    }

    /// Takes a row of integrals (pq|..).
    #[inline(always)]
    fn take(&mut self, block: &Block, (p, q): (usize, usize), row: &[f64], runs: &[usize]) {
        let (at_p, at_q) = (p * self.stride, q * self.stride);
        let mut pair = PairRows {
            density_p: &self.density[at_p..][..self.stride],
            density_q: &self.density[at_q..][..self.stride],
            first: &mut self.first[at_p..][..self.stride],
            second: &mut self.second[at_q..][..self.stride],
            sums: &mut self.sums,
        };
        let before = block.first[0];
        for r in 0..before {
            pair.take(r, &row[runs[r]..runs[r + 1]]);
        }
        for (r, ends) in block.last_runs.windows(2).enumerate() {
            pair.take(before + r, &row[ends[0]..ends[1]]);
        }
        pair.finish(before + block.functions[0]);
    }

    fn finish(&self, n: usize) -> Matrix {
        let mut matrix = Matrix::zeros(n, n);
        let half = |p: usize, q: usize| self.first[p * self.stride + q] + self.second[p * self.stride + q];
        for p in 0..n {
            for q in 0..=p {
                let value = half(p, q) + half(q, p);
                (matrix.values[p * n + q], matrix.values[q * n + p]) = (value, value);
            }
        }
        matrix
    }
}

widest! {
    /// Row after row, so that what J has brought from memory is still near for K.
    fn take(block: &Block, rows: &[f64], runs: &[usize], coulomb: &mut Coulomb, exchange: &mut [Exchange]) {
        for ((p, q), row) in block.pairs().zip(rows.chunks_exact(block.length())) {
            coulomb.take(block, (p, q), row, runs);
            for exchange in &mut *exchange {
                exchange.take(block, (p, q), row, runs);
            }
        }
    }
}

/// Numbers that are worked on at once.
type Lanes = [f64; LANES];

/// The numbers from a place on.
#[inline(always)]
fn lanes(values: &[f64], at: usize) -> Lanes {
    values[at..][..LANES].try_into().expect("as many as lanes")
}

/// Sums and products lane by lane. Values, not references: only so does the compiler make vector instructions of them.
#[inline(always)]
fn plus_product(mut sums: Lanes, a: Lanes, b: Lanes) -> Lanes {
    for lane in 0..LANES {
        sums[lane] += a[lane] * b[lane];
    }
    sums
}

/// Adds products to the numbers from a place on.
#[inline(always)]
fn add_product(values: &mut [f64], at: usize, a: Lanes, b: Lanes) {
    let sums = plus_product(lanes(values, at), a, b);
    values[at..][..LANES].copy_from_slice(&sums);
}

/// The sum over lanes.
#[inline(always)]
fn together(sums: Lanes) -> f64 {
    (sums[0] + sums[2]) + (sums[1] + sums[3])
}

/// Adds integrals times one element of the density to the potential, and returns their sum with all others.
#[inline(always)]
fn coulomb_run(run: &[f64], density: &[f64], factor: f64, potential: &mut [f64]) -> f64 {
    let (mut even, mut odd) = ([0.0; LANES], [0.0; LANES]);
    let factor = [factor; LANES];
    let n = run.len();
    let (density, potential) = (&density[..n], &mut potential[..n]);
    let whole = n - n % (2 * LANES);
    for at in (0..whole).step_by(2 * LANES) {
        let integrals = lanes(run, at);
        even = plus_product(even, integrals, lanes(density, at));
        add_product(potential, at, integrals, factor);
        let integrals = lanes(run, at + LANES);
        odd = plus_product(odd, integrals, lanes(density, at + LANES));
        add_product(potential, at + LANES, integrals, factor);
    }
    if whole < n {
        let integrals = lanes(run, whole);
        even = plus_product(even, integrals, lanes(density, whole));
        add_product(potential, whole, integrals, factor);
    }
    together(plus_product(even, odd, [1.0; LANES]))
}

/// What a row of integrals (pq|..) works on.
struct PairRows<'a> {
    density_p: &'a [f64],
    density_q: &'a [f64],
    first: &'a mut [f64],
    second: &'a mut [f64],
    /// For each run, in lanes, what belongs to `first` and `second`.
    sums: &'a mut [[Lanes; 2]],
}

impl PairRows<'_> {
    /// Takes the run of r.
    #[inline(always)]
    fn take(&mut self, r: usize, run: &[f64]) {
        let (factor_p, factor_q) = (self.density_p[r], self.density_q[r]);
        let n = run.len();
        let (dp, dq) = (&self.density_p[..n], &self.density_q[..n]);
        let (first, second) = (&mut self.first[..n], &mut self.second[..n]);
        let (mut sum_p, mut sum_q) = ([0.0; LANES], [0.0; LANES]);
        let (factors_p, factors_q) = ([factor_p; LANES], [factor_q; LANES]);
        for at in (0..n).step_by(LANES) {
            let integrals = lanes(run, at);
            sum_p = plus_product(sum_p, integrals, lanes(dq, at));
            sum_q = plus_product(sum_q, integrals, lanes(dp, at));
            add_product(first, at, integrals, factors_q);
            add_product(second, at, integrals, factors_p);
        }
        self.sums[r] = [sum_p, sum_q];
    }

    /// Adds up what runs 0 to `end` have left in lanes.
    #[inline(always)]
    fn finish(&mut self, end: usize) {
        for ((first, second), sums) in self.first.iter_mut().zip(&mut *self.second).zip(&self.sums[..end]) {
            *first += together(sums[0]);
            *second += together(sums[1]);
        }
    }
}
