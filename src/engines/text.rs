//! How are output files read, however long they are?
use crate::task::Cause;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of one line that are looked at; the rest of a longer one is passed over.
const LINE: u64 = 1 << 16;
/// Bytes of the end of a file that are looked at for a message.
const END: u64 = 1 << 16;

/// A text file that is read line by line.
#[derive(Debug)]
pub struct Lines {
    file: BufReader<File>,
}

impl Lines {
    /// Opens the file `path`.
    ///
    /// # Errors
    /// It is not there or cannot be read.
    pub fn open(path: &Path) -> Result<Self, Cause> {
        Ok(Self { file: BufReader::new(File::open(path).map_err(|error| unreadable(path, &error))?) })
    }

    /// The next line without its end, of a long one its beginning.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        (&mut self.file).take(LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            self.file.skip_until(b'\n')?;
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }
}

impl Iterator for Lines {
    type Item = String;

    /// A file that cannot be read further ends there: what was to be found in it is then missing.
    fn next(&mut self) -> Option<String> {
        self.line().unwrap_or(None)
    }
}

/// The whole of a file of at most `limit` bytes.
///
/// # Errors
/// It is not there, cannot be read, or is longer.
pub fn whole(path: &Path, limit: u64) -> Result<Vec<u8>, Cause> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    match bytes.len() as u64 > limit {
        true => Err(Cause::Failed(format!("`{}` has more than {limit} bytes", path.display()))),
        false => Ok(bytes),
    }
}

/// The last 64 KiB of a file; empty when there is none.
pub fn end(path: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        let mut bytes = Vec::new();
        file.take(END).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// The last `count` lines of a text that are not blank, without their indentation and gaps, joined by bars into one.
pub fn last_lines(text: &str, count: usize) -> String {
    let squeezed = text.lines().rev().map(squeeze).filter(|line| !line.is_empty());
    let mut lines: Vec<_> = squeezed.take(count).collect();
    lines.reverse();
    lines.join(" | ")
}

/// A line with single spaces.
pub fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A number as Fortran writes it too, with D for its exponent.
pub fn number(word: &str) -> Option<f64> {
    word.parse().ok().or_else(|| word.replace(['D', 'd'], "e").parse().ok())
}

fn unreadable(path: &Path, error: &io::Error) -> Cause {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => Cause::Failed(format!("there is no file `{name}`")),
        _ => Cause::Failed(format!("cannot read `{name}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_line_without_end_takes_no_more_than_its_share() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::write(&path, [&b"one\n"[..], &[b'x'; 300_000], b"\n\nthree"].concat()).unwrap();
        let lengths: Vec<_> = Lines::open(&path).unwrap().map(|line| line.len()).collect();
        assert_eq!(lengths, [3, LINE as usize, 0, 5]);
        assert_eq!(end(&path).len(), END as usize);
        assert!(whole(&path, 1000).is_err());
        assert_eq!(whole(&path, 1 << 20).unwrap().len(), 300_011);
        assert_eq!(last_lines(&end(&path), 1), "three");
        assert_eq!(end(&folder.path().join("none")), "");
    }

    #[test]
    fn numbers_of_fortran_are_read() {
        assert_eq!(number("-7.5D+01"), Some(-75.0));
        assert_eq!(number("1.5"), Some(1.5));
        assert!(number("NaN").unwrap().is_nan());
        assert_eq!(number("********"), None);
    }
}
