//! Two-electron repulsion integrals (pq|rs), each once.
//!
//! They come in blocks: the rows of all pairs p, q of functions of a shell pair, each with all pairs r, s that do not come later.
//! A row is made of runs of s, one for every r, so that everything done with it runs along memory. Kept in memory or computed
//! anew for every pass: the blocks are filled by the same code and come in the same order, so nothing that is computed
//! from them depends on which it was.
use super::blocks::{Block, blocks, pairs, triangle};
use super::shells::{Shell, Shells, to_functions};
use crate::science::memory::{Kept, Memory};
use integral::Engine;
use integral::engine::os_eri::{
    EriBatch4Scratch, EriScratch, ShellPairData, coulomb_shell_batch4_pairs_into_scratch,
    coulomb_shell_pairs_into_scratch, shell_pair_data,
};
use integral::engine::rys;
use std::collections::BTreeMap;
use std::ops::Range;

/// Integrals of shell quartets whose bound by Schwarz's inequality is smaller are zero, Eh.
const NEGLIGIBLE: f64 = 1e-13;

/// Integrals over some shells.
#[derive(Debug)]
pub(super) struct Repulsion {
    shells: Shells,
    /// Shell pairs i >= j, in order of i, then j.
    pairs: Vec<(usize, usize)>,
    data: Vec<ShellPairData>,
    /// Square roots of the largest (pq|pq) of each shell pair.
    bounds: Vec<f64>,
    /// The largest of them.
    largest_bound: f64,
    /// Shell pairs that are computed together, four at a time: in ascending order, alike in angular momentum and primitives.
    alike: Vec<Vec<usize>>,
    blocks: Vec<Block>,
    /// Where runs start in rows, for each r, and the end.
    runs: Vec<usize>,
    /// All blocks one behind the other, where they are kept.
    kept: Option<Box<dyn Kept>>,
}

impl Repulsion {
    /// Prepares the integrals over some shells; nothing is computed but their bounds.
    pub fn new(shells: Shells) -> Self {
        let list = &shells.list;
        let pairs = pairs(&shells);
        let data = pairs.iter().map(|&(i, j)| shell_pair_data(list[i].contraction(), list[j].contraction())).collect();
        let (runs, blocks) = (triangle(shells.functions), blocks(&shells));
        let (bounds, alike) = (Vec::new(), Vec::new());
        let mut repulsion = Self { pairs, data, bounds, largest_bound: 0.0, alike, blocks, runs, kept: None, shells };
        repulsion.bound();
        repulsion
    }

    /// Schwarz's bounds, and which pairs are alike.
    fn bound(&mut self) {
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
        let mut alike = BTreeMap::<_, Vec<usize>>::new();
        for (pair, &(i, j)) in self.pairs.iter().enumerate() {
            let angular = self.shells.list[i].angular + self.shells.list[j].angular;
            alike.entry((angular, self.data[pair].len())).or_default().push(pair);
        }
        self.largest_bound = bounds.iter().fold(0.0, |largest, bound| f64::max(largest, *bound));
        (self.bounds, self.alike) = (bounds, alike.into_values().collect());
    }

    /// The shells.
    pub fn shells(&self) -> &Shells {
        &self.shells
    }

    /// Shell pairs i >= j.
    pub fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    /// Products of primitives of each shell pair.
    pub fn data(&self) -> &[ShellPairData] {
        &self.data
    }

    /// The square root of the largest (pq|pq) of a shell pair.
    pub fn bound_of(&self, pair: usize) -> f64 {
        self.bounds[pair]
    }

    /// Shell pairs that can be computed together, in ascending order.
    pub fn alike(&self) -> &[Vec<usize>] {
        &self.alike
    }

    /// Where run r starts in anything with one number for each pair r >= s, and the end.
    pub fn runs(&self) -> &[usize] {
        &self.runs
    }

    /// How many numbers all integrals are.
    pub fn size(&self) -> usize {
        self.blocks.iter().map(Block::size).sum()
    }

    /// How many numbers the largest block has.
    pub fn largest_block(&self) -> usize {
        self.blocks.iter().map(Block::size).max().unwrap_or(0)
    }

    /// Whether all integrals are in memory.
    #[cfg(test)]
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Computes all integrals, as far as others have not, and keeps them.
    pub fn keep(&mut self, memory: &dyn Memory) {
        let sizes: Vec<usize> = self.blocks.iter().map(Block::size).collect();
        let mut quartets = Quartets::default();
        let mut fill = |block: usize, rows: &mut [f64]| {
            let block = &self.blocks[block];
            self.fill(block, 0..block.pair + 1, rows, &mut quartets);
        };
        self.kept = Some(memory.keep(&self.shells.key(), &sizes, &mut fill));
    }

    /// All blocks.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Computes the rows of a block anew, whether integrals are kept or not.
    pub fn compute(&self, block: &Block, rows: &mut Vec<f64>, quartets: &mut Quartets) {
        rows.clear();
        rows.resize(block.size(), 0.0);
        if self.is_any(block.pair) {
            self.fill(block, 0..block.pair + 1, rows, quartets);
        }
    }

    /// Hands out all blocks with their rows. An integral is halved for each of p = q, r = s and pq = rs.
    pub fn each_block(&self, mut take: impl FnMut(&Block, &[f64])) {
        let (mut rows, mut quartets) = (Vec::new(), Quartets::default());
        for block in self.blocks.iter().filter(|block| self.is_any(block.pair)) {
            match &self.kept {
                Some(kept) => take(block, &kept.numbers()[block.start..][..block.size()]),
                None => {
                    rows.clear();
                    rows.resize(block.size(), 0.0);
                    self.fill(block, 0..block.pair + 1, &mut rows, &mut quartets);
                    take(block, &rows);
                }
            }
        }
    }

    /// Hands out integrals (pq|rs) with all r >= s, in runs, for all pairs p >= q, some at a time: at most `room` numbers, or one
    /// shell pair's.
    pub fn each_panel(&self, room: usize, mut take: impl FnMut(&Panel)) {
        let length = self.runs[self.shells.functions];
        let (mut rows, mut quartets) = (Vec::new(), Quartets::default());
        let mut from = 0;
        while from < self.blocks.len() {
            let first = &self.blocks[from];
            let fits = |block: &Block| {
                let end = first.first[1] + room / (block.functions[0] * length);
                block.first[0] == first.first[0] && block.first[1] + block.functions[1] <= end
            };
            let to = from + 1 + self.blocks[from + 1..].iter().take_while(|block| fits(block)).count();
            let mut panel = Panel::new(first, &self.blocks[to - 1], length);
            for block in self.blocks[from..].iter().filter(|block| self.is_any(block.pair)) {
                let rows = match &self.kept {
                    Some(kept) => &kept.numbers()[block.start..][..block.size()],
                    None => {
                        rows.clear();
                        rows.resize(block.size(), 0.0);
                        let kets = if block.pair < to { 0..block.pair + 1 } else { from..to };
                        self.fill(block, kets, &mut rows, &mut quartets);
                        &rows[..]
                    }
                };
                if block.pair < to {
                    panel.take_own(block, rows, &self.runs);
                }
                panel.take_later(block, rows, &self.runs);
            }
            take(&panel);
            from = to;
        }
    }

    /// Whether any integral with a shell pair counts.
    fn is_any(&self, pair: usize) -> bool {
        self.bounds[pair] * self.largest_bound >= NEGLIGIBLE
    }

    /// Computes the rows of a block, which are zero before, for some ket pairs.
    fn fill(&self, block: &Block, kets: Range<usize>, rows: &mut [f64], quartets: &mut Quartets) {
        let enough = NEGLIGIBLE / self.bounds[block.pair];
        for alike in &self.alike {
            let from = alike.partition_point(|ket| *ket < kets.start);
            let to = alike.partition_point(|ket| *ket < kets.end);
            let wanted = alike[from..to].iter().copied().filter(|ket| self.bounds[*ket] >= enough);
            let wanted: Vec<usize> = wanted.collect();
            quartets.compute(self, block.pair, &wanted, |ket, values| self.place(block, ket, values, rows));
        }
    }

    /// Puts a quartet's integrals in their rows.
    fn place(&self, block: &Block, ket: usize, values: &[f64], rows: &mut [f64]) {
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

/// Integrals (pq|rs) with all pairs r >= s, for functions p of one shell and q of some that follow one another.
pub(super) struct Panel {
    first: [usize; 2],
    functions: [usize; 2],
    length: usize,
    values: Vec<f64>,
}

impl Panel {
    /// All zero, for the functions of two blocks and of those between.
    fn new(from: &Block, to: &Block, length: usize) -> Self {
        let functions = [from.functions[0], to.first[1] + to.functions[1] - from.first[1]];
        Self { first: from.first, functions, length, values: vec![0.0; functions[0] * functions[1] * length] }
    }

    /// The functions q that go with p.
    fn seconds(&self, p: usize) -> Range<usize> {
        self.first[1]..(self.first[1] + self.functions[1]).min(p + 1)
    }

    /// Its pairs p >= q, each with (pq|rs) in runs of r.
    pub fn rows(&self) -> impl Iterator<Item = (usize, usize, &[f64])> {
        let firsts = self.first[0]..self.first[0] + self.functions[0];
        firsts.flat_map(move |p| self.seconds(p).map(move |q| (p, q, &self.values[self.at(p, q)..][..self.length])))
    }

    fn at(&self, p: usize, q: usize) -> usize {
        ((p - self.first[0]) * self.functions[1] + q - self.first[1]) * self.length
    }

    /// Takes (pq|rs) of a block that has the panel's functions p and q, for pairs r, s that come before.
    fn take_own(&mut self, block: &Block, rows: &[f64], runs: &[usize]) {
        let whole = block.last_runs[0];
        let seconds = self.first[1]..self.first[1] + self.functions[1];
        if !seconds.contains(&block.first[1]) {
            return;
        }
        for ((p, q), row) in block.pairs().zip(rows.chunks_exact(block.length())) {
            let at = self.at(p, q);
            let to = &mut self.values[at..][..self.length];
            to[..whole].copy_from_slice(&row[..whole]);
            for (r, ends) in block.last_runs.windows(2).enumerate() {
                let run = &row[ends[0]..ends[1]];
                to[runs[block.first[0] + r]..][..run.len()].copy_from_slice(run);
            }
            // Halves are made whole: those of r = s, of p = q, and that of pq = rs.
            let factor = if p == q { 2.0 } else { 1.0 };
            to.iter_mut().for_each(|value| *value *= factor);
            (0..=p.max(block.first[0] + block.functions[0] - 1)).for_each(|r| to[runs[r] + r] *= 2.0);
            to[runs[p] + q] *= 2.0;
        }
    }

    /// Takes (rs|pq) as (pq|rs) from a block of pairs r, s that come after the panel's, or are among them.
    fn take_later(&mut self, block: &Block, rows: &[f64], runs: &[usize]) {
        let is_same = block.first[0] == self.first[0];
        // For each row where it goes and how often it was halved; short, so that all of it stays near.
        let places: Vec<_> = block.pairs().map(|(r, s)| (r, s, runs[r] + s, if r == s { 2.0 } else { 1.0 })).collect();
        let starts = if is_same { &block.last_runs[..] } else { &runs[self.first[0]..] };
        for (&start, p) in starts.iter().zip(self.first[0]..self.first[0] + self.functions[0]) {
            for q in self.seconds(p) {
                let factor = if p == q { 2.0 } else { 1.0 };
                let at = self.at(p, q);
                let to = &mut self.values[at..][..self.length];
                for (&(r, s, place, twice), row) in places.iter().zip(rows.chunks_exact(block.length())) {
                    if !is_same || q < block.end_of(p, (r, s)) {
                        to[place] = row[start + q] * factor * twice;
                    }
                }
            }
        }
    }
}

/// Room for shell quartets.
#[derive(Default)]
pub(super) struct Quartets {
    values: [Vec<f64>; 4],
    spare: Vec<f64>,
    four: EriBatch4Scratch,
    one: EriScratch,
}

impl Quartets {
    /// Computes the integrals of a bra pair with ket pairs that are alike, and hands out those of each ket in row-major order.
    fn compute(&mut self, all: &Repulsion, bra: usize, kets: &[usize], mut take: impl FnMut(usize, &[f64])) {
        let shells = &all.shells.list;
        let of = |pair: usize| (&shells[all.pairs[pair].0], &shells[all.pairs[pair].1]);
        let (a, b) = of(bra);
        let shape = |ket: usize| [a, b, of(ket).0, of(ket).1].map(Shell::cartesian);
        for four in kets.chunks(4) {
            for (values, &ket) in self.values.iter_mut().zip(four) {
                values.clear();
                values.resize(shape(ket).iter().product(), 0.0);
            }
            let quartet = |ket: usize| [a, b, of(ket).0, of(ket).1];
            match <[usize; 4]>::try_from(four) {
                Ok(four) if four.iter().all(|&ket| is_recursive(quartet(ket))) => {
                    let [v, w, x, y] = &mut self.values;
                    coulomb_shell_batch4_pairs_into_scratch(
                        &mut self.four,
                        &four.map(|ket| quartet(ket).map(Shell::contraction)),
                        [&all.data[bra]; 4],
                        four.map(|ket| &all.data[ket]),
                        &mut [v, w, x, y],
                    );
                }
                _ => {
                    for (values, &ket) in self.values.iter_mut().zip(four) {
                        one(&mut self.one, quartet(ket), [&all.data[bra], &all.data[ket]], values);
                    }
                }
            }
            for (values, &ket) in self.values.iter_mut().zip(four) {
                let forms = quartet(ket).map(|shell| all.shells.form(shell.angular));
                to_functions(values, shape(ket), forms, &mut self.spare);
                take(ket, values);
            }
        }
    }
}

/// Whether the crate's recurrences are faster than its quadrature.
fn is_recursive([a, b, c, d]: [&Shell; 4]) -> bool {
    let primitives = [a, b, c, d].iter().map(|shell| shell.exponents.len()).product();
    integral::select_engine(a.angular + b.angular, c.angular + d.angular, primitives) == Engine::OsHgp
}

/// The Cartesian integrals of one quartet.
fn one(scratch: &mut EriScratch, quartet: [&Shell; 4], [bra, ket]: [&ShellPairData; 2], values: &mut [f64]) {
    if is_recursive(quartet) {
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
