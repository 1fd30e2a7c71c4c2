//! Have a replica's programs ended well, and what did they give besides their files?
//!
//! That a program ended with exit code 0 is recorded beside its files before any of them is read: what is read may be corrected or changed
//! later, and then the files are read again without running anything.
use super::engine::Ran;
use super::inputs::Inputs;
use crate::engines::md::Usage;
use crate::journal::{Fingerprint, codec};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The record's name in a replica's folder; below it stand those of replicas that share a folder.
const RECORD: &str = ".simmpi-finished";

/// What the record says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// That of the replica's inputs.
    digest: String,
    /// All that determines what its programs do, their version too.
    campaign: Fingerprint,
    pub usage: Usage,
    pub ran: Ran,
}

impl Ended {
    /// The record of a replica of this campaign, if its programs have ended well.
    pub fn read(inputs: &Inputs, campaign: Fingerprint) -> Option<Self> {
        let ended: Self = codec::decode(&fs::read(path(inputs)).ok()?).ok()?;
        (ended.digest == inputs.digest && ended.campaign == campaign).then_some(ended)
    }

    /// What would be recorded.
    pub fn unrecorded(inputs: &Inputs, campaign: Fingerprint, usage: Usage, ran: Ran) -> Self {
        Self { digest: inputs.digest.clone(), campaign, usage, ran }
    }

    /// Records that a replica's programs have ended well; whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn record(inputs: &Inputs, campaign: Fingerprint, usage: Usage, ran: Ran) -> io::Result<Self> {
        let ended = Self::unrecorded(inputs, campaign, usage, ran);
        let path = path(inputs);
        let part = path.with_extension("part");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&part, codec::encode(&ended).map_err(io::Error::other)?)?;
        fs::rename(&part, &path)?;
        Ok(ended)
    }
}

/// Forgets that a replica ended whose folder is not its own: what lies there stays.
///
/// # Errors
/// The record cannot be removed.
pub fn forget(inputs: &Inputs) -> io::Result<()> {
    match fs::remove_file(path(inputs)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether programs have ended well in a replica's own folder, of this campaign or of another.
pub fn is_finished(folder: &Path) -> bool {
    folder.join(RECORD).is_file()
}

/// Renames a folder, so that its place is free and nothing in it is lost; says to what.
///
/// # Errors
/// It cannot be renamed.
pub fn set_aside(folder: &Path) -> io::Result<PathBuf> {
    let mut name = folder.as_os_str().to_owned();
    name.push(".old-");
    let numbered = |number: u32| {
        let mut name = name.clone();
        name.push(number.to_string());
        PathBuf::from(name)
    };
    let free = (1..).map(numbered).find(|path| fs::symlink_metadata(path).is_err());
    let free = free.ok_or_else(|| io::Error::other("there are too many folders that were set aside"))?;
    fs::rename(folder, &free)?;
    Ok(free)
}

fn path(inputs: &Inputs) -> PathBuf {
    let record = inputs.folder.join(RECORD);
    if inputs.is_own { record } else { record.join(&inputs.digest) }
}
