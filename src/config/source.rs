//! The text of a configuration file, and the line and column of a byte in it.
use super::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Larger files are certainly not configurations.
const MAX_BYTES: u64 = 64 << 20;

/// The text of the file at `path`, without a byte order mark.
///
/// # Errors
/// The file is missing, a directory, unreadable, too large or not UTF-8.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
        io::ErrorKind::IsADirectory => Error::Directory { path: path.to_owned() },
        _ => Error::Read { path: path.to_owned(), source },
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge { path: path.to_owned(), limit_mb: MAX_BYTES >> 20 });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = 1 + valid.iter().filter(|&&b| b == b'\n').count();
        Error::NotText { path: path.to_owned(), line, byte: rest.first().copied().unwrap_or_default() }
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A text, its file, and the byte at which each line begins.
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
    starts: Vec<usize>,
}

/// The line and column at which a span begins, and its part on that line.
pub(super) struct Location {
    pub path: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    pub line_text: String,
    /// Bytes of `line_text`.
    pub span: Range<usize>,
}

impl<'a> Source<'a> {
    pub fn new(path: &'a Path, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Self { path, text, starts }
    }

    /// The index from 0 of the line that holds `byte`.
    fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|&start| start <= byte).saturating_sub(1)
    }

    /// The bytes of line `index` (from 0), without its end.
    fn line(&self, index: usize) -> Range<usize> {
        let start = self.starts.get(index).copied().unwrap_or(self.text.len());
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        start..start + self.text[start..end].trim_end_matches(['\n', '\r']).len()
    }

    /// The byte of a character by its line and its index in that, both from 0; the end of the line where it has fewer.
    pub fn byte(&self, line: usize, character: usize) -> usize {
        let line = self.line(line);
        let within = self.text[line.clone()].char_indices().nth(character).map(|(at, _)| line.start + at);
        within.unwrap_or(line.end)
    }

    /// The location of the first line of `span`.
    pub fn locate(&self, span: &Range<usize>) -> Location {
        let index = self.line_of(span.start);
        let line = self.line(index);
        // A parser can point between the bytes of a character, or at the end of the line.
        let inside = |at: usize| {
            let at = at.clamp(line.start, line.end);
            (line.start..=at).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or(line.start)
        };
        let (start, end) = (inside(span.start), inside(span.end));
        let before = &self.text[line.start..start];
        Location {
            path: self.path.to_owned(),
            line: index + 1,
            column: 1 + before.chars().filter(|&c| c != '\u{feff}').count(),
            line_text: self.text[line.clone()].to_owned(),
            span: start - line.start..end.max(start) - line.start,
        }
    }

    /// The first line of `span` for a message, truncated.
    pub fn excerpt(&self, span: &Range<usize>) -> String {
        let location = self.locate(span);
        let text = &location.line_text[location.span];
        match text.char_indices().nth(40) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_counts_lines_from_1_and_columns_in_characters() {
        let source = Source::new(Path::new("a"), "x = 1\r\nyö = 2\n");
        let at = source.text.find('2').unwrap();
        let location = source.locate(&(at..at + 1));
        assert_eq!((location.line, location.column, location.line_text.as_str()), (2, 6, "yö = 2"));
        assert_eq!(&location.line_text[location.span], "2");
    }

    #[test]
    fn a_span_is_cut_at_the_end_of_its_first_line_and_at_the_end_of_the_text() {
        let source = Source::new(Path::new("a"), "x = [\n1]");
        assert_eq!(source.excerpt(&(4..8)), "[");
        assert_eq!(source.locate(&(90..95)).line, 2);
        assert_eq!(Source::new(Path::new("a"), "").locate(&(0..0)).line, 1);
    }
}
