//! How is a finished batch put where nothing can undo it?
use super::record::{self, HEADER, Head};
use super::{Error, Fingerprint, Manifest, Scan};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The journal file of one rank, open for appending.
pub struct Writer {
    path: PathBuf,
    fingerprint: Fingerprint,
    file: Arc<File>,
    /// Where the last whole record ends.
    end: u64,
    dirty: Arc<AtomicBool>,
}

impl Writer {
    /// Opens the file at `path`, going on where `scan` found its last good record to end, or makes a new one.
    ///
    /// # Errors
    /// The folder or file cannot be made, or the disk is full.
    pub fn open(path: &Path, fingerprint: Fingerprint, scan: &Scan) -> Result<Self, Error> {
        let create = |source| Error::Create { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(create)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(create)?;
        let write = |source| Error::Write { path: path.to_owned(), source };
        // A file that was cut is written to the disk when it is closed, needed or not.
        if file.metadata().map_err(write)?.len() > scan.end {
            file.set_len(scan.end).map_err(write)?;
        }
        let dirty = Arc::new(AtomicBool::new(true));
        let mut writer = Self { path: path.to_owned(), fingerprint, file: Arc::new(file), end: scan.end, dirty };
        if scan.end < HEADER as u64 {
            writer.put(&record::header(fingerprint))?;
        }
        Ok(writer)
    }

    /// Appends a record by a single write, and says where it stands.
    ///
    /// # Errors
    /// The disk is full; the file then ends after its last whole record, as before.
    pub fn append(&mut self, head: &Head, value: &[u8]) -> Result<u64, Error> {
        let offset = self.end;
        self.put(&record::encode(self.fingerprint, head, value)?)?;
        Ok(offset)
    }

    /// A handle that another thread can sync the file with.
    pub fn syncer(&self) -> Syncer {
        let file = Arc::clone(&self.file);
        Syncer { file, path: self.path.clone(), dirty: Arc::clone(&self.dirty), manifest: None }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Err(source) = (&*self.file).write_all(bytes) {
            // A record cut short would be dropped by the next scan anyway; without it, later ones still follow the last.
            let _ = self.file.set_len(self.end);
            return Err(Error::Write { path: self.path.clone(), source: with_free_space(source, &self.path) });
        }
        self.end += bytes.len() as u64;
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }
}

/// Names the bytes that are left where the disk is full.
fn with_free_space(error: io::Error, path: &Path) -> io::Error {
    let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    match nix::sys::statvfs::statvfs(path) {
        Ok(disk) if is_full => {
            let free = disk.blocks_available() * disk.fragment_size();
            io::Error::new(error.kind(), format!("{error}; {free} bytes are free"))
        }
        _ => error,
    }
}

/// Forces what was appended to the disk, from any thread.
pub struct Syncer {
    file: Arc<File>,
    path: PathBuf,
    dirty: Arc<AtomicBool>,
    /// The campaign's manifest, as long as it is not known to be on the disk.
    manifest: Option<PathBuf>,
}

impl Syncer {
    /// Of the rank that wrote the campaign's manifest into the journal's `folder`: without that records are worth nothing.
    pub fn with_manifest(self, folder: &Path) -> Self {
        Self { manifest: Some(Manifest::path(folder)), ..self }
    }

    /// Returns when all that was appended before is on the disk.
    ///
    /// # Errors
    /// The disk reports a failure.
    pub fn sync(&mut self) -> Result<(), Error> {
        if let Some(path) = &self.manifest {
            let sync = || File::open(path)?.sync_all();
            sync().map_err(|source| Error::Write { path: path.clone(), source })?;
            self.manifest = None;
        }
        if !self.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.file.sync_data().map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}
