//! Which files does a configuration name, and what is in them?
//!
//! Rank 0 reads each file once, and hands what it read to the other ranks: none of them sees another version of it.
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Files up to this size are kept when their digest is computed, bytes: most of them are also read.
const SMALL: u64 = 4 << 20;
/// The contents of larger files are not handed on, bytes: every rank reads them itself.
const LARGEST: usize = 256 << 20;

/// Input files, read when they are first asked for.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    files: Arc<Mutex<KnownFiles>>,
    is_checked: bool,
}

/// What is known of input files, by path.
pub type KnownFiles = BTreeMap<PathBuf, KnownFile>;

/// What is known of an input file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct KnownFile {
    bytes: Option<Arc<Vec<u8>>>,
    digest: Option<String>,
    /// JSON of what was made of it.
    parsed: Option<String>,
}

impl Inputs {
    /// The files of a configuration that rank 0 has read and found valid.
    pub fn checked(files: KnownFiles) -> Self {
        Self { files: Arc::new(Mutex::new(files)), is_checked: true }
    }

    /// Whether rank 0 has found the configuration valid, all files included: checks that take time are then in vain.
    pub fn is_checked(&self) -> bool {
        self.is_checked
    }

    /// Hands out what is known of all files, which nothing needs once the campaign is loaded.
    pub fn release(&self) -> KnownFiles {
        let mut files = std::mem::take(&mut *self.files.lock().unwrap_or_else(PoisonError::into_inner));
        files.values_mut().for_each(|file| file.bytes = file.bytes.take().filter(|bytes| bytes.len() <= LARGEST));
        files
    }

    /// The contents of a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn bytes(&self, path: &Path) -> io::Result<Arc<Vec<u8>>> {
        self.bytes_up_to(u64::MAX, path)
    }

    /// The contents of a file of at most `most` bytes.
    ///
    /// # Errors
    /// It cannot be read, or is larger.
    pub fn bytes_up_to(&self, most: u64, path: &Path) -> io::Result<Arc<Vec<u8>>> {
        self.with(path, |file| {
            if file.bytes.is_none() {
                let size = fs::metadata(path)?.len();
                if size > most {
                    return Err(io::Error::other(format!("it has {} MB, more than {}", size >> 20, most >> 20)));
                }
                file.bytes = Some(Arc::new(fs::read(path)?));
            }
            Ok(file.bytes.clone().unwrap_or_default())
        })
    }

    /// The BLAKE3 digest of a file, hexadecimal: several times faster than SHA-256, even on processors with instructions for that.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn digest(&self, path: &Path) -> io::Result<String> {
        self.with(path, |file| {
            if file.digest.is_none() {
                let mut hash = blake3::Hasher::new();
                if file.bytes.is_none() && fs::metadata(path)?.len() <= SMALL {
                    file.bytes = Some(Arc::new(fs::read(path)?));
                }
                match &file.bytes {
                    Some(bytes) => hash.update(bytes),
                    None => hash.update_reader(File::open(path)?)?,
                };
                file.digest = Some(hash.finalize().to_string());
            }
            Ok(file.digest.clone().unwrap_or_default())
        })
    }

    /// Whether there is such a file.
    pub fn is_file(&self, path: &Path) -> bool {
        let is_known = self.with(path, |file| file.bytes.is_some() || file.digest.is_some());
        is_known || (!self.is_checked && path.is_file())
    }

    /// What `read` makes of a file whose bytes mean nothing by themselves, as those of HDF5.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn parsed<T: Serialize + DeserializeOwned, E>(
        &self,
        path: &Path,
        read: impl FnOnce(&Path) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with(path, |file| {
            if let Some(known) = file.parsed.as_ref().and_then(|text| serde_json::from_str(text).ok()) {
                return Ok(known);
            }
            let value = read(path)?;
            file.parsed = serde_json::to_string(&value).ok();
            Ok(value)
        })
    }

    fn with<T>(&self, path: &Path, read: impl FnOnce(&mut KnownFile) -> T) -> T {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        read(files.entry(path.to_owned()).or_default())
    }
}
