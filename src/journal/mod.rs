//! What is on disk before there is a result?
//!
//! Next to `results.h5` lies the folder `results.h5.journal`: a [`Manifest`] that says which campaign it belongs to, and one append-only
//! file per rank, in folders of 64 ranks, with a [`record`] for every finished batch. The HDF5 file is derived from the journal: a batch
//! that is recorded is never computed again.
pub mod codec;
mod error;
mod exclusive;
mod files;
mod fingerprint;
mod lock;
mod manifest;
pub mod record;
mod scan;
#[cfg(test)]
mod tests;
mod values;
mod window;
mod writer;

pub use error::Error;
pub use exclusive::{create_once, read_complete};
pub use files::{discard, file_of, files, folder_of, parent_folder};
pub use fingerprint::{Fingerprint, digest_of, sha256_of_file};
pub use lock::{BatchJob, Holder, Lock, LockError, holder_of};
pub use manifest::Manifest;
pub use scan::{Entry, Scan, scan, scan_from};
pub use values::{Values, read_value};
pub use writer::{Syncer, Writer};
