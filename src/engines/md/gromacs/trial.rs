//! Does `grompp` accept these parameters, this topology and this structure?
//!
//! It is tried in a temporary folder before the campaign starts.
use super::error_message::error_message;
use super::program::Gromacs;
use super::simulation::Input;
use crate::engines::temporary_folder::TemporaryFolder;
use crate::engines::text;
use crate::process::{Command, Finished, Supervisor};
use std::ffi::OsString;
use std::fs;
use std::time::Duration;

/// Reading a large system is slow.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Lines of its error message that are quoted.
const QUOTED_LINES: usize = 8;

/// Why `grompp` failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GromppError {
    #[error("the structure has {structure} atoms, the topology {topology}")]
    AtomCounts { structure: usize, topology: usize },
    /// The run parameters name something, such as an index group, that no file defines.
    #[error("{0}")]
    UnknownName(String),
    #[error("{0}")]
    Message(String),
}

/// What `grompp` is tried with: its input, and those of the input's files that are written into the temporary folder, as (name, content).
pub struct Trial {
    pub input: Input,
    pub files: Vec<(String, String)>,
}

/// The run input file that it writes.
pub const TRIAL_TPR: &str = "try.tpr";

impl Gromacs {
    /// Checks that `grompp` accepts the input.
    ///
    /// # Errors
    /// It does not.
    pub fn try_input(&self, supervisor: &Supervisor, trial: &Trial) -> Result<(), GromppError> {
        self.make_trial_tpr(supervisor, trial).map(drop)
    }

    /// A folder with the run input file [`TRIAL_TPR`]; empty if the input is a run input file itself.
    ///
    /// # Errors
    /// `grompp` failed.
    pub(super) fn make_trial_tpr(
        &self,
        supervisor: &Supervisor,
        trial: &Trial,
    ) -> Result<TemporaryFolder, GromppError> {
        let failed = |error: &dyn std::fmt::Display| GromppError::Message(format!("cannot run grompp: {error}"));
        let folder = TemporaryFolder::create().map_err(|error| failed(&error))?;
        let Input::Parameters { mdp, structure, topology, index, args } = &trial.input else { return Ok(folder) };
        let write = |name: &str, text: &str| fs::write(folder.0.join(name), text).map_err(|error| failed(&error));
        write("try.mdp", mdp.text())?;
        trial.files.iter().try_for_each(|(name, text)| write(name, text))?;
        let mut argv = self.argv(&["grompp", "-f", "try.mdp", "-o", TRIAL_TPR, "-po", "out.mdp", "-c"]);
        argv.extend([structure.clone().unwrap_or_default().into(), "-p".into(), topology.into()]);
        argv.extend(index.iter().flat_map(|file| ["-n".into(), file.into()]));
        argv.extend(args.iter().map(OsString::from));
        let mut command = Command::new(argv, &folder.0);
        command.time_limit = Some(TIMEOUT);
        command.set = self.environment();
        let finished = supervisor.run(&command).map_err(|error| failed(&error))?;
        if finished.exit.is_success() { Ok(folder) } else { Err(grompp_error(&finished)) }
    }
}

fn grompp_error(finished: &Finished) -> GromppError {
    let message = error_message(finished);
    if let Some((structure, topology)) = atom_counts(&message) {
        return GromppError::AtomCounts { structure, topology };
    }
    let quote = match message.is_empty() {
        true => finished.stderr.last_lines(QUOTED_LINES),
        false => text::last_lines(&message, QUOTED_LINES),
    };
    let text = format!("grompp {}: {quote}", finished.exit);
    if quote.contains("was not found") { GromppError::UnknownName(text) } else { GromppError::Message(text) }
}

/// The numbers in `number of coordinates in coordinate file (conf.gro, 50) does not match topology (topol.top, 112)`.
fn atom_counts(message: &str) -> Option<(usize, usize)> {
    let number = |mark: &str| {
        let (_, rest) = message.split_once(mark)?;
        let (inside, _) = rest.split_once(')')?;
        inside.rsplit(',').next()?.trim().parse().ok()
    };
    Some((number("coordinate file (")?, number("does not match topology (")?))
}

#[cfg(test)]
mod tests {
    use super::atom_counts;

    #[test]
    fn atom_counts_are_parsed() {
        let message = "Fatal error:\nnumber of coordinates in coordinate file (small.gro, 50)\n             does not match topology (topol.top, 112)\n";
        assert_eq!(atom_counts(message), Some((50, 112)));
        assert_eq!(atom_counts("Fatal error: no such moleculetype"), None);
    }
}
