//! To which campaign does the folder of the windows belong?
//!
//! It contains a mark that identifies the campaign. A folder with files but no mark is foreign: nothing in it is touched.
use crate::campaigns::replicas::folder::{Owner, clear, owner_of, set_aside_line};
use crate::campaigns::replicas::is_finished;
use crate::problem::Problem;
use std::fs;
use std::io;
use std::path::Path;

/// Name of the file with the mark.
const MARK: &str = ".simmpi-windows";

fn problem(message: String) -> Problem {
    Problem::new(message, "set another `directory`, or remove this one; --fresh empties a folder of earlier windows")
}

fn unusable(folder: &Path, error: &io::Error) -> Problem {
    problem(format!("cannot use `{}`: {error}", folder.display()))
}

/// Checks that a folder is not foreign.
///
/// # Errors
/// It is, or it cannot be read.
pub fn reject_foreign(folder: &Path) -> Result<(), Problem> {
    known_owner(folder, "").map(drop)
}

/// The owner of a folder that is not foreign, for the campaign with the digest `owner`.
fn known_owner(folder: &Path, owner: &str) -> Result<Owner, Problem> {
    match owner_of(folder, MARK, owner).map_err(|error| unusable(folder, &error))? {
        Owner::Foreign => {
            Err(problem(format!("`{}` contains files that do not belong to umbrella windows", folder.display())))
        }
        known => Ok(known),
    }
}

/// Marks a folder as that of the campaign with the digest `owner`. For a `fresh` start an existing folder of windows is removed, or set aside
/// if a window has finished; a line about the latter is returned.
///
/// # Errors
/// The folder belongs to another campaign or is foreign, or it cannot be written.
pub fn claim_folder(folder: &Path, owner: &str, fresh: bool) -> Result<Vec<String>, Problem> {
    let failed = |error: io::Error| unusable(folder, &error);
    let mut aside = None;
    match known_owner(folder, owner)? {
        Owner::This | Owner::Other if fresh => aside = clear(folder, has_finished_windows(folder)).map_err(failed)?,
        Owner::This => return Ok(Vec::new()),
        Owner::Other => {
            return Err(problem(format!("`{}` contains windows of another configuration", folder.display())));
        }
        Owner::Nobody | Owner::Foreign => {}
    }
    fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(MARK), owner)).map_err(failed)?;
    Ok(set_aside_line(aside.as_slice()).into_iter().collect())
}

/// Whether a window has finished.
fn has_finished_windows(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_finished(&entry.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_and_emptied_only_on_request() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/windows");
        claim_folder(&folder, "mine", false).unwrap();
        fs::write(folder.join("left"), "").unwrap();
        claim_folder(&folder, "mine", false).unwrap();
        let refused = claim_folder(&folder, "another", false).unwrap_err();
        assert!(refused.message.ends_with("contains windows of another configuration"), "{refused}");
        assert!(folder.join("left").exists());
        claim_folder(&folder, "another", true).unwrap();
        assert!(!folder.join("left").exists());
    }

    #[test]
    fn foreign_files_are_not_touched() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("thesis.tex"), "").unwrap();
        let refused = claim_folder(parent.path(), "mine", true).unwrap_err();
        assert!(refused.message.ends_with("do not belong to umbrella windows"), "{refused}");
        assert!(parent.path().join("thesis.tex").exists());
    }
}
