//! What can be wrong in a file of kernels?
use std::io;
use std::path::PathBuf;

/// Why a KERNELS or STATE file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{path}`: name a KERNELS or STATE file that you may read")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` has no line `#! FIELDS ...`: name a KERNELS or STATE file of OPES_METAD")]
    NoFields { path: PathBuf },
    #[error("`{path}` is of the action `{action}`: name a KERNELS or STATE file of OPES_METAD or OPES_METAD_EXPLORE")]
    Action { path: PathBuf, action: String },
    #[error("{path}:{line}: there is no field {name}: is this a KERNELS or STATE file?", path = .path.display())]
    Field { path: PathBuf, line: usize, name: String },
    #[error("`{path}` does not say `#! SET {name} ...`: it is not whole, write it again")]
    Setting { path: PathBuf, name: String },
    #[error("{path}:{line}: `{word}` is not a number: the file was damaged, write it again", path = .path.display())]
    Number { path: PathBuf, line: usize, word: String },
    #[error("{path}:{line}: the row has {found} columns of {expected}: it was cut off, take an older file", path = .path.display())]
    Width { path: PathBuf, line: usize, found: usize, expected: usize },
    #[error("{path}:{line}: the file ends within this row: it was cut off, take an older file", path = .path.display())]
    Cut { path: PathBuf, line: usize },
}
