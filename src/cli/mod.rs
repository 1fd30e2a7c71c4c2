//! The command line: its commands, options and exit codes.
mod check;
mod export;
mod fes;
mod init;
mod init_from;
mod inspect;
mod plan;
mod pmf;
mod ranks;
mod submit;

use crate::campaigns::Kind;
use crate::comm::Launcher;
use crate::run::exit::Exit;
use crate::run::{self, Style, console};
use clap::{Args, CommandFactory, Parser, Subcommand};
use ranks::Ranks;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const EXIT_CODES: &str = "Exit codes: 0 complete, 1 internal error, 2 complete but some tasks failed, 64 usage error, 65 invalid input file, \
73 output cannot be created or belongs to another campaign, 74 read or write error, 75 stopped early and resumable, \
78 invalid configuration.";

/// Campaigns of simulations over MPI: many independent tasks in, one HDF5 file out.
///
/// `mpirun -n 100 simmpi config.toml` runs a campaign, or resumes one that was stopped; on one machine `simmpi config.toml -n 4` does, too.
#[derive(Parser)]
#[command(name = "simmpi", version, after_help = EXIT_CODES, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Option<RunArgs>,
}

#[derive(Subcommand)]
enum Command {
    /// Run or resume a campaign; the same as `simmpi CONFIG`
    Run(RunArgs),
    /// Check a configuration: report all errors, or summarize the campaign
    Check {
        /// Configuration file (TOML, JSON or YAML)
        config: PathBuf,
        /// Check that the tasks divide evenly over this number of ranks
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        ranks: Option<u64>,
        /// Number of nodes that the ranks are distributed over
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        nodes: u64,
    },
    /// Predict batches, run time, memory and file size of a run; runs a few tasks for a second or two
    Plan {
        /// Configuration file (TOML, JSON or YAML)
        config: PathBuf,
        /// Number of MPI ranks
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        ranks: u64,
    },
    /// Write a batch script with the time and memory of `plan`, and submit it
    Submit(submit::SubmitArgs),
    /// Print a commented configuration: an example that runs as it is, or what a file amounts to
    Init {
        /// Kind of campaign
        #[arg(required_unless_present = "from")]
        kind: Option<String>,
        /// Print what this file amounts to: the configuration of one in another format, of a ManyBodyInput of QCManyBody or of a molecule,
        /// or the file of windows of lists of gmx wham, of a metadata file or of folders with PLUMED's input
        #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "kind")]
        from: Vec<PathBuf>,
        /// Options of `pmf` for lists of windows: -- -temp 300
        #[arg(last = true, requires = "from", allow_hyphen_values = true)]
        options: Vec<std::ffi::OsString>,
    },
    /// Show the contents of a result file and its failed tasks, or the progress of a campaign without a result
    Inspect {
        /// Result file (campaign.output); need not exist yet
        results: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compute the potential of mean force from existing umbrella windows, with error bars and figures
    Pmf(Box<pmf::PmfArgs>),
    /// Compute the free energy of existing biased simulations (OPES, metadynamics), or the sum of hills
    Fes(Box<fes::FesArgs>),
    /// Export results as JSON: fragments in the format of QCManyBody, other kinds as they are
    Export {
        /// Result file
        results: PathBuf,
        /// File to write; - is standard output
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Print the JSON schema of configurations
    Schema,
    /// Print completions for a shell
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Clone)]
struct RunArgs {
    /// Configuration file (TOML, JSON or YAML), or a ManyBodyInput of QCManyBody (JSON)
    config: PathBuf,
    /// Start on this number of ranks of this machine, or one for each physical core (auto), without mpirun
    #[arg(short = 'n', long, value_name = "N|auto")]
    ranks: Option<Ranks>,
    /// Write the results as JSON, too; by default for a ManyBodyInput, beside the HDF5 file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Discard the journal and start over
    #[arg(long)]
    fresh: bool,
    /// Replace the result of a different configuration
    #[arg(long)]
    force: bool,
    /// Retry failed tasks
    #[arg(long)]
    retry_failed: bool,
    /// Run this task only (index from 0)
    #[arg(long, value_name = "TASK")]
    only: Option<u64>,
    /// Keep the journal when the campaign is complete
    #[arg(long)]
    keep_journal: bool,
    /// Take over the output from another run that is known to have ended
    #[arg(long)]
    steal_lock: bool,
    /// Work on the campaign together with other jobs that are started in the same way, at any time
    #[arg(long, conflicts_with_all = ["fresh", "force", "retry_failed", "only", "steal_lock"])]
    join: bool,
    /// With --join: wait so long for other jobs where there is nothing to do (90, 90s, 10m, 2h)
    #[arg(long, value_name = "TIME", requires = "join", value_parser = parse_duration, default_value = "10m")]
    wait: Duration,
    /// Progress display: by default a bar on a terminal, lines under an MPI launcher
    #[arg(long)]
    progress: Option<Style>,
    /// Append all messages to this file, with timestamps
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// Runs the program, for campaigns of `kinds`.
pub fn main(kinds: &'static [&'static dyn Kind]) -> ExitCode {
    let words = match pmf::translated(std::env::args_os()) {
        Ok(words) => words,
        Err(refused) => {
            console::error(&refused);
            return code(Exit::Usage);
        }
    };
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Every rank parses the same arguments; only one prints the error.
            if is_first() {
                let _ = error.print();
            }
            return code(if error.use_stderr() { Exit::Usage } else { Exit::Complete });
        }
    };
    let outcome = match (cli.command, cli.run) {
        (Some(Command::Run(args)), _) | (None, Some(args)) => return run_campaign(kinds, args),
        (Some(Command::Check { config, ranks, nodes }), _) => check::check(kinds, &config, ranks, nodes),
        (Some(Command::Plan { config, ranks }), _) => plan::plan(kinds, &config, ranks),
        (Some(Command::Submit(args)), _) => submit::submit(kinds, &args),
        (Some(Command::Init { kind: Some(kind), .. }), _) => init::init(kinds, &kind),
        (Some(Command::Init { from, options, .. }), _) => init_from::init_from(kinds, &from, &options),
        (Some(Command::Inspect { results, json }), _) => inspect::inspect(&results, json),
        (Some(Command::Fes(args)), _) => match fes::fes(&args) {
            Ok(exit) => return code(exit),
            Err(stop) => Err(stop),
        },
        (Some(Command::Pmf(args)), _) => match pmf::pmf(&args) {
            Ok(exit) => return code(exit),
            Err(stop) => Err(stop),
        },
        (Some(Command::Export { results, output }), _) => export::export(kinds, &results, &output),
        (Some(Command::Schema), _) => init::schema(kinds),
        (Some(Command::Completions { shell }), _) => {
            clap_complete::generate(shell, &mut Cli::command(), "simmpi", &mut LenientStdout);
            Ok(())
        }
        (None, None) => {
            if is_first() {
                let _ = Cli::command().print_help();
            }
            return code(Exit::Usage);
        }
    };
    match outcome {
        Ok(()) => code(Exit::Complete),
        Err(stop) => {
            console::error(&stop.message);
            code(stop.exit)
        }
    }
}

fn run_campaign(kinds: &'static [&'static dyn Kind], args: RunArgs) -> ExitCode {
    let started = args.ranks.or_else(|| Ranks::requested_by(&args.config, kinds)).map_or(Ok(None), Ranks::to_start);
    match started.and_then(|ranks| ranks.map(|ranks| ranks::start_on(ranks, args.progress)).transpose()) {
        Ok(None) => code(run_on_this_rank(kinds, args)),
        Ok(Some(ended)) => ExitCode::from(ended),
        Err(stop) => {
            if is_first() {
                console::error(&stop.message);
            }
            code(stop.exit)
        }
    }
}

fn run_on_this_rank(kinds: &'static [&'static dyn Kind], args: RunArgs) -> Exit {
    run::install_panic_rule();
    let is_first = is_first();
    if let Some(path) = args.log.as_ref().filter(|_| is_first)
        && let Err(error) = console::open_log(path)
    {
        console::error(&format!("cannot write the log file `{}`: {error}", path.display()));
        return Exit::Output;
    }
    let options = run::Options {
        config: args.config,
        fresh: args.fresh,
        force: args.force,
        retry_failed: args.retry_failed,
        only: args.only,
        keep_journal: args.keep_journal,
        steal_lock: args.steal_lock,
        join: args.join.then_some(args.wait),
        exported: args.output,
        progress: args.progress.unwrap_or_else(|| Style::default_for(Launcher::detect().is_some())),
    };
    run::run(kinds, &options)
}

/// Whether this is rank 0 of the MPI launcher, or there is no launcher.
fn is_first() -> bool {
    Launcher::detect().is_none_or(|launcher| launcher.rank == 0)
}

/// Parses a time: seconds, or a number with the unit s, m or h.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, factor) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        _ => (text, 1.0),
    };
    let seconds: Option<f64> = number.trim().parse().ok();
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds * factor).ok());
    time.ok_or_else(|| "give a time like 90, 90s, 10m or 2h".to_owned())
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Standard output that ignores a closed pipe, for writers that would panic.
struct LenientStdout;

impl std::io::Write for LenientStdout {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = std::io::stdout().write_all(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        let _ = std::io::stdout().flush();
        Ok(())
    }
}
