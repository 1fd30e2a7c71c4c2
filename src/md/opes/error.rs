//! Why can a KERNELS or STATE file not be used?
use std::io;
use std::path::PathBuf;

/// Why a KERNELS or STATE file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{path}`: use a KERNELS or STATE file with read permission")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` has no line `#! FIELDS ...`: use a KERNELS or STATE file of OPES_METAD")]
    NoFields { path: PathBuf },
    #[error(
        "`{path}` is a file of the action `{action}`: use a KERNELS or STATE file of OPES_METAD or OPES_METAD_EXPLORE"
    )]
    UnknownAction { path: PathBuf, action: String },
    #[error("{path}:{line}: the field {name} is missing: use a KERNELS or STATE file", path = .path.display())]
    MissingField { path: PathBuf, line: usize, name: String },
    #[error("`#! SET {name} ...` is missing in `{path}`: the file is incomplete, write it again")]
    MissingSetting { path: PathBuf, name: String },
    #[error("{path}:{line}: `{word}` is not a number: the file is damaged, write it again", path = .path.display())]
    InvalidNumber { path: PathBuf, line: usize, word: String },
    #[error("{path}:{line}: the row has {found} columns of {expected}: it was cut off, use an older file", path = .path.display())]
    FieldCount { path: PathBuf, line: usize, found: usize, expected: usize },
    #[error("{path}:{line}: the file ends within this row: it was cut off, use an older file", path = .path.display())]
    Truncated { path: PathBuf, line: usize },
}
