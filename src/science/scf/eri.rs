//! How are the two-electron repulsion integrals (pq|rs) computed and stored, each once?
//!
//! They come in blocks, one for each shell pair (see [`EriBlock`]), whose rows are read along memory. Blocks are computed by the same code
//! and come in the same order whether they are stored or recomputed in every pass, so results do not depend on it.
use super::eri_blocks::{EriBlock, eri_blocks, run_starts, shell_pairs};
use super::shells::{Shell, Shells, to_functions};
use crate::science::memory::{Memory, StoredNumbers};
use integral::Engine;
use integral::engine::os_eri::{
    EriBatch4Scratch, EriScratch, ShellPairData, coulomb_shell_batch4_pairs_into_scratch,
    coulomb_shell_pairs_into_scratch, shell_pair_data,
};
use integral::engine::rys;
use std::collections::BTreeMap;
use std::ops::Range;

/// Shell quartets whose Schwarz bound is smaller are neglected, Eh.
const NEGLIGIBLE: f64 = 1e-13;

/// Repulsion integrals over the functions of some shells.
#[derive(Debug)]
pub(super) struct Eri {
    shells: Shells,
    /// Shell pairs i >= j, ordered by i, then j.
    pairs: Vec<(usize, usize)>,
    data: Vec<ShellPairData>,
    /// Schwarz bound of each shell pair: the square root of its largest (pq|pq), Eh^(1/2).
    bounds: Vec<f64>,
    largest_bound: f64,
    /// Groups of shell pairs with equal angular momentum and number of primitives, four of which are computed together; ascending.
    groups: Vec<Vec<usize>>,
    blocks: Vec<EriBlock>,
    /// Where the runs start in a complete row, for each r; the last entry is its length.
    runs: Vec<usize>,
    /// All blocks one after another, if they are stored.
    stored: Option<Box<dyn StoredNumbers>>,
}

impl Eri {
    /// Prepares the integrals over some shells; only their bounds are computed.
    pub fn new(shells: Shells) -> Self {
        let list = &shells.list;
        let pairs = shell_pairs(&shells);
        let data = pairs.iter().map(|&(i, j)| shell_pair_data(list[i].contraction(), list[j].contraction())).collect();
        let (runs, blocks) = (run_starts(shells.functions), eri_blocks(&shells));
        let (bounds, groups) = (Vec::new(), Vec::new());
        let mut eri = Self { pairs, data, bounds, largest_bound: 0.0, groups, blocks, runs, stored: None, shells };
        eri.set_bounds();
        eri
    }

    /// Computes the Schwarz bounds and groups the shell pairs.
    fn set_bounds(&mut self) {
        let mut quartets = Quartets::default();
        let bound = |pair: usize| {
            let mut largest = 0.0_f64;
            quartets.compute(self, pair, &[pair], |_, values| {
                let n = (values.len() as f64).sqrt() as usize;
                largest = (0..n).fold(0.0, |largest, k| f64::max(largest, values[k * (n + 1)].abs()));
            });
            largest.sqrt()
        };
        let bounds: Vec<f64> = (0..self.pairs.len()).map(bound).collect();
        let mut groups = BTreeMap::<_, Vec<usize>>::new();
        for (pair, &(i, j)) in self.pairs.iter().enumerate() {
            let angular = self.shells.list[i].angular + self.shells.list[j].angular;
            groups.entry((angular, self.data[pair].len())).or_default().push(pair);
        }
        self.largest_bound = bounds.iter().fold(0.0, |largest, bound| f64::max(largest, *bound));
        (self.bounds, self.groups) = (bounds, groups.into_values().collect());
    }

    pub fn shells(&self) -> &Shells {
        &self.shells
    }

    pub fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    pub fn data(&self) -> &[ShellPairData] {
        &self.data
    }

    /// The Schwarz bound of a shell pair, Eh^(1/2).
    pub fn bound_of(&self, pair: usize) -> f64 {
        self.bounds[pair]
    }

    /// Groups of shell pairs that can be computed together, each in ascending order.
    pub fn groups(&self) -> &[Vec<usize>] {
        &self.groups
    }

    /// Where run r starts in a row with one number for each pair r >= s; the last entry is its length.
    pub fn runs(&self) -> &[usize] {
        &self.runs
    }

    /// Total number of stored integrals, including padding.
    pub fn size(&self) -> usize {
        self.blocks.iter().map(EriBlock::size).sum()
    }

    pub fn largest_block(&self) -> usize {
        self.blocks.iter().map(EriBlock::size).max().unwrap_or(0)
    }

    #[cfg(test)]
    pub fn is_stored(&self) -> bool {
        self.stored.is_some()
    }

    /// Computes and stores all integrals, except those that another process has already computed in shared memory.
    pub fn store(&mut self, memory: &dyn Memory) {
        let sizes: Vec<usize> = self.blocks.iter().map(EriBlock::size).collect();
        let mut quartets = Quartets::default();
        let mut fill = |block: usize, rows: &mut [f64]| {
            let block = &self.blocks[block];
            self.fill(block, 0..block.pair + 1, rows, &mut quartets);
        };
        self.stored = Some(memory.keep(&self.shells.key(), &sizes, &mut fill));
    }

    pub fn blocks(&self) -> &[EriBlock] {
        &self.blocks
    }

    /// Computes the rows of a block, whether integrals are stored or not.
    pub fn compute(&self, block: &EriBlock, rows: &mut Vec<f64>, quartets: &mut Quartets) {
        rows.clear();
        rows.resize(block.size(), 0.0);
        if self.is_significant(block.pair) {
            self.fill(block, 0..block.pair + 1, rows, quartets);
        }
    }

    /// Calls `process` with each block and its rows. An integral is halved for each of p = q, r = s and pq = rs.
    pub fn for_each_block(&self, mut process: impl FnMut(&EriBlock, &[f64])) {
        let (mut rows, mut quartets) = (Vec::new(), Quartets::default());
        for block in self.blocks.iter().filter(|block| self.is_significant(block.pair)) {
            match &self.stored {
                Some(stored) => process(block, &stored.numbers()[block.start..][..block.size()]),
                None => {
                    rows.clear();
                    rows.resize(block.size(), 0.0);
                    self.fill(block, 0..block.pair + 1, &mut rows, &mut quartets);
                    process(block, &rows);
                }
            }
        }
    }

    /// Calls `process` with panels of integrals (pq|rs) with all r >= s in runs, until all pairs p >= q have been processed. A panel has at most
    /// `max_size` numbers, or a single shell pair.
    pub fn for_each_panel(&self, max_size: usize, mut process: impl FnMut(&Panel)) {
        let length = self.runs[self.shells.functions];
        let (mut rows, mut quartets) = (Vec::new(), Quartets::default());
        let mut from = 0;
        while from < self.blocks.len() {
            let first = &self.blocks[from];
            let fits = |block: &EriBlock| {
                let end = first.first[1] + max_size / (block.functions[0] * length);
                block.first[0] == first.first[0] && block.first[1] + block.functions[1] <= end
            };
            let to = from + 1 + self.blocks[from + 1..].iter().take_while(|block| fits(block)).count();
            let mut panel = Panel::new(first, &self.blocks[to - 1], length);
            for block in self.blocks[from..].iter().filter(|block| self.is_significant(block.pair)) {
                let rows = match &self.stored {
                    Some(stored) => &stored.numbers()[block.start..][..block.size()],
                    None => {
                        rows.clear();
                        rows.resize(block.size(), 0.0);
                        let kets = if block.pair < to { 0..block.pair + 1 } else { from..to };
                        self.fill(block, kets, &mut rows, &mut quartets);
                        &rows[..]
                    }
                };
                if block.pair < to {
                    panel.add_own(block, rows, &self.runs);
                }
                panel.add_later(block, rows, &self.runs);
            }
            process(&panel);
            from = to;
        }
    }

    /// Whether any integral with a shell pair may be significant.
    fn is_significant(&self, pair: usize) -> bool {
        self.bounds[pair] * self.largest_bound >= NEGLIGIBLE
    }

    /// Computes the integrals of a block with some ket pairs; its rows are zero before.
    fn fill(&self, block: &EriBlock, kets: Range<usize>, rows: &mut [f64], quartets: &mut Quartets) {
        let threshold = NEGLIGIBLE / self.bounds[block.pair];
        for group in &self.groups {
            let from = group.partition_point(|ket| *ket < kets.start);
            let to = group.partition_point(|ket| *ket < kets.end);
            let kets = group[from..to].iter().copied().filter(|ket| self.bounds[*ket] >= threshold);
            let kets: Vec<usize> = kets.collect();
            quartets.compute(self, block.pair, &kets, |ket, values| self.scatter(block, ket, values, rows));
        }
    }

    /// Copies a quartet's integrals to their rows.
    fn scatter(&self, block: &EriBlock, ket: usize, values: &[f64], rows: &mut [f64]) {
        let (bra, (k, l)) = (self.pairs[block.pair], self.pairs[ket]);
        let (shell_k, shell_l) = (&self.shells.list[k], &self.shells.list[l]);
        let starts = if k == bra.0 { &block.last_runs[..] } else { &self.runs[shell_k.first..] };
        let width = shell_k.functions * shell_l.functions;
        for (ab, values) in values.chunks_exact(width).enumerate() {
            let (a, b) = (ab / block.functions[1], ab % block.functions[1]);
            if bra.0 == bra.1 && b > a {
                continue;
            }
            let half = if bra.0 == bra.1 && b == a { 0.5 } else { 1.0 };
            let row = &mut rows[block.row_of(a, b) * block.length()..][..block.length()];
            for (c, values) in values.chunks_exact(shell_l.functions).enumerate() {
                let mut length = if k == l { c + 1 } else { shell_l.functions };
                if ket == block.pair {
                    length = if c > a {
                        0
                    } else if c == a {
                        b + 1
                    } else {
                        length
                    };
                }
                let run = &mut row[starts[c] + shell_l.first..][..length];
                run.iter_mut().zip(values).for_each(|(to, value)| *to = half * value);
                if k == l && length > c {
                    run[c] *= 0.5;
                }
                if ket == block.pair && c == a {
                    run[b] *= 0.5;
                }
            }
        }
    }
}

/// Integrals (pq|rs) with all pairs r >= s, for functions p of one shell and q of consecutive shells.
pub(super) struct Panel {
    first: [usize; 2],
    functions: [usize; 2],
    length: usize,
    values: Vec<f64>,
}

impl Panel {
    /// A panel of zeros for the functions of two blocks and of those between them.
    fn new(from: &EriBlock, to: &EriBlock, length: usize) -> Self {
        let functions = [from.functions[0], to.first[1] + to.functions[1] - from.first[1]];
        Self { first: from.first, functions, length, values: vec![0.0; functions[0] * functions[1] * length] }
    }

    /// The functions q <= p of the panel.
    fn seconds(&self, p: usize) -> Range<usize> {
        self.first[1]..(self.first[1] + self.functions[1]).min(p + 1)
    }

    /// Pairs p >= q, each with its integrals (pq|rs) in runs of r.
    pub fn rows(&self) -> impl Iterator<Item = (usize, usize, &[f64])> {
        let firsts = self.first[0]..self.first[0] + self.functions[0];
        firsts.flat_map(move |p| self.seconds(p).map(move |q| (p, q, &self.values[self.offset(p, q)..][..self.length])))
    }

    fn offset(&self, p: usize, q: usize) -> usize {
        ((p - self.first[0]) * self.functions[1] + q - self.first[1]) * self.length
    }

    /// Adds (pq|rs) of a block that has the panel's functions p and q, for pairs rs that come before.
    fn add_own(&mut self, block: &EriBlock, rows: &[f64], runs: &[usize]) {
        let whole = block.last_runs[0];
        let seconds = self.first[1]..self.first[1] + self.functions[1];
        if !seconds.contains(&block.first[1]) {
            return;
        }
        for ((p, q), row) in block.pairs().zip(rows.chunks_exact(block.length())) {
            let offset = self.offset(p, q);
            let to = &mut self.values[offset..][..self.length];
            to[..whole].copy_from_slice(&row[..whole]);
            for (r, ends) in block.last_runs.windows(2).enumerate() {
                let run = &row[ends[0]..ends[1]];
                to[runs[block.first[0] + r]..][..run.len()].copy_from_slice(run);
            }
            // Undoes the halving for r = s, for p = q and for pq = rs.
            let factor = if p == q { 2.0 } else { 1.0 };
            to.iter_mut().for_each(|value| *value *= factor);
            (0..=p.max(block.first[0] + block.functions[0] - 1)).for_each(|r| to[runs[r] + r] *= 2.0);
            to[runs[p] + q] *= 2.0;
        }
    }

    /// Adds (rs|pq) as (pq|rs) from a block of pairs rs that come after the panel's, or are among them.
    fn add_later(&mut self, block: &EriBlock, rows: &[f64], runs: &[usize]) {
        let is_same = block.first[0] == self.first[0];
        // For each row its place in the panel's rows, and the factor that undoes its halving; short enough to stay in the cache.
        let places: Vec<_> = block.pairs().map(|(r, s)| (r, s, runs[r] + s, if r == s { 2.0 } else { 1.0 })).collect();
        let starts = if is_same { &block.last_runs[..] } else { &runs[self.first[0]..] };
        for (&start, p) in starts.iter().zip(self.first[0]..self.first[0] + self.functions[0]) {
            for q in self.seconds(p) {
                let factor = if p == q { 2.0 } else { 1.0 };
                let offset = self.offset(p, q);
                let to = &mut self.values[offset..][..self.length];
                for (&(r, s, place, twice), row) in places.iter().zip(rows.chunks_exact(block.length())) {
                    if !is_same || q < block.end_of(p, (r, s)) {
                        to[place] = row[start + q] * factor * twice;
                    }
                }
            }
        }
    }
}

#[derive(Default)]
pub(super) struct Quartets {
    values: [Vec<f64>; 4],
    scratch: Vec<f64>,
    four: EriBatch4Scratch,
    one: EriScratch,
}

impl Quartets {
    /// Computes the integrals of a bra pair with ket pairs of one group, and calls `process` with those of each ket in row-major order.
    fn compute(&mut self, eri: &Eri, bra: usize, kets: &[usize], mut process: impl FnMut(usize, &[f64])) {
        let shells = &eri.shells.list;
        let shells_of = |pair: usize| (&shells[eri.pairs[pair].0], &shells[eri.pairs[pair].1]);
        let (a, b) = shells_of(bra);
        let shape = |ket: usize| [a, b, shells_of(ket).0, shells_of(ket).1].map(Shell::cartesian);
        for four in kets.chunks(4) {
            for (values, &ket) in self.values.iter_mut().zip(four) {
                values.clear();
                values.resize(shape(ket).iter().product(), 0.0);
            }
            let quartet = |ket: usize| [a, b, shells_of(ket).0, shells_of(ket).1];
            match <[usize; 4]>::try_from(four) {
                Ok(four) if four.iter().all(|&ket| uses_recurrence(quartet(ket))) => {
                    let [v, w, x, y] = &mut self.values;
                    coulomb_shell_batch4_pairs_into_scratch(
                        &mut self.four,
                        &four.map(|ket| quartet(ket).map(Shell::contraction)),
                        [&eri.data[bra]; 4],
                        four.map(|ket| &eri.data[ket]),
                        &mut [v, w, x, y],
                    );
                }
                _ => {
                    for (values, &ket) in self.values.iter_mut().zip(four) {
                        compute_one(&mut self.one, quartet(ket), [&eri.data[bra], &eri.data[ket]], values);
                    }
                }
            }
            for (values, &ket) in self.values.iter_mut().zip(four) {
                let transforms = quartet(ket).map(|shell| eri.shells.spherical_transform(shell.angular));
                to_functions(values, shape(ket), transforms, &mut self.scratch);
                process(ket, values);
            }
        }
    }
}

/// Whether the recurrence (OS/HGP) is faster than Rys quadrature.
fn uses_recurrence([a, b, c, d]: [&Shell; 4]) -> bool {
    let primitives = [a, b, c, d].iter().map(|shell| shell.exponents.len()).product();
    integral::select_engine(a.angular + b.angular, c.angular + d.angular, primitives) == Engine::OsHgp
}

fn compute_one(scratch: &mut EriScratch, quartet: [&Shell; 4], [bra, ket]: [&ShellPairData; 2], values: &mut [f64]) {
    if uses_recurrence(quartet) {
        let [a, b, c, d] = quartet.map(Shell::contraction);
        return coulomb_shell_pairs_into_scratch(scratch, a, b, c, d, bra, ket, values);
    }
    let [a, b, c, d] = quartet.map(|shell| shell.primitives(shell.angular).collect::<Vec<_>>());
    for &(pa, ca) in &a {
        for &(pb, cb) in &b {
            for &(pc, cc) in &c {
                for &(pd, cd) in &d {
                    rys::coulomb_into(pa, pb, pc, pd, ca * cb * cc * cd, values);
                }
            }
        }
    }
}
