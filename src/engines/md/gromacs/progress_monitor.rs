//! How far is the running simulation?
//!
//! `mdrun` appends a block of energies to its log every `nstlog` steps and flushes it. The speed follows from the modification times of the
//! file.
use super::log;
use crate::engines::text;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Monitors the progress of a simulation by its log.
#[derive(Debug)]
pub struct ProgressMonitor {
    path: PathBuf,
    /// The first and the last step of the simulation, once they are in the log.
    steps: Option<(i64, i64)>,
    /// The first block of this run.
    first: Option<LogBlock>,
}

/// A block of the log.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LogBlock {
    step: i64,
    time_ps: f64,
    written: SystemTime,
}

impl ProgressMonitor {
    /// Monitors the log at `path`, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, steps: None, first: None }
    }

    /// The progress as "step 200 of 1000 (20 %), 85.2 ns/day", as far as it is known; none before the first block.
    pub fn report(&mut self) -> Option<String> {
        let now = LogBlock::read_last(&self.path)?;
        if self.steps.is_none() {
            self.steps = first_and_last_step(&self.path);
        }
        let first = *self.first.get_or_insert(now);
        let mut text = format!("step {}", now.step);
        if let Some((start, last)) = self.steps {
            // With `init-step` a simulation does not start at step 0.
            text += &format!(" of {last} ({:.0} %)", 100.0 * (now.step - start) as f64 / (last - start) as f64);
        }
        if let Some(speed) = ns_per_day(first, now) {
            text += &format!(", {speed:.1} ns/day");
        }
        Some(text)
    }
}

impl LogBlock {
    /// The last block of the log at `path`, if this run has written one.
    fn read_last(path: &Path) -> Option<Self> {
        let written = fs::metadata(path).and_then(|file| file.modified()).ok()?;
        let (step, time_ps) = last_block(&text::tail(path))?;
        Some(Self { step, time_ps, written })
    }
}

/// Step and time, ps, of the last block in the tail of a log. Blocks before a restart belong to an earlier run.
fn last_block(end: &str) -> Option<(i64, f64)> {
    let mut found = None;
    let mut lines = end.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("Restarting from checkpoint") || line.starts_with("Log file opened") {
            found = None;
        } else if log::is_header(line.trim()) {
            let mut words = lines.next().unwrap_or_default().split_whitespace();
            let block = || Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?));
            found = { block }().or(found);
        }
    }
    found
}

/// The first and the last step, from the parameters at the beginning of a log; none if the simulation has no last step.
fn first_and_last_step(path: &Path) -> Option<(i64, i64)> {
    let (mut first, mut steps) = (0, None);
    for line in text::LineReader::open(path).ok()? {
        let Some((key, value)) = line.split_once('=') else { continue };
        match key.trim() {
            "nsteps" => steps = value.trim().parse::<i64>().ok(),
            "init-step" => first = value.trim().parse().ok()?,
            _ => {}
        }
        // The two are a line or two apart.
        if key.trim() == "init-step" && steps.is_some() {
            break;
        }
    }
    steps.filter(|steps| *steps > 0).map(|steps| (first, first + steps))
}

/// The speed between two blocks; none if they are the same, or too close in time.
fn ns_per_day(first: LogBlock, now: LogBlock) -> Option<f64> {
    let seconds = now.written.duration_since(first.written).ok()?.as_secs_f64();
    let speed = (now.time_ps - first.time_ps) * 1e-3 / seconds * 86400.0;
    (seconds > 0.1 && speed > 0.0 && speed.is_finite()).then_some(speed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const BLOCK: &str = "           Step           Time\n            STEP        TIME\n\n   Energies (kJ/mol)\n";

    fn block(step: i64, time_ps: f64) -> String {
        BLOCK.replace("STEP", &step.to_string()).replace("TIME", &time_ps.to_string())
    }

    #[test]
    fn the_last_block_of_this_run_counts() {
        assert_eq!(last_block(&[block(0, 0.0), block(100, 0.2)].concat()), Some((100, 0.2)));
        let restarted = format!("{}Restarting from checkpoint, appending\n", block(100, 0.2));
        assert_eq!(last_block(&restarted), None);
        assert_eq!(last_block(&format!("{restarted}{}", block(80, 0.16))), Some((80, 0.16)));
        assert_eq!(last_block("           Step           Time\n"), None, "it is being written");
    }

    #[test]
    fn a_growing_log_gives_step_and_speed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.log");
        let mut monitor = ProgressMonitor::new(path.clone());
        assert_eq!(monitor.report(), None);
        let start =
            "Log file opened on Mon\n   nsteps                         = 1000\n   init-step                      = 0\n";
        let at = SystemTime::now();
        let write = |text: &str, after_s: u64| {
            fs::write(&path, text).unwrap();
            fs::File::options()
                .append(true)
                .open(&path)
                .unwrap()
                .set_modified(at + Duration::from_secs(after_s))
                .unwrap();
        };
        write(&[start, &block(0, 0.0)].concat(), 0);
        assert_eq!(monitor.report().unwrap(), "step 0 of 1000 (0 %)");
        // 0.4 ps in 10 s.
        write(&[start, &block(0, 0.0), &block(200, 0.4)].concat(), 10);
        assert_eq!(monitor.report().unwrap(), "step 200 of 1000 (20 %), 3.5 ns/day");
    }

    #[test]
    fn progress_is_counted_from_the_first_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.log");
        let start = "   nsteps                         = 1000\n   init-step                      = 5000\n";
        for (step, report) in [(5000, "step 5000 of 6000 (0 %)"), (5400, "step 5400 of 6000 (40 %)")] {
            fs::write(&path, [start, &block(step, 0.002 * step as f64)].concat()).unwrap();
            assert_eq!(ProgressMonitor::new(path.clone()).report().unwrap(), report);
        }
    }
}
