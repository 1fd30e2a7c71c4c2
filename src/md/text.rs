//! How are text files of coordinates read line by line?
use super::{Cell, Error};
use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a frame of a text file begins, and what is known of it.
pub(super) struct TextFrame {
    /// Offset in the file, bytes.
    pub offset: u64,
    pub time_ps: Option<f64>,
    /// Number of atoms.
    pub atoms: usize,
    /// The periodic box, where the frame itself need not contain it.
    pub cell: Option<Cell>,
}

/// Hands out the lines of a part of a file.
#[derive(Clone)]
pub(super) struct LineReader<'a> {
    path: &'a Path,
    rest: &'a [u8],
    /// Number of the last line that was read, counted from 1.
    line: usize,
    /// Bytes read so far.
    pub offset: u64,
    /// Whether the file ended within the last line that was read: it has no line feed.
    pub is_unterminated: bool,
}

impl<'a> LineReader<'a> {
    pub fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self { path, rest: bytes, line: 0, offset: 0, is_unterminated: false }
    }

    /// The next line without its line feed; none at the end of the file. Invalid UTF-8 becomes replacement characters.
    pub fn next(&mut self) -> Option<Cow<'a, str>> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        let used = (end + 1).min(self.rest.len());
        self.is_unterminated = end == self.rest.len();
        self.rest = &self.rest[used..];
        self.offset += used as u64;
        self.line += 1;
        Some(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Whether only whitespace is left.
    pub fn is_blank(&self) -> bool {
        self.rest.iter().all(u8::is_ascii_whitespace)
    }

    /// The error that the last line that was read is not what is `expected`.
    pub fn invalid_line(&self, found: &str, expected: &'static str) -> Error {
        let found = found.chars().take(80).collect();
        Error::InvalidLine { path: self.path.to_owned(), line: self.line, found, expected }
    }

    /// The error that the file ends where something is `expected`.
    pub fn unexpected_end(&self, expected: &'static str) -> Error {
        Error::UnexpectedEnd { path: self.path.to_owned(), line: self.line, expected }
    }
}

/// Characters `from..to` of a line, trimmed; empty beyond its end.
pub(super) fn fixed_columns(line: &str, from: usize, to: usize) -> &str {
    let byte = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(byte, _)| byte);
    line[byte(from)..byte(to)].trim()
}

/// The time in a title such as `Protein t= 100.00000 step= 50000`, ps.
pub(super) fn title_time_ps(title: &str) -> Option<f64> {
    let (before, rest) = title.rsplit_once("t=")?;
    // `t=` may be the end of a longer word, as in `weight=`.
    let is_within_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    rest.split_whitespace().next().filter(|_| !is_within_word)?.parse().ok()
}

/// The extension of a path in lower case, without the dot.
pub(super) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// All bytes of a file.
///
/// # Errors
/// It is not found or cannot be read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| io_error(path, source))
}

/// The error of a file that cannot be opened or read.
pub(super) fn io_error(path: &Path, source: io::Error) -> Error {
    let path = PathBuf::from(path);
    match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path },
        _ => Error::Read { path, source },
    }
}
