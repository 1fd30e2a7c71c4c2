//! Can a result be published in a folder? Found out before anything is computed.
use super::error::Error;
use super::file_access::can_lock;
use super::reader::Reader;
use super::writer::{Writer, is_unsupported};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Publishes a small file next to `output`, reads it and removes it. What the file system cannot do, and a run can do without, is returned
/// with what that means.
///
/// # Errors
/// No result could be published there.
pub fn try_publication(output: &Path) -> Result<Vec<&'static str>, Error> {
    let beside = |suffix: &str| {
        let mut name = OsString::from(output.as_os_str());
        name.push(suffix);
        Scrap(name.into())
    };
    let (trial, second, link) = (beside(".trial"), beside(".trial.second"), beside(".trial.link"));
    let closed = Writer::create(&trial.0)?.close()?;
    let mut missing = Vec::new();
    if !can_lock(closed.temporary_path()) {
        missing.push("cannot lock files: results are written without HDF5's lock, and other programs may need HDF5_USE_FILE_LOCKING=FALSE to read them");
    }
    if fs::hard_link(closed.temporary_path(), &link.0).is_err() {
        missing.push("has no hard links: the lock of the output is made without");
    }
    if fs::File::open(closed.temporary_path())
        .and_then(|file| file.sync_all())
        .is_err_and(|error| is_unsupported(&error))
    {
        missing.push("cannot sync files: what was written shortly before a node fails may be lost");
    }
    closed.publish()?;
    let replace = || fs::write(&second.0, "").and_then(|()| fs::rename(&second.0, &trial.0));
    Reader::open(&trial.0).map(drop)?;
    replace().map_err(|source| Error::Replace { path: output.to_owned(), source })?;
    Ok(missing)
}

/// A file that is removed when it is dropped.
struct Scrap(PathBuf);

impl Drop for Scrap {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
