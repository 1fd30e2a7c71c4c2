//! Which result is exported as JSON at the end of a run, besides the HDF5 file?
//!
//! Of a configuration that is a file of another program, the result in that program's own format; of any, where `--output` names a file. The
//! HDF5 file is complete before: an export that fails costs nothing, and `simmpi export` repeats it.
use super::console;
use super::exit::{Exit, Stop, causes};
use super::load::Configured;
use crate::campaigns::Kind;
use crate::journal;
use crate::results::{Error, Reader};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A JSON file of the results, and the file that they are read from.
#[derive(Clone)]
pub struct ExportedFile {
    kind: &'static dyn Kind,
    /// The HDF5 file.
    output: PathBuf,
    path: PathBuf,
    /// Whether the command line names it.
    is_requested: bool,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Read(#[from] Error),
    #[error("cannot write `{path}`")]
    Write { path: PathBuf, source: io::Error },
}

impl ExportedFile {
    /// The file that belongs to a configuration, or that is `requested`; none where neither names one.
    ///
    /// # Errors
    /// It cannot be created, or would replace the configuration, the output or a file that simmpi has not written.
    pub fn locate(configured: &Configured, requested: Option<&Path>) -> Result<Option<Self>, Stop> {
        let Some(path) = requested.map(Path::to_owned).or_else(|| configured.config.exported()) else {
            return Ok(None);
        };
        let file = Self { kind: configured.kind, output: configured.output(), path, is_requested: requested.is_some() };
        file.check(&configured.config.path)?;
        Ok(Some(file))
    }

    fn check(&self, config: &Path) -> Result<(), Stop> {
        let shown = self.path.display();
        let refuse = |text: String| Err(Stop::new(Exit::Output, text));
        let folder = journal::parent_folder(&self.path);
        if !folder.is_dir() {
            return refuse(format!("the folder of `{shown}` does not exist: create it first"));
        }
        if self.path.is_dir() || self.path.file_name().is_none() {
            return refuse(format!("`{shown}` is a folder: name a file in it"));
        }
        let is_same = |other: &Path| match (fs::canonicalize(&self.path), fs::canonicalize(other)) {
            (Ok(path), Ok(other)) => path == other,
            _ => std::path::absolute(&self.path).ok() == std::path::absolute(other).ok(),
        };
        if is_same(config) || is_same(&self.output) {
            return refuse(format!("`{shown}` is the configuration or the output: name another file with -o"));
        }
        if !self.is_requested && self.path.exists() && !is_of_simmpi(&self.path) {
            return refuse(format!("`{shown}` was not written by simmpi: rename it, or name another file with -o"));
        }
        Ok(())
    }

    /// Whether it must be written though the campaign is complete already.
    pub fn is_due(&self) -> bool {
        self.is_requested || !self.path.exists()
    }

    /// Writes the file, completely or not at all, and says where it is. Returns `exit`, or that of a file that cannot be written.
    pub fn write(&self, exit: Exit) -> Exit {
        match self.attempt() {
            Ok(()) => {
                console::line(&format!("result as JSON in {}", self.path.display()));
                exit
            }
            Err(failure) => {
                let (output, path) = (self.output.display(), self.path.display());
                console::error(&format!(
                    "{}\nthe results are complete in {output}: `simmpi export {output} -o {path}` writes them again",
                    causes(&failure)
                ));
                Exit::Disk
            }
        }
    }

    fn attempt(&self) -> Result<(), Failure> {
        let text = self.kind.export(&Reader::open_results(&self.output)?)?.to_string() + "\n";
        write_whole(&self.path, &text).map_err(|source| Failure::Write { path: self.path.clone(), source })
    }
}

/// Writes a file under another name and renames it; what is no regular file is written to directly.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    if path.exists() && !path.is_file() {
        return fs::write(path, text);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".part-{}", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    });
    if written.is_err() {
        // What is left of it is of no use; the first error tells why.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Whether a file is an exported result.
fn is_of_simmpi(path: &Path) -> bool {
    let value = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    value.is_some_and(|value| value.pointer("/extras/simmpi").is_some())
}
