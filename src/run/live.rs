//! What can be seen of a campaign while it runs?
//!
//! Rank 0 writes how things stand beside the journal, now and then and only where something has changed. `simmpi inspect` reads it. Nothing
//! depends on it.
use super::state::now_s;
use crate::journal;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// It is not written more often than this.
const PAUSE: Duration = Duration::from_secs(2);

/// How a campaign stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub stage: String,
    pub tasks: u64,
    pub done: u64,
    pub failed: u64,
    /// What ranks are at, where they tell, by rank.
    pub running: Vec<Doing>,
}

/// What a rank is at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Doing {
    pub rank: usize,
    pub at: String,
}

/// A standing and when it was written, s since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    pub at_s: f64,
    #[serde(flatten)]
    pub standing: Standing,
}

/// The file in which rank 0 tells it.
pub struct Live {
    path: PathBuf,
    /// When it was last looked at whether there is something to write.
    looked: Instant,
    last: Option<Standing>,
}

impl Live {
    /// That of the campaign which writes `output`.
    pub fn of(output: &Path) -> Self {
        Self { path: path_of(output), looked: Instant::now(), last: None }
    }

    /// Writes how things stand, if it is time to and they have changed. What cannot be written is not told; the journal tells of a disk.
    pub fn tell(&mut self, standing: impl FnOnce() -> Standing) {
        if self.looked.elapsed() < PAUSE {
            return;
        }
        self.looked = Instant::now();
        let standing = standing();
        if self.last.as_ref() != Some(&standing) {
            self.write(standing);
        }
    }

    fn write(&mut self, standing: Standing) {
        let part = self.path.with_extension("json.part");
        let written = Written { at_s: now_s(), standing: standing.clone() };
        let text = serde_json::to_string(&written).unwrap_or_default();
        let _ = fs::write(&part, text).and_then(|()| fs::rename(&part, &self.path));
        self.last = Some(standing);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Of a run that was killed it stays, and tells its age.
        if self.last.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What was last written of the campaign that writes `output`.
pub fn read(output: &Path) -> Option<Written> {
    serde_json::from_str(&fs::read_to_string(path_of(output)).ok()?).ok()
}

/// How long ago something was written.
pub fn age(written: &Written) -> Duration {
    Duration::from_secs_f64((now_s() - written.at_s).max(0.0))
}

fn path_of(output: &Path) -> PathBuf {
    journal::folder_of(output).join("running.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_things_stand_can_be_read_while_the_campaign_runs_and_not_after() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("results.h5");
        fs::create_dir_all(journal::folder_of(&output)).unwrap();
        let running = vec![Doing { rank: 1, at: "seed 2, run: step 5".into() }];
        let standing = Standing { stage: "replicas".into(), tasks: 4, done: 1, failed: 0, running };
        let mut live = Live::of(&output);
        live.tell(|| panic!("that is too soon"));
        live.write(standing.clone());
        let written = read(&output).unwrap();
        assert_eq!(written.standing, standing);
        assert!(age(&written) < Duration::from_secs(60));
        drop(live);
        assert_eq!(read(&output), None);
    }
}
