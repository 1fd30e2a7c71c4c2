//! How is a finished batch recorded on disk?
use super::error::Error;
use super::fingerprint::Fingerprint;
use super::manifest::Manifest;
use super::record::{self, FILE_HEADER, RecordHeader};
use super::scan::Scan;
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
    /// End of the last complete record, bytes.
    end: u64,
    dirty: Arc<AtomicBool>,
}

impl Writer {
    /// Opens the file at `path` to continue at the end found by `scan`, or creates it.
    ///
    /// # Errors
    /// The folder or file cannot be created, or the disk is full.
    pub fn open(path: &Path, fingerprint: Fingerprint, scan: &Scan) -> Result<Self, Error> {
        let create = |source| Error::Create { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(create)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(create)?;
        let write = |source| Error::Write { path: path.to_owned(), source };
        // Truncated only if needed: some file systems flush a truncated file when it is closed.
        if file.metadata().map_err(write)?.len() > scan.end {
            file.set_len(scan.end).map_err(write)?;
        }
        let dirty = Arc::new(AtomicBool::new(true));
        let mut writer = Self { path: path.to_owned(), fingerprint, file: Arc::new(file), end: scan.end, dirty };
        if scan.end < FILE_HEADER as u64 {
            writer.write(&record::file_header(fingerprint))?;
        }
        Ok(writer)
    }

    /// Appends a record in a single write and returns its offset, bytes.
    ///
    /// # Errors
    /// The disk is full; the file still ends with its last complete record.
    pub fn append(&mut self, header: &RecordHeader, value: &[u8]) -> Result<u64, Error> {
        let offset = self.end;
        self.write(&record::encode(self.fingerprint, header, value)?)?;
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

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Err(source) = (&*self.file).write_all(bytes) {
            // The next scan would skip the incomplete record, but later records could not follow the last complete one.
            let _ = self.file.set_len(self.end);
            return Err(Error::Write { path: self.path.clone(), source: with_free_space(source, &self.path) });
        }
        self.end += bytes.len() as u64;
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }
}

/// Adds the free space to an error of a full disk.
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

/// Writes appended records through to disk, from any thread.
pub struct Syncer {
    file: Arc<File>,
    path: PathBuf,
    dirty: Arc<AtomicBool>,
    /// Path of the campaign's manifest, until that is known to be on disk.
    manifest: Option<PathBuf>,
}

impl Syncer {
    /// For the rank that wrote the manifest into the journal's `folder`: it is synced first, since records are useless without it.
    pub fn with_manifest(self, folder: &Path) -> Self {
        Self { manifest: Some(Manifest::path(folder)), ..self }
    }

    /// Whether anything was appended since the last sync.
    pub fn is_needed(&self) -> bool {
        self.manifest.is_some() || self.dirty.load(Ordering::Acquire)
    }

    /// Returns when all that was appended before is on disk.
    ///
    /// # Errors
    /// The disk reports a failure.
    pub fn sync(&mut self) -> Result<(), Error> {
        if let Some(path) = &self.manifest {
            let sync = || File::open(path)?.sync_all();
            where_supported(sync()).map_err(|source| Error::Write { path: path.clone(), source })?;
            self.manifest = None;
        }
        if !self.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        where_supported(self.file.sync_data()).map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}

/// That a file system cannot sync files is no failure; it was reported at the start of the run.
fn where_supported(synced: io::Result<()>) -> io::Result<()> {
    synced.or_else(|error| match error.kind() {
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput => Ok(()),
        _ => Err(error),
    })
}
