//! What can be wrong in a file of columns?
use super::Column;
use super::restart::Mixed;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file of columns cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{path}`: name a file of columns that you may read")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` has no row of numbers: run what should have written it again, or leave it out")]
    Empty { path: PathBuf },
    #[error("`{path}` has no column {column}: it has {known}")]
    Unknown { path: PathBuf, column: Column, known: String },
    #[error("`{path}` calls columns {first} and {second} `{name}`: name one by its index")]
    Twice { path: PathBuf, name: String, first: usize, second: usize },
    #[error("{path}:{line}: `{word}` in column {column} is not a finite number: find out why, and remove or correct the row", path = .path.display())]
    Number { path: PathBuf, line: usize, column: usize, word: String },
    #[error("{path}:{line}: the row has {found} columns, others have {expected}: correct or remove it", path = .path.display())]
    Width { path: PathBuf, line: usize, found: usize, expected: usize },
    #[error("{path}:{line}: the fields differ from those before: divide the file there", path = .path.display())]
    Fields { path: PathBuf, line: usize },
    #[error("{path}:{line}: a second set of data begins: divide the file there", path = .path.display())]
    SecondSet { path: PathBuf, line: usize },
    #[error("{path}:{line}: from here on time goes back {count} times, first to {time}: two programs seem to have written to the file at the same time, so its rows cannot be told apart: run the simulation again, or keep the rows of one program", path = .path.display())]
    Mixed { path: PathBuf, line: usize, time: f64, count: usize },
}

impl Error {
    pub(super) fn mixed(path: PathBuf, mixed: Mixed) -> Self {
        let Mixed { line, time, count } = mixed;
        Self::Mixed { path, line, time, count }
    }
}

/// A line of a file, for messages.
pub struct At<'a> {
    pub path: &'a Path,
    /// Counted from 1.
    pub line: usize,
}

impl At<'_> {
    pub fn number(&self, column: usize, word: &[u8]) -> Error {
        let word: String = String::from_utf8_lossy(word).chars().take(40).collect();
        Error::Number { path: self.path.to_owned(), line: self.line, column, word }
    }

    pub fn width(&self, found: usize, expected: usize) -> Error {
        Error::Width { path: self.path.to_owned(), line: self.line, found, expected }
    }

    pub fn fields(&self) -> Error {
        Error::Fields { path: self.path.to_owned(), line: self.line }
    }

    pub fn second_set(&self) -> Error {
        Error::SecondSet { path: self.path.to_owned(), line: self.line }
    }

    pub fn twice(&self, name: &str, first: usize, second: usize) -> Error {
        Error::Twice { path: self.path.to_owned(), name: name.to_owned(), first, second }
    }

    /// `names` are those of `width` columns, as far as they have any.
    pub fn unknown(&self, column: &Column, names: &[&str], width: usize) -> Error {
        let named: Vec<_> = names
            .iter()
            .take(width)
            .enumerate()
            .filter(|(_, name)| !name.is_empty())
            .map(|(k, name)| format!("{k} `{name}`"))
            .collect();
        let known = match (width, named.is_empty()) {
            (1, true) => "one, 0".to_owned(),
            (_, true) => format!("0 to {}, without names", width - 1),
            _ => format!("{width}: {}", named.join(", ")),
        };
        Error::Unknown { path: self.path.to_owned(), column: column.clone(), known }
    }
}
