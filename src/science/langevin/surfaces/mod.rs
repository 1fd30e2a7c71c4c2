//! Which model potential energy surfaces are there?
mod double_well;
mod mueller_brown;

use std::fmt::Debug;

pub use double_well::{Across, DoubleWell};
pub use mueller_brown::MuellerBrown;

/// A potential energy surface of one or two coordinates.
pub trait Surface: Debug + Send + Sync {
    fn coordinates(&self) -> &'static [&'static str];

    /// The energy at `position` `[coordinates]`; its gradient is written to `gradient` `[coordinates]`.
    fn energy(&self, position: &[f64], gradient: &mut [f64]) -> f64;

    /// A minimum as the initial position, `[coordinates]`.
    fn start(&self) -> Vec<f64>;

    fn dimensions(&self) -> usize {
        self.coordinates().len()
    }
}
