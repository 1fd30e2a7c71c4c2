//! Where is a program, and which version is it?
use super::{Found, Missing};
use crate::journal::sha256_of_file;
use crate::process::{Captured, Command, Finished, Guard};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs, process};

/// The longest that a program may take to tell its version: file systems of clusters are slow at the first touch.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where a program is found: a name without a slash through PATH, a path as it is.
///
/// # Errors
/// It is not there or may not be executed; `help` says how to install it.
pub fn locate(program: &Path, help: &str) -> Result<PathBuf, Missing> {
    let missing = |message: String| Missing { message, help: help.to_owned() };
    if program.components().count() > 1 {
        return match is_executable(program) {
            true => Ok(program.to_owned()),
            false => Err(missing(format!("`{}` is not there, or may not be executed", program.display()))),
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(program)).find(|path| is_executable(path));
    found.ok_or_else(|| missing(format!("`{}` is not in any folder of PATH", program.display())))
}

/// The program that a command begins with. Its version is its digest with those of files among the arguments: a script is what its
/// interpreter reads, and makes another campaign when it changes.
///
/// # Errors
/// It is not there, or a file cannot be read; `help` says what to check.
pub fn locate_with_scripts(command: &[String], help: &str) -> Result<Found, Missing> {
    let path = locate(Path::new(command.first().map_or("", String::as_str)), help)?;
    let scripts = command.iter().skip(1).map(PathBuf::from).filter(|word| word.is_absolute() && word.is_file());
    let digest = |path: PathBuf| {
        sha256_of_file(&path).map_err(|error| Missing { message: format!("{error}"), help: help.to_owned() })
    };
    let digests = [path.clone()].into_iter().chain(scripts).map(digest).collect::<Result<Vec<_>, _>>()?;
    Ok(Found { path, version: format!("sha256 {}", digests.join(" ")) })
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Has a program tell its version: `argv` is run in an empty folder that holds `input` as a file `input`, and its
/// output searched by `version`, standard output first.
///
/// # Errors
/// It does not run or does not say.
pub fn version(
    guard: &Guard,
    argv: Vec<OsString>,
    input: &str,
    help: &str,
    version: impl Fn(&str) -> Option<String>,
) -> Result<String, Missing> {
    let program = argv.first().map(PathBuf::from).unwrap_or_default();
    let missing = |why: String| Missing { message: format!("`{}` {why}", program.display()), help: help.to_owned() };
    let folder = Folder::create().map_err(|error| missing(format!("cannot be asked for its version: {error}")))?;
    fs::write(folder.0.join("input"), input)
        .map_err(|error| missing(format!("cannot be asked for its version: {error}")))?;
    let mut command = Command::new(argv, &folder.0);
    command.time_limit = Some(PATIENCE);
    command.set = vec![("OMP_NUM_THREADS".into(), "1".into()), ("TMPDIR".into(), folder.0.clone().into())];
    let finished: Finished =
        guard.run(&command).map_err(|error| missing(format!("does not tell its version: {error}")))?;
    let told = [&finished.stdout, &finished.stderr].into_iter().map(Captured::text).find_map(|text| version(&text));
    told.ok_or_else(|| {
        missing(format!(
            "does not tell its version: {}, {}",
            finished.exit,
            super::text::last_lines(&finished.stderr.text(), 3)
        ))
    })
}

/// The word after `mark` in a text.
pub fn word_after(text: &str, mark: &str) -> Option<String> {
    let (_, rest) = text.split_once(mark)?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// A folder for a moment.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn create() -> std::io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("simmpi-version-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
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
    fn the_word_after_a_mark_is_found() {
        assert_eq!(word_after("x version 6.5.1 (unknown)", "version"), Some("6.5.1".into()));
        assert_eq!(word_after("none", "version"), None);
    }
}
