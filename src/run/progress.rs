//! How far is the campaign?
use super::live::{Doing, Standing};
use super::say;
use std::collections::BTreeMap;
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
/// What ranks are at is told no more often than this...
const DETAILS: Duration = Duration::from_secs(60);
/// ...and of no more ranks than these.
const TOLD: usize = 16;
/// A bar is redrawn this often.
const REDRAW: Duration = Duration::from_millis(200);

impl Style {
    /// The style where none was asked for. Under a launcher a terminal proves nothing: mpirun gives ranks one even when
    /// the output is a file.
    pub fn default_for(under_launcher: bool) -> Self {
        match std::io::stdout().is_terminal() && !under_launcher {
            true => Style::Bar,
            false => Style::Lines,
        }
    }
}

/// The progress of one stage.
pub struct Progress {
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
    /// What ranks are at, where they tell.
    doing: BTreeMap<usize, String>,
    /// When that was last told.
    told: Option<Instant>,
}

impl Progress {
    /// Progress of `stage` with `total` tasks of which so many have a value already and so many failed.
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
            doing: BTreeMap::new(),
            told: None,
        }
    }

    /// Notes `tasks` done by `rank`; now so many have a value and so many failed.
    pub fn add(&mut self, rank: usize, tasks: u64, (valued, failed): (u64, u64)) {
        self.by_rank[rank] += tasks;
        (self.done, self.failed) = (valued + failed, failed);
    }

    /// Notes what `rank` is at.
    pub fn note(&mut self, rank: usize, doing: Option<String>) {
        match doing {
            Some(doing) => self.doing.insert(rank, doing),
            None => self.doing.remove(&rank),
        };
    }

    /// How things stand, for others to see.
    pub fn standing(&self) -> Standing {
        Standing {
            stage: self.stage.clone(),
            tasks: self.total,
            done: self.done,
            failed: self.failed,
            running: self.doing.iter().map(|(&rank, at)| Doing { rank, at: at.clone() }).collect(),
        }
    }

    /// Tells how things stand, if it is time to.
    pub fn tell(&mut self) {
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
            // There is one line alone: one of them, as a sample.
            text += &self.doing.values().next().map_or(String::new(), |doing| format!("; {doing}"));
            let _ = write!(std::io::stdout(), "\r\x1b[K[{:<24}] {text}", "#".repeat(filled));
            let _ = std::io::stdout().flush();
            say::log(&text);
        } else {
            say::line(&text);
            if self.told.is_none_or(|told| told.elapsed() >= DETAILS) {
                let details = self.details();
                details.iter().for_each(|line| say::line(line));
                self.told = (!details.is_empty()).then(Instant::now).or(self.told);
            }
        }
    }

    /// What ranks are at, a line each.
    fn details(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.doing.iter().take(TOLD).map(|(rank, doing)| format!("  rank {rank}: {doing}")).collect();
        if self.doing.len() > TOLD {
            lines.push(format!("  ... and {} more: `simmpi inspect` tells all", self.doing.len() - TOLD));
        }
        lines
    }

    fn text(&self, elapsed_s: f64) -> String {
        let here: u64 = self.by_rank.iter().sum();
        let (done, failed, rate) = (self.done, self.failed, here as f64 / elapsed_s.max(1e-3));
        let left_s = (self.total - done.min(self.total)) as f64 / rate;
        let slowest = self.by_rank.iter().enumerate().min_by_key(|(_, tasks)| **tasks);
        let slowest = match slowest {
            Some((rank, tasks)) if self.by_rank.len() > 1 => format!(", slowest rank {rank} with {tasks}"),
            _ => String::new(),
        };
        format!(
            "{}: {done} of {} done ({:.0} %), {failed} failed, {rate:.3} tasks/s, {} left{slowest}",
            self.stage,
            self.total,
            100.0 * self.fraction(),
            if here == 0 { "unknown".into() } else { say::duration(left_s) },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_is_done_failed_and_left() {
        let mut progress = Progress::new(Style::None, "trajectories", 100, (19, 1), 2);
        progress.add(0, 30, (48, 2));
        progress.add(1, 10, (57, 3));
        assert_eq!(
            progress.text(20.0),
            "trajectories: 60 of 100 done (60 %), 3 failed, 2.000 tasks/s, 20 s left, slowest rank 1 with 10"
        );
    }

    #[test]
    fn what_ranks_are_at_is_told_of_some_and_forgotten_when_it_has_ended() {
        let mut progress = Progress::new(Style::None, "replicas", 40, (0, 0), 20);
        (0..20).for_each(|rank| progress.note(rank, Some(format!("seed {rank}, run: step 5"))));
        progress.note(1, None);
        let lines = progress.details();
        assert_eq!((lines.len(), lines[1].as_str()), (TOLD + 1, "  rank 2: seed 2, run: step 5"));
        assert_eq!(lines[TOLD], "  ... and 3 more: `simmpi inspect` tells all");
        progress.add(3, 2, (0, 2));
        let standing = progress.standing();
        assert_eq!((standing.done, standing.failed, standing.running.len()), (2, 2, 19));
    }
}
