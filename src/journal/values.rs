//! How are the values of records read?
use super::error::Error;
use super::fingerprint::Fingerprint;
use super::window::Window;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Records are mostly read in order, and small: this much is read at a time, bytes.
const PART: usize = 1 << 14;

/// Reads values of records from the journal files of one campaign; the last file stays open.
pub struct Values {
    fingerprint: Fingerprint,
    open: Option<(PathBuf, Window)>,
}

impl Values {
    /// For the campaign of this fingerprint.
    pub fn new(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, open: None }
    }

    /// The value of the record at `offset` of `path`, which is checked again.
    ///
    /// # Errors
    /// The file cannot be read, or the record has been damaged since it was scanned.
    pub fn read(&mut self, path: &Path, offset: u64) -> Result<Vec<u8>, Error> {
        let mut read = || -> std::io::Result<Option<Vec<u8>>> {
            let known = self.open.take().filter(|(known, _)| known == path);
            let (_, window) = match known {
                Some(known) => self.open.insert(known),
                None => self.open.insert((path.to_owned(), Window::new(File::open(path)?, PART)?)),
            };
            if let Some(value) = window.value(offset, self.fingerprint)? {
                return Ok(Some(value));
            }
            // It may have been appended since, or have been read while it was.
            window.refresh()?;
            window.value(offset, self.fingerprint)
        };
        let value = read().map_err(|source| Error::Read { path: path.to_owned(), source })?;
        value.ok_or_else(|| Error::Damaged { path: path.to_owned(), offset })
    }
}

/// The value of the record at `offset` of `path`.
///
/// # Errors
/// As [`Values::read`].
pub fn read_value(path: &Path, offset: u64, fingerprint: Fingerprint) -> Result<Vec<u8>, Error> {
    Values::new(fingerprint).read(path, offset)
}
