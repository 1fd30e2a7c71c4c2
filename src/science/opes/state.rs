//! What must be kept of a bias to go on from?
use super::Kernel;
use serde::{Deserialize, Serialize};

/// All that a bias has learned; with the same settings it goes on as if it had never stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Z
    pub zed: f64,
    /// Sum of the weights of all samples.
    pub sum_weights: f64,
    /// Sum of their squares.
    pub sum_weights2: f64,
    /// Samples, of all walkers, and 1.
    pub counter: u64,
    /// What has been measured of the widths, where they are adaptive.
    pub width: Option<Width>,
    pub kernels: Vec<Kernel>,
}

/// A running mean of each variable and a sum of squared deviations from it, of each walker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Width {
    /// Steps that have been seen.
    pub counter: u64,
    /// The widths that the first kernels were shrunk from, `[variables]`; empty before them.
    pub initial: Vec<f64>,
    /// `[walkers][variables]`
    pub mean: Vec<Vec<f64>>,
    /// `[walkers][variables]`
    pub squares: Vec<Vec<f64>>,
}
