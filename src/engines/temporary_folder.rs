//! Where does a program run that is only tried before the campaign starts?
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

/// An empty folder of its own, removed with all its contents when dropped.
pub struct TemporaryFolder(pub PathBuf);

impl TemporaryFolder {
    /// Creates one in the system's folder for temporary files.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn create() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("simmpi-version-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
