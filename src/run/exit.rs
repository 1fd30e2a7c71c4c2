//! Exit codes, and why a run stops early.
use super::console;
use crate::comm::Launcher;
use crate::config::Faults;

/// The exit codes, after BSD's sysexits where one fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[repr(i32)]
pub enum Exit {
    Complete = 0,
    /// A fault of simmpi itself.
    Internal = 1,
    /// Complete, but some tasks have no result.
    SomeFailed = 2,
    Usage = 64,
    /// An input file is missing or bad.
    Input = 65,
    /// The output cannot be created, or belongs to another campaign or run.
    Output = 73,
    /// Reading or writing failed on the way.
    Disk = 74,
    /// Stopped early; the same command resumes.
    Resumable = 75,
    Configuration = 78,
}

/// Why a run ends before its campaign is complete, or does not start: the message and the exit code.
#[derive(Debug)]
pub struct Stop {
    pub exit: Exit,
    pub message: String,
    /// What to do, where that does not follow from the exit code.
    pub remedy: Option<String>,
}

impl Stop {
    /// A stop with `exit` for the reason `message`.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), remedy: None }
    }

    /// The same stop with another remedy than to run the same command again.
    pub fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// What to do to resume the campaign.
    pub fn remedy(&self) -> String {
        self.remedy.clone().unwrap_or_else(|| "run the same command again to resume".into())
    }

    /// A stop because of `error`, with all its causes, one per line.
    pub fn because(exit: Exit, error: &dyn std::error::Error) -> Self {
        Self::new(exit, causes(error))
    }
}

/// A stop for the faults of a configuration.
impl From<Faults> for Stop {
    fn from(faults: Faults) -> Self {
        Self::new(Exit::Configuration, console::rendered(&faults))
    }
}

/// An error and its causes, one per line.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!("\n  because {cause}");
        next = cause.source();
    }
    text
}

/// Says under a launcher how the run ends, on rank 0: the launcher's own exit code may be another. Batch scripts read this line.
pub fn report(exit: Exit) {
    if Launcher::detect().is_some() {
        console::line(&format!("simmpi ends with exit code {}", exit as i32));
    }
}

/// As [`report`], before it is known which rank this is.
pub fn report_by_first(exit: Exit) {
    if Launcher::detect().is_some_and(|launcher| launcher.rank == 0) {
        report(exit);
    }
}

impl From<crate::comm::Error> for Stop {
    fn from(error: crate::comm::Error) -> Self {
        let wrong_start = matches!(error, crate::comm::Error::OtherLauncher { .. });
        Self::because(if wrong_start { Exit::Usage } else { Exit::Internal }, &error)
    }
}

impl From<crate::journal::Error> for Stop {
    fn from(error: crate::journal::Error) -> Self {
        use crate::journal::Error;
        let exit = match &error {
            Error::Create { .. } | Error::Format { .. } => Exit::Output,
            Error::Codec(_) => Exit::Internal,
            _ => Exit::Disk,
        };
        Self::because(exit, &error)
    }
}

impl From<crate::journal::codec::Error> for Stop {
    fn from(error: crate::journal::codec::Error) -> Self {
        Self::because(Exit::Internal, &error)
    }
}

impl From<crate::journal::LockError> for Stop {
    fn from(error: crate::journal::LockError) -> Self {
        Self::because(Exit::Output, &error)
    }
}

impl From<crate::results::Error> for Stop {
    fn from(error: crate::results::Error) -> Self {
        let exit = match &error {
            crate::results::Error::Create { .. }
            | crate::results::Error::Replace { .. }
            | crate::results::Error::Foreign { .. } => Exit::Output,
            _ => Exit::Disk,
        };
        Self::because(exit, &error)
    }
}

impl From<crate::plan::Error> for Stop {
    fn from(error: crate::plan::Error) -> Self {
        Self::because(Exit::Configuration, &error)
    }
}

impl From<crate::campaigns::stage::Error> for Stop {
    fn from(error: crate::campaigns::stage::Error) -> Self {
        use crate::campaigns::stage::Error;
        match error {
            Error::Results(error) => error.into(),
            Error::Unusable(_) => Self::because(Exit::Input, &error),
            Error::Unread(_) => Self::because(Exit::Disk, &error),
            error => Self::because(Exit::Internal, &error),
        }
    }
}
