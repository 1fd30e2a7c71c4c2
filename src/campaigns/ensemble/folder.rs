//! To which replica does a folder belong, and how is it prepared?
//!
//! The folder of a replica contains a mark, the digest of everything the replica starts from. A folder with another mark belongs to another
//! replica, one with files but no mark is foreign: nothing in it is touched.
use super::finish_record;
use super::inputs::{FileSource, Inputs, Setup};
use super::section::Again;
use crate::config::{Config, Faults};
use crate::task::Cause;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Name of the file with the mark.
const MARK: &str = ".simmpi-replica";
/// Foreign folders that a message lists by name.
const MAX_LISTED: usize = 5;

/// To whom a folder belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// Unowned: it does not exist or is empty.
    None,
    /// To this replica, by its mark.
    ThisReplica,
    /// To another replica, or to this one with other inputs.
    OtherReplica,
    /// It has files and no mark.
    Foreign,
}

fn owner_of(folder: &Path, digest: &str) -> io::Result<Owner> {
    match fs::read_to_string(folder.join(MARK)) {
        Ok(text) if text.trim() == digest => return Ok(Owner::ThisReplica),
        // A truncated mark is that of a replica that had not begun.
        Ok(text) if digest.starts_with(text.trim()) => return Ok(Owner::ThisReplica),
        Ok(_) => return Ok(Owner::OtherReplica),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(if entries.next().is_some() { Owner::Foreign } else { Owner::None }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Owner::None),
        Err(error) => Err(error),
    }
}

/// Prepares the folder of a replica with its mark and files. For a fresh start an existing folder is removed, or set aside if programs have
/// finished in it.
///
/// # Errors
/// The folder belongs to another replica or is foreign, or it cannot be written.
pub fn prepare(inputs: &Inputs, files: &[FileSource], again: Again) -> Result<(), Cause> {
    let folder = &inputs.folder;
    let cannot = |what: &str, error: io::Error| {
        let message = format!("cannot {what} `{}`: {error}", folder.display());
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Cause::Resource(message),
            _ => Cause::Failed(message),
        }
    };
    let mut owner = owner_of(folder, &inputs.digest).map_err(|error| cannot("read", error))?;
    if owner == Owner::ThisReplica && again == Again::Fresh {
        match finish_record::is_finished(folder) {
            true => finish_record::set_aside(folder).map(|_| ()).map_err(|error| cannot("rename", error))?,
            false => fs::remove_dir_all(folder).map_err(|error| cannot("empty", error))?,
        }
        owner = Owner::None;
    }
    match owner {
        Owner::ThisReplica => {}
        Owner::None => {
            fs::create_dir_all(folder).map_err(|error| cannot("create", error))?;
            fs::write(folder.join(MARK), &inputs.digest).map_err(|error| cannot("write into", error))?;
        }
        Owner::OtherReplica | Owner::Foreign => {
            let text = format!("`{}` contains files that do not belong to this replica: remove it", folder.display());
            return Err(Cause::Input(text));
        }
    }
    let is_kept = |target: &str| owner == Owner::ThisReplica && folder.join(target).exists();
    for (target, text) in &inputs.rendered {
        create_file(folder, target, |path| fs::write(path, text)).map_err(|error| cannot("write into", error))?;
    }
    for file in files.iter().filter(|file| file.template.is_none() && !is_kept(&file.target)) {
        let copied = create_file(folder, &file.target, |path| fs::copy(&file.path, path).map(|_| ()));
        copied.map_err(|error| cannot("copy files into", error))?;
    }
    Ok(())
}

/// Creates a file, by `write`, and the folders that contain it.
fn create_file(folder: &Path, target: &str, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let path = folder.join(target);
    if let Some(parent) = path.parent().filter(|parent| *parent != folder) {
        fs::create_dir_all(parent)?;
    }
    write(&path)
}

/// Checks that no folder is foreign.
///
/// # Errors
/// Some are.
pub fn reject_foreign(config: &Config, setup: &Setup) -> Result<(), Faults> {
    check_folders(config, setup, |_, owner| Ok(owner != Owner::Foreign))
}

/// Checks that all folders belong to this campaign or are unowned. For a `fresh` start those of earlier replicas are removed, or set aside if
/// programs have finished in them; a line about the latter is returned.
///
/// # Errors
/// Some do not, or one cannot be removed.
pub fn claim_folders(config: &Config, setup: &Setup, fresh: bool) -> Result<Vec<String>, Faults> {
    if fresh && setup.directory.is_none() && setup.engine.is_program() {
        remove_shared_records(config, setup)?;
    }
    let mut aside = Vec::new();
    check_folders(config, setup, |folder, owner| match owner {
        Owner::ThisReplica | Owner::OtherReplica if fresh && finish_record::is_finished(folder) => {
            aside.push((folder.to_owned(), finish_record::set_aside(folder)?));
            Ok(true)
        }
        Owner::ThisReplica | Owner::OtherReplica if fresh => fs::remove_dir_all(folder).map(|()| true),
        Owner::ThisReplica | Owner::None => Ok(true),
        Owner::OtherReplica | Owner::Foreign => Ok(false),
    })?;
    Ok(set_aside_line(&aside).into_iter().collect())
}

/// A line about folders that were set aside, given their old and new paths; none where there are none.
pub fn set_aside_line(aside: &[(PathBuf, PathBuf)]) -> Option<String> {
    let (from, to) = aside.first()?;
    let (from, to) = (from.display(), to.display());
    Some(match aside.len() {
        1 => format!("`{from}` contains finished work and was renamed to `{to}`; remove it when you no longer need it"),
        count => format!(
            "{count} folders contain finished work and were renamed: `{from}` to `{to}`, and so on; remove them when you no longer need them"
        ),
    })
}

fn remove_shared_records(config: &Config, setup: &Setup) -> Result<(), Faults> {
    let mut inputs = (0..setup.seeds.len()).filter_map(|replica| setup.inputs(replica).ok());
    inputs.try_for_each(|inputs| finish_record::remove(&inputs)).map_err(|error| {
        let message = format!("cannot remove the records of earlier replicas: {error}");
        config.fault("ensemble", message, "make the folder of the configuration writable").into()
    })
}

/// Checks the folder of every replica by `is_free`, and reports those that fail.
fn check_folders(
    config: &Config,
    setup: &Setup,
    mut is_free: impl FnMut(&Path, Owner) -> io::Result<bool>,
) -> Result<(), Faults> {
    if setup.directory.is_none() {
        return Ok(());
    }
    let mut foreign = Vec::new();
    for replica in 0..setup.seeds.len() {
        // Errors of inputs were reported when the campaign was loaded.
        let Ok(inputs) = setup.inputs(replica) else { continue };
        let folder = &inputs.folder;
        match owner_of(folder, &inputs.digest).and_then(|owner| is_free(folder, owner)) {
            Ok(true) => {}
            Ok(false) => foreign.push(format!("`{}`", folder.display())),
            Err(error) => foreign.push(format!("`{}` ({error})", folder.display())),
        }
    }
    if foreign.is_empty() {
        return Ok(());
    }
    let more =
        if foreign.len() > MAX_LISTED { format!(" and {} more", foreign.len() - MAX_LISTED) } else { String::new() };
    foreign.truncate(MAX_LISTED);
    let message =
        format!("{}{more} contain files that do not belong to the replicas of this campaign", foreign.join(", "));
    let help = "use other folders, or remove these; --fresh removes folders of earlier replicas, and renames those of finished ones";
    Err(config.fault("ensemble.directory", message, help).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::ensemble::engine::EngineInput;

    fn inputs(folder: &Path, digest: &str) -> Inputs {
        let engine_input = EngineInput::Command { argv: Vec::new(), environment: Vec::new() };
        let rendered = vec![("below/a.txt".to_owned(), "seed 1".to_owned())];
        Inputs { folder: folder.to_owned(), is_own: true, rendered, engine_input, digest: digest.into() }
    }

    #[test]
    fn a_folder_is_created_marked_filled_and_recognised() {
        let folder_of_all = tempfile::tempdir().unwrap();
        let folder = folder_of_all.path().join("replicas/1");
        let source = folder_of_all.path().join("source");
        fs::write(&source, "copied").unwrap();
        let files = [FileSource { target: "b".into(), path: source, digest: String::new(), template: None }];
        let mine = inputs(&folder, "abc");
        prepare(&mine, &files, Again::Fresh).unwrap();
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((read("below/a.txt"), read("b")), ("seed 1".into(), "copied".into()));
        fs::write(folder.join("left"), "").unwrap();
        prepare(&mine, &files, Again::Continue).unwrap();
        assert!(folder.join("left").exists());
        prepare(&mine, &files, Again::Fresh).unwrap();
        assert!(!folder.join("left").exists());
        assert!(matches!(prepare(&inputs(&folder, "other"), &files, Again::Fresh), Err(Cause::Input(_))));
    }

    #[test]
    fn foreign_files_are_not_touched() {
        let folder_of_all = tempfile::tempdir().unwrap();
        fs::write(folder_of_all.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(prepare(&inputs(folder_of_all.path(), "abc"), &[], Again::Fresh), Err(Cause::Input(_))));
        assert!(folder_of_all.path().join("thesis.tex").exists());
    }
}
