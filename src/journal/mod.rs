//! What is on the disk before there is a result?
//!
//! Beside `results.h5` stands `results.h5.journal`: a [`Manifest`] that says which campaign it belongs to, and one
//! append-only file per rank, in folders of 64 ranks, with a [`record`] for every finished batch. The journal is the truth
//! and the HDF5 file its product: what stands here is never computed again.
pub mod codec;
mod fingerprint;
mod lock;
mod manifest;
pub mod record;
mod scan;
#[cfg(test)]
mod tests;
mod writer;

pub use fingerprint::{Fingerprint, digest_of, digest_of_file, sha256_of_file};
pub use lock::{Holder, Lock, LockError, holder_of};
pub use manifest::Manifest;
pub use scan::{Entry, Scan, read_value, scan};
pub use writer::{Syncer, Writer};

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Ranks whose files share a folder: parallel file systems dislike folders of thousands of files.
const RANKS_PER_FOLDER: usize = 64;

/// What can go wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot create `{path}`: check that its folder exists and is writable")]
    Create { path: PathBuf, source: io::Error },
    #[error("cannot read `{path}`")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write `{path}`: what stands in it is kept; free space, then run the same command again")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot remove `{path}`")]
    Remove { path: PathBuf, source: io::Error },
    #[error(
        "`{path}` has journal format {found}, this version reads {known}: finish with the version that wrote it, or discard it with --fresh"
    )]
    Format { path: PathBuf, found: u32, known: u32 },
    #[error(
        "the record at byte {offset} of `{path}` is damaged; run the same command again, its tasks will be repeated"
    )]
    Damaged { path: PathBuf, offset: u64 },
    #[error(transparent)]
    Codec(#[from] codec::Error),
}

/// The folder of the journal of the campaign that writes `output`.
pub fn folder_of(output: &Path) -> PathBuf {
    beside(output, ".journal")
}

/// The folder that `path` stands in.
pub fn around(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// `path` with `ending` added to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(ending);
    PathBuf::from(name)
}

/// The journal file of `rank` within the journal's `folder`.
pub fn file_of(folder: &Path, rank: usize) -> PathBuf {
    folder.join(format!("{:03}", rank / RANKS_PER_FOLDER)).join(format!("rank-{rank:05}.jnl"))
}

/// Every journal file in `folder`, sorted; none where there is no folder.
///
/// # Errors
/// A folder cannot be listed.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let list = |path: &Path| -> Result<Vec<PathBuf>, Error> {
        let read = |source| Error::Read { path: path.to_owned(), source };
        match std::fs::read_dir(path) {
            Ok(entries) => entries.map(|entry| Ok(entry.map_err(read)?.path())).collect(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(read(e)),
        }
    };
    let mut found = Vec::new();
    for path in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        found.extend(list(&path)?.into_iter().filter(|file| file.extension().is_some_and(|e| e == "jnl")));
    }
    found.sort();
    Ok(found)
}

/// Removes the journal of a campaign, if there is one.
///
/// # Errors
/// It cannot be removed.
pub fn discard(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Remove { path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}
