//! How is `mdrun` called, and did it finish the simulation?
use super::error_message::{ERROR_PATTERNS, error_message, with_error_message};
use super::log::Log;
use super::mpi_library::MpiLibrary;
use super::progress_monitor::ProgressMonitor;
use super::replica::Replica;
use super::simulation::Simulation;
use crate::engines::md::launch::Invocation;
use crate::engines::md::plumed;
use crate::engines::text;
use crate::process::{Finished, cores};
use crate::task::Cause;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// `mdrun` is asked to stop this long before the end of the allocation, to complete its last step and files: a fiftieth of the time left,
/// within these bounds.
const SHORTEST_MARGIN: Duration = Duration::from_secs(3);
const LONGEST_MARGIN: Duration = Duration::from_secs(120);
/// `mdrun -maxh` stops at this fraction of its argument (manual).
const MAXH_FRACTION: f64 = 0.99;
/// With less time left than this, `mdrun` is not started.
const SHORTEST_RUN: Duration = Duration::from_secs(2);
/// PLUMED backs up its log at every start, and stops with an error at more than a hundred backups unless its limit is raised.
const PLUMED_BACKUPS: &str = "100000";

impl Replica<'_> {
    /// Runs `mdrun` from the checkpoint file, or from the start without one, and reports its progress meanwhile.
    pub fn mdrun(&mut self, simulation: &Simulation, tpr: &Path, checkpoint: Option<&str>) -> Result<Finished, Cause> {
        let name = &simulation.name;
        let argv = self.mdrun_argv(simulation, tpr, checkpoint)?;
        let mut environment = self.gromacs.environment();
        if simulation.plumed.is_some() && std::env::var_os("PLUMED_MAXBACKUP").is_none() {
            environment.push(("PLUMED_MAXBACKUP".into(), PLUMED_BACKUPS.into()));
        }
        let output_stem = format!("{name}.mdrun");
        let launcher = self.gromacs.task_launcher();
        let invocation =
            Invocation { program: "mdrun", output_stem: &output_stem, argv, environment, launcher: launcher.as_ref() };
        let mut monitor = ProgressMonitor::new(self.path(&format!("{name}.log")));
        let prefix = format!("{}, {name}", self.context.label);
        self.context.progress.start(move || Some(format!("{prefix}: {}", monitor.report()?)));
        let finished = self.run(&invocation);
        self.context.progress.stop();
        finished
    }

    fn mdrun_argv(
        &self,
        simulation: &Simulation,
        tpr: &Path,
        checkpoint: Option<&str>,
    ) -> Result<Vec<OsString>, Cause> {
        let name = simulation.name.as_str();
        let mut argv = self.gromacs.argv(&["mdrun", "-deffnm", name, "-s"]);
        argv.push(tpr.into());
        let mut push = |words: &[&str]| argv.extend(words.iter().map(OsString::from));
        // Named at every start: with -deffnm alone, a restart looks for these files under another name than the start gave them (measured).
        push(&["-px", &format!("{name}_pullx.xvg"), "-pf", &format!("{name}_pullf.xvg")]);
        let programs = self.context.programs;
        let library = self.gromacs.mpi_library(&programs.supervisor);
        let library = library.map_err(|problem| Cause::Failed(format!("{}: {problem}", self.context.label)))?;
        if library == MpiLibrary::ThreadMpi {
            push(&["-ntmpi", &self.gromacs.thread_mpi_ranks.to_string()]);
        }
        push(&["-ntomp", &self.gromacs.threads.to_string()]);
        let pinning = || cores::pinning(&programs.cores, self.gromacs.cores(), &programs.placement.node_cores);
        match &self.gromacs.launcher {
            // It binds its processes itself, where it does.
            Some(_) => {}
            None => match pinning() {
                Some((offset, stride)) => {
                    push(&["-pin", "on", "-pinoffset", &offset.to_string(), "-pinstride", &stride.to_string()]);
                }
                None => push(&["-pin", "off"]),
            },
        }
        self.gromacs.check_gpus(programs.placement.local_size).map_err(|error| Cause::Input(error.to_string()))?;
        if let Some(gpu) = self.gromacs.gpu(programs.placement.local_rank) {
            push(&["-gpu_id", &gpu.to_string()]);
        }
        if let Some(left) = self.context.time_left() {
            if left < SHORTEST_MARGIN + SHORTEST_RUN {
                return Err(Cause::Interrupted("no time is left in the allocation".into()));
            }
            let seconds = (left - (left / 50).clamp(SHORTEST_MARGIN, LONGEST_MARGIN)).as_secs_f64() / MAXH_FRACTION;
            push(&["-maxh", &format!("{:.6}", seconds / 3600.0)]);
        }
        if let Some(input) = &simulation.plumed {
            push(&["-plumed", input]);
            if !self.gromacs.mdrun_args.iter().any(|word| word == "-cpt") {
                let interval = plumed::checkpoint_interval(self.context.time_left());
                push(&["-cpt", &format!("{:.4}", interval.as_secs_f64() / 60.0)]);
            }
        }
        if let Some(checkpoint) = checkpoint {
            push(&["-cpi", checkpoint]);
        }
        argv.extend(self.gromacs.mdrun_args.iter().map(OsString::from));
        Ok(argv)
    }

    /// The log of the simulation `name`, if `mdrun` has finished all steps.
    pub fn check_finished(&self, name: &str, finished: &Finished) -> Result<Log, Cause> {
        let label = self.context.label;
        let path = self.path(&format!("{name}.log"));
        if !finished.exit.is_success() {
            let evidence = [error_message(finished), text::tail(&path)].join("\n");
            let cause = self.context.failure("mdrun", finished, &evidence, ERROR_PATTERNS);
            return Err(with_error_message(cause, "mdrun", label, finished));
        }
        if let Some(log) = self.finished_log(name) {
            return Ok(log);
        }
        let log = Log::read(&path).unwrap_or_default();
        let text = format!("{name} of {label} ended with exit code 0 at {}", log.progress());
        match self.context.deadline {
            // Stopped by -maxh.
            Some(_) if log.is_out_of_time => Err(Cause::Interrupted(text)),
            _ => Err(self.context.or_full_disk(Cause::Failed(format!("{text}, or did not write {name}.gro")))),
        }
    }
}
