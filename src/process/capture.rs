//! What is kept of a program's output, however much there is?
use serde::{Deserialize, Serialize};

/// Bytes kept from the beginning, and as many from the end.
const KEPT: usize = 64 << 10;

/// Beginning and end of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    pub head: Vec<u8>,
    /// What follows the head, or the last of it.
    pub tail: Vec<u8>,
    /// Bytes that were written in all.
    pub total: u64,
}

impl Captured {
    /// Takes in what was read; memory stays bounded.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (head, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(&rest[rest.len().saturating_sub(KEPT)..]);
        if self.tail.len() > 2 * KEPT {
            self.trim();
        }
    }

    /// Cuts the tail to its length.
    pub fn trim(&mut self) {
        let excess = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..excess);
    }

    /// The output as text for people: what is no UTF-8 is replaced, and the gap is told.
    pub fn text(&self) -> String {
        let left_out = self.total - (self.head.len() + self.tail.len()) as u64;
        let gap = if left_out > 0 { format!("\n[... {left_out} bytes left out ...]\n") } else { String::new() };
        format!("{}{gap}{}", String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&self.tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_and_end_are_kept_and_the_gap_is_told() {
        let mut captured = Captured::default();
        let all: Vec<u8> = (0..1_000_000u32).map(|k| (k % 251) as u8).collect();
        all.chunks(777).for_each(|piece| captured.push(piece));
        captured.trim();
        assert_eq!((captured.head.len(), captured.tail.len(), captured.total), (KEPT, KEPT, 1_000_000));
        assert_eq!((&captured.head[..], &captured.tail[..]), (&all[..KEPT], &all[1_000_000 - KEPT..]));
        assert!(captured.text().contains("[... 868928 bytes left out ...]"));
        let mut short = Captured::default();
        short.push(b"a\xffb");
        assert_eq!(short.text(), "a\u{fffd}b");
    }
}
