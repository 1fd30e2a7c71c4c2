//! How does a launcher of the batch system start the program of a task?
//!
//! The program then runs on as many cores or nodes as the launcher gives it: they are not those of the rank, which only waits.
use super::locate;
use super::text;
use crate::problem::Problem;
use crate::process::{Command, Exit, Supervisor};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// Variables that a batch system sets for its jobs.
const JOBS: &[&str] = &["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID"];
/// Time limit of the trial: steps of a job start within seconds where its cores are free.
const TRIAL_LIMIT: Duration = Duration::from_secs(60);
/// Lines of a launcher's message that are quoted.
const QUOTED_LINES: usize = 4;

/// A launcher with its arguments, and what it is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLauncher {
    /// With placeholders replaced.
    words: Vec<String>,
    /// Number of processes that it starts for a task.
    pub ranks: usize,
    /// Cores of each process.
    pub threads: usize,
}

impl TaskLauncher {
    /// The launcher of the configuration's `words`, in which `{ranks}` and `{threads}` are replaced; none where it sets none.
    pub fn new(words: Option<&[String]>, ranks: usize, threads: usize) -> Option<Self> {
        let fill =
            |word: &String| word.replace("{ranks}", &ranks.to_string()).replace("{threads}", &threads.to_string());
        Some(Self { words: words?.iter().map(fill).collect(), ranks, threads })
    }

    /// The command line that starts `argv`.
    pub fn command_line(&self, argv: Vec<OsString>) -> Vec<OsString> {
        self.words.iter().map(OsString::from).chain(argv).collect()
    }

    /// Cores of the allocation that a task takes.
    pub fn cores(&self) -> usize {
        self.ranks * self.threads
    }

    /// What it starts, for `check`.
    pub fn describe(&self) -> String {
        let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        format!("{} of {} each, by {}", plural(self.ranks, "rank"), plural(self.threads, "thread"), self.name())
    }

    fn name(&self) -> String {
        let program = Path::new(self.words.first().map_or("", String::as_str));
        program.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Checks that its program exists and, in a job of a batch system, that it starts a process.
    ///
    /// # Errors
    /// It does not.
    pub fn find(&self, supervisor: &Supervisor) -> Result<(), Problem> {
        let program = Path::new(self.words.first().map_or("", String::as_str));
        let help = "set the batch system's launcher, as in launcher = [\"srun\", \"--exact\", \"--nodes=1\", \
                    \"--ntasks={ranks}\", \"--cpus-per-task={threads}\"]";
        let at_key = |problem: Problem| Problem { key: "launcher".into(), ..problem };
        locate::locate(program, help).map_err(at_key)?;
        match JOBS.iter().any(|name| std::env::var_os(name).is_some()) {
            true => self.try_once(supervisor).map_err(at_key),
            false => Ok(()),
        }
    }

    /// Starts `true`: what the launcher refuses would fail every task alike, and what it waits for in vain would never end.
    fn try_once(&self, supervisor: &Supervisor) -> Result<(), Problem> {
        let mut command = Command::new(self.command_line(vec!["true".into()]), "/");
        command.time_limit = Some(TRIAL_LIMIT);
        command.is_launcher = true;
        let line = self.words.join(" ");
        let finished =
            supervisor.run(&command).map_err(|error| Problem::new(error.to_string(), "correct `launcher`"))?;
        match finished.exit {
            Exit::Exited(0) => Ok(()),
            Exit::TimedOut => {
                let message = format!("`{line} true` started nothing within {} s", TRIAL_LIMIT.as_secs());
                let help = "the cores are not free: under SLURM the step that simmpi runs in holds them unless the job script has \
                            `export SLURM_OVERLAP=1` before `mpirun` or `srun` (docs/clusters.md)";
                Err(Problem::new(message, help))
            }
            exit => {
                let printed = [finished.stdout.text(), finished.stderr.text()].concat();
                let message = format!("`{line} true` {exit}: {}", text::last_lines(&printed, QUOTED_LINES));
                Err(Problem::new(
                    message,
                    "correct `launcher`, `ranks` or `threads`, or request more cores for the job",
                ))
            }
        }
    }
}

/// The words of a launcher with absolute paths of those that name files in `folder`, that of the configuration.
pub fn resolve_launcher(words: Option<&[String]>, folder: &Path) -> Option<Vec<String>> {
    let resolve = |(position, word): (usize, &String)| locate::resolve_argument(position, word, folder);
    Some(words?.iter().enumerate().map(resolve).collect())
}

/// What is wrong with the keys `launcher` and `ranks`.
pub fn launcher_problems(words: Option<&[String]>, ranks: usize) -> Vec<Problem> {
    let Some(words) = words else {
        let message = format!("`ranks = {ranks}`, but no launcher that starts them is set");
        let help = "set `launcher`, or remove `ranks`";
        return if ranks > 1 { vec![Problem::at_key("ranks", message, help)] } else { Vec::new() };
    };
    let mut problems = Vec::new();
    if words.first().is_some_and(|word| word.is_empty()) {
        problems.push(Problem::at_key("launcher.0", "the name of the launcher is empty", "set it, as in \"srun\""));
    }
    for (index, word) in words.iter().enumerate() {
        for name in placeholders(word).into_iter().filter(|name| !["ranks", "threads"].contains(name)) {
            let help = "there are {ranks}, the key `ranks`, and {threads}, the cores of each rank";
            let message = format!("`{{{name}}}` is not a placeholder of a launcher");
            problems.push(Problem::at_key(format!("launcher.{index}"), message, help));
        }
    }
    if ranks > 1 && !words.iter().any(|word| word.contains("{ranks}")) {
        let message = format!("`ranks = {ranks}` has no effect: the launcher has no {{ranks}}");
        problems.push(Problem::at_key("ranks", message, "add it, as in \"--ntasks={ranks}\""));
    }
    problems
}

/// The names in braces in a word; other braces are literal.
fn placeholders(word: &str) -> Vec<&str> {
    let inside = word.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    inside.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn placeholders_are_replaced_in_every_word() {
        let launcher = TaskLauncher::new(Some(&words("srun --ntasks={ranks} -c {threads} {ranks}x{threads}")), 4, 2);
        let launcher = launcher.unwrap();
        let line = launcher.command_line(vec!["gmx_mpi".into(), "mdrun".into()]);
        assert_eq!(line, ["srun", "--ntasks=4", "-c", "2", "4x2", "gmx_mpi", "mdrun"]);
        assert_eq!((launcher.cores(), launcher.describe()), (8, "4 ranks of 2 threads each, by srun".to_owned()));
        assert_eq!(TaskLauncher::new(None, 1, 1), None);
    }

    #[test]
    fn keys_that_would_be_misunderstood_are_refused() {
        let keys = |text: Option<&str>, ranks| {
            let words = text.map(words);
            launcher_problems(words.as_deref(), ranks).into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert!(keys(Some("srun --ntasks={ranks} -c {threads} {} {a b}"), 2).is_empty() && keys(None, 1).is_empty());
        assert_eq!(keys(Some("srun -n {rank} -c {cores}"), 1), ["launcher.2", "launcher.4"]);
        assert_eq!(keys(Some("srun -n 2"), 2), ["ranks"]);
        assert_eq!(keys(None, 2), ["ranks"]);
    }
}
