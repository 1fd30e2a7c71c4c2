//! Which files and folders make up the journal of a campaign?
use super::error::Error;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Number of ranks whose files share a folder: parallel file systems are slow with thousands of files in one.
const RANKS_PER_FOLDER: usize = 64;

/// The journal's folder of the campaign that writes `output`.
pub fn folder_of(output: &Path) -> PathBuf {
    with_suffix(output, ".journal")
}

/// The folder that contains `path`.
pub fn parent_folder(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// `path` with `suffix` appended to its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// The journal file of `rank` in the journal's `folder`; `job` is the name of a joined job, whose files are its own.
pub fn file_of(folder: &Path, job: Option<&str>, rank: usize) -> PathBuf {
    let prefix = job.map_or(String::new(), |job| format!("{job}-"));
    folder.join(format!("{prefix}{:03}", rank / RANKS_PER_FOLDER)).join(format!("rank-{rank:05}.jnl"))
}

/// All journal files in `folder`, sorted; none if the folder does not exist.
///
/// # Errors
/// A folder cannot be listed.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let list = |path: &Path| -> Result<Vec<PathBuf>, Error> {
        let read = |source| Error::Read { path: path.to_owned(), source };
        match std::fs::read_dir(path) {
            Ok(entries) => entries.map(|entry| Ok(entry.map_err(read)?.path())).collect(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(read(e)),
        }
    };
    let mut files = Vec::new();
    for path in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        files.extend(list(&path)?.into_iter().filter(|file| file.extension().is_some_and(|e| e == "jnl")));
    }
    files.sort();
    Ok(files)
}

/// Removes the journal's `folder` if it exists.
///
/// # Errors
/// It cannot be removed.
pub fn discard(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Remove { path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}
