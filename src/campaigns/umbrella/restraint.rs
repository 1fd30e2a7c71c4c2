//! How is a window restrained to its centre?
use super::scale::Scale;
use super::series::{ExpectedRows, Series};
use std::path::{Path, PathBuf};

/// How windows are restrained along a kind of coordinate, according to the configuration.
pub struct RestraintSpec {
    /// The name of the coordinate in messages, as in `component 1`.
    pub along: String,
    pub scale: Scale,
    /// In the unit of the configuration; none where it is chosen automatically.
    pub force_constant: Option<f64>,
    /// Arguments that `mdrun` needs for it.
    pub mdrun_args: Vec<String>,
    /// An index file in the folder of the window, which replaces the configured one.
    pub index: Option<PathBuf>,
}

/// The harmonic restraint of one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RestraintParameters {
    /// In the unit of the coordinate.
    pub center: f64,
    /// kJ/mol per square of that unit.
    pub force_constant: f64,
    /// Steps between rows of output.
    pub output_every: u64,
}

/// The input by which GROMACS restrains a coordinate with k/2 (x - x0)^2, and the output that it writes.
pub trait Restraint: Send + Sync {
    /// Further input files of a window: (name, text).
    fn files(&self, parameters: &RestraintParameters) -> Vec<(String, String)>;

    /// Additional run parameters: (key, value).
    fn parameters(&self, parameters: &RestraintParameters) -> Vec<(String, String)>;

    /// Reads the samples of a finished window from its folder, and checks that they belong to this restraint.
    ///
    /// # Errors
    /// A file cannot be read, rows are missing, or the restraint was a different one.
    fn read(&self, folder: &Path, parameters: &RestraintParameters, rows: &ExpectedRows) -> Result<Series, String>;
}
