//! Whose is the folder of the windows?
//!
//! It holds a mark that names the campaign. A folder with files and without a mark is somebody else's: nothing in it is touched.
use crate::campaigns::ensemble::ended::{is_finished, set_aside};
use crate::campaigns::ensemble::folder::aside_line;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The file with the mark.
const MARK: &str = ".simmpi-windows";

/// Why windows cannot have their folder.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("`{0}` holds files that are not of umbrella windows")]
    Stranger(String),
    #[error("`{0}` holds windows of another configuration")]
    Other(String),
    #[error("cannot use `{0}`: {1}")]
    Failed(String, io::Error),
}

/// Refuses a folder that holds files of others.
///
/// # Errors
/// It does.
pub fn refuse_strangers(folder: &Path) -> Result<(), Refused> {
    let name = || folder.display().to_string();
    let is_filled = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(Refused::Failed(name(), error)),
    };
    if is_filled && !folder.join(MARK).is_file() { Err(Refused::Stranger(name())) } else { Ok(()) }
}

/// Makes the folder the campaign's whose digest is `owner`; one of another configuration makes room for a `fresh` start: it is removed, or
/// set aside where a window is finished, of which the line that is returned tells.
///
/// # Errors
/// It is another's, or cannot be written.
pub fn claim(folder: &Path, owner: &str, fresh: bool) -> Result<Vec<String>, Refused> {
    refuse_strangers(folder)?;
    let failed = |error| Refused::Failed(folder.display().to_string(), error);
    let mark = folder.join(MARK);
    let is_marked = mark.is_file();
    let mut moved = Vec::new();
    if is_marked && fresh {
        if has_finished_windows(folder) {
            moved.push((folder.to_owned(), set_aside(folder).map_err(failed)?));
        } else {
            fs::remove_dir_all(folder).map_err(failed)?;
        }
    } else if is_marked {
        let there = fs::read_to_string(&mark).map_err(failed)?;
        // A mark that was cut off is one of a folder where nothing had begun.
        return if owner.starts_with(there.trim()) {
            Ok(Vec::new())
        } else {
            Err(Refused::Other(folder.display().to_string()))
        };
    }
    fs::create_dir_all(folder).and_then(|()| fs::write(mark, owner)).map_err(failed)?;
    Ok(aside_line(&moved).into_iter().collect())
}

/// Whether a window has been sampled to its end.
fn has_finished_windows(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_finished(&entry.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_and_emptied_only_when_that_is_asked_for() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/windows");
        claim(&folder, "mine", false).unwrap();
        fs::write(folder.join("left"), "").unwrap();
        claim(&folder, "mine", false).unwrap();
        assert!(matches!(claim(&folder, "another", false), Err(Refused::Other(_))));
        assert!(folder.join("left").exists());
        claim(&folder, "another", true).unwrap();
        assert!(!folder.join("left").exists());
    }

    #[test]
    fn files_of_strangers_are_not_touched() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(claim(place.path(), "mine", true), Err(Refused::Stranger(_))));
        assert!(place.path().join("thesis.tex").exists());
    }
}
