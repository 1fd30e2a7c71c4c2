//! Which part of a program's output is kept, however much it prints?
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

/// Bytes kept of the beginning of an output, and as many of its end.
const CAPTURED_BYTES: usize = 64 * 1024;

/// The beginning and the end of a program's output, as bytes: it need not be text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// The first 64 KiB.
    pub head: Vec<u8>,
    /// The last 64 KiB of what follows the head; head and tail never overlap.
    pub tail: Vec<u8>,
    /// Bytes written by the program, kept or not.
    pub total: u64,
}

impl Captured {
    /// Whether head and tail are the whole output.
    pub fn is_whole(&self) -> bool {
        self.total == (self.head.len() + self.tail.len()) as u64
    }

    /// The line between head and tail that says how much was left out; empty if nothing was.
    fn omission(&self) -> String {
        match self.total - (self.head.len() + self.tail.len()) as u64 {
            0 => String::new(),
            left_out => format!("\n[{left_out} bytes left out]\n"),
        }
    }

    /// What was kept, with a line for what was left out and a replacement character for every byte that is not UTF-8.
    pub fn text(&self) -> String {
        // Joined before decoding: a character may begin in the head and end in the tail.
        String::from_utf8_lossy(&[&self.head[..], self.omission().as_bytes(), &self.tail].concat()).into_owned()
    }

    /// The last `lines` lines of the output, for error messages.
    pub fn last_lines(&self, lines: usize) -> String {
        let text = self.text();
        let all: Vec<&str> = text.trim_end().lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Appends the next bytes of the output.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(CAPTURED_BYTES - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(&rest[rest.len().saturating_sub(CAPTURED_BYTES)..]);
        // Only once per CAPTURED_BYTES bytes, so that each byte is moved about once.
        if self.tail.len() >= 2 * CAPTURED_BYTES {
            self.trim_tail();
        }
    }

    /// Cuts the tail to its final length.
    pub(super) fn trim_tail(&mut self) {
        self.tail.drain(..self.tail.len().saturating_sub(CAPTURED_BYTES));
    }
}

/// A file with the captured part of an output. A failure to write it is ignored: on a full disk the program itself fails.
pub(super) struct OutputCopy {
    path: PathBuf,
    /// Created with the first byte.
    file: Option<File>,
    /// Bytes of the head that have been written.
    written: usize,
    has_failed: bool,
}

impl OutputCopy {
    /// A copy at `path`; an older file there is removed.
    pub fn new(path: PathBuf) -> Self {
        let _ = fs::remove_file(&path);
        Self { path, file: None, written: 0, has_failed: false }
    }

    /// Writes what has been added to the `head`.
    pub fn write_head(&mut self, head: &[u8]) {
        if self.written < head.len() {
            self.write(&head[self.written..]);
            self.written = head.len();
        }
    }

    /// Writes the rest of an output that has ended.
    pub fn finish(&mut self, captured: &Captured) {
        self.write_head(&captured.head);
        if !captured.tail.is_empty() {
            self.write(captured.omission().as_bytes());
            self.write(&captured.tail);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut attempt = || -> io::Result<()> {
            let file = match &mut self.file {
                Some(file) => file,
                None => self.file.insert(File::create(&self.path)?),
            };
            file.write_all(bytes)
        };
        if !self.has_failed && attempt().is_err() {
            self.has_failed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(bytes: &[u8], piece: usize) -> Captured {
        let mut captured = Captured::default();
        bytes.chunks(piece).for_each(|chunk| captured.push(chunk));
        captured.trim_tail();
        captured
    }

    #[test]
    fn head_and_tail_are_the_ends_of_the_output_for_any_size_of_pieces() {
        let bytes: Vec<u8> = (0..500_000u32).map(|k| (k / 7) as u8).collect();
        for length in [
            0,
            1,
            CAPTURED_BYTES - 1,
            CAPTURED_BYTES,
            CAPTURED_BYTES + 1,
            2 * CAPTURED_BYTES,
            2 * CAPTURED_BYTES + 1,
            3 * CAPTURED_BYTES,
            bytes.len(),
        ] {
            for piece in [1000, 4096, CAPTURED_BYTES, 300_000] {
                let captured = capture(&bytes[..length], piece);
                let head = length.min(CAPTURED_BYTES);
                assert_eq!(captured.total, length as u64);
                assert_eq!(captured.head, bytes[..head]);
                assert_eq!(captured.tail, bytes[head.max(length.saturating_sub(CAPTURED_BYTES))..length]);
                assert_eq!(captured.is_whole(), length <= 2 * CAPTURED_BYTES);
            }
        }
    }

    #[test]
    fn omitted_bytes_are_counted_and_invalid_text_is_replaced() {
        let long = capture(&[0xff; 3 * CAPTURED_BYTES], 5000);
        assert!(long.text().contains(&format!("\n[{CAPTURED_BYTES} bytes left out]\n")));
        assert_eq!(capture(b"\xff\x00\x1b[31m", 2).text(), "\u{fffd}\0\u{1b}[31m");
        assert_eq!(capture(b"one\ntwo\nthree\n", 4).last_lines(2), "two\nthree");
    }

    #[test]
    fn a_character_across_head_and_tail_stays_whole() {
        let mut bytes = vec![b'x'; CAPTURED_BYTES - 1];
        bytes.extend_from_slice("é!".as_bytes());
        assert!(capture(&bytes, 1000).text().ends_with("xé!"));
    }
}
