//! How is a program run for one replica of a simulation, in a folder that stays?
use super::ending::{self, Sign};
use super::text;
use crate::process::{Command, Exit, Finished, Output, Programs};
use crate::task::Cause;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines of a program's output that go into a message.
const LINES: usize = 8;
/// Where and with what a replica runs.
#[derive(Clone, Copy, Debug)]
pub struct Berth<'a> {
    /// What the replica is called in messages.
    pub label: &'a str,
    pub programs: &'a Programs,
    pub folder: &'a Path,
    /// Whether the folder is the replica's own, and what its programs print is kept there.
    pub is_own: bool,
    pub threads: usize,
    /// When the replica has run for as long as a task may, and how long that is.
    pub limit: Option<(Instant, Duration)>,
    /// When the time slot ends.
    pub deadline: Option<Instant>,
    /// A program that has not begun by then, since another one runs, does not begin any more.
    pub begin_by: Option<Instant>,
    /// A program that neither prints nor writes for so long is ended.
    pub stall: Option<Duration>,
    /// Time that a program has to end by itself when it is told to.
    pub grace: Duration,
    /// Where it is told what runs.
    pub running: &'a Running,
}

/// What a replica is at, for another thread that asks.
#[derive(Default)]
pub struct Running(Mutex<Option<Box<Tell>>>);

/// What is said of a program that runs, or nothing as long as it is not known.
type Tell = dyn FnMut() -> Option<String> + Send;

impl Running {
    /// A program begins of which `tell` knows.
    pub fn begin(&self, tell: impl FnMut() -> Option<String> + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(tell));
    }

    /// It has ended.
    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is known of the program that runs.
    pub fn tell(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut()?()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// What programs of a replica have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    pub seconds: f64,
    pub cpu_s: f64,
    /// Of the largest process, KiB.
    pub peak_memory_kb: u64,
}

impl Usage {
    /// Takes in what another program has used.
    pub fn add(&mut self, finished: &Finished) {
        self.seconds += finished.elapsed.as_secs_f64();
        self.cpu_s += finished.cpu_s;
        self.peak_memory_kb = self.peak_memory_kb.max(finished.peak_memory_kb);
    }
}

/// One program of a replica.
#[derive(Clone, Debug)]
pub struct Errand<'a> {
    /// What it is called in messages.
    pub program: &'a str,
    /// What it prints is kept in `NAME.out` and `NAME.err`; without a name in `stdout.txt` and `stderr.txt`.
    pub name: &'a str,
    pub argv: Vec<OsString>,
    pub set: Vec<(OsString, OsString)>,
}

impl Berth<'_> {
    /// Runs a program to its end, well or not.
    ///
    /// # Errors
    /// It was not run, or not to its own end.
    pub fn run(&self, errand: &Errand, usage: &mut Usage) -> Result<Finished, Cause> {
        let now = Instant::now();
        let mut command = Command::new(errand.argv.iter().cloned(), self.folder);
        for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            command.set.push((name.into(), self.threads.to_string().into()));
        }
        command.set.extend(errand.set.iter().cloned());
        if self.is_own {
            (command.stdout, command.stderr) = outputs(errand.name);
        }
        command.grace = self.grace;
        command.stall_limit = self.stall;
        command.begin_within = self.begin_by.map(|latest| latest.saturating_duration_since(now));
        command.time_limit = self.limit.map(|(end, _)| end.saturating_duration_since(now));
        command.cores = (!self.programs.cores.is_empty()).then(|| self.programs.cores.clone());
        let finished = self.programs.guard.run(&command).map_err(|error| ending::not_run(&error, self.label))?;
        usage.add(&finished);
        let said = || format!("{} of {} {}", errand.program, self.label, finished.exit);
        match finished.exit {
            Exit::TimedOut => {
                let limit = self.limit.map_or(finished.elapsed, |(_, limit)| limit);
                Err(Cause::TimedOut { limit_ms: limit.as_millis() as u64 })
            }
            Exit::Stalled => {
                let limit = self.stall.unwrap_or_default().as_secs_f64();
                Err(Cause::Failed(format!("{} for {limit} s", said())))
            }
            Exit::Cancelled => Err(Cause::Interrupted(said())),
            Exit::Exited(_) | Exit::Signalled(_) => Ok(finished),
        }
    }

    /// Why a program has failed: by its exit, and by the `signs` in what it printed and what else there is as `evidence`.
    pub fn failure(&self, program: &str, finished: &Finished, evidence: &str, signs: &[Sign]) -> Cause {
        let (stderr, stdout) = (finished.stderr.text(), finished.stdout.text());
        let words = [evidence, &stderr, &stdout].map(|text| text::last_lines(text, LINES));
        let words = words.into_iter().find(|words| !words.is_empty()).unwrap_or_else(|| "it said nothing".into());
        let message = format!("{program} of {} {}: {words}", self.label, finished.exit);
        match ending::classify(signs, &[evidence, &stderr, &stdout].join("\n"), message) {
            Cause::Failed(message) if finished.exit.is_for_want_of_resources() => Cause::Resource(message),
            cause => self.or_full_disk(cause),
        }
    }

    /// `cause`, or the full disk that stands behind it.
    pub fn or_full_disk(&self, cause: Cause) -> Cause {
        ending::or_full_disk(self.folder, cause)
    }

    /// The time left in the slot; none where there is no limit.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

fn outputs(name: &str) -> (Output, Output) {
    match name {
        "" => (Output::Kept("stdout.txt".into()), Output::Kept("stderr.txt".into())),
        name => (Output::Kept(format!("{name}.out").into()), Output::Kept(format!("{name}.err").into())),
    }
}
