//! How do repulsion integrals stand in memory?
use super::shells::Shells;
use std::cmp::Ordering;
use std::ops::Range;

/// Runs start and end at multiples of this many numbers, with zeros behind the last.
const STEP: usize = 4;

/// The rows of a shell pair.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub pair: usize,
    /// The first functions of both shells, and how many they have.
    pub first: [usize; 2],
    pub functions: [usize; 2],
    /// Where the runs of functions of the first shell start in a row, and the end: the length of a row.
    pub last_runs: Vec<usize>,
    /// Where it stands among all blocks.
    pub start: usize,
}

impl Block {
    /// The length of a row.
    pub fn length(&self) -> usize {
        *self.last_runs.last().expect("a block has a run")
    }

    /// The pairs p >= q of functions, in the order of rows.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        self.seconds().flat_map(|(p, seconds)| seconds.map(move |q| (p, q)))
    }

    /// Its functions p, each with the functions q it has rows with.
    pub fn seconds(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let ([p, q], [np, nq]) = (self.first, self.functions);
        (p..p + np).map(move |p| (p, q..(q + nq).min(p + 1)))
    }

    /// Where the run of r is in a row; `runs` are those of whole rows.
    pub fn run_of(&self, r: usize, runs: &[usize]) -> Range<usize> {
        match r.checked_sub(self.first[0]) {
            Some(own) => self.last_runs[own]..self.last_runs[own + 1],
            None => runs[r]..runs[r + 1],
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        let [n, m] = self.functions;
        if self.first[0] == self.first[1] { n * (n + 1) / 2 } else { n * m }
    }

    /// How many numbers its rows are together.
    pub fn size(&self) -> usize {
        self.rows() * self.length()
    }

    /// The row of functions counted within their shells.
    pub fn row_of(&self, a: usize, b: usize) -> usize {
        if self.first[0] == self.first[1] { a * (a + 1) / 2 + b } else { a * self.functions[1] + b }
    }

    /// Which q come before the row r, s together with a p of the block's first shell: those below this.
    pub fn end_of(&self, p: usize, (r, s): (usize, usize)) -> usize {
        match p.cmp(&r) {
            Ordering::Less => self.first[1] + self.functions[1],
            Ordering::Equal => s,
            Ordering::Greater => self.first[1],
        }
    }

    /// How many functions r, from the first on, the run of r has: all s <= r, but of the block's own first shell only those
    /// up to its second one.
    fn run(first: [usize; 2], functions: [usize; 2], r: usize) -> usize {
        if r < first[0] { r + 1 } else { (r + 1).min(first[1] + functions[1]) }
    }
}

/// All shell pairs i >= j, in order of i, then j.
pub(super) fn pairs(shells: &Shells) -> Vec<(usize, usize)> {
    (0..shells.list.len()).flat_map(|i| (0..=i).map(move |j| (i, j))).collect()
}

/// The blocks of all shell pairs.
pub(super) fn blocks(shells: &Shells) -> Vec<Block> {
    let (list, runs) = (&shells.list, triangle(shells.functions));
    let mut start = 0;
    let block = |(pair, (i, j)): (usize, (usize, usize))| {
        let (first, functions) = ([list[i].first, list[j].first], [list[i].functions, list[j].functions]);
        let mut last_runs = vec![runs[first[0]]];
        for r in list[i].range() {
            let length = Block::run(first, functions, r).next_multiple_of(STEP);
            last_runs.push(last_runs[r - first[0]] + length);
        }
        let block = Block { pair, first, functions, last_runs, start };
        start += block.size();
        block
    };
    pairs(shells).into_iter().enumerate().map(block).collect()
}

/// Where the runs r of `n` functions start if run r has r + 1 numbers, and the end.
pub(super) fn triangle(n: usize) -> Vec<usize> {
    let mut starts = vec![0];
    (0..n).for_each(|r| starts.push(starts[r] + (r + 1).next_multiple_of(STEP)));
    starts
}
