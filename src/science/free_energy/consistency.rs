//! Do the samples of a window agree with what all windows together predict for it?
//!
//! MBAR gives every sample of every window a weight in window k, W_nk = exp(f_k - w_k(x_n)) / sum_l N_l exp(f_l - w_l(x_n)): the distribution that
//! all windows predict for it. Its largest distance to that of the window's own samples is the statistic of Kolmogorov and Smirnov, and
//! times sqrt(N/g) it does not depend on the number of samples (Zhu and Hummer, J. Comput. Chem. 33, 453, 2012, doi:10.1002/jcc.21989).
//! Windows that share one restraint with what was simulated stay below 1.5; a wrong center, force constant, unit or column does not.
use super::problem::Problem;
use super::solution::Solution;
use super::{Axis, Window};
use crate::science::exponential::exp;

/// Beyond this a window does not agree with the others: sqrt(N/g) times the largest distance of an own distribution to a known one exceeds
/// it once in 1500, and the own samples are part of the prediction.
pub const LIMIT: f64 = 2.0;
/// Where so much of a prediction is the window's own samples, it says nothing about the window.
const ALONE: f64 = 0.98;
/// Windows that cannot be compared are in doubt where their mean bias exceeds this, kT.
const FAR_UP: f64 = 15.0;
/// Where all windows stand to one side of their centers by at least the first mean bias, and most by the second, centers are in doubt, kT:
/// three and six standard deviations of the restraint.
const ASIDE: f64 = 5.0;
const FAR_ALL: f64 = 20.0;
/// Independent samples that a variance is short of, where they are few.
const FEW: f64 = 4.0;
/// exp of less than this is nothing beside 1.
const NOTHING: f64 = -60.0;

/// A window beside what all windows predict for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The largest distance of the two cumulative distributions, 0 to 1.
    pub distance: f64,
    /// Mean of the window's own samples, from its center.
    pub displacement: f64,
    /// Of the window's own bias over its own samples, kT.
    pub mean_bias: f64,
    /// The same over all samples as they weigh in this window, kT.
    pub predicted_bias: f64,
    /// Variance of the window's own samples over the predicted one.
    pub spread: f64,
}

impl Comparison {
    /// Where free energies could not be found.
    pub const UNKNOWN: Self = Self {
        distance: f64::NAN,
        displacement: f64::NAN,
        mean_bias: f64::NAN,
        predicted_bias: f64::NAN,
        spread: f64::NAN,
    };
}

/// How well a window agrees with the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consistency {
    pub compared: Comparison,
    /// The distance times sqrt(N/g); less where windows that are known less well make up part of the prediction.
    pub score: f64,
    /// Which part of the prediction is from its own samples, 0 to 1.
    pub own_share: f64,
}

impl Consistency {
    /// Of window `k`, by the row of the overlap matrix that says whose samples predict it, and of all windows g/N.
    pub fn new(compared: Comparison, k: usize, row: &[f64], variances: &[f64]) -> Self {
        // Of a prediction the variance is that of the windows in it, by the squares of their shares. Where all are known as well as
        // this one, and it is itself part of the prediction, its own variance is more than that of the distance.
        let excess = |(share, variance): (&f64, &f64)| {
            // A g that is known from few independent samples is rather too small.
            let few = (1.0 - FEW * variance).max(0.5);
            share * share * (variance / few - variances[k]).max(0.0)
        };
        let variance = variances[k] + row.iter().zip(variances).map(excess).sum::<f64>();
        Self { score: compared.distance / variance.sqrt(), own_share: row[k], compared }
    }

    /// The score; NaN where there is no other window in it.
    pub fn told_score(&self) -> f64 {
        if self.is_alone() && !self.is_doubtful() { f64::NAN } else { self.score }
    }

    /// Whether nothing but the window's own samples predicts it.
    pub fn is_alone(&self) -> bool {
        self.own_share > ALONE
    }

    /// Whether the window is something else than it is said to be, or was not sampled long enough.
    pub fn is_doubtful(&self) -> bool {
        self.score > LIMIT
    }

    /// Whether a window that cannot be compared stands so far from its center that it is hardly its own.
    pub fn is_far_up(&self) -> bool {
        self.is_alone() && !self.is_doubtful() && self.compared.mean_bias > FAR_UP
    }
}

impl Problem {
    /// Windows that do not agree with the others, ascending.
    pub fn doubtful(&self) -> Vec<usize> {
        (0..self.windows.len()).filter(|k| self.consistency[*k].is_doubtful()).collect()
    }

    /// How far the samples of windows lie from their centers on average, where all lie to one side and most of them tens of kT up their
    /// restraints. Windows whose centers are all wrong by the same agree with one another as those of a steep slope do.
    pub fn common_offset(&self) -> Option<f64> {
        let compared = || self.consistency.iter().map(|one| one.compared);
        let n = self.windows.len();
        let mean = compared().map(|one| one.displacement).sum::<f64>() / n as f64;
        let is_aside = |one: Comparison| one.displacement * mean > 0.0 && one.mean_bias > ASIDE;
        let far = compared().filter(|one| one.mean_bias > FAR_ALL).count();
        (n > 2 && compared().all(is_aside) && 2 * far > n).then_some(mean)
    }
}

impl Solution {
    /// Each of the solution's `windows` beside what all of them predict for it.
    pub fn compare(&self, windows: &[&Window], axis: Axis) -> Vec<Comparison> {
        let inverse = self.inverse_denominators();
        let mut own = vec![0.0; self.places.len()];
        let mut begin = 0;
        let of_window = |(k, window): (usize, &&Window)| {
            let samples = begin..begin + window.samples.len();
            begin = samples.end;
            own.fill(0.0);
            let weight = 1.0 / samples.len() as f64;
            self.point_of[samples].iter().for_each(|point| own[*point as usize] += weight);
            let predicted = |point: usize| {
                let bias = window.bias(axis, self.places[point]);
                let exponent = self.free_energies[k] - bias - self.points.shifts()[point];
                if exponent > NOTHING { self.counts[point] * exp(exponent) * inverse[point] } else { 0.0 }
            };
            compare(window, axis, &self.places, &own, predicted)
        };
        windows.iter().enumerate().map(of_window).collect()
    }
}

/// A window whose part `own` of samples and predicted part lie at each of `places`, which ascend over one period at most.
fn compare(window: &Window, axis: Axis, places: &[f64], own: &[f64], predicted: impl Fn(usize) -> f64) -> Comparison {
    let cut = cut(window, axis, places);
    let (mut between, mut at_cut, mut low, mut high) = (0.0_f64, 0.0, 0.0_f64, 0.0_f64);
    let (mut of_own, mut of_predicted) = (Moments::default(), Moments::default());
    for (point, (x, own)) in places.iter().zip(own).enumerate() {
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
        spread: of_own.variance() / of_predicted.variance(),
    }
}

/// The point with which distributions begin: on a circle the first one beyond the place opposite to the center.
fn cut(window: &Window, axis: Axis, places: &[f64]) -> usize {
    let (Some(period), Some(first)) = (axis.period, places.first()) else { return 0 };
    let from_first = window.center + 0.5 * period - first;
    let opposite = first + from_first - period * libm::floor(from_first / period);
    places.partition_point(|x| *x < opposite)
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
