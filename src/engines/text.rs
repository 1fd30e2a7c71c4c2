//! How are output files of any length read in bounded memory?
use crate::task::Cause;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes kept of a line; the rest of a longer one is skipped.
const LONGEST_LINE: u64 = 1 << 16;
/// Bytes at the end of a file that are searched for a message.
const TAIL: u64 = 1 << 16;

/// The lines of a text file, without their ends; long ones are truncated.
#[derive(Debug)]
pub struct LineReader {
    file: BufReader<File>,
}

impl LineReader {
    /// Opens the file `path`.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    pub fn open(path: &Path) -> Result<Self, Cause> {
        Ok(Self { file: BufReader::new(File::open(path).map_err(|error| unreadable(path, &error))?) })
    }

    fn next_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        (&mut self.file).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            self.file.skip_until(b'\n')?;
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }
}

impl Iterator for LineReader {
    type Item = String;

    /// A read error ends the file: the caller then misses what should follow.
    fn next(&mut self) -> Option<String> {
        self.next_line().unwrap_or(None)
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// The file does not exist, cannot be read, or is longer.
pub fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, Cause> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    match bytes.len() as u64 > limit {
        true => Err(Cause::Failed(format!("`{}` has more than {limit} bytes", path.display()))),
        false => Ok(bytes),
    }
}

/// The last 64 KiB of a file; empty if it does not exist.
pub fn tail(path: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// The last `count` lines of a text that are not blank, each with single spaces, joined by ` | `.
pub fn last_lines(text: &str, count: usize) -> String {
    let squeezed = text.lines().rev().map(squeeze).filter(|line| !line.is_empty());
    let mut lines: Vec<_> = squeezed.take(count).collect();
    lines.reverse();
    lines.join(" | ")
}

/// A line with single spaces and no indentation.
fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Parses a number; the exponent may be Fortran's D.
pub fn number(word: &str) -> Option<f64> {
    word.parse().ok().or_else(|| word.replace(['D', 'd'], "e").parse().ok())
}

fn unreadable(path: &Path, error: &io::Error) -> Cause {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => Cause::Failed(format!("`{name}` was not found")),
        _ => Cause::Failed(format!("cannot read `{name}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_long_line_is_truncated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::write(&path, [&b"one\n"[..], &[b'x'; 300_000], b"\n\nthree"].concat()).unwrap();
        let lengths: Vec<_> = LineReader::open(&path).unwrap().map(|line| line.len()).collect();
        assert_eq!(lengths, [3, LONGEST_LINE as usize, 0, 5]);
        assert_eq!(tail(&path).len(), TAIL as usize);
        assert!(read_limited(&path, 1000).is_err());
        assert_eq!(read_limited(&path, 1 << 20).unwrap().len(), 300_011);
        assert_eq!(last_lines(&tail(&path), 1), "three");
        assert_eq!(tail(&folder.path().join("none")), "");
    }

    #[test]
    fn numbers_of_fortran_are_read() {
        assert_eq!(number("-7.5D+01"), Some(-75.0));
        assert_eq!(number("1.5"), Some(1.5));
        assert!(number("NaN").unwrap().is_nan());
        assert_eq!(number("********"), None);
    }
}
