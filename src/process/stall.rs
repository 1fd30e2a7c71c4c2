//! Has a program come to a standstill?
//!
//! One that works prints, or changes a file in its directory. Sizes and times of files are looked at now and then, as many as a look
//! can afford; clocks of other nodes do not matter, since only changes count.
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// Files of a directory that are looked at, and levels of folders below it.
const FILES: usize = 4096;
const DEPTH: usize = 3;
/// A stall of the limit is looked for so often...
const LOOKS: u32 = 10;
/// ...but not more often than this.
const SHORTEST: Duration = Duration::from_millis(20);

/// The watch over one program.
#[derive(Debug)]
pub struct Stall {
    limit: Duration,
    directory: PathBuf,
    seen: Signs,
    /// When something last moved, as far as was looked.
    moved: Instant,
    next: Instant,
}

/// What changes while a program works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Signs {
    printed: u64,
    files: usize,
    bytes: u64,
    youngest: Option<SystemTime>,
}

impl Stall {
    /// Begins to watch a program that works in `directory`.
    pub fn watch(limit: Duration, directory: &Path) -> Self {
        let now = Instant::now();
        let seen = Signs { printed: 0, files: 0, bytes: 0, youngest: None };
        Self { limit, directory: directory.to_owned(), seen, moved: now, next: now + pause(limit) }
    }

    /// When it is time to look.
    pub fn next_look(&self) -> Instant {
        self.next
    }

    /// Whether the program, which has `printed` so many bytes, stands still for longer than it may.
    pub fn is_over(&mut self, printed: u64) -> bool {
        let now = Instant::now();
        if now < self.next {
            return false;
        }
        self.next = now + pause(self.limit);
        let mut signs = Signs { printed, files: 0, bytes: 0, youngest: None };
        look(&self.directory, DEPTH, &mut signs);
        if signs != self.seen {
            (self.seen, self.moved) = (signs, now);
        }
        now - self.moved > self.limit
    }
}

fn pause(limit: Duration) -> Duration {
    (limit / LOOKS).max(SHORTEST)
}

fn look(directory: &Path, depth: usize, signs: &mut Signs) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(file) = entry.metadata() else { continue };
        signs.files += 1;
        if signs.files > FILES {
            return;
        }
        signs.bytes = signs.bytes.wrapping_add(file.len());
        signs.youngest = signs.youngest.max(file.modified().ok());
        if file.is_dir() && depth > 0 {
            look(&entry.path(), depth - 1, signs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_neither_prints_nor_writes_stands_still() {
        let folder = tempfile::tempdir().unwrap();
        let mut stall = Stall::watch(Duration::from_millis(200), folder.path());
        let mut is_over = |printed, ms| {
            std::thread::sleep(Duration::from_millis(ms));
            stall.is_over(printed)
        };
        assert!(!is_over(0, 150));
        assert!(!is_over(5, 150), "it printed");
        fs::write(folder.path().join("a"), "x").unwrap();
        assert!(!is_over(5, 150), "it made a file");
        fs::create_dir(folder.path().join("below")).unwrap();
        assert!(!is_over(5, 150));
        fs::write(folder.path().join("below/b"), "xx").unwrap();
        assert!(!is_over(5, 150), "it wrote into a folder of its own");
        assert!(is_over(5, 300));
    }
}
