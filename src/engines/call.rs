//! How is a program run for one job?
use super::ending::{self, Sign};
use super::{Job, Site, text};
use crate::process::{Command, Exit, Finished, Output, Stdin};
use crate::task::Cause;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Lines of a program's output that go into a message.
const LINES: usize = 8;

/// A program that is to compute a job.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its name in messages.
    pub program: &'a str,
    pub job: &'a Job<'a>,
    pub site: &'a Site<'a>,
    /// What its output says when it fails.
    pub signs: &'a [Sign],
}

impl Call<'_> {
    /// The place of a file in the job's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.site.scratch.join(name)
    }

    /// Writes an input file.
    ///
    /// # Errors
    /// It cannot be written: a disk that is full is a lack of resources.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Cause> {
        fs::write(self.path(name), text).map_err(|error| {
            let message = format!("{}: cannot write `{}`: {error}", self.job.label, self.path(name).display());
            match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Cause::Resource(message),
                _ => Cause::Failed(message),
            }
        })
    }

    /// Runs the program in the job's folder until it ends, well or not, with the variables `set` beside those that give
    /// every program its threads and its folder for temporary files. Standard output goes into the file `stdout` where
    /// one is named.
    ///
    /// # Errors
    /// It was not run, or not to its own end.
    pub fn run(&self, argv: Vec<OsString>, set: &[(&str, String)], stdout: Option<&str>) -> Result<Finished, Cause> {
        let threads = self.site.threads.max(1).to_string();
        let scratch = self.site.scratch.as_os_str().to_owned();
        let mut command = Command::new(argv, self.site.scratch);
        for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            command.set.push((name.into(), threads.clone().into()));
        }
        command.set.push(("TMPDIR".into(), scratch));
        command.set.extend(set.iter().map(|(name, value)| ((*name).into(), value.into())));
        command.stdin = Stdin::Null;
        if let Some(name) = stdout {
            command.stdout = Output::File(name.into());
        }
        command.time_limit = self.site.time_limit;
        command.cores = self.site.cores.map(<[usize]>::to_vec);
        let finished = self.site.guard.run(&command).map_err(|error| ending::not_run(&error, self.job.label))?;
        match finished.exit {
            Exit::TimedOut => {
                let limit = self.site.time_limit.unwrap_or(finished.elapsed);
                Err(Cause::TimedOut { limit_ms: limit.as_millis() as u64 })
            }
            Exit::Stalled => Err(Cause::Failed(format!("{} for {} {}", self.program, self.job.label, finished.exit))),
            Exit::Cancelled => Err(Cause::Lost(format!("{} for {} was cancelled", self.program, self.job.label))),
            Exit::Exited(_) | Exit::Signalled(_) => Ok(finished),
        }
    }

    /// Why there is no result: the program's exit, and what it `said`, or else the end of its standard error or of what
    /// it `printed`.
    pub fn failure(&self, finished: &Finished, said: &str, printed: &str) -> Cause {
        let stderr = finished.stderr.text();
        let words = [said, &stderr, printed].into_iter().map(|text| text::last_lines(text, LINES));
        let words = words.into_iter().find(|words| !words.is_empty()).unwrap_or_else(|| "it said nothing".into());
        let message = format!("{} for {} {}: {words}", self.program, self.job.label, finished.exit);
        match ending::classify(self.signs, &[said, &stderr, printed].join("\n"), message) {
            Cause::Failed(message) if finished.exit.is_for_want_of_resources() => Cause::Resource(message),
            cause => match ending::or_full_disk(self.site.scratch, cause) {
                Cause::Failed(message) if finished.exit.is_success() => Cause::Unread(message),
                cause => cause,
            },
        }
    }

    /// The failure of a program that ended with exit code 0 and whose output cannot be used: run again it would write the same.
    pub fn unread(&self, cause: Cause) -> Cause {
        match self.named(cause) {
            Cause::Failed(text) => Cause::Unread(text),
            cause => cause,
        }
    }

    /// `cause` with the program and the job in front of its text.
    pub fn named(&self, cause: Cause) -> Cause {
        let name = |text: String| format!("{} for {}: {text}", self.program, self.job.label);
        match ending::or_full_disk(self.site.scratch, cause) {
            Cause::Failed(text) => Cause::Failed(name(text)),
            Cause::Input(text) => Cause::Input(name(text)),
            Cause::Resource(text) => Cause::Resource(name(text)),
            Cause::Convergence(text) => Cause::Convergence(name(text)),
            Cause::NotFinite(text) => Cause::NotFinite(name(text)),
            Cause::Lost(text) => Cause::Lost(name(text)),
            Cause::Unstable(text) => Cause::Unstable(name(text)),
            Cause::Interrupted(text) => Cause::Interrupted(name(text)),
            Cause::Unread(text) => Cause::Unread(name(text)),
            cause @ (Cause::Panicked(_) | Cause::TimedOut { .. }) => cause,
        }
    }
}
