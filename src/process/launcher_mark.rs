//! Does a launcher run? The supervisor says so to the reaper, which has to end its processes where the supervisor is killed.
use nix::{
    errno::Errno,
    sys::memfd::{MFdFlags, memfd_create},
};
use std::{fs::File, os::unix::fs::FileExt};

/// A byte in memory that reaper and supervisor share.
pub struct LauncherMark(File);

impl LauncherMark {
    /// A mark that is not set. To be called before the supervisor is forked.
    ///
    /// # Errors
    /// There are too many open files.
    pub fn create() -> Result<Self, Errno> {
        Ok(Self(memfd_create(c"launcher", MFdFlags::MFD_CLOEXEC)?.into()))
    }

    /// Says whether a launcher runs.
    pub fn set(&self, is_running: bool) {
        if is_running != self.is_set() {
            let _ = self.0.write_all_at(&[is_running.into()], 0);
        }
    }

    /// Whether a launcher runs.
    pub fn is_set(&self) -> bool {
        let mut byte = [0];
        self.0.read_exact_at(&mut byte, 0).is_ok() && byte != [0]
    }
}
