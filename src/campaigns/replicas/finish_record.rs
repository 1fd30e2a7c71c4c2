//! Did the programs of a replica finish, and what did they report besides their files?
//!
//! That all programs of a replica ended with exit code 0 is recorded beside its files before any of them is read: what is read may be
//! corrected or changed later, and the files are then read again without running anything.
use super::inputs::Inputs;
use crate::engines::md::RunSummary;
use crate::journal::{Fingerprint, codec};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the record in the folder of a replica. Replicas that share a folder have theirs in a folder of this name.
const RECORD: &str = ".simmpi-finished";

/// The record that all programs of a replica finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FinishRecord {
    /// [`Inputs::digest`].
    digest: String,
    /// Everything that determines the results, the version of the program included.
    campaign: Fingerprint,
    pub summary: RunSummary,
}

impl FinishRecord {
    /// The record of a replica that has just finished.
    pub fn new(inputs: &Inputs, campaign: Fingerprint, summary: RunSummary) -> Self {
        Self { digest: inputs.digest.clone(), campaign, summary }
    }

    /// The record of a replica of this campaign; none where its programs have not finished.
    pub fn read(inputs: &Inputs, campaign: Fingerprint) -> Option<Self> {
        let record: Self = codec::decode(&fs::read(path(inputs)).ok()?).ok()?;
        (record.digest == inputs.digest && record.campaign == campaign).then_some(record)
    }

    /// Writes the record, atomically.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, inputs: &Inputs) -> io::Result<()> {
        let path = path(inputs);
        let part = path.with_extension("part");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&part, codec::encode(self).map_err(io::Error::other)?)?;
        fs::rename(&part, &path)
    }
}

/// Removes the record of a replica; its other files stay.
///
/// # Errors
/// The record cannot be removed.
pub fn remove_record(inputs: &Inputs) -> io::Result<()> {
    match fs::remove_file(path(inputs)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether programs have finished in a folder of one replica, of this campaign or of another.
pub fn is_finished(folder: &Path) -> bool {
    folder.join(RECORD).is_file()
}

fn path(inputs: &Inputs) -> PathBuf {
    let record = inputs.folder.join(RECORD);
    if inputs.is_own { record } else { record.join(&inputs.digest) }
}
