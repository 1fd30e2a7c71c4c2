//! Which state does a bias need for a restart?
use super::Kernel;
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
