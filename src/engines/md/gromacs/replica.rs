//! What do all steps of running a replica need?
use super::log::Log;
use super::program::Gromacs;
use crate::engines::md::launch::{Invocation, LaunchContext};
use crate::engines::md::usage::RunSummary;
use crate::process::Finished;
use crate::task::Cause;
use std::ffi::OsString;
use std::path::PathBuf;
use std::{fs, io};

/// A replica while GROMACS runs it.
pub struct Replica<'a> {
    pub gromacs: &'a Gromacs,
    pub context: &'a LaunchContext<'a>,
    /// Filled while its programs run.
    pub summary: RunSummary,
}

impl Replica<'_> {
    /// Runs a GROMACS command in the replica's folder; its output is kept under the name `output_stem`.
    pub fn gmx(&mut self, program: &str, output_stem: &str, argv: Vec<OsString>) -> Result<Finished, Cause> {
        let environment = self.gromacs.environment();
        self.run(&Invocation { program, output_stem, argv, environment, launcher: None })
    }

    /// Runs a program, and adds what it used.
    pub fn run(&mut self, invocation: &Invocation) -> Result<Finished, Cause> {
        let finished = self.context.run(invocation)?;
        self.summary.usage.add(&finished);
        Ok(finished)
    }

    /// Adds a diagnostic for the user.
    pub fn add_note(&mut self, text: String) {
        self.summary.notes.push(text);
    }

    /// The path of a file of the replica.
    pub fn path(&self, file: &str) -> PathBuf {
        self.context.folder.join(file)
    }

    pub fn has_file(&self, file: &str) -> bool {
        self.path(file).is_file()
    }

    /// Writes an input file.
    pub fn write(&self, file: &str, content: &str) -> Result<(), Cause> {
        let path = self.path(file);
        fs::write(&path, content).map_err(|error| {
            self.context.or_full_disk(Cause::Failed(format!("cannot write `{}`: {error}", path.display())))
        })
    }

    /// The cause when the files that a restart needs cannot be written.
    pub fn cannot_prepare(&self, error: io::Error) -> Cause {
        let text = format!("cannot prepare the files of {}: {error}", self.context.label);
        self.context.or_full_disk(Cause::Failed(text))
    }

    /// The log of the simulation `name`, if that is finished: all steps are done and the final structure is written.
    pub fn finished_log(&self, name: &str) -> Option<Log> {
        let log = Log::read(&self.path(&format!("{name}.log"))).ok()?;
        (log.has_reached_end() && self.has_file(&format!("{name}.gro"))).then_some(log)
    }
}
