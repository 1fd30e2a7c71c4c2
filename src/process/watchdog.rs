//! Does a program make progress?
//!
//! A program that makes progress prints, or changes a file in its directory. Sizes and modification times of files are compared at
//! intervals, for a limited number of files. Only changes count, so that clocks of other nodes do not matter.
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// Largest number of files that are compared, and largest depth of folders below the program's directory.
const MAX_FILES: usize = 4096;
const MAX_DEPTH: usize = 3;
/// Checks per inactivity limit...
const CHECKS_PER_LIMIT: u32 = 10;
/// ...and the shortest interval between two.
const MIN_INTERVAL: Duration = Duration::from_millis(20);

/// Watches one program for inactivity.
#[derive(Debug)]
pub struct Watchdog {
    limit: Duration,
    directory: PathBuf,
    last: Activity,
    /// When a change was last seen.
    last_change: Instant,
    next_check: Instant,
}

/// What changes while a program makes progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Activity {
    printed_bytes: u64,
    files: usize,
    /// Sum of all file sizes.
    file_bytes: u64,
    last_modified: Option<SystemTime>,
}

impl Watchdog {
    /// Starts to watch a program that runs in `directory`.
    pub fn start(limit: Duration, directory: &Path) -> Self {
        let (now, directory) = (Instant::now(), directory.to_owned());
        Self { limit, directory, last: Activity::default(), last_change: now, next_check: now + interval(limit) }
    }

    /// When the next check is due.
    pub fn next_check(&self) -> Instant {
        self.next_check
    }

    /// Whether the program, which has printed `printed_bytes` so far, has been inactive for longer than the limit. Checks only when due.
    pub fn has_expired(&mut self, printed_bytes: u64) -> bool {
        let now = Instant::now();
        if now < self.next_check {
            return false;
        }
        self.next_check = now + interval(self.limit);
        let mut activity = Activity { printed_bytes, ..Activity::default() };
        scan(&self.directory, MAX_DEPTH, &mut activity);
        if activity != self.last {
            (self.last, self.last_change) = (activity, now);
        }
        now - self.last_change > self.limit
    }
}

fn interval(limit: Duration) -> Duration {
    (limit / CHECKS_PER_LIMIT).max(MIN_INTERVAL)
}

/// Adds the files of `directory` and of the folders below it.
fn scan(directory: &Path, depth: usize, activity: &mut Activity) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(file) = entry.metadata() else { continue };
        activity.files += 1;
        if activity.files > MAX_FILES {
            return;
        }
        activity.file_bytes = activity.file_bytes.wrapping_add(file.len());
        activity.last_modified = activity.last_modified.max(file.modified().ok());
        if file.is_dir() && depth > 0 {
            scan(&entry.path(), depth - 1, activity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_that_neither_prints_nor_writes_is_inactive() {
        let folder = tempfile::tempdir().unwrap();
        let mut watchdog = Watchdog::start(Duration::from_millis(200), folder.path());
        let mut has_expired = |printed, ms| {
            std::thread::sleep(Duration::from_millis(ms));
            watchdog.has_expired(printed)
        };
        assert!(!has_expired(0, 150));
        assert!(!has_expired(5, 150), "it printed");
        fs::write(folder.path().join("a"), "x").unwrap();
        assert!(!has_expired(5, 150), "it created a file");
        fs::create_dir(folder.path().join("below")).unwrap();
        assert!(!has_expired(5, 150));
        fs::write(folder.path().join("below/b"), "xx").unwrap();
        assert!(!has_expired(5, 150), "it wrote into a folder of its own");
        assert!(has_expired(5, 300));
    }
}
