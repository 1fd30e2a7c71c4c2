//! Which potential of mean force follows from existing umbrella windows?
//!
//! [`load()`] reads a file of windows and the samples that it names, [`Umbrella::analyze`] finds free energies and errors, and an
//! [`Analysis`] is written as HDF5, drawn, and summarized in tables. `simmpi pmf` does these in a row.
mod analysis;
mod charts;
mod column_check;
mod inconsistencies;
mod load;
mod samples;
mod section;
mod summary;
mod write;

pub use analysis::{Analysis, Umbrella, UmbrellaWindow};
pub use load::{LoadError, load};
pub use section::{Auto, Discard, Estimator, Quantity, Section, Unit, WindowSection};
pub use write::{OutputConflict, check_output};
