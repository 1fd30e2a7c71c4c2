//! The option `--ranks`: simmpi starts itself on several ranks of this machine.
use crate::campaigns::{Kind, RequestedRanks};
use crate::comm::{Launcher, LocalLauncher};
use crate::process;
use crate::run::exit::{Exit, Stop};
use crate::run::{Style, console, load};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A number of ranks on this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ranks {
    Number(usize),
    /// One for each physical core that this process may use.
    Auto,
}

impl FromStr for Ranks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "auto" => Ok(Self::Auto),
            Ok(0) | Err(_) => Err("give a number from 1 on, or auto".into()),
            Ok(number) => Ok(Self::Number(number)),
        }
    }
}

/// Launchers of batch systems. A single process of theirs may be a shell, or have all cores of its node.
const STEP_LAUNCHERS: [&str; 4] = ["srun", "Flux", "PALS", "jsrun"];

impl Ranks {
    /// What the input itself asks for, where no launcher has started this process.
    pub fn requested_by(config: &Path, kinds: &[&'static dyn Kind]) -> Option<Self> {
        let requested = Launcher::detect().is_none().then(|| load::requested_ranks(config, kinds)).flatten()?;
        Some(match requested {
            RequestedRanks::Number(number) => Self::Number(number),
            RequestedRanks::PhysicalCores => Self::Auto,
        })
    }

    /// The number of ranks to start; none if this process is one of them, or the only one.
    ///
    /// # Errors
    /// A launcher has started another number of processes.
    pub fn to_start(self) -> Result<Option<usize>, Stop> {
        self.beside(Launcher::detect())
    }

    fn beside(self, launcher: Option<Launcher>) -> Result<Option<usize>, Stop> {
        let ranks = match self {
            Self::Number(number) => number,
            Self::Auto => process::cores::physical_cores(),
        };
        match launcher {
            Some(launcher) if launcher.size > 1 || !STEP_LAUNCHERS.contains(&launcher.name) => {
                if self == Self::Auto || ranks == launcher.size {
                    return Ok(None);
                }
                let Launcher { name, size, .. } = launcher;
                let processes = if size == 1 { "process" } else { "processes" };
                let text = format!(
                    "{name} has started {size} {processes}, but --ranks asks for {ranks}: leave out --ranks, or start simmpi without {name}"
                );
                Err(Stop::new(Exit::Usage, text))
            }
            _ => Ok((ranks > 1).then_some(ranks)),
        }
    }
}

/// Starts this program with its arguments on so many ranks, waits for their end and returns their exit code. `progress` is what the user has
/// chosen.
///
/// # Errors
/// The launcher of the MPI library is not found, or cannot be started.
pub fn start_on(ranks: usize, progress: Option<Style>) -> Result<u8, Stop> {
    let launcher = LocalLauncher::of_library();
    let Some(mpirun) = find(&launcher, launcher.candidates()) else {
        let text = format!(
            "cannot find the mpirun of {}, for which this binary is built: add its folder to PATH, or run with --ranks 1",
            launcher.library()
        );
        return Err(Stop::new(Exit::Usage, text));
    };
    if let Some(nodes) = nodes_of_job().filter(|&nodes| nodes > 1) {
        console::warning(&format!(
            "warning: --ranks starts all ranks on this node, one of {nodes} of the job: start simmpi by srun or mpirun to use all"
        ));
    }
    let own = std::env::current_exe().map_err(|error| Stop::because(Exit::Internal, &error))?;
    let mut arguments = launcher.arguments(ranks);
    arguments.push(own.into());
    arguments.extend(with_progress(std::env::args_os().skip(1).collect(), progress));
    let ended = process::run_launcher(&mpirun, arguments, &launcher.variables());
    let code = ended.map_err(|error| {
        Stop::new(Exit::Usage, format!("cannot start `{}`, the launcher of --ranks: {error}", mpirun.display()))
    })?;
    Ok(u8::try_from(code).unwrap_or(Exit::Internal as u8))
}

/// The first of the programs that is the library's launcher.
fn find(launcher: &LocalLauncher, candidates: Vec<PathBuf>) -> Option<PathBuf> {
    let is_it = |path: &PathBuf| process::version_of(path).is_some_and(|text| launcher.is_printed_by(&text));
    candidates.into_iter().find(is_it)
}

/// The number of nodes of the batch job.
fn nodes_of_job() -> Option<usize> {
    ["SLURM_JOB_NUM_NODES", "SLURM_NNODES", "PBS_NUM_NODES"]
        .iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
}

/// The arguments with the progress display of this process: ranks cannot see whether the launcher's output is a terminal.
fn with_progress(mut arguments: Vec<OsString>, progress: Option<Style>) -> Vec<OsString> {
    if progress.is_none() {
        let style = if std::io::stdout().is_terminal() { "bar" } else { "lines" };
        let at = usize::from(arguments.first().is_some_and(|first| first == "run"));
        arguments.splice(at..at, ["--progress", style].map(OsString::from));
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launcher(name: &'static str, size: usize) -> Option<Launcher> {
        Some(Launcher { name, variable: "", size, rank: 0 })
    }

    #[test]
    fn a_number_or_auto_is_accepted_and_nothing_else() {
        assert_eq!(("4".parse(), "auto".parse()), (Ok(Ranks::Number(4)), Ok(Ranks::Auto)));
        assert!(["0", "four", "-1", ""].iter().all(|text| text.parse::<Ranks>().is_err()));
    }

    #[test]
    fn a_launcher_must_have_started_as_many() {
        let four = Ranks::Number(4);
        assert_eq!(four.beside(None).unwrap(), Some(4));
        assert_eq!(Ranks::Number(1).beside(None).unwrap(), None);
        assert_eq!(four.beside(launcher("Open MPI's mpirun", 4)).unwrap(), None);
        assert_eq!(Ranks::Auto.beside(launcher("Open MPI's mpirun", 3)).unwrap(), None);
        for (name, size) in [("Open MPI's mpirun", 2), ("MPICH's mpirun", 1), ("srun", 8)] {
            let stop = four.beside(launcher(name, size)).unwrap_err();
            assert!(stop.message.contains(&format!("{name} has started {size} process")), "{}", stop.message);
            assert_eq!(stop.exit, Exit::Usage);
        }
        // The only process of a step, as a shell that srun has started.
        assert_eq!(four.beside(launcher("srun", 1)).unwrap(), Some(4));
    }

    #[test]
    fn the_progress_display_is_an_option_of_run() {
        let with = |text: &str| {
            let given = with_progress(text.split(' ').map(OsString::from).collect(), None);
            given.iter().map(|argument| argument.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        for style in ["bar", "lines"].iter().filter(|style| with("a.toml -n 4").contains(**style)) {
            assert_eq!(with("run a.toml -n 4"), format!("run --progress {style} a.toml -n 4"));
            assert_eq!(with("-n 4 a.toml"), format!("--progress {style} -n 4 a.toml"));
        }
        assert_eq!(with_progress(vec!["a".into()], Some(Style::None)), ["a"]);
    }
}
