//! How is a window held at its place?
use super::coordinate::Scale;
use super::series::{Rows, Series};
use std::path::{Path, PathBuf};

/// How windows are held along a kind of coordinate.
pub struct Manner {
    /// What messages call it.
    pub along: String,
    pub scale: Scale,
    /// As it is given, where it is.
    pub force_constant: Option<f64>,
    /// What `mdrun` is told of it.
    pub mdrun_args: Vec<String>,
    /// An index of groups in the window's own folder, in place of the given one.
    pub index: Option<PathBuf>,
}

/// Where a window is held, and how firmly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hold {
    /// In the coordinate's unit.
    pub center: f64,
    /// kJ/mol per square of that unit.
    pub force_constant: f64,
    /// Steps between rows of output.
    pub every: u64,
}

/// What GROMACS is told so that it restrains a coordinate by k/2 (x - x0)^2, and what it says of that.
pub trait Restraint: Send + Sync {
    /// Files of a window: their names and what they hold.
    fn files(&self, hold: &Hold) -> Vec<(String, String)>;

    /// Run parameters besides those that were given.
    fn parameters(&self, hold: &Hold) -> Vec<(String, String)>;

    /// The samples that a finished window has left in its folder, if they are those of this restraint.
    ///
    /// # Errors
    /// A file cannot be read, rows are missing, or the restraint was another one.
    fn read(&self, folder: &Path, hold: &Hold, rows: &Rows) -> Result<Series, String>;
}
