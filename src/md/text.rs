//! How is a text file of coordinates read line by line?
use super::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The lines of a part of a file.
#[derive(Clone)]
pub(super) struct Lines<'a> {
    path: &'a Path,
    rest: &'a [u8],
    /// The number of the line handed out last, counted from 1.
    pub line: usize,
    pub offset: u64,
    is_unfinished: bool,
}

impl<'a> Lines<'a> {
    pub fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self { path, rest: bytes, line: 0, offset: 0, is_unfinished: false }
    }

    /// The next line without its end; none at the end of the file. Bytes that are no text become signs of replacement.
    pub fn next(&mut self) -> Option<std::borrow::Cow<'a, str>> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        let used = (end + 1).min(self.rest.len());
        self.is_unfinished = end == self.rest.len();
        self.rest = &self.rest[used..];
        self.offset += used as u64;
        self.line += 1;
        Some(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Whether only empty lines are left.
    pub fn is_blank(&self) -> bool {
        self.rest.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether the line handed out last is the end of the file and has no end of its own.
    pub fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }

    /// The fault of the line handed out last.
    pub fn fault(&self, found: &str, expected: &'static str) -> Error {
        let found = if found.chars().count() > 80 { found.chars().take(80).collect() } else { found.to_owned() };
        Error::Line { path: self.path.to_owned(), line: self.line, found, expected }
    }
}

/// The columns `from..to` of a line, trimmed; what is beyond its end is empty.
pub(super) fn columns(line: &str, from: usize, to: usize) -> &str {
    let place = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(place, _)| place);
    line[place(from)..place(to)].trim()
}

/// The time in a title such as `Protein t= 100.00000 step= 50000`, ps.
pub(super) fn time_of(title: &str) -> Option<f64> {
    let (before, rest) = title.rsplit_once("t=")?;
    // A word that ends in t is none.
    let is_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    rest.split_whitespace().next().filter(|_| !is_word)?.parse().ok()
}

/// All bytes of a file.
///
/// # Errors
/// It is missing or cannot be read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| failed(path, source))
}

/// The error of a file that cannot be opened or read.
pub(super) fn failed(path: &Path, source: io::Error) -> Error {
    let path = PathBuf::from(path);
    match source.kind() {
        io::ErrorKind::NotFound => Error::Missing { path },
        _ => Error::Read { path, source },
    }
}
