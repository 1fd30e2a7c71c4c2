//! Where is a program installed, and which version is it?
use super::temporary_folder::TemporaryFolder;
use super::text;
use crate::journal::sha256_of_file;
use crate::problem::Problem;
use crate::process::{Captured, Command, Supervisor};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

/// Time limit for printing a version: the first access to a cluster's file system can be slow.
const VERSION_TIMEOUT: Duration = Duration::from_secs(120);

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledProgram {
    pub path: PathBuf,
    pub version: String,
}

/// Finds a program: a name without a slash through PATH, a path as it is.
///
/// # Errors
/// The file does not exist or is not executable; `help` becomes the error's help.
pub fn locate(program: &Path, help: &str) -> Result<PathBuf, Problem> {
    let missing = |message: String| Problem::new(message, help);
    if program.components().count() > 1 {
        return match is_executable(program) {
            true => Ok(program.to_owned()),
            false => Err(missing(format!("`{}` was not found or is not executable", program.display()))),
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(program)).find(|path| is_executable(path));
    found.ok_or_else(|| missing(format!("`{}` was not found in PATH", program.display())))
}

/// Finds the program that a command line starts with. Its version is its SHA-256 digest followed by those of the files among its
/// arguments: a changed script makes a different campaign.
///
/// # Errors
/// The program was not found, or a file cannot be read.
pub fn locate_with_scripts(command: &[String], help: &str) -> Result<InstalledProgram, Problem> {
    let path = locate(Path::new(command.first().map_or("", String::as_str)), help)?;
    let scripts = command.iter().skip(1).map(PathBuf::from).filter(|word| word.is_absolute() && word.is_file());
    let digest = |path: PathBuf| sha256_of_file(&path).map_err(|error| Problem::new(error.to_string(), help));
    let digests = [path.clone()].into_iter().chain(scripts).map(digest).collect::<Result<Vec<_>, _>>()?;
    Ok(InstalledProgram { path, version: format!("sha256 {}", digests.join(" ")) })
}

/// The word at `position` of a command line, as an absolute path if it names a file in `folder`. A program's name (position 0) without a
/// slash is left to PATH.
pub fn resolve_argument(position: usize, word: &str, folder: &Path) -> String {
    let path = folder.join(word);
    let is_searched = position == 0 && !word.contains('/');
    match !is_searched && path.is_file() {
        true => std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned(),
        false => word.to_owned(),
    }
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Runs `argv` in an empty folder, where the file `input` holds `input`, and parses the version, and what else is said of it, from its
/// standard output, else from its standard error.
///
/// # Errors
/// The program cannot be run, or `parse` finds no version.
pub fn query_version<T>(
    supervisor: &Supervisor,
    argv: Vec<OsString>,
    input: &str,
    help: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, Problem> {
    let program = argv.first().map(PathBuf::from).unwrap_or_default();
    let missing =
        |why: String| Problem::new(format!("cannot determine the version of `{}`: {why}", program.display()), help);
    let folder = TemporaryFolder::create().map_err(|error| missing(error.to_string()))?;
    fs::write(folder.0.join("input"), input).map_err(|error| missing(error.to_string()))?;
    let mut command = Command::new(argv, &folder.0);
    command.time_limit = Some(VERSION_TIMEOUT);
    command.set = vec![("OMP_NUM_THREADS".into(), "1".into()), ("TMPDIR".into(), folder.0.clone().into())];
    let finished = supervisor.run(&command).map_err(|error| missing(error.to_string()))?;
    let version = [&finished.stdout, &finished.stderr].into_iter().map(Captured::text).find_map(|text| parse(&text));
    version.ok_or_else(|| missing(format!("it {}, {}", finished.exit, text::last_lines(&finished.stderr.text(), 3))))
}

/// The word after the first occurrence of `mark` in a text.
pub fn word_after(text: &str, mark: &str) -> Option<String> {
    let (_, rest) = text.split_once(mark)?;
    rest.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_name_and_by_path() {
        let sh = locate(Path::new("sh"), "").unwrap();
        assert!(sh.is_absolute());
        assert_eq!(locate(&sh, "").unwrap(), sh);
        let missing = locate(Path::new("no-such-program"), "install it").unwrap_err();
        assert!(missing.message.contains("PATH") && missing.help == "install it");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("no-program");
        fs::write(&file, "").unwrap();
        assert!(locate(&file, "").is_err());
    }

    #[test]
    fn files_beside_the_configuration_are_found_from_any_working_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["run.py", "sh"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let resolved = |position, word| resolve_argument(position, word, folder.path());
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        assert_eq!([resolved(0, "sh"), resolved(0, "./sh")], ["sh".to_owned(), path("sh")]);
        assert_eq!([resolved(1, "run.py"), resolved(2, "-x")], [path("run.py"), "-x".to_owned()]);
    }

    #[test]
    fn the_word_after_a_mark_is_found() {
        assert_eq!(word_after("x version 6.5.1 (unknown)", "version"), Some("6.5.1".into()));
        assert_eq!(word_after("none", "version"), None);
    }
}
