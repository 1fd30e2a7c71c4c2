//! How is a program of a replica started, and why did it fail?
use super::progress::Progress;
use crate::engines::failure::{self, ErrorPattern};
use crate::engines::task_launcher::TaskLauncher;
use crate::process::{Command, Exit, Finished, Output, Programs};
use crate::task::Cause;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

/// Where the programs of a replica run, and with which cores and limits.
#[derive(Clone, Copy, Debug)]
pub struct LaunchContext<'a> {
    /// The replica's name in messages.
    pub label: &'a str,
    pub programs: &'a Programs,
    pub folder: &'a Path,
    /// Whether the folder belongs to this replica alone; the output of its programs is then kept there.
    pub is_own: bool,
    /// Threads of each program.
    pub threads: usize,
    /// The end of the replica's time limit, and the limit itself.
    pub limit: Option<(Instant, Duration)>,
    /// The end of the allocation.
    pub deadline: Option<Instant>,
    /// A program that is still queued behind another one at this time is not started.
    pub begin_by: Option<Instant>,
    /// A program that neither prints nor writes files for this long is killed.
    pub watchdog_timeout: Option<Duration>,
    /// Time between the request to stop and the kill.
    pub grace: Duration,
    /// Receives the progress of the running program.
    pub progress: &'a Progress,
}

/// A program to run, with its arguments and environment.
#[derive(Clone, Debug)]
pub struct Invocation<'a> {
    /// Its name in messages.
    pub program: &'a str,
    /// Standard output and error are kept in `STEM.out` and `STEM.err`; with an empty stem, in `stdout.txt` and `stderr.txt`.
    pub output_stem: &'a str,
    pub argv: Vec<OsString>,
    pub environment: Vec<(OsString, OsString)>,
    /// What starts the program, on other cores than the rank's.
    pub launcher: Option<&'a TaskLauncher>,
}

impl LaunchContext<'_> {
    /// Runs a program until it ends by itself, whatever its exit status.
    ///
    /// # Errors
    /// The program could not be started, or was killed because of a limit.
    pub fn run(&self, invocation: &Invocation) -> Result<Finished, Cause> {
        let now = Instant::now();
        let argv = match invocation.launcher {
            Some(launcher) => launcher.command_line(invocation.argv.clone()),
            None => invocation.argv.clone(),
        };
        let mut command = Command::new(argv, self.folder);
        command.is_launcher = invocation.launcher.is_some();
        for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            command.set.push((name.into(), self.threads.to_string().into()));
        }
        command.set.extend(invocation.environment.iter().cloned());
        if self.is_own {
            (command.stdout, command.stderr) = kept_output(invocation.output_stem);
        }
        command.grace = self.grace;
        command.inactivity_limit = self.watchdog_timeout;
        command.begin_within = self.begin_by.map(|latest| latest.saturating_duration_since(now));
        command.time_limit = self.limit.map(|(end, _)| end.saturating_duration_since(now));
        let has_cores = invocation.launcher.is_none() && !self.programs.cores.is_empty();
        command.cores = has_cores.then(|| self.programs.cores.clone());
        let finished =
            self.programs.supervisor.run(&command).map_err(|error| failure::not_started(&error, self.label))?;
        let ending = || format!("{} of {} {}", invocation.program, self.label, finished.exit);
        match finished.exit {
            Exit::TimedOut => {
                let limit = self.limit.map_or(finished.elapsed, |(_, limit)| limit);
                Err(Cause::TimedOut { limit_ms: limit.as_millis() as u64 })
            }
            Exit::Stalled => {
                let timeout = self.watchdog_timeout.unwrap_or_default().as_secs_f64();
                Err(Cause::Failed(format!("{} for {timeout} s", ending())))
            }
            Exit::Cancelled => Err(Cause::Interrupted(ending())),
            Exit::Exited(_) | Exit::Signalled(_) => Ok(finished),
        }
    }

    /// The cause of a failure: from the exit status, and from the `patterns` found in the output of `program` or in `evidence`, which is
    /// quoted first.
    pub fn failure(&self, program: &str, finished: &Finished, evidence: &str, patterns: &[ErrorPattern]) -> Cause {
        let (stderr, stdout) = (finished.stderr.text(), finished.stdout.text());
        let subject = format!("{program} of {}", self.label);
        failure::explain(&subject, finished, [evidence, &stderr, &stdout], patterns, self.folder)
    }

    /// `cause`, or a lack of resources if the disk is full.
    pub fn or_full_disk(&self, cause: Cause) -> Cause {
        failure::or_full_disk(self.folder, cause)
    }

    /// The time left in the allocation; none if it is unlimited.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// The files that standard output and error are kept in.
fn kept_output(stem: &str) -> (Output, Output) {
    match stem {
        "" => (Output::Tee("stdout.txt".into()), Output::Tee("stderr.txt".into())),
        stem => (Output::Tee(format!("{stem}.out").into()), Output::Tee(format!("{stem}.err").into())),
    }
}
