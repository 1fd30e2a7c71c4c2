//! How much of a program's output is kept, whatever its amount?
use super::command::Output;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Bytes kept of the beginning of an output, and as many of its end.
const KEPT: usize = 64 * 1024;

/// The beginning and the end of a program's output. Bytes, not text: programs print what they like.
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
    /// Whether head and tail together are all that was written.
    pub fn is_whole(&self) -> bool {
        self.total == (self.head.len() + self.tail.len()) as u64
    }

    /// What stands between head and tail where something was left out.
    fn seam(&self) -> String {
        match self.total - (self.head.len() + self.tail.len()) as u64 {
            0 => String::new(),
            left_out => format!("\n[{left_out} bytes left out]\n"),
        }
    }

    /// What was kept, with a line in the place of what was left out and a replacement character for every byte that is
    /// not UTF-8.
    pub fn text(&self) -> String {
        // Joined before they are decoded: a character may lie across the seam.
        String::from_utf8_lossy(&[&self.head[..], self.seam().as_bytes(), &self.tail].concat()).into_owned()
    }

    /// The last `lines` lines of the output, for a message about what went wrong.
    pub fn last_lines(&self, lines: usize) -> String {
        let text = self.text();
        let all: Vec<&str> = text.trim_end().lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Takes up the next bytes of the output.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(&rest[rest.len().saturating_sub(KEPT)..]);
        // Only every other KEPT bytes, so that each byte is moved about once.
        if self.tail.len() >= 2 * KEPT {
            self.settle();
        }
    }

    /// Cuts the tail to its length at the end of the output.
    pub(super) fn settle(&mut self) {
        self.tail.drain(..self.tail.len().saturating_sub(KEPT));
    }
}

/// A file with what is kept of an output. The program goes on where the file cannot be written: a full disk is told of by what
/// the program makes of it.
pub(super) struct Copy {
    path: PathBuf,
    /// None before the first byte.
    file: Option<File>,
    /// Bytes of the head that stand in the file.
    written: usize,
    has_failed: bool,
}

impl Copy {
    /// The file that `output` names, gone if it was there.
    pub fn of(output: &Output, directory: &Path) -> Option<Self> {
        let Output::Kept(name) = output else { return None };
        let path = directory.join(name);
        let _ = fs::remove_file(&path);
        Some(Self { path, file: None, written: 0, has_failed: false })
    }

    /// Writes what is new of the `head`.
    pub fn begin(&mut self, head: &[u8]) {
        if self.written < head.len() {
            self.write(&head[self.written..]);
            self.written = head.len();
        }
    }

    /// Writes the rest once the output is at its end.
    pub fn finish(&mut self, captured: &Captured) {
        self.begin(&captured.head);
        if !captured.tail.is_empty() {
            self.write(captured.seam().as_bytes());
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
        captured.settle();
        captured
    }

    #[test]
    fn head_and_tail_are_the_ends_of_the_output_for_any_size_of_pieces() {
        let bytes: Vec<u8> = (0..500_000u32).map(|k| (k / 7) as u8).collect();
        for length in [0, 1, KEPT - 1, KEPT, KEPT + 1, 2 * KEPT, 2 * KEPT + 1, 3 * KEPT, bytes.len()] {
            for piece in [1000, 4096, KEPT, 300_000] {
                let captured = capture(&bytes[..length], piece);
                let head = length.min(KEPT);
                assert_eq!(captured.total, length as u64);
                assert_eq!(captured.head, bytes[..head]);
                assert_eq!(captured.tail, bytes[head.max(length.saturating_sub(KEPT))..length]);
                assert_eq!(captured.is_whole(), length <= 2 * KEPT);
            }
        }
    }

    #[test]
    fn what_is_left_out_is_said_and_no_byte_makes_it_panic() {
        let long = capture(&[0xff; 3 * KEPT], 5000);
        assert!(long.text().contains(&format!("\n[{KEPT} bytes left out]\n")));
        assert_eq!(capture(b"\xff\x00\x1b[31m", 2).text(), "\u{fffd}\0\u{1b}[31m");
        assert_eq!(capture(b"one\ntwo\nthree\n", 4).last_lines(2), "two\nthree");
    }

    #[test]
    fn a_character_across_the_seam_of_head_and_tail_stays_whole() {
        let mut bytes = vec![b'x'; KEPT - 1];
        bytes.extend_from_slice("é!".as_bytes());
        assert!(capture(&bytes, 1000).text().ends_with("xé!"));
    }
}
