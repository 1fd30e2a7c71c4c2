//! The command `submit`: a batch script with the time and memory of `plan`, submitted.
use super::plan::{self, Request};
use crate::campaigns::Kind;
use crate::process::{self, Command, Stdin, Supervisor};
use crate::run::console;
use crate::run::exit::{Exit, Stop};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The longest time that is requested: a campaign that takes longer goes on in the next job. Also requested where nothing is known.
const LONGEST_MIN: u64 = 24 * 60;
/// How long before the end of the allocation a run is asked to end, at most, s.
const WARNING_S: u64 = 300;

/// A batch system that scripts are written for.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub enum BatchSystem {
    Slurm,
    Pbs,
    Lsf,
}

/// What to submit.
#[derive(clap::Args)]
pub struct SubmitArgs {
    /// Configuration file (TOML)
    config: PathBuf,
    /// Number of nodes
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    nodes: u64,
    /// Number of MPI ranks on each node
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    ntasks_per_node: u64,
    /// Number of jobs that work on the campaign together
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    array: Option<u64>,
    /// Account or project to be charged
    #[arg(long)]
    account: Option<String>,
    /// Partition or queue
    #[arg(long)]
    partition: Option<String>,
    /// Time limit of a job, hours:minutes; by default what `plan` predicts, at most 24:00
    #[arg(long, value_name = "H:MM", value_parser = parse_minutes)]
    time: Option<u64>,
    /// Batch system; by default the one whose command is found
    #[arg(long)]
    batch_system: Option<BatchSystem>,
    /// Print the script, and submit nothing
    #[arg(long)]
    dry_run: bool,
}

fn parse_minutes(text: &str) -> Result<u64, String> {
    let (hours, minutes) = text.split_once(':').ok_or("write hours:minutes")?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no number"));
    Ok((60 * number(hours)? + number(minutes)?).max(1))
}

/// Writes the script beside the configuration and submits it.
///
/// # Errors
/// The configuration has faults, its tasks do not divide evenly, or the batch system does not accept the script.
pub fn submit(kinds: &[&'static dyn Kind], args: &SubmitArgs) -> Result<(), Stop> {
    let Some(system) = args.batch_system.or_else(BatchSystem::installed) else {
        let text = "neither sbatch, bsub nor qsub was found: name the batch system by --batch-system";
        return Err(Stop::new(Exit::Usage, text));
    };
    let supervisor = Supervisor::start().map_err(|error| Stop::because(Exit::Internal, &error))?;
    let request = plan::request(kinds, &args.config, args.nodes * args.ntasks_per_node, &supervisor)?;
    if request.minutes.is_none() && args.time.is_none() {
        console::warning(
            "the cost of a task is not known yet: 24 hours are requested (--time H:MM requests another time)",
        );
    }
    let path = args.config.with_extension(format!("{}.sh", system.name()));
    let script = system.script(args, &request, &absolute(&path));
    if args.dry_run {
        console::line(script.trim_end());
        return Ok(());
    }
    let failed =
        |source: std::io::Error| Stop::new(Exit::Output, format!("cannot write `{}`: {source}", path.display()));
    fs::write(&path, script).map_err(failed)?;
    console::line(&format!("written: {}", path.display()));
    let finished = supervisor.run(&system.submission(&path)).map_err(|error| Stop::because(Exit::Usage, &error))?;
    console::line([finished.stdout.text(), finished.stderr.text()].concat().trim_end());
    match finished.exit {
        process::Exit::Exited(0) => Ok(()),
        _ => Err(Stop::new(Exit::Usage, format!("{} did not accept the script", system.program()))),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl BatchSystem {
    /// The one whose command is on the PATH. SLURM may bring a `qsub` of its own.
    fn installed() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let is_there = |system: &Self| env::split_paths(&path).any(|folder| folder.join(system.program()).is_file());
        [Self::Slurm, Self::Lsf, Self::Pbs].into_iter().find(is_there)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Slurm => "slurm",
            Self::Pbs => "pbs",
            Self::Lsf => "lsf",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Slurm => "sbatch",
            Self::Pbs => "qsub",
            Self::Lsf => "bsub",
        }
    }

    /// The command that submits a script. The job inherits all variables, also those that programs of tasks must not have.
    fn submission(self, script: &Path) -> Command {
        let set = env::vars_os().collect();
        let command = Command { set, ..Command::new([self.program()], ".") };
        match self {
            Self::Lsf => Command { stdin: Stdin::File(script.to_owned()), ..command },
            _ => Command { argv: vec![self.program().into(), script.into()], ..command },
        }
    }

    /// The script of `slurm/` with other requests, whose path will be `path`.
    fn script(self, args: &SubmitArgs, request: &Request, path: &Path) -> String {
        let example = match (self, args.array) {
            (Self::Slurm, None) => include_str!("../../slurm/two_nodes.sh"),
            (Self::Slurm, Some(_)) => include_str!("../../slurm/array.sh"),
            (Self::Pbs, _) => include_str!("../../slurm/pbs.sh"),
            (Self::Lsf, _) => include_str!("../../slurm/lsf.sh"),
        };
        let body = example.split_once("\n\n").map_or("", |(_, body)| body);
        let directives = self.directives(args, request).concat();
        let (config, program) = (absolute(&args.config), env::current_exe().unwrap_or_else(|_| "simmpi".into()));
        let mut settings = vec![("CONFIG", config), ("SCRIPT", path.to_owned()), ("SIMMPI", program)];
        if request.threads > 1 {
            settings.push(("MPIRUN", "mpirun --bind-to none".into()));
        }
        if request.has_launcher && matches!(self, Self::Slurm) {
            // Otherwise the step of simmpi holds the cores of the steps of its tasks.
            settings.push(("SLURM_OVERLAP", "1".into()));
        }
        if args.array.is_some() {
            settings.push(("SIMMPI_ARGUMENTS", "--join".into()));
        }
        let quoted = |(name, value): &(&str, PathBuf)| {
            format!("export {name}='{}'\n", value.display().to_string().replace('\'', r"'\''"))
        };
        let settings: String = settings.iter().map(quoted).collect();
        format!("#!/bin/bash\n# Written by simmpi {}\n{directives}\n{settings}\n{body}", env!("CARGO_PKG_VERSION"))
    }

    /// What the script requests, a line each.
    fn directives(self, args: &SubmitArgs, request: &Request) -> Vec<String> {
        let minutes = args.time.or(request.minutes).unwrap_or(LONGEST_MIN).min(args.time.unwrap_or(LONGEST_MIN));
        let (nodes, per_node, threads) = (args.nodes, args.ntasks_per_node, request.threads);
        let (hours, minute) = (minutes / 60, minutes % 60);
        let warning_s = WARNING_S.min(15 * minutes);
        let memory_mb = request.memory_mb.map(|mb| mb.ceil() as u64);
        let mut lines = Vec::new();
        match self {
            Self::Slurm => {
                lines.extend(["--job-name=simmpi".into(), format!("--nodes={nodes}")]);
                lines.extend([format!("--ntasks-per-node={per_node}"), format!("--cpus-per-task={threads}")]);
                lines.extend(memory_mb.map(|mb| format!("--mem-per-cpu={}M", mb.div_ceil(threads))));
                lines.extend([format!("--time={hours:02}:{minute:02}:00"), format!("--signal=B:USR1@{warning_s}")]);
                lines.extend(args.account.as_ref().map(|name| format!("--account={name}")));
                lines.extend(args.partition.as_ref().map(|name| format!("--partition={name}")));
                lines.extend(args.array.map(|jobs| format!("--array=1-{jobs}")));
                lines.push("--output=simmpi-%j.out".into());
            }
            Self::Pbs => {
                let memory = memory_mb.map_or(String::new(), |mb| format!(":mem={}mb", mb * per_node));
                let cores = per_node * threads;
                lines.extend([
                    "-N simmpi".into(),
                    format!("-l select={nodes}:ncpus={cores}:mpiprocs={per_node}{memory}"),
                ]);
                lines.push(format!("-l walltime={hours:02}:{minute:02}:00"));
                lines.extend(args.account.as_ref().map(|name| format!("-A {name}")));
                lines.extend(args.partition.as_ref().map(|name| format!("-q {name}")));
                lines.extend(args.array.map(|jobs| format!("-J 1-{jobs}")));
                lines.extend(["-j oe".into(), "-V".into()]);
            }
            Self::Lsf => {
                let array = args.array.map_or(String::new(), |jobs| format!("[1-{jobs}]"));
                lines.extend([format!("-J \"simmpi{array}\""), format!("-n {}", nodes * per_node)]);
                lines.push(format!("-R \"span[ptile={per_node}]\""));
                lines.extend((threads > 1).then(|| format!("-R \"affinity[core({threads})]\"")));
                lines.extend(memory_mb.map(|mb| format!("-R \"rusage[mem={mb}MB]\"")));
                lines.push(format!("-W {hours}:{minute:02}"));
                lines.extend([format!("-wt {}", warning_s.div_ceil(60)), "-wa USR1".into()]);
                lines.extend(args.account.as_ref().map(|name| format!("-P {name}")));
                lines.extend(args.partition.as_ref().map(|name| format!("-q {name}")));
                lines.push(if args.array.is_some() { "-o simmpi-%J-%I.out" } else { "-o simmpi-%J.out" }.into());
            }
        }
        let prefix = match self {
            Self::Slurm => "#SBATCH",
            Self::Pbs => "#PBS",
            Self::Lsf => "#BSUB",
        };
        lines.iter().map(|line| format!("{prefix} {line}\n")).collect()
    }
}
