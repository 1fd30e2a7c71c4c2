//! How far is the simulation that runs?
//!
//! `mdrun` appends a block of energies to its log every `nstlog` steps and flushes it then; how long that took is seen from the times at
//! which the file was changed. Nothing is asked of the program itself.
use super::log;
use crate::engines::text;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A simulation's log while it grows.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    /// The first step of the simulation and its last, once the log has told them.
    steps: Option<(i64, i64)>,
    /// What was first seen of this run.
    first: Option<Seen>,
}

/// A block of the log, and when it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    step: i64,
    time_ps: f64,
    at: SystemTime,
}

impl Watch {
    /// Begins to watch the log at `path`, which need not be there yet.
    pub fn of(path: PathBuf) -> Self {
        Self { path, steps: None, first: None }
    }

    /// "step 200 of 1000 (20 %), 85.2 ns/day", as far as that is known; nothing before the first step was told.
    pub fn tell(&mut self) -> Option<String> {
        let now = see(&self.path)?;
        if self.steps.is_none() {
            self.steps = steps(&self.path);
        }
        let first = *self.first.get_or_insert(now);
        let mut text = format!("step {}", now.step);
        if let Some((begin, last)) = self.steps {
            // With `init-step` a simulation does not begin at step 0.
            text += &format!(" of {last} ({:.0} %)", 100.0 * (now.step - begin) as f64 / (last - begin) as f64);
        }
        if let Some(speed) = ns_per_day(first, now) {
            text += &format!(", {speed:.1} ns/day");
        }
        Some(text)
    }
}

/// The last block of the log at `path`, if this run has written one.
fn see(path: &Path) -> Option<Seen> {
    let at = fs::metadata(path).and_then(|file| file.modified()).ok()?;
    let (step, time_ps) = last_block(&text::end(path))?;
    Some(Seen { step, time_ps, at })
}

/// Step and time, ps, of the last block at the end of a log. Blocks before a restart are those of an earlier run.
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

/// The first step and the last, from the parameters that stand at the beginning of a log; none where the simulation has no end.
fn steps(path: &Path) -> Option<(i64, i64)> {
    let (mut first, mut steps) = (0, None);
    for line in text::Lines::open(path).ok()? {
        let Some((key, value)) = line.split_once('=') else { continue };
        match key.trim() {
            "nsteps" => steps = value.trim().parse::<i64>().ok(),
            "init-step" => first = value.trim().parse().ok()?,
            _ => {}
        }
        // One stands a line or two behind the other.
        if key.trim() == "init-step" && steps.is_some() {
            break;
        }
    }
    steps.filter(|steps| *steps > 0).map(|steps| (first, first + steps))
}

/// The speed between two blocks; none where they are the same or too close to tell.
fn ns_per_day(first: Seen, now: Seen) -> Option<f64> {
    let seconds = now.at.duration_since(first.at).ok()?.as_secs_f64();
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
    fn a_growing_log_tells_step_and_speed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.log");
        let mut watch = Watch::of(path.clone());
        assert_eq!(watch.tell(), None);
        let begin =
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
        write(&[begin, &block(0, 0.0)].concat(), 0);
        assert_eq!(watch.tell().unwrap(), "step 0 of 1000 (0 %)");
        // 0.4 ps in 10 s.
        write(&[begin, &block(0, 0.0), &block(200, 0.4)].concat(), 10);
        assert_eq!(watch.tell().unwrap(), "step 200 of 1000 (20 %), 3.5 ns/day");
    }

    #[test]
    fn a_simulation_that_begins_at_a_later_step_has_done_nothing_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.log");
        let begin = "   nsteps                         = 1000\n   init-step                      = 5000\n";
        for (step, told) in [(5000, "step 5000 of 6000 (0 %)"), (5400, "step 5400 of 6000 (40 %)")] {
            fs::write(&path, [begin, &block(step, 0.002 * step as f64)].concat()).unwrap();
            assert_eq!(Watch::of(path.clone()).tell().unwrap(), told);
        }
    }
}
