//! Why can a file of columns not be used?
use super::Column;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file of columns cannot be used. Columns are counted from 0, lines from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{path}`: use a file of columns with read permission")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` has no row of numbers: run the program that should have written it again, or leave the file out")]
    Empty { path: PathBuf },
    #[error("`{path}` has no column {column}: it has {known}")]
    UnknownColumn { path: PathBuf, column: Column, known: String },
    #[error("columns {first} and {second} of `{path}` are both called `{name}`: select one by its index")]
    AmbiguousColumn { path: PathBuf, name: String, first: usize, second: usize },
    #[error("{path}:{line}: `{word}` in column {column} is not a finite number: find the cause, and remove or correct the row", path = .path.display())]
    InvalidNumber { path: PathBuf, line: usize, column: usize, word: String },
    #[error("{path}:{line}: the row has {found} columns, others have {expected}: correct or remove it", path = .path.display())]
    ColumnCount { path: PathBuf, line: usize, found: usize, expected: usize },
    #[error("{path}:{line}: the fields differ from those before: split the file there", path = .path.display())]
    FieldsChange { path: PathBuf, line: usize },
    #[error("{path}:{line}: a second set of data begins: split the file there", path = .path.display())]
    SecondSet { path: PathBuf, line: usize },
    #[error("{path}:{line}: from here on time goes back {count} times, first to {time}: two programs seem to have written to the file at the same time, and their rows cannot be separated: run the simulation again, or keep the rows of one program", path = .path.display())]
    Interleaved { path: PathBuf, line: usize, time: f64, count: usize },
}

/// A line of a file, for messages.
#[derive(Clone, Copy)]
pub struct Location<'a> {
    pub path: &'a Path,
    /// Counted from 1.
    pub line: usize,
}

impl Location<'_> {
    pub fn invalid_number(&self, column: usize, word: &[u8]) -> Error {
        let word: String = String::from_utf8_lossy(word).chars().take(40).collect();
        Error::InvalidNumber { path: self.path.to_owned(), line: self.line, column, word }
    }

    pub fn column_count(&self, found: usize, expected: usize) -> Error {
        Error::ColumnCount { path: self.path.to_owned(), line: self.line, found, expected }
    }

    pub fn fields_change(&self) -> Error {
        Error::FieldsChange { path: self.path.to_owned(), line: self.line }
    }

    /// `names` are those of `width` columns; columns beyond their end and empty ones have no name.
    pub fn unknown_column(&self, column: &Column, names: &[&str], width: usize) -> Error {
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
        Error::UnknownColumn { path: self.path.to_owned(), column: column.clone(), known }
    }
}
