//! Did the programs of a replica finish, and what did they report besides their files?
//!
//! That all programs of a replica ended with exit code 0 is recorded beside its files before any of them is read: what is read may be
//! corrected or changed later, and the files are then read again without running anything.
use super::engine::RunSummary;
use super::inputs::Inputs;
use crate::engines::md::Usage;
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
    pub usage: Usage,
    pub summary: RunSummary,
}

impl FinishRecord {
    /// A record that is not written.
    pub fn new(inputs: &Inputs, campaign: Fingerprint, usage: Usage, summary: RunSummary) -> Self {
        Self { digest: inputs.digest.clone(), campaign, usage, summary }
    }

    /// The record of a replica of this campaign; none where its programs have not finished.
    pub fn read(inputs: &Inputs, campaign: Fingerprint) -> Option<Self> {
        let record: Self = codec::decode(&fs::read(path(inputs)).ok()?).ok()?;
        (record.digest == inputs.digest && record.campaign == campaign).then_some(record)
    }

    /// Writes a record, atomically.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(inputs: &Inputs, campaign: Fingerprint, usage: Usage, summary: RunSummary) -> io::Result<Self> {
        let record = Self::new(inputs, campaign, usage, summary);
        let path = path(inputs);
        let part = path.with_extension("part");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&part, codec::encode(&record).map_err(io::Error::other)?)?;
        fs::rename(&part, &path)?;
        Ok(record)
    }
}

/// Removes the record of a replica; its other files stay.
///
/// # Errors
/// The record cannot be removed.
pub fn remove(inputs: &Inputs) -> io::Result<()> {
    match fs::remove_file(path(inputs)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether programs have finished in a folder of one replica, of this campaign or of another.
pub fn is_finished(folder: &Path) -> bool {
    folder.join(RECORD).is_file()
}

/// Renames a folder to the first free name `FOLDER.old-N`, and returns that.
///
/// # Errors
/// The folder cannot be renamed.
pub fn set_aside(folder: &Path) -> io::Result<PathBuf> {
    let mut name = folder.as_os_str().to_owned();
    name.push(".old-");
    let numbered = |number: u32| {
        let mut name = name.clone();
        name.push(number.to_string());
        PathBuf::from(name)
    };
    let free = (1..).map(numbered).find(|path| fs::symlink_metadata(path).is_err());
    let free = free.ok_or_else(|| io::Error::other("too many folders have been set aside"))?;
    fs::rename(folder, &free)?;
    Ok(free)
}

fn path(inputs: &Inputs) -> PathBuf {
    let record = inputs.folder.join(RECORD);
    if inputs.is_own { record } else { record.join(&inputs.digest) }
}
