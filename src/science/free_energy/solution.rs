//! Which free energies do windows have whose samples lie at given grid points?
use super::bin_points::BinPoints;
use super::error::Error;
use super::grid::{Grid, LANES, Sums};
use super::layout::Layout;
use super::newton::{Convergence, Equations, Status};
use super::{Axis, Window};

const CONVERGENCE: Convergence = Convergence { tolerance: 1e-8, reuses_hessian_below: 0.0 };
/// How far the free energies may be from the reference of the grid, kT.
const LARGEST_CHANGE: f64 = 1.0;

/// Windows, their grid points, and their free energies.
pub struct Solution {
    /// Numbers of samples `[windows]`.
    numbers: Vec<f64>,
    pub grid: Grid,
    /// Positions of the grid points `[points]`.
    pub positions: Vec<f64>,
    /// The grid point of every sample, window after window.
    pub point_of: Vec<u32>,
    /// Samples at each point, padded.
    pub counts: Vec<f64>,
    bins: Vec<BinPoints>,
    /// The free energies relative to the reference of the grid, kT.
    change: Vec<f64>,
    /// Sums over the points at these free energies.
    sums: Sums,
    /// `[windows]`, kT; the first is zero.
    pub free_energies: Vec<f64>,
    pub steps: usize,
}

impl Solution {
    /// The free energies of `windows` with samples laid out as in `layout`; the iteration starts from `base`, kT, and is given up after about
    /// `most_steps` Newton steps far from it.
    pub fn find(
        most_steps: usize,
        layout: Layout,
        windows: &[&Window],
        axis: Axis,
        mut base: Vec<f64>,
    ) -> Result<Self, Error> {
        let numbers: Vec<f64> = windows.iter().map(|window| window.samples.len() as f64).collect();
        let counts = counts(&layout);
        let mut equations = Equations::new(windows.len());
        let mut steps = 0;
        let (grid, change) = loop {
            let grid = Grid::new(&layout.positions, windows, axis, base.clone());
            let mut change = vec![0.0; windows.len()];
            let (status, more) = equations.solve(&grid, &numbers, &counts, &mut change, CONVERGENCE);
            steps += more;
            base.iter_mut().zip(&change).for_each(|(base, df)| *base += df);
            match status {
                Status::FarFromReference if steps > most_steps => return Err(Error::NotConverged { steps }),
                Status::NotConverged => return Err(Error::NotConverged { steps }),
                // A larger change may bring points into reach of windows for which they were neglected.
                Status::Converged if change.iter().all(|df| df.abs() < LARGEST_CHANGE) => break (grid, change),
                Status::Converged | Status::FarFromReference => {}
            }
        };
        let mut sums = Sums::new(windows.len());
        grid.accumulate(&numbers, &change, &counts, true, &mut sums);
        let Layout { positions, bins, point_of } = layout;
        let bins = bins.into_iter().map(|(bin, points)| BinPoints::new(bin, points, &grid)).collect();
        Ok(Self { numbers, grid, positions, point_of, counts, bins, change, sums, free_energies: base, steps })
    }

    /// sum_n p_a(x_n) p_b(x_n) over all samples: what windows `a` and `b` share.
    pub fn shared(&self, a: usize, b: usize) -> f64 {
        self.sums.shared(a, b)
    }

    /// -ln P of every bin with samples, kT: (bin, value).
    pub fn profile(&self) -> Vec<(usize, f64)> {
        let relative = self.inverse_denominators();
        self.bins.iter().map(|bin| bin.free_energy(&self.counts, &relative)).collect()
    }

    /// 1/sum_k N_k exp(f_k - w_k(x)) relative to exp(-shift(x)), `[points]`, padded.
    pub fn inverse_denominators(&self) -> Vec<f64> {
        self.grid.relative_weights(&self.numbers, &self.change)
    }

    /// ln of the unbiased weight of every point, up to a constant, `[points]`.
    pub fn log_weights(&self) -> Vec<f64> {
        let inverse = self.inverse_denominators();
        let of_point = |(point, shift): (usize, &f64)| libm::log(self.counts[point] * inverse[point]) - shift;
        self.grid.shifts.iter().enumerate().map(of_point).collect()
    }
}

fn counts(layout: &Layout) -> Vec<f64> {
    let mut counts = vec![0.0; layout.positions.len().next_multiple_of(LANES)];
    layout.point_of.iter().for_each(|point| counts[*point as usize] += 1.0);
    counts
}
