//! Whose is a folder, and what stands in it when a replica begins?
//!
//! A replica's folder holds a mark that names the replica by the digest of all that it starts from. A folder with another mark, or with
//! files and none, is somebody else's: nothing in it is touched.
use super::ended;
use super::inputs::{FileSource, Inputs, Setup};
use super::section::Again;
use crate::config::{Config, Faults};
use crate::task::Cause;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The file with the mark.
const MARK: &str = ".simmpi-replica";
/// Folders of strangers that are told by name.
const TOLD: usize = 5;

/// Whose a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// It is not there, or empty.
    Nobody,
    /// It has this replica's mark.
    Mine,
    /// It has another replica's, or that of one with other inputs.
    Other,
    /// It has files and no mark.
    Stranger,
}

fn owner_of(folder: &Path, digest: &str) -> io::Result<Owner> {
    match fs::read_to_string(folder.join(MARK)) {
        Ok(text) if text.trim() == digest => return Ok(Owner::Mine),
        // A mark that was cut off is that of a replica that had not begun.
        Ok(text) if digest.starts_with(text.trim()) => return Ok(Owner::Mine),
        Ok(_) => return Ok(Owner::Other),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(if entries.next().is_some() { Owner::Stranger } else { Owner::Nobody }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Owner::Nobody),
        Err(error) => Err(error),
    }
}

/// Makes a replica's folder ready: its mark, its files; emptied where a replica begins afresh, or set aside where an earlier campaign's has
/// been finished in it.
///
/// # Errors
/// The folder is somebody else's, or cannot be written.
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
    if owner == Owner::Mine && again == Again::Fresh {
        match ended::is_finished(folder) {
            true => ended::set_aside(folder).map(|_| ()).map_err(|error| cannot("rename", error))?,
            false => fs::remove_dir_all(folder).map_err(|error| cannot("empty", error))?,
        }
        owner = Owner::Nobody;
    }
    match owner {
        Owner::Mine => {}
        Owner::Nobody => {
            fs::create_dir_all(folder).map_err(|error| cannot("make", error))?;
            fs::write(folder.join(MARK), &inputs.digest).map_err(|error| cannot("write into", error))?;
        }
        Owner::Other | Owner::Stranger => {
            let text = format!("`{}` holds files that are not this replica's: remove it", folder.display());
            return Err(Cause::Input(text));
        }
    }
    let is_kept = |target: &str| owner == Owner::Mine && folder.join(target).exists();
    for (target, text) in &inputs.rendered {
        place(folder, target, |path| fs::write(path, text)).map_err(|error| cannot("write into", error))?;
    }
    for file in files.iter().filter(|file| file.template.is_none() && !is_kept(&file.target)) {
        let copied = place(folder, &file.target, |path| fs::copy(&file.path, path).map(|_| ()));
        copied.map_err(|error| cannot("copy files into", error))?;
    }
    Ok(())
}

/// Makes a file and the folders that it is in.
fn place(folder: &Path, target: &str, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let path = folder.join(target);
    if let Some(parent) = path.parent().filter(|parent| *parent != folder) {
        fs::create_dir_all(parent)?;
    }
    make(&path)
}

/// Refuses folders that hold somebody else's files.
///
/// # Errors
/// There are some.
pub fn refuse_foreign(config: &Config, setup: &Setup) -> Result<(), Faults> {
    look_at(config, setup, |_, owner| Ok(owner != Owner::Stranger))
}

/// Refuses folders that are not this campaign's; for a `fresh` start those of earlier replicas are removed, or set aside where a program has
/// ended well in them: which ones is said in a line.
///
/// # Errors
/// There are some, or one cannot be removed.
pub fn claim(config: &Config, setup: &Setup, fresh: bool) -> Result<Vec<String>, Faults> {
    if fresh && setup.directory.is_none() && setup.engine.is_program() {
        forget_shared(config, setup)?;
    }
    let mut aside = Vec::new();
    look_at(config, setup, |folder, owner| match owner {
        Owner::Mine | Owner::Other if fresh && ended::is_finished(folder) => {
            aside.push((folder.to_owned(), ended::set_aside(folder)?));
            Ok(true)
        }
        Owner::Mine | Owner::Other if fresh => fs::remove_dir_all(folder).map(|()| true),
        Owner::Mine | Owner::Nobody => Ok(true),
        Owner::Other | Owner::Stranger => Ok(false),
    })?;
    Ok(aside_line(&aside).into_iter().collect())
}

/// What was set aside, and where it is now.
pub fn aside_line(aside: &[(PathBuf, PathBuf)]) -> Option<String> {
    let (from, to) = aside.first()?;
    let (from, to) = (from.display(), to.display());
    Some(match aside.len() {
        1 => format!("`{from}` holds finished work: it is now `{to}`; remove it when you no longer need it"),
        count => format!(
            "{count} folders hold finished work and were renamed: `{from}` is now `{to}`, and so on; remove them when you no longer need them"
        ),
    })
}

fn forget_shared(config: &Config, setup: &Setup) -> Result<(), Faults> {
    let mut inputs = (0..setup.seeds.len()).filter_map(|replica| setup.inputs(replica).ok());
    inputs.try_for_each(|inputs| ended::forget(&inputs)).map_err(|error| {
        let message = format!("cannot remove what earlier replicas left: {error}");
        config.fault("ensemble", message, "see that the configuration's folder may be written").into()
    })
}

fn look_at(
    config: &Config,
    setup: &Setup,
    mut is_free: impl FnMut(&Path, Owner) -> io::Result<bool>,
) -> Result<(), Faults> {
    if setup.directory.is_none() {
        return Ok(());
    }
    let mut foreign = Vec::new();
    for replica in 0..setup.seeds.len() {
        // What cannot be filled in was told when the campaign was loaded.
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
    let more = if foreign.len() > TOLD { format!(" and {} more", foreign.len() - TOLD) } else { String::new() };
    foreign.truncate(TOLD);
    let message = format!("there are files in {}{more} that are not of this campaign's replicas", foreign.join(", "));
    let help = "name other folders, or remove these; --fresh empties folders of earlier replicas, and renames those of finished ones";
    Err(config.fault("ensemble.directory", message, help).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::ensemble::engine::Job;

    fn inputs(folder: &Path, digest: &str) -> Inputs {
        let job = Job::Command { argv: Vec::new(), environment: Vec::new() };
        let rendered = vec![("below/a.txt".to_owned(), "seed 1".to_owned())];
        Inputs { folder: folder.to_owned(), is_own: true, rendered, job, digest: digest.into() }
    }

    #[test]
    fn a_folder_is_made_marked_filled_and_known_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("replicas/1");
        let source = place.path().join("source");
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
    fn files_of_strangers_are_not_touched() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(prepare(&inputs(place.path(), "abc"), &[], Again::Fresh), Err(Cause::Input(_))));
        assert!(place.path().join("thesis.tex").exists());
    }
}
