//! What electrons feel of one another: the Coulomb matrix J of a density and the exchange matrix K of a spin's.
//!
//! `J_pq = sum_rs D_rs (pq|rs)` and `K_pr = sum_qs P_qs (pq|rs)` for symmetric D and P. Of each integral all of its eight places are
//! used at once: with integrals halved for each of p = q, r = s and pq = rs, what eight places give is half of the sum of what is
//! written here and its transpose.
//!
//! Up to three rows (pq|..) of one p are taken together, run after run: what belongs to p and to the run is then loaded once for all
//! of them, and integrals come from memory once for J and for every K.
use super::blocks::Block;
use super::repulsion::Repulsion;
#[cfg(target_arch = "x86_64")]
use crate::science::four::Avx2;
use crate::science::four::{Four, Plain};
use crate::science::linear::Matrix;

/// Numbers in a vector.
const LANES: usize = 4;

/// Numbers that are worked on at once.
type Lanes = [f64; LANES];

/// Rows that are taken together at most.
const TOGETHER: usize = 3;

/// The densities of one task.
#[derive(Debug)]
pub(super) struct Demand<'a> {
    /// Of all electrons.
    pub density: Matrix,
    /// Of those whose exchange is wanted.
    pub spins: Vec<&'a Matrix>,
}

/// What the densities of a task do.
#[derive(Debug)]
pub(super) struct Feeling {
    /// J of all electrons, `[functions, functions]`.
    pub coulomb: Matrix,
    /// K of each spin, `[functions, functions]`.
    pub exchange: Vec<Matrix>,
}

/// What the densities of some tasks do, in one pass over the integrals.
pub(super) fn coulomb_and_exchange(repulsion: &Repulsion, demands: &[Demand<'_>]) -> Vec<Feeling> {
    let runs = repulsion.runs();
    let mut works: Vec<_> = demands.iter().map(|demand| Work::of(demand, runs)).collect();
    repulsion.each_block(|block, rows| take(block, rows, runs, &mut works));
    works.iter().map(|work| work.finish(runs)).collect()
}

/// A pass for one task, block by block: for those who want to know how long it takes.
pub(super) struct Pass([Work; 1]);

impl Pass {
    pub fn of(repulsion: &Repulsion, demand: &Demand<'_>) -> Self {
        Self([Work::of(demand, repulsion.runs())])
    }

    pub fn take(&mut self, repulsion: &Repulsion, block: &Block, rows: &[f64]) {
        take(block, rows, repulsion.runs(), &mut self.0);
    }
}

/// What is done for one task.
struct Work {
    coulomb: Coulomb,
    exchange: Vec<Exchange>,
}

impl Work {
    fn of(demand: &Demand<'_>, runs: &[usize]) -> Self {
        let exchange = demand.spins.iter().map(|spin| Exchange::of(spin)).collect();
        Self { coulomb: Coulomb::of(&demand.density, runs), exchange }
    }

    fn finish(&self, runs: &[usize]) -> Feeling {
        let n = runs.len() - 1;
        let exchange = self.exchange.iter().map(|exchange| exchange.finish(n)).collect();
        Feeling { coulomb: self.coulomb.finish(n, runs), exchange }
    }
}

/// Takes the rows of a block.
fn take(block: &Block, rows: &[f64], runs: &[usize], works: &mut [Work]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Avx2::detect() {
        #[target_feature(enable = "avx2")]
        fn with_avx2(avx2: Avx2, block: &Block, rows: &[f64], runs: &[usize], works: &mut [Work]) {
            take_by(avx2, block, rows, runs, works);
        }
        // SAFETY: the processor has AVX2, as the value says.
        return unsafe { with_avx2(avx2, block, rows, runs, works) };
    }
    take_by(Plain, block, rows, runs, works);
}

#[inline(always)]
fn take_by(four: impl Four, block: &Block, rows: &[f64], runs: &[usize], works: &mut [Work]) {
    let length = block.length() / LANES;
    let mut rows = rows.as_chunks::<LANES>().0;
    for (p, seconds) in block.seconds() {
        for q in seconds.clone().step_by(TOGETHER) {
            let together = (seconds.end - q).min(TOGETHER);
            let (these, later) = rows.split_at(together * length);
            rows = later;
            match together {
                1 => take_rows::<_, 1, 2>(four, block, (p, q), these, runs, works),
                2 => take_rows::<_, 2, 3>(four, block, (p, q), these, runs, works),
                _ => take_rows::<_, 3, 4>(four, block, (p, q), these, runs, works),
            }
        }
    }
}

/// Takes N rows (pq|..), of one p and the N functions from q on; M is N + 1.
#[inline(always)]
fn take_rows<F: Four, const N: usize, const M: usize>(
    four: F,
    block: &Block,
    (p, q): (usize, usize),
    rows: &[Lanes],
    runs: &[usize],
    works: &mut [Work],
) {
    let (length, pair) = (rows.len() / N, runs[p] + q);
    for work in &mut *works {
        work.coulomb.open::<N>(pair);
        work.exchange.iter_mut().for_each(|exchange| exchange.open::<M>(p, q));
    }
    let end = block.first[0] + block.functions[0];
    for r in 0..end {
        let place = block.run_of(r, runs);
        let mut run: [&[Lanes]; N] = [&[]; N];
        for k in 0..N {
            run[k] = &rows[k * length + place.start / LANES..k * length + place.end / LANES];
        }
        for work in &mut *works {
            work.coulomb.take(four, runs[r] / LANES, run);
            for exchange in &mut work.exchange {
                exchange.take::<F, N, M>(four, r, run);
            }
        }
    }
    for work in works {
        work.coulomb.close::<F, N>(four, pair);
        for exchange in &mut work.exchange {
            exchange.close::<F, M>(four, p, q, end);
        }
    }
}

/// The density and what it does, elements r >= s in runs.
struct Coulomb {
    density: Vec<Lanes>,
    potential: Vec<Lanes>,
    /// Of the rows at hand: their own elements of the density, and what is added to their own elements of the potential.
    factors: [f64; TOGETHER],
    sums: [Lanes; TOGETHER],
}

impl Coulomb {
    fn of(density: &Matrix, runs: &[usize]) -> Self {
        let size = runs[density.rows] / LANES;
        let mut packed = vec![[0.0; LANES]; size];
        for (r, &start) in runs[..density.rows].iter().enumerate() {
            packed.as_flattened_mut()[start..][..=r].copy_from_slice(&density.row(r)[..=r]);
        }
        let (factors, sums) = ([0.0; TOGETHER], [[0.0; LANES]; TOGETHER]);
        Self { density: packed, potential: vec![[0.0; LANES]; size], factors, sums }
    }

    /// Makes ready for rows of integrals, the first of them with its own element at `place`.
    #[inline(always)]
    fn open<const N: usize>(&mut self, place: usize) {
        self.factors[..N].copy_from_slice(&self.density.as_flattened()[place..][..N]);
        self.sums = [[0.0; LANES]; TOGETHER];
    }

    /// Takes a run of each row: adds the integrals times the rows' own elements of the density to the potential, and integrals times the
    /// density to the rows' sums.
    #[inline(always)]
    fn take<F: Four, const N: usize>(&mut self, four: F, at: usize, run: [&[Lanes]; N]) {
        let length = run[0].len();
        let density = &self.density[at..][..length];
        let potential = &mut self.potential[at..][..length];
        let (mut factors, mut inner) = ([four.all(0.0); N], [four.all(0.0); N]);
        for k in 0..N {
            (factors[k], inner[k]) = (four.all(self.factors[k]), four.load(&self.sums[k]));
        }
        for (at, (density, potential)) in density.iter().zip(potential).enumerate() {
            let density = four.load(density);
            let mut outer = four.load(potential);
            for k in 0..N {
                let integrals = four.load(&run[k][at]);
                outer = four.plus_product(outer, integrals, factors[k]);
                inner[k] = four.plus_product(inner[k], integrals, density);
            }
            four.store(outer, potential);
        }
        for (inner, sums) in inner.into_iter().zip(&mut self.sums) {
            four.store(inner, sums);
        }
    }

    /// Adds what the rows have given.
    #[inline(always)]
    fn close<F: Four, const N: usize>(&mut self, four: F, place: usize) {
        let potential = &mut self.potential.as_flattened_mut()[place..][..N];
        for (to, sums) in potential.iter_mut().zip(&self.sums) {
            *to += four.together(four.load(sums));
        }
    }

    fn finish(&self, n: usize, runs: &[usize]) -> Matrix {
        let potential = self.potential.as_flattened();
        let mut matrix = Matrix::zeros(n, n);
        for (p, start) in runs[..n].iter().enumerate() {
            for q in 0..=p {
                let value = if p == q { 4.0 } else { 2.0 } * potential[start + q];
                (matrix.values[p * n + q], matrix.values[q * n + p]) = (value, value);
            }
        }
        matrix
    }
}

/// A spin's density and its exchange matrix, rows filled up with zeros to whole vectors.
struct Exchange {
    /// Vectors of a row.
    width: usize,
    density: Vec<Lanes>,
    exchange: Vec<Lanes>,
    /// Of the rows at hand: the density's rows of p and of each q, vector by vector.
    near: Vec<Lanes>,
    /// What is added to the exchange matrix in those rows, in the same order.
    sums: Vec<Lanes>,
    /// The same in the column of each run.
    ends: Vec<f64>,
}

impl Exchange {
    fn of(density: &Matrix) -> Self {
        let n = density.rows;
        let width = n.div_ceil(LANES);
        let mut wide = vec![[0.0; LANES]; n * width];
        for (p, row) in wide.chunks_exact_mut(width.max(1)).enumerate() {
            row.as_flattened_mut()[..n].copy_from_slice(density.row(p));
        }
        let (near, sums) = (vec![[0.0; LANES]; 4 * width], vec![[0.0; LANES]; 4 * width]);
        Self { width, density: wide, exchange: vec![[0.0; LANES]; n * width], near, sums, ends: vec![0.0; 4 * n] }
    }

    /// Rows of p and of the functions from q on.
    fn rows<const M: usize>(&self, p: usize, q: usize) -> [usize; M] {
        std::array::from_fn(|k| if k == 0 { p } else { q + k - 1 } * self.width)
    }

    /// Makes ready for rows of integrals.
    #[inline(always)]
    fn open<const M: usize>(&mut self, p: usize, q: usize) {
        let starts = self.rows::<M>(p, q);
        for (at, near) in self.near.as_chunks_mut::<M>().0[..self.width].iter_mut().enumerate() {
            *near = starts.map(|start| self.density[start + at]);
        }
        self.sums[..M * self.width].fill([0.0; LANES]);
    }

    /// Takes the run r of each row.
    #[inline(always)]
    fn take<F: Four, const N: usize, const M: usize>(&mut self, four: F, r: usize, run: [&[Lanes]; N]) {
        let length = run[0].len();
        let here = &self.near.as_chunks::<M>().0[r / LANES];
        let mut factors = [four.all(0.0); M];
        for k in 0..M {
            factors[k] = four.all(here[k][r % LANES]);
        }
        let near = &self.near.as_chunks::<M>().0[..length];
        let sums = &mut self.sums.as_chunks_mut::<M>().0[..length];
        let mut ends = [four.all(0.0); M];
        for (at, (near, sums)) in near.iter().zip(sums).enumerate() {
            let density = four.load(&near[0]);
            let mut first = four.load(&sums[0]);
            for k in 0..N {
                let integrals = four.load(&run[k][at]);
                first = four.plus_product(first, integrals, factors[k + 1]);
                ends[0] = four.plus_product(ends[0], integrals, four.load(&near[k + 1]));
                ends[k + 1] = four.plus_product(ends[k + 1], integrals, density);
                let sum = four.plus_product(four.load(&sums[k + 1]), integrals, factors[0]);
                four.store(sum, &mut sums[k + 1]);
            }
            four.store(first, &mut sums[0]);
        }
        let to = &mut self.ends.as_chunks_mut::<M>().0[r];
        for k in 0..M {
            to[k] = four.together(ends[k]);
        }
    }

    /// Adds what the rows have given; runs go to `end`.
    #[inline(always)]
    fn close<F: Four, const M: usize>(&mut self, four: F, p: usize, q: usize, end: usize) {
        let starts = self.rows::<M>(p, q);
        let sums = &self.sums.as_chunks::<M>().0[..self.width];
        let ends = &self.ends.as_chunks::<M>().0[..end];
        for k in 0..M {
            let row = &mut self.exchange[starts[k]..][..self.width];
            for (to, sums) in row.iter_mut().zip(sums) {
                four.store(four.plus(four.load(to), four.load(&sums[k])), to);
            }
            for (to, ends) in row.as_flattened_mut().iter_mut().zip(ends) {
                *to += ends[k];
            }
        }
    }

    fn finish(&self, n: usize) -> Matrix {
        let half = |p: usize, q: usize| self.exchange.as_flattened()[p * self.width * LANES + q];
        let mut matrix = Matrix::zeros(n, n);
        for p in 0..n {
            for q in 0..=p {
                let value = half(p, q) + half(q, p);
                (matrix.values[p * n + q], matrix.values[q * n + p]) = (value, value);
            }
        }
        matrix
    }
}
