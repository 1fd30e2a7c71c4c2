//! Which free energies do windows have whose samples lie at given places?
use super::layout::Layout;
use super::points::{LANES, Points, Sums};
use super::problem::Error;
use super::solve::{End, Equations, Goal};
use super::{Axis, Window};
use crate::science::exponential::exp;
use crate::science::widest::widest;
use std::ops::Range;

/// For what is told.
const FINE: Goal = Goal { tolerance: 1e-8, keeps_below: 0.0 };
/// For replicates: their free energies are right to about 1e-5 kT.
const ROUGH: Goal = Goal { tolerance: 1e-3, keeps_below: 0.1 };
/// How far free energies may be from those that points are relative to, kT.
const NEAR: f64 = 1.0;

/// Windows, their points, and their free energies.
pub struct Solution {
    /// Samples of the windows.
    numbers: Vec<f64>,
    pub(super) points: Points,
    /// Where points are.
    pub(super) places: Vec<f64>,
    /// The point of every sample, window by window.
    pub(super) point_of: Vec<u32>,
    /// How many samples each point has, padded.
    pub(super) counts: Vec<f64>,
    /// The bins, each with its points, which follow one another.
    bins: Vec<Run>,
    /// The free energies, relative to the points' base.
    change: Vec<f64>,
    /// What windows share at the free energies.
    sums: Sums,
    /// kT; the first is zero.
    pub free_energies: Vec<f64>,
    pub steps: usize,
}

/// The points of a bin.
struct Run {
    bin: usize,
    points: Range<usize>,
    /// The largest -shift of its points: what logarithms are relative to.
    log_scale: f64,
    /// exp(-shift - log_scale) of its points.
    scales: Vec<f64>,
}

impl Run {
    fn new(bin: usize, points: Range<usize>, shifts: &[f64]) -> Self {
        let shifts = &shifts[points.clone()];
        let log_scale = shifts.iter().map(|shift| -shift).fold(f64::NEG_INFINITY, f64::max);
        let mut scales = vec![0.0; shifts.len()];
        find_scales(shifts, log_scale, &mut scales);
        Self { bin, points, log_scale, scales }
    }
}

impl Solution {
    /// The free energies of `windows` with samples laid out as in `layout`, searched for from `base` on.
    ///
    /// # Errors
    /// The equations cannot be solved.
    pub fn find(layout: Layout, windows: &[&Window], axis: Axis, base: Vec<f64>) -> Result<Self, Error> {
        Self::find_within(usize::MAX, layout, windows, axis, base)
    }

    /// As [`find`](Solution::find), with about so many steps.
    ///
    /// # Errors
    /// The equations cannot be solved with them.
    pub fn find_within(
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
        let (points, change) = loop {
            let points = Points::new(&layout.places, windows, axis, base.clone());
            let mut change = vec![0.0; windows.len()];
            let (end, more) = equations.solve(&points, &numbers, &counts, &mut change, FINE);
            steps += more;
            base.iter_mut().zip(&change).for_each(|(base, df)| *base += df);
            match end {
                End::Far if steps > most_steps => return Err(Error::NotConverged { steps }),
                End::Lost => return Err(Error::NotConverged { steps }),
                // What windows reach from farther away was left out.
                End::Converged if change.iter().all(|df| df.abs() < NEAR) => break (points, change),
                End::Converged | End::Far => {}
            }
        };
        let mut sums = Sums::new(windows.len());
        points.pass(&numbers, &change, &counts, true, &mut sums);
        let bins = layout.runs.into_iter().map(|(bin, points_of)| Run::new(bin, points_of, points.shifts())).collect();
        let (places, point_of, free_energies) = (layout.places, layout.point_of, base);
        Ok(Self { numbers, points, places, point_of, counts, bins, change, sums, free_energies, steps })
    }

    /// What samples of windows `a` and `b` have in common: sum_n p_a(x_n) p_b(x_n).
    pub fn shared(&self, a: usize, b: usize) -> f64 {
        self.sums.shared(a, b)
    }

    /// -ln P of every bin that has points, kT: (bin, value).
    pub fn profile(&self) -> Vec<(usize, f64)> {
        self.profile_of(&self.counts, &self.change)
    }

    /// 1/sum_k N_k exp(f_k - w_k(x)) relative to exp(-shift(x)) of the points, padded.
    pub(super) fn inverse_denominators(&self) -> Vec<f64> {
        let mut relative = Vec::with_capacity(self.counts.len());
        self.points.relative_weights(&self.numbers, &self.change, &mut relative);
        relative
    }

    /// ln of the weight of every point without any bias, but for a constant.
    pub fn log_weights(&self) -> Vec<f64> {
        let inverse = self.inverse_denominators();
        let of_point = |(point, shift): (usize, &f64)| libm::log(self.counts[point] * inverse[point]) - shift;
        self.points.shifts().iter().enumerate().map(of_point).collect()
    }

    /// The samples of all windows, one window after another.
    pub fn weighted(&self) -> Weighted<'_> {
        Weighted { solution: self, weights: vec![0.0; self.points.padded()] }
    }

    fn profile_of(&self, weights: &[f64], change: &[f64]) -> Vec<(usize, f64)> {
        let mut relative = Vec::with_capacity(weights.len());
        self.points.relative_weights(&self.numbers, change, &mut relative);
        let of_run = |run: &Run| {
            let points = weights[run.points.clone()].iter().zip(&relative[run.points.clone()]).zip(&run.scales);
            let sum: f64 = points.map(|((weight, relative), scale)| weight * relative * scale).sum();
            (run.bin, -(libm::log(sum) + run.log_scale))
        };
        self.bins.iter().map(of_run).collect()
    }
}

/// Samples that weigh more or less than one.
pub struct Weighted<'a> {
    solution: &'a Solution,
    /// Of points, padded.
    weights: Vec<f64>,
}

impl Weighted<'_> {
    /// Lets `samples`, counted through all windows, weigh so much.
    pub fn add(&mut self, samples: Range<usize>, weight: f64) {
        self.solution.point_of[samples].iter().for_each(|point| self.weights[*point as usize] += weight);
    }

    /// What these weights change; none where it cannot be found.
    pub fn solve(self) -> Option<Changed> {
        let Solution { numbers, points, change: of_all, .. } = self.solution;
        let mut change = of_all.clone();
        let (end, _) = Equations::new(numbers.len()).solve(points, numbers, &self.weights, &mut change, ROUGH);
        let profile = self.solution.profile_of(&self.weights, &change);
        change.iter_mut().zip(of_all).for_each(|(change, of_all)| *change -= of_all);
        (end == End::Converged).then_some(Changed { free_energies: change, profile })
    }
}

/// What weights make of a solution.
pub struct Changed {
    /// By how much they differ, kT; the first by zero.
    pub free_energies: Vec<f64>,
    /// -ln P of every bin that has points, kT: (bin, value).
    pub profile: Vec<(usize, f64)>,
}

widest! {
    fn find_scales(shifts: &[f64], log_scale: f64, scales: &mut [f64]) {
        for (scale, shift) in scales.iter_mut().zip(shifts) {
            *scale = exp(-shift - log_scale);
        }
    }
}

fn counts(layout: &Layout) -> Vec<f64> {
    let mut counts = vec![0.0; layout.places.len().next_multiple_of(LANES)];
    layout.point_of.iter().for_each(|point| counts[*point as usize] += 1.0);
    counts
}
