//! At which positions of the coordinate are the samples of windows counted?
use super::{Bins, Window};
use std::ops::Range;

/// Cells per standard deviation of the narrowest window.
const CELLS_PER_WIDTH: f64 = 32.0;
/// The widest bin in whose middle WHAM evaluates the bias, in standard deviations of the narrowest window: the profile is right to 0.01 kT.
const LARGEST_BIN_WIDTH: f64 = 0.5;
/// Parts of a wider bin per standard deviation.
const PARTS_PER_WIDTH: f64 = 8.0;
const MOST_PARTS: f64 = 65_536.0;

/// Grid points along the coordinate, bin by bin.
pub struct Layout {
    /// `[points]`, in the unit of the coordinate.
    pub positions: Vec<f64>,
    /// Bins that contain points: (bin, its points).
    pub bins: Vec<(usize, Range<usize>)>,
    pub point_of: Vec<u32>,
}

/// Bins divided into `per_bin` intervals each, of which those with samples are listed. Intervals of the same width continue beyond the bins.
pub struct Intervals {
    pub per_bin: i64,
    /// Intervals with samples, ascending, counted from the first one of bin 0.
    pub occupied: Vec<i64>,
    /// For each sample, which of the occupied intervals contains it.
    pub of_sample: Vec<u32>,
}

impl Intervals {
    pub fn new(samples: &[f64], bins: &Bins, per_bin: i64) -> Self {
        let intervals: Vec<i64> = samples.iter().map(|x| bins.unbounded_part(*x, per_bin)).collect();
        let (occupied, of_sample) = numbered(&intervals);
        Self { per_bin, occupied, of_sample }
    }

    /// Bins with samples: (bin, its occupied intervals).
    pub fn by_bin(&self, bins: &Bins) -> Vec<(usize, Range<usize>)> {
        let (mut found, mut begin) = (Vec::new(), 0);
        for run in self.occupied.chunk_by(|a, b| a.div_euclid(self.per_bin) == b.div_euclid(self.per_bin)) {
            let (bin, end) = (run[0].div_euclid(self.per_bin), begin + run.len());
            if (0..bins.count as i64).contains(&bin) {
                found.push((bin as usize, begin..end));
            }
            begin = end;
        }
        found
    }
}

/// Into how many parts WHAM divides a bin: more than one where the bias of a window varies strongly within it.
pub fn histogram_parts(bins: &Bins, windows: &[&Window]) -> i64 {
    let widths = bins.width() * libm::sqrt(largest_stiffness(windows));
    let parts = if widths > LARGEST_BIN_WIDTH { libm::ceil(widths * PARTS_PER_WIDTH) } else { 1.0 };
    parts.clamp(1.0, MOST_PARTS) as i64
}

impl Layout {
    /// The centers of bins, or of their [`histogram_parts`], that contain samples.
    pub fn in_bins(samples: &[f64], bins: &Bins, windows: &[&Window]) -> Self {
        Self::in_cells(samples, bins, histogram_parts(bins, windows))
    }

    /// The centers of cells so narrow that no window's bias varies much within one.
    pub fn in_fine_cells(samples: &[f64], bins: &Bins, windows: &[&Window]) -> Self {
        let cells = libm::ceil(bins.width() * libm::sqrt(largest_stiffness(windows)) * CELLS_PER_WIDTH);
        Self::in_cells(samples, bins, cells.clamp(1.0, MOST_PARTS) as i64)
    }

    /// A grid point for every sample, at its own position, in the order of `cells`.
    pub fn as_sampled(samples: &[f64], cells: &Self) -> Self {
        let mut begins = vec![0_u32; cells.positions.len() + 1];
        cells.point_of.iter().for_each(|cell| begins[*cell as usize + 1] += 1);
        (1..begins.len()).for_each(|cell| begins[cell] += begins[cell - 1]);
        let points =
            |(bin, cells): &(usize, Range<usize>)| (*bin, begins[cells.start] as usize..begins[cells.end] as usize);
        let bins = cells.bins.iter().map(points).collect();
        let mut next = begins;
        let mut positions = vec![0.0; samples.len()];
        let point_of = samples.iter().zip(&cells.point_of).map(|(x, cell)| {
            let cell = *cell as usize;
            let point = next[cell];
            next[cell] += 1;
            positions[point as usize] = *x;
            point
        });
        let point_of = point_of.collect();
        Self { positions, bins, point_of }
    }

    fn in_cells(samples: &[f64], bins: &Bins, per_bin: i64) -> Self {
        let intervals = Intervals::new(samples, bins, per_bin);
        let positions = intervals.occupied.iter().map(|cell| bins.part_center(*cell, per_bin)).collect();
        Self { positions, bins: intervals.by_bin(bins), point_of: intervals.of_sample }
    }
}

/// beta k of the narrowest window, 1/unit^2.
pub fn largest_stiffness(windows: &[&Window]) -> f64 {
    windows.iter().map(|window| window.stiffness).fold(0.0, f64::max)
}

/// The distinct values of `cells`, ascending, and for each of `cells` the index of its value.
pub fn numbered(cells: &[i64]) -> (Vec<i64>, Vec<u32>) {
    let mut distinct = cells.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let numbers = cells.iter().map(|cell| distinct.partition_point(|other| other < cell) as u32).collect();
    (distinct, numbers)
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;

    #[test]
    fn cells_are_numbered_in_ascending_order() {
        assert_eq!(numbered(&[7, -3, 7, 0, 12, -3]), (vec![-3, 0, 7, 12], vec![2, 0, 2, 1, 3, 0]));
        assert_eq!(numbered(&[]), (vec![], vec![]));
    }

    #[test]
    fn samples_keep_their_positions_and_cells_their_bins() {
        let bins = Bins { low: 0.0, high: 1.0, count: 10, axis: Axis::default() };
        let window = Window { center: 0.5, stiffness: 4.0, samples: vec![0.31, 0.05, 1.0, -0.02, 0.35, 0.399, 1.4] };
        let cells = Layout::in_fine_cells(&window.samples, &bins, &[&window]);
        // A bin of 0.1 has 7 cells, of which none is wider than 1/32 of the width 1/2.
        for (x, point) in window.samples.iter().zip(&cells.point_of) {
            assert!((x - cells.positions[*point as usize]).abs() <= 0.5 * 0.1 / 7.0 + 1e-12);
        }
        let all = Layout::as_sampled(&window.samples, &cells);
        for (x, point) in window.samples.iter().zip(&all.point_of) {
            let run = all.bins.iter().find(|(_, points)| points.contains(&(*point as usize)));
            assert_eq!((*x, bins.index(*x)), (all.positions[*point as usize], run.map(|(bin, _)| *bin)));
        }
        assert_eq!(all.bins, [(0, 1..2), (3, 2..5), (9, 5..6)]);
    }
}
