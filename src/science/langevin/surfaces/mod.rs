//! On which surfaces can a particle move?
mod double_well;
mod mueller_brown;

pub use double_well::{Across, DoubleWell};
pub use mueller_brown::MuellerBrown;

use std::fmt::Debug;

/// An energy as a function of one or two coordinates.
pub trait Surface: Debug + Send + Sync {
    /// The names of its coordinates.
    fn coordinates(&self) -> &'static [&'static str];

    /// The energy at `at`, `[coordinates]`, and its slope along each into `slope`.
    fn energy(&self, at: &[f64], slope: &mut [f64]) -> f64;

    /// A minimum to start from, `[coordinates]`.
    fn start(&self) -> Vec<f64>;

    /// The number of coordinates.
    fn dimensions(&self) -> usize {
        self.coordinates().len()
    }
}
