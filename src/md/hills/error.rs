//! Why can HILLS not be used?
use crate::md::columns;
use crate::problem::LineProblem;
use std::path::PathBuf;

/// Why a file of hills cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{path}` has no line `#! FIELDS`: use the HILLS of METAD")]
    NoHeader { path: PathBuf },
    #[error("`{path}` has no column `{name}`: it has `{found}`; use the HILLS of METAD")]
    Column { path: PathBuf, name: String, found: String },
    #[error(
        "{path}:{line}: `{name} {value}` is not supported: diagonal and multivariate stretched-gaussian and gaussian hills are"
    )]
    Setting { path: PathBuf, line: usize, name: String, value: String },
    #[error("{path}:{}: {problem}", .problem.line)]
    Domain { path: PathBuf, problem: LineProblem },
    #[error(
        "the hill at {time_ps} ps in `{path}` has a width that is zero or negative: remove it, or write the file again"
    )]
    Width { path: PathBuf, time_ps: f64 },
    #[error("{source}")]
    Columns { path: PathBuf, source: columns::Error },
}
