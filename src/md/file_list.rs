//! Which files does a name with wildcards stand for?
use glob::MatchOptions;
use std::path::{Path, PathBuf};

/// Why a name stands for no file.
#[derive(Debug, thiserror::Error)]
pub enum FileListError {
    #[error("`{pattern}` matches no file")]
    NoMatch { pattern: String },
    #[error("`{pattern}` is not a valid pattern: {reason}")]
    Pattern { pattern: String, reason: &'static str },
    #[error("cannot read a folder of `{pattern}`")]
    Read { pattern: String, source: glob::GlobError },
}

/// Like a shell: `*` does not match a leading dot or a separator of folders.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// The files that `path` stands for, by name, relative to `folder`: those that match its wildcards `*`, `?` and `[...]`, or the path itself if
/// it has none or if there is such a file. The name of the folder has no wildcards.
///
/// # Errors
/// No file matches, or a folder cannot be read.
pub fn expand_files(folder: &Path, path: &Path) -> Result<Vec<PathBuf>, FileListError> {
    let literal = folder.join(path);
    if !path.to_string_lossy().contains(['*', '?', '[']) || literal.exists() {
        return Ok(vec![literal]);
    }
    let pattern = PathBuf::from(glob::Pattern::escape(&folder.to_string_lossy())).join(path);
    let pattern = pattern.to_string_lossy().into_owned();
    let invalid = |error: glob::PatternError| FileListError::Pattern { pattern: pattern.clone(), reason: error.msg };
    let found = glob::glob_with(&pattern, OPTIONS).map_err(invalid)?;
    let found: Result<Vec<PathBuf>, _> = found.collect();
    let mut files = found.map_err(|source| FileListError::Read { pattern: pattern.clone(), source })?;
    files.retain(|file| !file.is_dir());
    match files.is_empty() {
        true => Err(FileListError::NoMatch { pattern }),
        false => Ok(files),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn wildcards_match_files_and_a_file_of_that_name_is_itself() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a2.xvg", "a1.xvg", ".a3.xvg", "b.xvg", "c[1].xvg"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("a4.xvg")).unwrap();
        let names = |pattern: &str| {
            let files = expand_files(folder.path(), Path::new(pattern)).unwrap();
            files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("a*.xvg"), ["a1.xvg", "a2.xvg"]);
        assert_eq!((names("c[1].xvg"), names("absent")), (vec!["c[1].xvg".to_owned()], vec!["absent".to_owned()]));
        let brackets = folder.path().join("run[1]");
        fs::create_dir(&brackets).unwrap();
        fs::write(brackets.join("p1.xvg"), "").unwrap();
        assert_eq!(expand_files(&brackets, Path::new("p*.xvg")).unwrap(), [brackets.join("p1.xvg")]);
        let none = expand_files(folder.path(), Path::new("d*")).unwrap_err().to_string();
        assert!(none.ends_with("d*` matches no file"), "{none}");
    }
}
