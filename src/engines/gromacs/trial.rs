//! Does `grompp` take these parameters, this topology and this structure?
//!
//! What it says of them it says before anything is run, in a moment and in a folder that is gone afterwards.
use super::complaint::complaint;
use super::{Gromacs, Input};
use crate::engines::find::Folder;
use crate::engines::text;
use crate::process::{Command, Finished, Guard};
use std::ffi::OsString;
use std::fs;
use std::time::Duration;

/// Large systems are slow to read.
const PATIENCE: Duration = Duration::from_secs(300);
/// Lines of its complaint that are told.
const LINES: usize = 8;

/// What `grompp` does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the structure has {structure} atoms, the topology {topology}")]
    Atoms { structure: usize, topology: usize },
    #[error("{0}")]
    Said(String),
}

/// What `grompp` is tried with: an input, and the files that it names within its own folder.
pub struct Trial {
    pub input: Input,
    pub files: Vec<(String, String)>,
}

/// The run input file that it makes.
pub(super) const MADE: &str = "try.tpr";

impl Gromacs {
    /// Has `grompp` make a run input file.
    ///
    /// # Errors
    /// It does not.
    pub fn try_input(&self, guard: &Guard, trial: &Trial) -> Result<(), Refused> {
        self.made(guard, trial).map(drop)
    }

    /// A folder with the run input file [`MADE`]; an input that is one already needs none.
    ///
    /// # Errors
    /// `grompp` does not make it.
    pub(super) fn made(&self, guard: &Guard, trial: &Trial) -> Result<Folder, Refused> {
        let said = |error: &dyn std::fmt::Display| Refused::Said(format!("grompp cannot be tried: {error}"));
        let folder = Folder::create().map_err(|error| said(&error))?;
        let Input::Parameters { mdp, structure, topology, index, args } = &trial.input else { return Ok(folder) };
        let write = |name: &str, text: &str| fs::write(folder.0.join(name), text).map_err(|error| said(&error));
        write("try.mdp", mdp.text())?;
        trial.files.iter().try_for_each(|(name, text)| write(name, text))?;
        let mut argv = self.argv(&["grompp", "-f", "try.mdp", "-o", MADE, "-po", "out.mdp", "-c"]);
        argv.extend([structure.clone().unwrap_or_default().into(), "-p".into(), topology.into()]);
        argv.extend(index.iter().flat_map(|file| ["-n".into(), file.into()]));
        argv.extend(args.iter().map(OsString::from));
        let mut command = Command::new(argv, &folder.0);
        command.time_limit = Some(PATIENCE);
        command.set = self.environment();
        let ended = guard.run(&command).map_err(|error| said(&error))?;
        if ended.exit.is_success() { Ok(folder) } else { Err(refused(&ended)) }
    }
}

fn refused(ended: &Finished) -> Refused {
    let words = complaint(ended);
    if let Some((structure, topology)) = counts(&words) {
        return Refused::Atoms { structure, topology };
    }
    let words = if words.is_empty() { ended.stderr.last_lines(LINES) } else { text::last_lines(&words, LINES) };
    Refused::Said(format!("grompp {}: {words}", ended.exit))
}

/// Both numbers of `number of coordinates in coordinate file (conf.gro, 50) does not match topology (topol.top, 112)`.
fn counts(words: &str) -> Option<(usize, usize)> {
    let number = |mark: &str| {
        let (_, rest) = words.split_once(mark)?;
        let (inside, _) = rest.split_once(')')?;
        inside.rsplit(',').next()?.trim().parse().ok()
    };
    Some((number("coordinate file (")?, number("does not match topology (")?))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn numbers_of_atoms_that_differ_are_found() {
        let said = "Fatal error:\nnumber of coordinates in coordinate file (small.gro, 50)\n             does not match topology (topol.top, 112)\n";
        assert_eq!(counts(said), Some((50, 112)));
        assert_eq!(counts("Fatal error: no such moleculetype"), None);
    }
}
