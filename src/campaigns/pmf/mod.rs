//! Which potential of mean force follows from existing umbrella windows?
//!
//! ```text
//! windows.toml, lists of gmx wham, metadata, inputs of PLUMED -> WindowList -> load() -> WindowInput -> window_analysis -> HDF5, xvg
//! ```
//!
//! [`parse`] reads a file of windows, [`inputs`] what other programs use in its place: both give a [`WindowList`]. [`load()`] reads the samples
//! that it names; [`window_analysis`](super::window_analysis) finds free energies and errors, and [`WindowInput::write`] puts them into an HDF5
//! file. `simmpi pmf` does these in a row.
mod column_check;
mod command_line;
pub mod inputs;
mod list;
mod load;
mod origin;
mod render;
mod samples;
mod section;
mod text_file;
mod write;
mod xvg;

pub use command_line::CommandLine;
pub use list::{Provenance, WindowList, parse};
pub use load::{LoadError, WindowInput, load};
pub use origin::{Listing, Origin};
pub use section::{ColumnSection, Convention, Quantity, Section, UnitsSection, WindowSection};
pub use write::{OutputConflict, check_output};
pub use xvg::XvgFiles;
