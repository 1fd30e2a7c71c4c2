//! Why can a file of columns not be used?
use super::Column;
use super::restarts::Interleaved;
use crate::problem::Problem;
use std::io;
use std::path::Path;

/// Why a file of columns cannot be used. Columns are counted from 0, lines from 1.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct Error {
    /// Its key is `column` where the file does not have the requested one, otherwise `file`.
    pub problem: Problem,
    source: Option<io::Error>,
}

impl Error {
    fn new(message: String, help: &str) -> Self {
        Self { problem: Problem::at_key("file", message, help), source: None }
    }

    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        let error =
            Self::new(format!("cannot read `{}`", path.display()), "use a file of columns with read permission");
        Self { source: Some(source), ..error }
    }

    pub(super) fn empty(path: &Path) -> Self {
        let help = "run the program that should have written it again, or leave the file out";
        Self::new(format!("`{}` has no row of numbers", path.display()), help)
    }

    pub(super) fn interleaved(path: &Path, found: Interleaved) -> Self {
        let Interleaved { line, time, count } = found;
        let what = format!(
            "from here on time goes back {count} times, first to {time}: two programs seem to have written to the file at the same time, \
             and their rows cannot be separated"
        );
        Location { path, line }.error(&what, "run the simulation again, or keep the rows of one program")
    }

    /// Parts of one file that cannot be joined; `path` is the later one.
    pub(super) fn join(path: &Path, what: &str, help: &str) -> Self {
        Self::new(format!("`{}` {what}", path.display()), help)
    }
}

/// A line of a file, for messages.
#[derive(Clone, Copy)]
pub struct Location<'a> {
    pub path: &'a Path,
    /// Counted from 1.
    pub line: usize,
}

impl Location<'_> {
    fn error(&self, what: &str, help: &str) -> Error {
        Error::new(format!("{}:{}: {what}", self.path.display(), self.line), help)
    }

    pub fn invalid_number(&self, column: usize, word: &[u8]) -> Error {
        let word: String = String::from_utf8_lossy(word).chars().take(40).collect();
        let what = format!("`{word}` in column {column} is not a finite number");
        self.error(&what, "find the cause, and remove or correct the row")
    }

    pub fn column_count(&self, found: usize, expected: usize) -> Error {
        self.error(&format!("the row has {found} columns, others have {expected}"), "correct or remove it")
    }

    pub fn fields_change(&self) -> Error {
        self.error("the fields differ from those before", "split the file there")
    }

    pub fn second_set(&self) -> Error {
        self.error("a second set of data begins", "split the file there")
    }

    pub fn ambiguous_column(&self, name: &str, first: usize, second: usize) -> Error {
        let message = format!("columns {first} and {second} of `{}` are both called `{name}`", self.path.display());
        Error { problem: Problem::at_key("column", message, "select one by its index"), source: None }
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
        let message = format!("`{}` has no column {column}", self.path.display());
        Error { problem: Problem::at_key("column", message, format!("it has {known}")), source: None }
    }
}
