//! How are repulsion integrals laid out in memory?
//!
//! One block belongs to a shell pair. It has a row for each pair of functions p >= q of the shells, with the integrals (pq|rs) of all pairs
//! r >= s that do not come after pq. A row consists of runs, one for each r, with consecutive s.
use super::shells::Shells;
use std::cmp::Ordering;
use std::ops::Range;

/// Runs are padded with zeros to a multiple of this many numbers.
const ALIGNMENT: usize = 4;

#[derive(Clone, Debug)]
pub(super) struct EriBlock {
    pub pair: usize,
    /// The first function of each shell, and the number of functions.
    pub first: [usize; 2],
    pub functions: [usize; 2],
    /// Where the runs of the first shell's functions start in a row; the last entry is the length of a row.
    pub last_runs: Vec<usize>,
    /// Offset of the block when all blocks are stored one after another.
    pub start: usize,
}

impl EriBlock {
    pub fn length(&self) -> usize {
        *self.last_runs.last().expect("a block has a run")
    }

    /// Pairs of functions p >= q in the order of rows.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        self.seconds().flat_map(|(p, seconds)| seconds.map(move |q| (p, q)))
    }

    /// Functions p of the first shell, each with the range of functions q of the second.
    pub fn seconds(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let ([p, q], [np, nq]) = (self.first, self.functions);
        (p..p + np).map(move |p| (p, q..(q + nq).min(p + 1)))
    }

    /// Range of the run of r in a row; `runs` are the starts of runs of a complete row.
    pub fn run_of(&self, r: usize, runs: &[usize]) -> Range<usize> {
        match r.checked_sub(self.first[0]) {
            Some(own) => self.last_runs[own]..self.last_runs[own + 1],
            None => runs[r]..runs[r + 1],
        }
    }

    pub fn rows(&self) -> usize {
        let [n, m] = self.functions;
        if self.first[0] == self.first[1] { n * (n + 1) / 2 } else { n * m }
    }

    pub fn size(&self) -> usize {
        self.rows() * self.length()
    }

    /// Index of the row of two functions, which are counted within their shells.
    pub fn row_of(&self, a: usize, b: usize) -> usize {
        if self.first[0] == self.first[1] { a * (a + 1) / 2 + b } else { a * self.functions[1] + b }
    }

    /// End of the range of q for which pq comes before rs, with p in the first shell.
    pub fn end_of(&self, p: usize, (r, s): (usize, usize)) -> usize {
        match p.cmp(&r) {
            Ordering::Less => self.first[1] + self.functions[1],
            Ordering::Equal => s,
            Ordering::Greater => self.first[1],
        }
    }

    /// Length of the run of r: all s <= r, but for r in the first shell only s up to the end of the second shell.
    fn run_length(first: [usize; 2], functions: [usize; 2], r: usize) -> usize {
        if r < first[0] { r + 1 } else { (r + 1).min(first[1] + functions[1]) }
    }
}

/// All shell pairs i >= j, ordered by i, then j.
pub(super) fn shell_pairs(shells: &Shells) -> Vec<(usize, usize)> {
    (0..shells.list.len()).flat_map(|i| (0..=i).map(move |j| (i, j))).collect()
}

pub(super) fn eri_blocks(shells: &Shells) -> Vec<EriBlock> {
    let (list, runs) = (&shells.list, run_starts(shells.functions));
    let mut start = 0;
    let block = |(pair, (i, j)): (usize, (usize, usize))| {
        let (first, functions) = ([list[i].first, list[j].first], [list[i].functions, list[j].functions]);
        let mut last_runs = vec![runs[first[0]]];
        for r in list[i].range() {
            let length = EriBlock::run_length(first, functions, r).next_multiple_of(ALIGNMENT);
            last_runs.push(last_runs[r - first[0]] + length);
        }
        let block = EriBlock { pair, first, functions, last_runs, start };
        start += block.size();
        block
    };
    shell_pairs(shells).into_iter().enumerate().map(block).collect()
}

/// Where the padded runs of a complete row start, if run r has r + 1 numbers; the last entry is the length of the row.
pub(super) fn run_starts(n: usize) -> Vec<usize> {
    let mut starts = vec![0];
    (0..n).for_each(|r| starts.push(starts[r] + (r + 1).next_multiple_of(ALIGNMENT)));
    starts
}
