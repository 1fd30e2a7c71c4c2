//! Is the distribution of a window's samples consistent with the one that all windows together predict for it?
//!
//! MBAR gives every sample of every window a weight in window k, W_nk = exp(f_k - w_k(x_n)) / sum_l N_l exp(f_l - w_l(x_n)): the distribution that
//! all windows predict for it. Its largest distance to that of the window's own samples is the Kolmogorov-Smirnov statistic, and
//! times sqrt(N/g) it does not depend on the number of samples (Zhu and Hummer, J. Comput. Chem. 33, 453, 2012, doi:10.1002/jcc.21989).
//! It stays below 1.5 if the restraint is that of the simulation; with a wrong center, force constant, unit or column it does not.
use super::solution::Solution;
use super::{Axis, Window};
use crate::science::exponential::exp;
use std::cmp::Ordering;

/// Beyond this score a window is inconsistent with the others: sqrt(N/g) times the largest distance of a sampled distribution to a known one
/// exceeds it once in 1500, and the window's own samples are part of the prediction.
pub const LIMIT: f64 = 2.0;
/// Share of a window's own samples in its prediction beyond which the comparison says nothing.
const ISOLATED: f64 = 0.98;
/// A mean bias that is not plausible for an isolated window, kT.
const EXCESSIVE_BIAS: f64 = 15.0;
/// Correction for few independent samples: their statistical inefficiency is underestimated by this many samples.
const FEW: f64 = 4.0;
/// exp of less than this is negligible beside 1.
const NEGLIGIBLE: f64 = -60.0;

/// A window compared with what all windows predict for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The largest distance of the two cumulative distributions, 0 to 1.
    pub distance: f64,
    /// Mean displacement of the window's own samples from its center.
    pub displacement: f64,
    /// Mean of the window's bias over its own samples, kT.
    pub mean_bias: f64,
    /// The same over all samples with their weights in this window, kT.
    pub predicted_bias: f64,
    /// Variance of the window's own samples divided by the predicted one.
    pub variance_ratio: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consistency {
    /// None where the equations could not be solved.
    pub comparison: Option<Comparison>,
    /// The distance times sqrt(N/g); less where windows with larger errors contribute to the prediction.
    pub score: Option<f64>,
    /// The share of its own samples in the prediction, 0 to 1.
    pub own_share: f64,
}

impl Consistency {
    /// Of window `k`, from its row of the overlap matrix (whose samples predict it) and g/N of all windows, both `[windows]`.
    pub fn new(comparison: Option<Comparison>, k: usize, row: &[f64], variances: &[f64]) -> Self {
        // The variance of a prediction is that of the contributing windows, times the squares of their shares. Where they have the error of
        // this window, which is itself part of the prediction, its own variance is more than that of the distance.
        let excess = |(share, variance): (&f64, &f64)| {
            // From few independent samples g is rather too small.
            let few = (1.0 - FEW * variance).max(0.5);
            share * share * (variance / few - variances[k]).max(0.0)
        };
        let variance = variances[k] + row.iter().zip(variances).map(excess).sum::<f64>();
        let score = comparison.map(|comparison| comparison.distance / variance.sqrt());
        Self { score, own_share: row[k], comparison }
    }

    /// The score; none where no other window contributes to the prediction.
    pub fn reported_score(&self) -> Option<f64> {
        self.score.filter(|_| !self.is_isolated() || self.is_inconsistent())
    }

    /// Whether only the window's own samples predict it.
    pub fn is_isolated(&self) -> bool {
        self.own_share > ISOLATED
    }

    /// Whether the window's parameters are not those of the simulation, or sampling is too short.
    pub fn is_inconsistent(&self) -> bool {
        self.score.is_some_and(|score| score > LIMIT)
    }

    /// The order in which windows are listed: the least consistent first.
    pub fn cmp_worst_first(&self, other: &Self) -> Ordering {
        other.score.unwrap_or(0.0).total_cmp(&self.score.unwrap_or(0.0))
    }

    /// Whether a window that cannot be compared lies implausibly far from its center.
    pub fn has_excessive_bias(&self) -> bool {
        let is_excessive = |comparison: Comparison| comparison.mean_bias > EXCESSIVE_BIAS;
        self.is_isolated() && !self.is_inconsistent() && self.comparison.is_some_and(is_excessive)
    }
}

impl Solution {
    /// Compares each of the solution's `windows` with what all of them predict for it.
    pub fn compare(&self, windows: &[&Window], axis: Axis) -> Vec<Comparison> {
        let inverse = self.inverse_denominators();
        let mut own = vec![0.0; self.positions.len()];
        let mut begin = 0;
        let of_window = |(k, window): (usize, &&Window)| {
            let samples = begin..begin + window.samples.len();
            begin = samples.end;
            own.fill(0.0);
            let weight = 1.0 / samples.len() as f64;
            self.point_of[samples].iter().for_each(|point| own[*point as usize] += weight);
            let predicted = |point: usize| {
                let bias = window.bias(axis, self.positions[point]);
                let exponent = self.free_energies[k] - bias - self.grid.shifts[point];
                if exponent > NEGLIGIBLE { self.counts[point] * exp(exponent) * inverse[point] } else { 0.0 }
            };
            compare(window, axis, &self.positions, &own, predicted)
        };
        windows.iter().enumerate().map(of_window).collect()
    }
}

/// Compares the fractions `own` of a window's samples with the predicted ones at each of the `positions`, which ascend over at most one period.
fn compare(
    window: &Window,
    axis: Axis,
    positions: &[f64],
    own: &[f64],
    predicted: impl Fn(usize) -> f64,
) -> Comparison {
    let cut = cut(window, axis, positions);
    let (mut between, mut at_cut, mut low, mut high) = (0.0_f64, 0.0, 0.0_f64, 0.0_f64);
    let (mut of_own, mut of_predicted) = (Moments::default(), Moments::default());
    for (point, (x, own)) in positions.iter().zip(own).enumerate() {
        if point == cut {
            at_cut = between;
        }
        let (displacement, predicted) = (axis.displacement(*x, window.center), predicted(point));
        of_own.add(displacement, *own);
        of_predicted.add(displacement, predicted);
        between += own - predicted;
        (low, high) = (low.min(between), high.max(between));
    }
    let bias = |moments: &Moments| 0.5 * window.stiffness * moments.square;
    Comparison {
        distance: (high - at_cut).max(at_cut - low),
        displacement: of_own.mean,
        mean_bias: bias(&of_own),
        predicted_bias: bias(&of_predicted),
        variance_ratio: of_own.variance() / of_predicted.variance(),
    }
}

/// The point at which distributions begin: on a periodic axis the first one beyond the position opposite to the center.
fn cut(window: &Window, axis: Axis, positions: &[f64]) -> usize {
    let (Some(period), Some(first)) = (axis.period, positions.first()) else { return 0 };
    let from_first = window.center + 0.5 * period - first;
    let opposite = first + from_first - period * libm::floor(from_first / period);
    positions.partition_point(|x| *x < opposite)
}

/// Mean displacement and mean square displacement.
#[derive(Default)]
struct Moments {
    mean: f64,
    square: f64,
}

impl Moments {
    fn add(&mut self, displacement: f64, weight: f64) {
        self.mean += weight * displacement;
        self.square += weight * displacement * displacement;
    }

    fn variance(&self) -> f64 {
        self.square - self.mean * self.mean
    }
}
