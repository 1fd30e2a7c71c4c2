//! What can go wrong with a result file?
use std::io;
use std::path::PathBuf;

/// What can go wrong with a result file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot create `{path}`: {hint}")]
    Create { path: PathBuf, hint: &'static str, source: hdf5::Error },
    #[error("cannot write `{item}` to `{path}`: free disk space there, then rerun the same command")]
    Write { path: PathBuf, item: String, source: hdf5::Error },
    #[error("cannot rename `{path}` to its final name: free disk space there, then rerun the same command")]
    Publish { path: PathBuf, source: io::Error },
    #[error(
        "no file can be replaced by renaming in the folder of `{path}`, as results and journals require: name an output on another file system"
    )]
    Replace { path: PathBuf, source: io::Error },
    #[error("cannot open `{path}` as HDF5: {hint}")]
    Open { path: PathBuf, hint: &'static str, source: hdf5::Error },
    #[error("`{path}` was not written by simmpi: move it away, or replace it with --force")]
    Foreign { path: PathBuf },
    #[error("cannot read `{item}` of `{path}`")]
    Read { path: PathBuf, item: String, source: hdf5::Error },
    #[error("`{path}` has no `{item}`")]
    Missing { path: PathBuf, item: String },
    #[error("`{item}` of `{path}` has shape {found:?}, not {wanted}")]
    Shape { path: PathBuf, item: String, found: Vec<usize>, wanted: String },
}

impl Error {
    /// Whether the file could not be written, as opposed to read.
    pub fn is_about_writing(&self) -> bool {
        matches!(self, Error::Create { .. } | Error::Write { .. } | Error::Publish { .. } | Error::Replace { .. })
    }
}
