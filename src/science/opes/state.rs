//! Which state does a bias need for a restart?
use super::Kernel;
use super::period::Period;
use serde::{Deserialize, Serialize};

/// The state of a bias; with the same settings it continues bit by bit as without an interruption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Z.
    pub zed: f64,
    pub sum_weights: f64,
    pub sum_weights2: f64,
    /// Number of samples of all walkers, plus 1.
    pub counter: u64,
    /// The measured widths, if they are adaptive.
    pub width: Option<RunningWidths>,
    pub kernels: Vec<Kernel>,
}

/// Running mean and sum of squared deviations of each variable, for each walker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunningWidths {
    pub counter: u64,
    /// The widths of the first kernels before they shrank, `[variables]`; empty before the first kernels.
    pub initial: Vec<f64>,
    /// `[walkers][variables]`
    pub mean: Vec<Vec<f64>>,
    /// `[walkers][variables]`
    pub squares: Vec<Vec<f64>>,
}

impl RunningWidths {
    pub(super) fn new(walkers: usize, variables: usize) -> Self {
        let zeros = || vec![vec![0.0; variables]; walkers];
        Self { counter: 0, initial: Vec::new(), mean: zeros(), squares: zeros() }
    }

    /// Adds the points of all walkers `[walkers][variables]` at one step: Welford's running sums (Technometrics 4, 419, 1962,
    /// doi:10.1080/00401706.1962.10490022), with a mean that forgets steps older than `stride`.
    pub(super) fn observe<'a>(&mut self, points: impl Iterator<Item = &'a [f64]>, stride: u64, periods: &[Period]) {
        self.counter += 1;
        let span = self.counter.min(stride) as f64;
        for ((mean, squares), point) in self.mean.iter_mut().zip(&mut self.squares).zip(points) {
            for (i, period) in periods.iter().enumerate() {
                let before = period.shortest(point[i] - mean[i]);
                mean[i] += before / span;
                squares[i] += before * period.shortest(point[i] - mean[i]);
            }
        }
    }

    /// Called before the first kernels: so far samples are unbiased, and the bias will increase their variance by `factor`. The widths of the
    /// first walker become the initial ones.
    pub(super) fn start(&mut self, factor: f64, variance_ratio: f64) {
        self.squares.iter_mut().flatten().for_each(|squares| *squares *= factor);
        self.initial = self.deviations(0, variance_ratio);
    }

    /// The standard deviations of a walker `[variables]`, with variances divided by `variance_ratio`.
    pub(super) fn deviations(&self, walker: usize, variance_ratio: f64) -> Vec<f64> {
        let deviation = |squares: &f64| libm::sqrt(squares / self.counter as f64 / variance_ratio);
        self.squares[walker].iter().map(deviation).collect()
    }
}
