//! What electrons feel of one another: the Coulomb matrix J of a density and the exchange matrix K of a spin's.
//!
//! `J_pq = sum_rs D_rs (pq|rs)` and `K_pr = sum_qs P_qs (pq|rs)` for symmetric D and P. Of each integral all of its eight places are
//! used at once: with integrals halved for each of p = q, r = s and pq = rs, what eight places give is half of the sum of what is
//! written here and its transpose.
use super::matrix::Matrix;
use super::repulsion::{Block, Repulsion};
use crate::science::widest::widest;

/// Numbers that are worked on at once.
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
    repulsion.each_block(|block, rows| {
        take_coulomb(block, rows, runs, &mut coulomb);
        exchange.iter_mut().for_each(|exchange| take_exchange(block, rows, runs, exchange));
    });
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
    fn finish(&self, n: usize, runs: &[usize]) -> Matrix {
        let mut matrix = Matrix::zeros(n, n);
        for p in 0..n {
            for q in 0..=p {
                let value = if p == q { 4.0 } else { 2.0 } * self.potential[runs[p] + q];
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
}

impl Exchange {
    fn of(density: &Matrix) -> Self {
        let n = density.rows;
        let stride = n.next_multiple_of(LANES);
        let mut wide = vec![0.0; n * stride];
        wide.chunks_exact_mut(stride.max(1)).enumerate().for_each(|(p, row)| row[..n].copy_from_slice(density.row(p)));
        Self { stride, density: wide, first: vec![0.0; n * stride], second: vec![0.0; n * stride] }
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
    fn take_coulomb(block: &Block, rows: &[f64], runs: &[usize], coulomb: &mut Coulomb) {
        let whole = block.last_runs[0];
        for ((p, q), row) in block.pairs().zip(rows.chunks_exact(block.length())) {
            let place = runs[p] + q;
            let factor = coulomb.density[place];
            let Coulomb { density, potential } = coulomb;
            let mut sum = coulomb_run(&row[..whole], &density[..whole], factor, &mut potential[..whole]);
            for (r, ends) in block.last_runs.windows(2).enumerate() {
                let (run, at) = (&row[ends[0]..ends[1]], runs[block.first[0] + r]);
                sum += coulomb_run(run, &density[at..][..run.len()], factor, &mut potential[at..][..run.len()]);
            }
            potential[place] += sum;
        }
    }
}

/// Adds integrals times one element of the density to the potential, and returns their sum with all others.
#[inline(always)]
fn coulomb_run(run: &[f64], density: &[f64], factor: f64, potential: &mut [f64]) -> f64 {
    let mut sums = [0.0; 2 * LANES];
    let whole = run.len() - run.len() % (2 * LANES);
    for at in (0..whole).step_by(2 * LANES) {
        let run: &[f64; 2 * LANES] = run[at..][..2 * LANES].try_into().expect("lanes");
        let density: &[f64; 2 * LANES] = density[at..][..2 * LANES].try_into().expect("lanes");
        let potential: &mut [f64; 2 * LANES] = (&mut potential[at..][..2 * LANES]).try_into().expect("lanes");
        for lane in 0..2 * LANES {
            sums[lane] += run[lane] * density[lane];
            potential[lane] += run[lane] * factor;
        }
    }
    for at in whole..run.len() {
        sums[at - whole] += run[at] * density[at];
        potential[at] += run[at] * factor;
    }
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
}

widest! {
    fn take_exchange(block: &Block, rows: &[f64], runs: &[usize], exchange: &mut Exchange) {
        let Exchange { stride, density, first, second } = exchange;
        for ((p, q), row) in block.pairs().zip(rows.chunks_exact(block.length())) {
            let mut pair = PairRows {
                density_p: &density[p * *stride..][..*stride],
                density_q: &density[q * *stride..][..*stride],
                first: &mut first[p * *stride..][..*stride],
                second: &mut second[q * *stride..][..*stride],
            };
            let before = block.first[0];
            for r in 0..before {
                pair.take(r, &row[runs[r]..runs[r + 1]]);
            }
            for (r, ends) in block.last_runs.windows(2).enumerate() {
                pair.take(before + r, &row[ends[0]..ends[1]]);
            }
        }
    }
}

/// What a row of integrals (pq|..) works on.
struct PairRows<'a> {
    density_p: &'a [f64],
    density_q: &'a [f64],
    first: &'a mut [f64],
    second: &'a mut [f64],
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
        for at in (0..n).step_by(LANES) {
            let run: &[f64; LANES] = run[at..][..LANES].try_into().expect("lanes");
            let dp: &[f64; LANES] = dp[at..][..LANES].try_into().expect("lanes");
            let dq: &[f64; LANES] = dq[at..][..LANES].try_into().expect("lanes");
            let first: &mut [f64; LANES] = (&mut first[at..][..LANES]).try_into().expect("lanes");
            let second: &mut [f64; LANES] = (&mut second[at..][..LANES]).try_into().expect("lanes");
            for lane in 0..LANES {
                sum_p[lane] += run[lane] * dq[lane];
                sum_q[lane] += run[lane] * dp[lane];
                first[lane] += run[lane] * factor_q;
                second[lane] += run[lane] * factor_p;
            }
        }
        self.first[r] += (sum_p[0] + sum_p[1]) + (sum_p[2] + sum_p[3]);
        self.second[r] += (sum_q[0] + sum_q[1]) + (sum_q[2] + sum_q[3]);
    }
}
