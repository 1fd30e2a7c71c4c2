//! Principal components of a trajectory, along one of which windows may stand.
//!
//! ```text
//! [alignment-1, -2, ... until the average converges] -> average -> covariance, or components-1, -2, ... -> projection
//! ```
mod alignment;
mod charts;
mod component;
mod frame_cache;
mod frame_check;
mod load;
mod pass;
mod restraint;
mod setup;
mod single_pass;
mod step;
mod write;

pub use load::{is_keyword, load};
pub use restraint::restraint_spec;
