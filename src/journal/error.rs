//! What can go wrong with a journal?
use super::codec;
use std::io;
use std::path::PathBuf;

/// What can go wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot create `{path}`: check that its folder exists and is writable")]
    Create { path: PathBuf, source: io::Error },
    #[error("cannot read `{path}`")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write `{path}`: its contents are kept; free disk space, then rerun the same command")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot remove `{path}`")]
    Remove { path: PathBuf, source: io::Error },
    #[error(
        "`{path}` has journal format {found}, but this version reads format {known}: finish the campaign with the version that started it, or discard the journal with --fresh"
    )]
    Format { path: PathBuf, found: u32, known: u32 },
    #[error("the record at byte {offset} of `{path}` is damaged; rerun the same command to repeat its tasks")]
    Damaged { path: PathBuf, offset: u64 },
    #[error(transparent)]
    Codec(#[from] codec::Error),
}
