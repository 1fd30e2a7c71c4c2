//! How is an external program run for one calculation?
use super::{Calculation, Resources};
use crate::engines::failure::{self, ErrorPattern};
use crate::process::{Command, Exit, Finished, Output, Stdin};
use crate::task::Cause;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// A program that computes a calculation.
#[derive(Clone, Copy, Debug)]
pub struct ProgramRun<'a> {
    /// Its name in messages.
    pub program: &'a str,
    pub calculation: &'a Calculation<'a>,
    pub resources: &'a Resources<'a>,
    /// Its error messages.
    pub patterns: &'a [ErrorPattern],
}

impl ProgramRun<'_> {
    /// The path of a file in the scratch folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.resources.scratch.join(name)
    }

    /// Writes an input file.
    ///
    /// # Errors
    /// The file cannot be written; a full disk is a lack of resources.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Cause> {
        fs::write(self.path(name), text).map_err(|error| {
            let message = format!("{}: cannot write `{}`: {error}", self.calculation.label, self.path(name).display());
            match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Cause::Resource(message),
                _ => Cause::Failed(message),
            }
        })
    }

    /// Runs the program in the scratch folder until it ends by itself, whatever its exit status. `environment` is set besides the variables
    /// for threads and temporary files. Standard output goes into the file `stdout`, if named.
    ///
    /// # Errors
    /// The program could not be started, or was killed because of a limit.
    pub fn execute(
        &self,
        argv: Vec<OsString>,
        environment: &[(&str, String)],
        stdout: Option<&str>,
    ) -> Result<Finished, Cause> {
        let threads = self.resources.threads.max(1).to_string();
        let scratch = self.resources.scratch.as_os_str().to_owned();
        let label = self.calculation.label;
        let argv = match self.resources.launcher {
            Some(launcher) => launcher.command_line(argv),
            None => argv,
        };
        let mut command = Command::new(argv, self.resources.scratch);
        command.is_launcher = self.resources.launcher.is_some();
        for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            command.set.push((name.into(), threads.clone().into()));
        }
        command.set.push(("TMPDIR".into(), scratch));
        command.set.extend(environment.iter().map(|(name, value)| ((*name).into(), value.into())));
        command.stdin = Stdin::Null;
        if let Some(name) = stdout {
            command.stdout = Output::File(name.into());
        }
        command.time_limit = self.resources.time_limit;
        command.cores = self.resources.cores.map(<[usize]>::to_vec);
        let finished = self.resources.supervisor.run(&command).map_err(|error| failure::not_started(&error, label))?;
        match finished.exit {
            Exit::TimedOut => {
                let limit = self.resources.time_limit.unwrap_or(finished.elapsed);
                Err(Cause::TimedOut { limit_ms: limit.as_millis() as u64 })
            }
            Exit::Stalled => Err(Cause::Failed(format!("{} for {label} {}", self.program, finished.exit))),
            Exit::Cancelled => Err(Cause::Lost(format!("{} for {label} was cancelled", self.program))),
            Exit::Exited(_) | Exit::Signalled(_) => Ok(finished),
        }
    }

    /// The cause of a missing result: the exit status, and its error `message`, or else the end of its standard error or of `printed`.
    pub fn failure(&self, finished: &Finished, message: &str, printed: &str) -> Cause {
        let stderr = finished.stderr.text();
        let subject = format!("{} for {}", self.program, self.calculation.label);
        match failure::explain(&subject, finished, [message, &stderr, printed], self.patterns, self.resources.scratch) {
            Cause::Failed(text) if finished.exit.is_success() => Cause::Unread(text),
            cause => cause,
        }
    }

    /// The cause for a program that ended with exit code 0 and left an unusable output: another attempt would write the same.
    pub fn unreadable(&self, cause: Cause) -> Cause {
        match self.labelled(cause) {
            Cause::Failed(text) => Cause::Unread(text),
            cause => cause,
        }
    }

    /// `cause` with the program and the calculation in front of its text.
    pub fn labelled(&self, cause: Cause) -> Cause {
        use Cause::{Convergence, Failed, Input, Interrupted, Lost, NotFinite, Resource, Unread, Unstable};
        let mut cause = failure::or_full_disk(self.resources.scratch, cause);
        if let Failed(text) | Input(text) | Resource(text) | Convergence(text) | NotFinite(text) | Lost(text)
        | Unstable(text) | Interrupted(text) | Unread(text) = &mut cause
        {
            *text = format!("{} for {}: {text}", self.program, self.calculation.label);
        }
        cause
    }
}
