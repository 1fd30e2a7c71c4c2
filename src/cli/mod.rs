//! What can be asked on the command line?
mod check;
mod export;
mod init;
mod inspect;
mod plan;
mod pmf;

use crate::campaigns::Kind;
use crate::comm::Launcher;
use crate::run::exit::{Exit, Stop};
use crate::run::{self, Style, say};
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

const EXIT_CODES: &str = "Exit codes: 0 complete, 1 internal fault, 2 complete but some tasks failed, 64 usage, 65 bad input file, \
73 output cannot be created or belongs to another campaign, 74 read or write error, 75 stopped early and resumable, \
78 bad configuration.";

/// Campaigns of simulations over MPI: many independent tasks in, one HDF5 file out.
///
/// `mpirun -n 100 simmpi config.toml` runs a campaign, or goes on with one that was stopped.
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
    /// Run a campaign, or go on with it; the same as `simmpi CONFIG`
    Run(RunArgs),
    /// Find everything that is wrong with a configuration, and tell what was understood
    Check {
        /// The configuration
        config: PathBuf,
        /// Also whether the tasks divide over so many ranks
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        ranks: Option<u64>,
        /// The nodes that the ranks are spread over
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        nodes: u64,
    },
    /// Tell what a run would do and how long it would take; a few tasks are run for a second or two
    Plan {
        /// The configuration
        config: PathBuf,
        /// The number of ranks
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        ranks: u64,
    },
    /// Write a commented configuration that runs as it is to standard output
    Init {
        /// The kind of campaign
        kind: String,
    },
    /// Tell what is in a result file, whether it is complete, and what failed; of a campaign without a result, how it stands
    Inspect {
        /// The result file, which need not be there yet
        results: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Find the potential of mean force from umbrella windows that are there already, with errors and figures
    Pmf {
        /// The file that lists the windows (docs/free_energy.md)
        windows: PathBuf,
        /// The HDF5 file to write; figures stand beside it
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Replace a result of another input
        #[arg(long)]
        force: bool,
        /// Draw nothing
        #[arg(long)]
        no_figures: bool,
    },
    /// Write the results as JSON: those of fragments as QCManyBody does, others as they are
    Export {
        /// The result file
        results: PathBuf,
        /// Where to write; - is standard output
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Write the JSON schema of configurations to standard output
    Schema,
    /// Write completions for a shell to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Clone)]
struct RunArgs {
    /// The configuration
    config: PathBuf,
    /// Discard the journal and start over
    #[arg(long)]
    fresh: bool,
    /// Replace a result of another configuration
    #[arg(long)]
    force: bool,
    /// Try failed tasks again
    #[arg(long)]
    retry_failed: bool,
    /// Run this task only (counted from 0)
    #[arg(long, value_name = "TASK")]
    only: Option<u64>,
    /// Keep the journal when the campaign is complete
    #[arg(long)]
    keep_journal: bool,
    /// Take the output over from another run that is known to be gone
    #[arg(long)]
    steal_lock: bool,
    /// How to show progress: by default a bar on a terminal, lines under a launcher
    #[arg(long)]
    progress: Option<Style>,
    /// Append everything that is said to this file, with the time
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// The whole program, for campaigns of `kinds`.
pub fn main(kinds: &'static [&'static dyn Kind]) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Every rank parses the same arguments; one of them tells.
            if is_first() {
                let _ = error.print();
            }
            return code(if error.use_stderr() { Exit::Usage } else { Exit::Complete });
        }
    };
    let told = match (cli.command, cli.run) {
        (Some(Command::Run(args)), _) | (None, Some(args)) => return code(run_campaign(kinds, args)),
        (Some(Command::Check { config, ranks, nodes }), _) => check::check(kinds, &config, ranks, nodes),
        (Some(Command::Plan { config, ranks }), _) => plan::plan(kinds, &config, ranks),
        (Some(Command::Init { kind }), _) => init::init(kinds, &kind),
        (Some(Command::Inspect { results, json }), _) => inspect::inspect(&results, json),
        (Some(Command::Pmf { windows, output, force, no_figures }), _) => {
            match pmf::pmf(&windows, &output, force, !no_figures) {
                Ok(exit) => return code(exit),
                Err(stop) => Err(stop),
            }
        }
        (Some(Command::Export { results, output }), _) => export::export(kinds, &results, &output),
        (Some(Command::Schema), _) => init::schema(kinds),
        (Some(Command::Completions { shell }), _) => {
            clap_complete::generate(shell, &mut Cli::command(), "simmpi", &mut Forgiving);
            Ok(())
        }
        (None, None) => {
            if is_first() {
                let _ = Cli::command().print_help();
            }
            return code(Exit::Usage);
        }
    };
    match told {
        Ok(()) => code(Exit::Complete),
        Err(stop) => {
            say::error(&stop.message);
            code(stop.exit)
        }
    }
}

fn run_campaign(kinds: &'static [&'static dyn Kind], args: RunArgs) -> Exit {
    run::install_panic_rule();
    let is_first = is_first();
    if let Some(path) = args.log.as_ref().filter(|_| is_first)
        && let Err(error) = say::open_log(path)
    {
        say::error(&format!("cannot write the log `{}`: {error}", path.display()));
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
        progress: args.progress.unwrap_or_else(|| Style::default_for(Launcher::detect().is_some())),
    };
    run::run(kinds, &options)
}

/// Whether this is the launcher's first process, or there is no launcher.
fn is_first() -> bool {
    Launcher::detect().is_none_or(|launcher| launcher.rank == 0)
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

fn stop<T>(exit: Exit, message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::new(exit, message))
}

/// Standard output for writers that would panic when its reader has gone away.
struct Forgiving;

impl std::io::Write for Forgiving {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = std::io::stdout().write_all(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        let _ = std::io::stdout().flush();
        Ok(())
    }
}
