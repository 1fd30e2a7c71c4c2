//! What has to be done to PLUMED's files before a restart?
use super::frames::LeadingFrames;
use super::row_scan::{RowScan, new_file_beside};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

/// The changes that adjust PLUMED's files to a checkpoint.
#[derive(Debug, Default)]
pub struct RestartPlan {
    /// Files with rows, and which of these stay.
    pub(super) cuts: Vec<(PathBuf, RowScan)>,
    /// Files with frames, and which of these stay.
    pub(super) frames: Vec<(PathBuf, LeadingFrames)>,
    /// Files to write, and their new contents.
    pub(super) writes: Vec<(PathBuf, String)>,
    /// Diagnostics for the user.
    pub notes: Vec<String>,
    /// Losses that do not stop a restart: rows missing in a file that no bias is restarted from, a doubtful state.
    pub gaps: Vec<String>,
}

impl RestartPlan {
    /// Makes the changes.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn apply(&self) -> io::Result<()> {
        self.cuts.iter().try_for_each(|(path, scan)| scan.cut(path))?;
        self.frames.iter().try_for_each(|(path, frames)| frames.cut(path))?;
        self.writes.iter().try_for_each(|(path, text)| {
            let new = new_file_beside(path);
            let mut file = File::create(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(new, path)
        })
    }
}
