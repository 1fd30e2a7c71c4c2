//! The progress of a running campaign, for `simmpi inspect`.
//!
//! Rank 0 writes it beside the journal, now and then and only where something has changed. Nothing depends on it.
use super::state::now_s;
use crate::journal;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The file is not written more often than this.
const PAUSE: Duration = Duration::from_secs(2);

/// The progress of the current stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageProgress {
    pub stage: String,
    pub tasks: u64,
    pub done: u64,
    pub failed: u64,
    /// Progress of the tasks that run, where they publish any, by rank.
    pub running: Vec<RankProgress>,
}

/// Progress of the task that runs on a rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankProgress {
    pub rank: usize,
    pub at: String,
}

/// A progress and when it was written, s since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    pub at_s: f64,
    #[serde(flatten)]
    pub progress: StageProgress,
}

/// The file with the progress, on rank 0.
pub struct LiveFile {
    path: PathBuf,
    /// When it was last checked for changes.
    checked: Instant,
    last: Option<StageProgress>,
}

impl LiveFile {
    /// The file of the campaign that writes `output`.
    pub fn for_output(output: &Path) -> Self {
        Self::new(path_of(output))
    }

    /// The file `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path, checked: Instant::now(), last: None }
    }

    /// Writes the progress, if it is time to and it has changed. A failure is not reported here: the journal finds a faulty disk.
    pub fn update(&mut self, progress: impl FnOnce() -> StageProgress) {
        if self.checked.elapsed() < PAUSE {
            return;
        }
        self.checked = Instant::now();
        let progress = progress();
        if self.last.as_ref() != Some(&progress) {
            self.write(progress);
        }
    }

    fn write(&mut self, progress: StageProgress) {
        let part = self.path.with_extension("progress.part");
        let written = Written { at_s: now_s(), progress: progress.clone() };
        let text = serde_json::to_string(&written).unwrap_or_default();
        let _ = fs::write(&part, text).and_then(|()| fs::rename(&part, &self.path));
        self.last = Some(progress);
    }
}

impl Drop for LiveFile {
    fn drop(&mut self) {
        // The file of a run that was killed stays, with its age.
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
    fn progress_can_be_read_while_the_campaign_runs_and_not_after() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("results.h5");
        fs::create_dir_all(journal::folder_of(&output)).unwrap();
        let running = vec![RankProgress { rank: 1, at: "seed 2, run: step 5".into() }];
        let progress = StageProgress { stage: "replicas".into(), tasks: 4, done: 1, failed: 0, running };
        let mut live = LiveFile::for_output(&output);
        live.update(|| panic!("the pause is not over"));
        live.write(progress.clone());
        let written = read(&output).unwrap();
        assert_eq!(written.progress, progress);
        assert!(age(&written) < Duration::from_secs(60));
        drop(live);
        assert_eq!(read(&output), None);
    }
}
