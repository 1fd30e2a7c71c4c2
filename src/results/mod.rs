//! What does the result file hold, and how does it come to be whole?
//!
//! The only module that names `hdf5`. A file is written beside its final name, synced and renamed ([`Writer`]); a reader
//! sees the whole of it or none. The journal stays the truth until then.
mod reader;
mod values;
mod writer;

pub use hdf5::H5Type as Element;
pub use reader::{Item, Reader};
pub use values::{Array, Values};
pub use writer::{Closed, Rows, Writer};

use std::io;
use std::path::PathBuf;

/// A complex number as h5py stores it: a compound of `r` and `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, hdf5::H5Type)]
#[repr(C)]
pub struct Complex {
    pub r: f64,
    pub i: f64,
}

/// What can go wrong with a result file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot create `{path}`: check that its folder exists, is writable and has space")]
    Create { path: PathBuf, source: hdf5::Error },
    #[error("cannot write `{item}` to `{path}`: free space there, then run the same command again")]
    Write { path: PathBuf, item: String, source: hdf5::Error },
    #[error("cannot bring `{path}` to its final name: free space there, then run the same command again")]
    Publish { path: PathBuf, source: io::Error },
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
    /// Whether the disk, not the contents, is at fault.
    pub fn is_about_writing(&self) -> bool {
        matches!(self, Error::Create { .. } | Error::Write { .. } | Error::Publish { .. })
    }
}
