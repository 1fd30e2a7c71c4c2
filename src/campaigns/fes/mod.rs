//! Which free energy follows from existing biased simulations?
//!
//! [`load()`] reads COLVAR files with a bias, or HILLS; [`Analysis`] reweights the samples, or sums the hills, and writes the result as an
//! ensemble does. `simmpi fes` does these in a row.
mod analysis;
mod bias_columns;
mod charts;
mod drift;
mod error;
mod hills;
mod load;
mod samples;
mod settings;
mod sum;
mod text_table;
mod write;

pub use analysis::Analysis;
pub use error::LoadError;
pub use load::{FesInput, load};
pub use settings::{Settings, parse_number, parse_region};
