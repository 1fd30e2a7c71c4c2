//! Which potential of mean force follows from existing umbrella windows?
//!
//! [`load()`] reads a file of windows and the samples that it names; [`window_analysis`](super::window_analysis) finds free energies and
//! errors, and [`WindowInput::write`] puts them into an HDF5 file. `simmpi pmf` does these in a row.
mod column_check;
mod load;
mod samples;
mod section;
mod write;

pub use load::{LoadError, WindowInput, load};
pub use write::{OutputConflict, check_output};
