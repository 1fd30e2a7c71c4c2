//! Which model potential energy surfaces are there?
mod double_well;
mod mueller_brown;
mod surface;

pub use double_well::{Across, DoubleWell};
pub use mueller_brown::MuellerBrown;
pub use surface::Surface;
