//! How are the windows of other programs read: lists of gmx wham, metadata files, inputs of PLUMED?
//!
//! Each reader gives a [`WindowList`](super::WindowList), the same as a file of windows; what it does not find there is in [`ListOptions`].
//! Relative paths are those of the programs: from the working directory; from the folder of the list where that file does not exist.
mod metadata;
mod options;
mod plumed;
mod plumed_restraint;
mod plumed_units;
mod pull;
mod pull_files;
mod pull_header;
mod pull_window;

pub use metadata::read as read_metadata;
pub use options::ListOptions;
pub use plumed::{PLUMED_INPUT, read as read_plumed};
pub use pull::read as read_pull;
pub use pull_files::{PullLists, RunInputReader};
