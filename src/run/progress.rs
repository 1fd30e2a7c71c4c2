//! Reports the progress of a stage on the terminal.
use super::console;
use super::live::{RankProgress, StageProgress};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Style {
    /// One line, redrawn.
    Bar,
    /// One line at a time.
    Lines,
    None,
}

/// At most one line in this time...
const PAUSE: Duration = Duration::from_secs(1);
/// ...and at least one in this.
const PULSE: Duration = Duration::from_secs(10);
/// Progress of single ranks is shown no more often than this...
const DETAILS: Duration = Duration::from_secs(60);
/// ...and of no more ranks than these.
const SHOWN_RANKS: usize = 16;
/// A bar is redrawn this often.
const REDRAW: Duration = Duration::from_millis(200);

impl Style {
    /// The default style. Under a launcher a terminal proves nothing: mpirun gives ranks one even when
    /// the output is a file.
    pub fn default_for(under_launcher: bool) -> Self {
        match std::io::stdout().is_terminal() && !under_launcher {
            true => Style::Bar,
            false => Style::Lines,
        }
    }
}

/// The progress of one stage.
pub struct ProgressReporter {
    style: Style,
    stage: String,
    total: u64,
    /// Tasks that are done, failed ones among them, and those that failed.
    done: u64,
    failed: u64,
    started: Instant,
    last: Instant,
    last_fraction: f64,
    /// Tasks done in this run, by rank.
    by_rank: Vec<u64>,
    /// Ranks that are lost.
    lost: BTreeSet<usize>,
    /// Progress of the tasks that run, where they publish any, by rank.
    of_ranks: BTreeMap<usize, String>,
    /// When that was last shown.
    details_shown: Option<Instant>,
}

impl ProgressReporter {
    /// Progress of `stage` with `total` tasks, of which so many have a value already and so many failed.
    pub fn new(style: Style, stage: &str, total: u64, (valued, failed): (u64, u64), ranks: usize) -> Self {
        let done = valued + failed;
        let now = Instant::now();
        Self {
            style,
            stage: stage.into(),
            total,
            done,
            failed,
            started: now,
            last: now,
            last_fraction: done as f64 / total.max(1) as f64,
            by_rank: vec![0; ranks],
            lost: BTreeSet::new(),
            of_ranks: BTreeMap::new(),
            details_shown: None,
        }
    }

    /// Counts `tasks` done by `rank`; now so many have a value and so many failed.
    pub fn add(&mut self, rank: usize, tasks: u64, (valued, failed): (u64, u64)) {
        self.by_rank[rank] += tasks;
        (self.done, self.failed) = (valued + failed, failed);
    }

    /// Sets the progress of the task that runs on `rank`.
    pub fn set_rank(&mut self, rank: usize, progress: Option<String>) {
        match progress {
            Some(progress) => self.of_ranks.insert(rank, progress),
            None => self.of_ranks.remove(&rank),
        };
    }

    /// Shows no more of a rank that is lost.
    pub fn lose(&mut self, rank: usize) {
        self.lost.insert(rank);
        self.of_ranks.remove(&rank);
    }

    /// The progress as `simmpi inspect` reads it.
    pub fn snapshot(&self) -> StageProgress {
        StageProgress {
            stage: self.stage.clone(),
            tasks: self.total,
            done: self.done,
            failed: self.failed,
            running: self.of_ranks.iter().map(|(&rank, at)| RankProgress { rank, at: at.clone() }).collect(),
        }
    }

    /// Shows the progress, if it is time to.
    pub fn update(&mut self) {
        let (since, fraction) = (self.last.elapsed(), self.fraction());
        let due = match self.style {
            Style::None => false,
            Style::Bar => since >= REDRAW,
            Style::Lines => since >= PULSE || (since >= PAUSE && fraction - self.last_fraction >= 0.01),
        };
        if due {
            self.show();
            (self.last, self.last_fraction) = (Instant::now(), fraction);
        }
    }

    /// Ends a line that was redrawn.
    pub fn close(&mut self) {
        if self.style == Style::Bar {
            self.show();
            let _ = writeln!(std::io::stdout());
        }
    }

    fn fraction(&self) -> f64 {
        self.done as f64 / self.total.max(1) as f64
    }

    fn show(&mut self) {
        let mut text = self.text(self.started.elapsed().as_secs_f64());
        if self.style == Style::Bar {
            let filled = (self.fraction() * 24.0) as usize;
            // There is one line only: it shows one rank as a sample.
            text += &self.of_ranks.values().next().map_or(String::new(), |progress| format!("; {progress}"));
            let _ = write!(std::io::stdout(), "\r\x1b[K[{:<24}] {text}", "#".repeat(filled));
            let _ = std::io::stdout().flush();
            console::log(&text);
        } else {
            console::line(&text);
            if self.details_shown.is_none_or(|shown| shown.elapsed() >= DETAILS) {
                let details = self.details();
                details.iter().for_each(|line| console::line(line));
                self.details_shown = (!details.is_empty()).then(Instant::now).or(self.details_shown);
            }
        }
    }

    /// Progress of single ranks, a line each.
    fn details(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .of_ranks
            .iter()
            .take(SHOWN_RANKS)
            .map(|(rank, progress)| format!("  rank {rank}: {progress}"))
            .collect();
        if self.of_ranks.len() > SHOWN_RANKS {
            lines.push(format!("  ... and {} more: `simmpi inspect` shows all", self.of_ranks.len() - SHOWN_RANKS));
        }
        lines
    }

    fn text(&self, elapsed_s: f64) -> String {
        let here: u64 = self.by_rank.iter().sum();
        let (done, failed, rate) = (self.done, self.failed, here as f64 / elapsed_s.max(1e-3));
        let left_s = (self.total - done.min(self.total)) as f64 / rate;
        let living = self.by_rank.iter().enumerate().filter(|(rank, _)| !self.lost.contains(rank));
        let slowest = living.min_by_key(|(_, tasks)| **tasks);
        let slowest = match slowest {
            Some((rank, tasks)) if self.by_rank.len() > 1 + self.lost.len() => {
                format!(", slowest rank {rank} with {tasks}")
            }
            _ => String::new(),
        };
        format!(
            "{}: {done} of {} done ({:.0} %), {failed} failed, {rate:.3} tasks/s, {} left{slowest}",
            self.stage,
            self.total,
            100.0 * self.fraction(),
            if here == 0 { "unknown".into() } else { console::duration(left_s) },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_what_is_done_failed_and_left() {
        let mut progress = ProgressReporter::new(Style::None, "trajectories", 100, (19, 1), 2);
        progress.add(0, 30, (48, 2));
        progress.add(1, 10, (57, 3));
        assert_eq!(
            progress.text(20.0),
            "trajectories: 60 of 100 done (60 %), 3 failed, 2.000 tasks/s, 20 s left, slowest rank 1 with 10"
        );
        progress.lose(1);
        assert!(progress.text(20.0).ends_with("20 s left"));
    }

    #[test]
    fn progress_of_some_ranks_is_shown_until_their_tasks_end() {
        let mut progress = ProgressReporter::new(Style::None, "replicas", 40, (0, 0), 20);
        (0..20).for_each(|rank| progress.set_rank(rank, Some(format!("seed {rank}, run: step 5"))));
        progress.set_rank(1, None);
        let lines = progress.details();
        assert_eq!((lines.len(), lines[1].as_str()), (SHOWN_RANKS + 1, "  rank 2: seed 2, run: step 5"));
        assert_eq!(lines[SHOWN_RANKS], "  ... and 3 more: `simmpi inspect` shows all");
        progress.add(3, 2, (0, 2));
        let snapshot = progress.snapshot();
        assert_eq!((snapshot.done, snapshot.failed, snapshot.running.len()), (2, 2, 19));
    }
}
