//! Where do the windows come from: a file of windows, or lists of another program?
use super::command_line::CommandLine;
use super::text_file::ListLine;
use crate::campaigns::part_files::PartFiles;
use crate::config::{Document, Fault};
use crate::md::FileListError;
use crate::problem::Problem;
use std::path::{Path, PathBuf};

/// Where the windows and settings were read, for messages.
#[derive(Debug)]
pub enum Origin {
    /// A file of windows in TOML.
    Document(Document),
    Listing(Listing),
}

/// Windows from a list of another program, settings from the command line.
#[derive(Debug)]
pub struct Listing {
    pub command: CommandLine,
    /// The line that names each window `[windows]`.
    pub windows: Vec<ListLine>,
}

/// Keys of files of windows and the options that set them here.
const OPTIONS: [(&str, &str); 11] = [
    ("temperature_k", "-temp"),
    ("range", "-min"),
    ("bins", "-bins"),
    ("bootstrap", "-nBootstrap"),
    ("discard_ps", "-b"),
    ("until_ps", "-e"),
    ("seed", "-bs-seed"),
    ("estimator", "--estimator"),
    ("units.force_constant", "--force-constant-unit"),
    ("units.coordinate", "--output-coordinate-unit"),
    ("units.energy", "-unit"),
];
/// Keys of windows and the options that set them for all windows.
const WINDOW_OPTIONS: [(&str, &str); 5] = [
    ("column", "--column"),
    ("period", "--periodicity"),
    ("unit", "--coordinate-unit"),
    ("force_constant", "--force-constant"),
    ("quantity", "-if"),
];

impl Origin {
    /// A fault of the value at `key`, as in `window.2.file`.
    pub fn fault(&self, key: &str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        match self {
            Self::Document(document) => document.fault(key, message, help),
            Self::Listing(listing) => listing.fault(key, message.into(), help.into()),
        }
    }

    /// The fault of a problem in the table at `table`; of the table's own value where the problem names no key.
    pub fn fault_of(&self, table: &str, problem: Problem) -> Fault {
        self.fault(&problem.key_in(table), problem.message, problem.help)
    }

    /// The files of a window, relative to the file that names them.
    ///
    /// # Errors
    /// Nothing matches a name with wildcards.
    pub fn files(&self, files: &PartFiles) -> Result<Vec<PathBuf>, FileListError> {
        match self {
            Self::Document(document) => files.expand(&document.resolve(Path::new(""))),
            // Readers of lists resolve them, and no list has wildcards.
            Self::Listing(_) => Ok(files.paths().to_vec()),
        }
    }
}

impl Listing {
    /// A fault of a line of the list, or of an option.
    fn fault(&self, key: &str, message: String, help: String) -> Fault {
        let (message, help) = (with_options(message), with_options(help));
        let mut parts = key.split('.');
        let window = match (parts.next(), parts.next().map(str::parse::<usize>)) {
            (Some("window"), Some(Ok(index))) => self.windows.get(index),
            _ => None,
        };
        match window {
            Some(line) => line.fault(message, help),
            None => {
                let option = OPTIONS.iter().find(|(known, _)| *known == key).map_or("", |(_, option)| option);
                self.command.fault(option, message, help)
            }
        }
    }
}

/// A message in which options replace the keys of files of windows.
fn with_options(message: String) -> String {
    let all = OPTIONS.iter().chain(&WINDOW_OPTIONS);
    let message =
        all.fold(message, |message, (key, option)| message.replace(&format!("`{key}`"), &format!("`{option}`")));
    message
        .replace("set quantity = \"force\"", "list it with -if")
        .replace("add `period = ", "set `--periodicity ")
        .replace("` to each window if", "` if")
}
