//! How are the Coulomb matrix J of a density and the exchange matrix K of each spin's density built?
//!
//! `J_pq = sum_rs D_rs (pq|rs)` and `K_pr = sum_qs P_qs (pq|rs)` for symmetric D and P. Each stored integral is used for all of its eight
//! permutations at once: integrals are halved for each of p = q, r = s and pq = rs, and the matrices accumulated here are half of J and K
//! before they are added to their transposes.
//!
//! Up to three rows (pq|..) of one p are processed together, run by run (see [`EriBlock`]): data of p and of the run is loaded once for all
//! three, and integrals are read from memory once for J and for every K.
use super::eri::Eri;
use super::eri_blocks::EriBlock;
use crate::science::linear::Matrix;
use crate::science::simd::{F64x4, dispatch};

const LANES: usize = F64x4::LANES;

/// The largest number of rows that are processed together.
const ROW_GROUP: usize = 3;

/// Densities of one task, `[functions, functions]`.
#[derive(Debug)]
pub(super) struct DensityInput<'a> {
    /// Of all electrons, for J.
    pub total: Matrix,
    /// Of each spin, for K.
    pub spins: Vec<&'a Matrix>,
}

/// The matrices J and K of one task, `[functions, functions]`, Eh.
#[derive(Debug)]
pub(super) struct JkMatrices {
    /// J of the total density.
    pub coulomb: Matrix,
    /// K of each spin.
    pub exchange: Vec<Matrix>,
}

/// Builds J and K for some tasks in one pass over the integrals.
pub(super) fn build_jk(eri: &Eri, inputs: &[DensityInput<'_>]) -> Vec<JkMatrices> {
    let runs = eri.runs();
    let mut builders: Vec<_> = inputs.iter().map(|input| JkBuilder::new(input, runs)).collect();
    eri.for_each_block(|block, rows| add_block(block, rows, runs, &mut builders));
    builders.iter().map(|builder| builder.finish(runs)).collect()
}

/// Accumulates J and K of one task from the blocks of integrals.
pub(super) struct JkBuilder {
    coulomb: CoulombBuilder,
    exchange: Vec<ExchangeBuilder>,
}

impl JkBuilder {
    pub fn new(input: &DensityInput<'_>, runs: &[usize]) -> Self {
        let exchange = input.spins.iter().map(|spin| ExchangeBuilder::new(spin)).collect();
        Self { coulomb: CoulombBuilder::new(&input.total, runs), exchange }
    }

    pub fn add_block(&mut self, block: &EriBlock, rows: &[f64], runs: &[usize]) {
        add_block(block, rows, runs, std::slice::from_mut(self));
    }

    fn finish(&self, runs: &[usize]) -> JkMatrices {
        let n = runs.len() - 1;
        let exchange = self.exchange.iter().map(|exchange| exchange.finish(n)).collect();
        JkMatrices { coulomb: self.coulomb.finish(n, runs), exchange }
    }
}

dispatch! {
    fn add_block(block: &EriBlock, rows: &[f64], runs: &[usize], builders: &mut [JkBuilder]) {
        let length = block.length() / LANES;
        let mut rows = F64x4::chunks(rows);
        for (p, seconds) in block.seconds() {
            for q in seconds.clone().step_by(ROW_GROUP) {
                let count = (seconds.end - q).min(ROW_GROUP);
                let (group, later) = rows.split_at(count * length);
                rows = later;
                match count {
                    1 => add_rows::<1, 2>(block, (p, q), group, runs, builders),
                    2 => add_rows::<2, 3>(block, (p, q), group, runs, builders),
                    _ => add_rows::<3, 4>(block, (p, q), group, runs, builders),
                }
            }
        }
    }
}

/// Adds the contribution of N rows (pq|..), of one p and the N functions from q on; M is N + 1.
#[inline(always)]
fn add_rows<const N: usize, const M: usize>(
    block: &EriBlock,
    (p, q): (usize, usize),
    rows: &[F64x4],
    runs: &[usize],
    builders: &mut [JkBuilder],
) {
    let (length, pair) = (rows.len() / N, runs[p] + q);
    for builder in &mut *builders {
        builder.coulomb.open::<N>(pair);
        for exchange in &mut builder.exchange {
            exchange.open::<M>(p, q);
        }
    }
    let end = block.first[0] + block.functions[0];
    for r in 0..end {
        let place = block.run_of(r, runs);
        let mut run: [&[F64x4]; N] = [&[]; N];
        for k in 0..N {
            run[k] = &rows[k * length + place.start / LANES..k * length + place.end / LANES];
        }
        for builder in &mut *builders {
            builder.coulomb.add_run(runs[r] / LANES, run);
            for exchange in &mut builder.exchange {
                exchange.add_run::<N, M>(r, run);
            }
        }
    }
    for builder in builders {
        builder.coulomb.close::<N>(pair);
        for exchange in &mut builder.exchange {
            exchange.close::<M>(p, q, end);
        }
    }
}

/// A density and its Coulomb matrix as accumulated so far, elements r >= s in runs.
struct CoulombBuilder {
    density: Vec<F64x4>,
    potential: Vec<F64x4>,
    /// Elements pq of the density for the open rows, and what they add to the elements pq of the potential.
    factors: [f64; ROW_GROUP],
    sums: [F64x4; ROW_GROUP],
}

impl CoulombBuilder {
    fn new(density: &Matrix, runs: &[usize]) -> Self {
        let size = runs[density.rows] / LANES;
        let mut packed = vec![F64x4::default(); size];
        for (r, &start) in runs[..density.rows].iter().enumerate() {
            F64x4::flatten_mut(&mut packed)[start..][..=r].copy_from_slice(&density.row(r)[..=r]);
        }
        let (factors, sums) = ([0.0; ROW_GROUP], [F64x4::default(); ROW_GROUP]);
        Self { density: packed, potential: vec![F64x4::default(); size], factors, sums }
    }

    /// Prepares for N rows of integrals, the first of them with its element at index `pair`.
    #[inline(always)]
    fn open<const N: usize>(&mut self, pair: usize) {
        self.factors[..N].copy_from_slice(&F64x4::flatten(&self.density)[pair..][..N]);
        self.sums = [F64x4::default(); ROW_GROUP];
    }

    /// Adds a run of each row, from vector `first` on: integrals times `D_pq` to the potential, and integrals times the density to the sums.
    #[inline(always)]
    fn add_run<const N: usize>(&mut self, first: usize, run: [&[F64x4]; N]) {
        let length = run[0].len();
        let density = &self.density[first..][..length];
        let potential = &mut self.potential[first..][..length];
        let (mut factors, mut inner) = ([F64x4::splat(0.0); N], [F64x4::splat(0.0); N]);
        for k in 0..N {
            (factors[k], inner[k]) = (F64x4::splat(self.factors[k]), self.sums[k]);
        }
        for (at, (density, potential)) in density.iter().zip(potential).enumerate() {
            let mut outer = *potential;
            for k in 0..N {
                let integrals = run[k][at];
                outer = outer.add_product(integrals, factors[k]);
                inner[k] = inner[k].add_product(integrals, *density);
            }
            *potential = outer;
        }
        self.sums[..N].copy_from_slice(&inner);
    }

    /// Adds the sums of the open rows to the potential.
    #[inline(always)]
    fn close<const N: usize>(&mut self, pair: usize) {
        let potential = &mut F64x4::flatten_mut(&mut self.potential)[pair..][..N];
        for (to, sums) in potential.iter_mut().zip(&self.sums) {
            *to += sums.sum();
        }
    }

    fn finish(&self, n: usize, runs: &[usize]) -> Matrix {
        let potential = F64x4::flatten(&self.potential);
        let mut matrix = Matrix::zeros(n, n);
        for (p, start) in runs[..n].iter().enumerate() {
            for q in 0..=p {
                let value = if p == q { 4.0 } else { 2.0 } * potential[start + q];
                matrix.set_symmetric(p, q, value);
            }
        }
        matrix
    }
}

/// A spin's density and its exchange matrix as accumulated so far, `[functions, width]` vectors with rows padded with zeros.
struct ExchangeBuilder {
    /// Vectors of a row.
    width: usize,
    density: Vec<F64x4>,
    exchange: Vec<F64x4>,
    /// For the open rows: the density's rows of p and of each q, interleaved vector by vector.
    near: Vec<F64x4>,
    /// What the open rows add to the exchange matrix in those rows, in the same order.
    sums: Vec<F64x4>,
    /// What they add to its column of each run, lanes not summed yet, `[runs, rows]`.
    columns: Vec<F64x4>,
}

impl ExchangeBuilder {
    fn new(density: &Matrix) -> Self {
        let n = density.rows;
        let width = n.div_ceil(LANES);
        let zeros = |vectors: usize| vec![F64x4::default(); vectors];
        let mut padded = zeros(n * width);
        for (p, row) in padded.chunks_exact_mut(width.max(1)).enumerate() {
            F64x4::flatten_mut(row)[..n].copy_from_slice(density.row(p));
        }
        let [near, sums] = [4 * width, 4 * width].map(zeros);
        Self { width, density: padded, exchange: zeros(n * width), near, sums, columns: zeros(4 * n) }
    }

    /// Where the rows of p and of the M - 1 functions from q on start.
    fn starts<const M: usize>(&self, p: usize, q: usize) -> [usize; M] {
        std::array::from_fn(|k| if k == 0 { p } else { q + k - 1 } * self.width)
    }

    #[inline(always)]
    fn open<const M: usize>(&mut self, p: usize, q: usize) {
        let starts = self.starts::<M>(p, q);
        for (at, near) in self.near.as_chunks_mut::<M>().0[..self.width].iter_mut().enumerate() {
            *near = starts.map(|start| self.density[start + at]);
        }
        self.sums[..M * self.width].fill(F64x4::default());
    }

    /// Adds the run r of each row.
    #[inline(always)]
    fn add_run<const N: usize, const M: usize>(&mut self, r: usize, run: [&[F64x4]; N]) {
        let length = run[0].len();
        let here = &self.near.as_chunks::<M>().0[r / LANES];
        let mut factors = [F64x4::splat(0.0); M];
        for k in 0..M {
            factors[k] = F64x4::splat(here[k].0[r % LANES]);
        }
        let near = &self.near.as_chunks::<M>().0[..length];
        let sums = &mut self.sums.as_chunks_mut::<M>().0[..length];
        let mut ends = [F64x4::splat(0.0); M];
        for (at, (near, sums)) in near.iter().zip(sums).enumerate() {
            let density = near[0];
            let mut first = sums[0];
            for k in 0..N {
                let integrals = run[k][at];
                first = first.add_product(integrals, factors[k + 1]);
                ends[0] = ends[0].add_product(integrals, near[k + 1]);
                ends[k + 1] = ends[k + 1].add_product(integrals, density);
                sums[k + 1] = sums[k + 1].add_product(integrals, factors[0]);
            }
            sums[0] = first;
        }
        self.columns.as_chunks_mut::<M>().0[r] = ends;
    }

    /// Adds the sums of the open rows to the exchange matrix; their runs go to `end`.
    #[inline(always)]
    fn close<const M: usize>(&mut self, p: usize, q: usize, end: usize) {
        let starts = self.starts::<M>(p, q);
        let sums = &self.sums.as_chunks::<M>().0[..self.width];
        let columns = &self.columns.as_chunks::<M>().0[..end];
        for k in 0..M {
            let row = &mut self.exchange[starts[k]..][..self.width];
            for (to, sums) in row.iter_mut().zip(sums) {
                *to = to.add(sums[k]);
            }
            for (to, columns) in F64x4::flatten_mut(row).iter_mut().zip(columns) {
                *to += columns[k].sum();
            }
        }
    }

    fn finish(&self, n: usize) -> Matrix {
        let half = |p: usize, q: usize| F64x4::flatten(&self.exchange)[p * self.width * LANES + q];
        let mut matrix = Matrix::zeros(n, n);
        for p in 0..n {
            for q in 0..=p {
                matrix.set_symmetric(p, q, half(p, q) + half(q, p));
            }
        }
        matrix
    }
}
