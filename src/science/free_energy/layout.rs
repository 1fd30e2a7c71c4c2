//! At which places are samples taken to lie?
use super::{Bins, Window};
use std::ops::Range;

/// Cells to the standard deviation of the narrowest window.
const CELLS_PER_WIDTH: f64 = 32.0;
/// The widest bin in whose middle WHAM takes the bias, in standard deviations of the narrowest window: the profile is right to 0.01 kT.
const WIDEST_BIN: f64 = 0.5;
/// Parts of a wider bin to that standard deviation.
const PARTS_PER_WIDTH: f64 = 8.0;
/// Cells of a bin at most.
const MOST_CELLS: f64 = 65_536.0;
/// A table of all cells between the first and the last is made where it has no more entries than this, or than this for each sample.
const TABLE: usize = 65_536;
const TABLE_PER_SAMPLE: usize = 4;

/// Places along the coordinate; those of a bin follow one another, bin by bin.
pub struct Layout {
    pub places: Vec<f64>,
    /// Bins that have places, and which.
    pub runs: Vec<(usize, Range<usize>)>,
    /// The place of every sample.
    pub point_of: Vec<u32>,
}

impl Layout {
    /// The middles of bins that have samples, and of those of the same width that go on beyond the ends. Bins in which the bias of a window
    /// changes by much are divided.
    pub fn in_bins(samples: &[f64], bins: &Bins, windows: &[&Window]) -> Self {
        let widths = bins.width() * libm::sqrt(stiffest(windows));
        let parts = if widths > WIDEST_BIN { libm::ceil(widths * PARTS_PER_WIDTH) } else { 1.0 };
        Self::in_cells(samples, bins, parts.clamp(1.0, MOST_CELLS) as i64)
    }

    /// As [`in_bins`](Layout::in_bins), with each bin divided into cells in which no window's bias changes by much.
    pub fn in_fine_cells(samples: &[f64], bins: &Bins, windows: &[&Window]) -> Self {
        let cells = libm::ceil(bins.width() * libm::sqrt(stiffest(windows)) * CELLS_PER_WIDTH);
        Self::in_cells(samples, bins, cells.clamp(1.0, MOST_CELLS) as i64)
    }

    /// Every sample where it is, in the order of `cells`.
    pub fn as_sampled(samples: &[f64], cells: &Self) -> Self {
        let mut begins = vec![0_u32; cells.places.len() + 1];
        cells.point_of.iter().for_each(|cell| begins[*cell as usize + 1] += 1);
        (1..begins.len()).for_each(|cell| begins[cell] += begins[cell - 1]);
        let run =
            |(bin, cells): &(usize, Range<usize>)| (*bin, begins[cells.start] as usize..begins[cells.end] as usize);
        let runs = cells.runs.iter().map(run).collect();
        let mut next = begins;
        let mut places = vec![0.0; samples.len()];
        let point_of = samples.iter().zip(&cells.point_of).map(|(x, cell)| {
            let cell = *cell as usize;
            let point = next[cell];
            next[cell] += 1;
            places[point as usize] = *x;
            point
        });
        let point_of = point_of.collect();
        Self { places, runs, point_of }
    }

    fn in_cells(samples: &[f64], bins: &Bins, per_bin: i64) -> Self {
        let of_samples: Vec<i64> = samples.iter().map(|x| bins.unbounded_part(*x, per_bin)).collect();
        let (taken, point_of) = numbered(&of_samples);
        let places = taken.iter().map(|cell| bins.part_center(*cell, per_bin)).collect();
        let (mut runs, mut begin) = (Vec::new(), 0);
        for run in taken.chunk_by(|a, b| a.div_euclid(per_bin) == b.div_euclid(per_bin)) {
            let (bin, end) = (run[0].div_euclid(per_bin), begin + run.len());
            if (0..bins.count as i64).contains(&bin) {
                runs.push((bin as usize, begin..end));
            }
            begin = end;
        }
        Self { places, runs, point_of }
    }
}

fn stiffest(windows: &[&Window]) -> f64 {
    windows.iter().map(|window| window.stiffness).fold(0.0, f64::max)
}

/// The cells that there are, ascending, and for each of `cells` which of them it is.
pub fn numbered(cells: &[i64]) -> (Vec<i64>, Vec<u32>) {
    let (Some(&first), Some(&last)) = (cells.iter().min(), cells.iter().max()) else { return Default::default() };
    let span = last.saturating_sub(first) as usize;
    if span >= TABLE.max(TABLE_PER_SAMPLE * cells.len()) {
        let mut taken = cells.to_vec();
        taken.sort_unstable();
        taken.dedup();
        let numbers = cells.iter().map(|cell| taken.partition_point(|other| other < cell) as u32).collect();
        return (taken, numbers);
    }
    let mut table = vec![u32::MAX; span + 1];
    cells.iter().for_each(|cell| table[(cell - first) as usize] = 0);
    let mut taken = Vec::new();
    for (cell, number) in (first..).zip(&mut table).filter(|(_, number)| **number == 0) {
        *number = taken.len() as u32;
        taken.push(cell);
    }
    let numbers = cells.iter().map(|cell| table[(cell - first) as usize]).collect();
    (taken, numbers)
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;

    #[test]
    fn cells_are_numbered_alike_with_a_table_and_without() {
        let near = [7, -3, 7, 0, 12, -3];
        let far = near.map(|cell| cell * 1_000_000);
        let numbers = vec![2, 0, 2, 1, 3, 0];
        assert_eq!(numbered(&near), (vec![-3, 0, 7, 12], numbers.clone()));
        assert_eq!(numbered(&far), (vec![-3_000_000, 0, 7_000_000, 12_000_000], numbers));
        assert_eq!(numbered(&[]), (vec![], vec![]));
    }

    #[test]
    fn samples_keep_their_places_and_cells_their_bins() {
        let bins = Bins { low: 0.0, high: 1.0, count: 10, axis: Axis::default() };
        let window = Window { center: 0.5, stiffness: 4.0, samples: vec![0.31, 0.05, 1.0, -0.02, 0.35, 0.399, 1.4] };
        let cells = Layout::in_fine_cells(&window.samples, &bins, &[&window]);
        // A bin of 0.1 has 7 cells, of which none is wider than 1/32 of the width 1/2.
        for (x, point) in window.samples.iter().zip(&cells.point_of) {
            assert!((x - cells.places[*point as usize]).abs() <= 0.5 * 0.1 / 7.0 + 1e-12);
        }
        let all = Layout::as_sampled(&window.samples, &cells);
        for (x, point) in window.samples.iter().zip(&all.point_of) {
            let run = all.runs.iter().find(|(_, points)| points.contains(&(*point as usize)));
            assert_eq!((*x, bins.index(*x)), (all.places[*point as usize], run.map(|(bin, _)| *bin)));
        }
        assert_eq!(all.runs, [(0, 1..2), (3, 2..5), (9, 5..6)]);
    }
}
