//! To whom does a folder belong, and how is that of a replica prepared?
//!
//! A folder contains a mark: that of a replica the digest of everything it starts from. A folder with another mark belongs to another owner,
//! one with files but no mark is foreign: nothing in it is touched.
use super::finish_record::is_finished;
use super::inputs::Inputs;
use crate::task::Cause;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Name of the file with the mark of a replica.
pub const REPLICA_MARK: &str = ".simmpi-replica";

/// To whom a folder belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Unowned: it does not exist or is empty.
    Nobody,
    /// To the replica or campaign that asks, by its mark.
    This,
    /// To another one, or to this one with other inputs.
    Other,
    /// It has files and no mark.
    Foreign,
}

/// The owner of a folder for a replica or campaign whose mark, a file called `mark`, contains `digest`.
///
/// # Errors
/// The folder cannot be read.
pub fn owner_of(folder: &Path, mark: &str, digest: &str) -> io::Result<Owner> {
    match fs::read_to_string(folder.join(mark)) {
        // A truncated mark is that of an owner that had not begun.
        Ok(text) if digest.starts_with(text.trim()) => return Ok(Owner::This),
        Ok(_) => return Ok(Owner::Other),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(if entries.next().is_some() { Owner::Foreign } else { Owner::Nobody }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Owner::Nobody),
        Err(error) => Err(error),
    }
}

/// Prepares the folder of a replica with its mark and files. Unless the replica `continues` from there, an existing folder is removed, or
/// set aside if programs have finished in it.
///
/// # Errors
/// The folder belongs to another replica or is foreign, or it cannot be written.
pub fn prepare(inputs: &Inputs, continues: bool) -> Result<(), Cause> {
    let folder = &inputs.folder;
    let cannot = |what: &str, error: io::Error| {
        let message = format!("cannot {what} `{}`: {error}", folder.display());
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Cause::Resource(message),
            _ => Cause::Failed(message),
        }
    };
    let mut owner = owner_of(folder, REPLICA_MARK, &inputs.digest).map_err(|error| cannot("read", error))?;
    if owner == Owner::This && !continues {
        let what = if is_finished(folder) { "rename" } else { "empty" };
        clear(folder, is_finished(folder)).map_err(|error| cannot(what, error))?;
        owner = Owner::Nobody;
    }
    match owner {
        Owner::This => {}
        Owner::Nobody => {
            fs::create_dir_all(folder).map_err(|error| cannot("create", error))?;
            fs::write(folder.join(REPLICA_MARK), &inputs.digest).map_err(|error| cannot("write into", error))?;
        }
        Owner::Other | Owner::Foreign => {
            let text = format!("`{}` contains files that do not belong to this replica: remove it", folder.display());
            return Err(Cause::Input(text));
        }
    }
    let is_kept = |target: &str| owner == Owner::This && folder.join(target).exists();
    for (target, text) in &inputs.rendered {
        create_file(folder, target, |path| fs::write(path, text)).map_err(|error| cannot("write into", error))?;
    }
    for (target, source) in inputs.copied.iter().filter(|(target, _)| !is_kept(target)) {
        let copied = create_file(folder, target, |path| fs::copy(source, path).map(|_| ()));
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

/// Removes a folder, or sets it aside where finished work is in it: renames it to the first free name `FOLDER.old-N`, and returns both paths.
///
/// # Errors
/// The folder cannot be removed or renamed.
pub fn clear(folder: &Path, is_finished: bool) -> io::Result<Option<(PathBuf, PathBuf)>> {
    if !is_finished {
        return fs::remove_dir_all(folder).map(|()| None);
    }
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
    Ok(Some((folder.to_owned(), free)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(folder: &Path, digest: &str) -> Inputs {
        let rendered = vec![("below/a.txt".to_owned(), "seed 1".to_owned())];
        let (label, folder) = ("seed 1".to_owned(), folder.to_owned());
        Inputs { label, folder, is_own: true, rendered, copied: Vec::new(), digest: digest.into() }
    }

    #[test]
    fn a_folder_is_created_marked_filled_and_recognised() {
        let folder_of_all = tempfile::tempdir().unwrap();
        let folder = folder_of_all.path().join("replicas/1");
        let source = folder_of_all.path().join("source");
        fs::write(&source, "copied").unwrap();
        let mine = Inputs { copied: vec![("b".into(), source)], ..inputs(&folder, "abc") };
        prepare(&mine, false).unwrap();
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((read("below/a.txt"), read("b")), ("seed 1".into(), "copied".into()));
        fs::write(folder.join("left"), "").unwrap();
        prepare(&mine, true).unwrap();
        assert!(folder.join("left").exists());
        prepare(&mine, false).unwrap();
        assert!(!folder.join("left").exists());
        assert!(matches!(prepare(&inputs(&folder, "other"), false), Err(Cause::Input(_))));
    }

    #[test]
    fn foreign_files_are_not_touched() {
        let folder_of_all = tempfile::tempdir().unwrap();
        fs::write(folder_of_all.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(prepare(&inputs(folder_of_all.path(), "abc"), false), Err(Cause::Input(_))));
        assert!(folder_of_all.path().join("thesis.tex").exists());
    }
}
