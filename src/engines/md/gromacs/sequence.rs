//! In which order are the simulations of a replica run, and what is left to do after an interruption?
use super::log::Log;
use super::program::Gromacs;
use super::replica::Replica;
use super::simulation::{Input, Simulation};
use crate::engines::md::launch::LaunchContext;
use crate::engines::md::plumed;
use crate::engines::md::usage::RunSummary;
use crate::task::Cause;
use std::fs;
use std::path::Path;

impl Gromacs {
    /// Runs the simulations of a replica that are not yet finished, in order.
    ///
    /// # Errors
    /// A simulation did not finish; the cause tells whether another attempt may.
    pub fn run(&self, simulations: &[Simulation], context: &LaunchContext) -> Result<RunSummary, Cause> {
        let mut replica = Replica { gromacs: self, context, summary: RunSummary::default() };
        let mut last = Log::default();
        let mut previous: Option<&str> = None;
        for simulation in simulations {
            last = replica.simulate(simulation, previous)?;
            previous = Some(&simulation.name);
        }
        let Log { ns_per_day, potential, last_step, .. } = last;
        Ok(RunSummary { ns_per_day, potential, step: last_step.map(|step| step as f64), ..replica.summary })
    }
}

impl Replica<'_> {
    /// Finishes a simulation; if it blows up and a retry is configured, it is restarted with a smaller time step.
    fn simulate(&mut self, simulation: &Simulation, previous: Option<&str>) -> Result<Log, Cause> {
        let name = &simulation.name;
        if let Some(log) = self.finished_log(name) {
            return Ok(log);
        }
        let Some(factor) = self.gromacs.unstable_factor else { return self.attempt(simulation, previous) };
        // The file records, over restarts of simmpi, that the time step was reduced.
        let smaller = format!("{name}.smaller_step.mdp");
        let shorter = simulation.with_time_step(factor);
        if self.has_file(&smaller) {
            return self.attempt(&shorter, previous);
        }
        match (self.attempt(simulation, previous), &shorter.input) {
            (Err(Cause::Unstable(text)), Input::Parameters { mdp, .. }) => {
                remove_files(name, self.context.folder);
                self.write(&smaller, mdp.text())?;
                let step_ps = mdp.time_step_ps();
                self.add_note(format!("{name} blew up and was restarted with a time step of {step_ps} ps: {text}"));
                self.attempt(&shorter, previous)
            }
            (outcome, _) => outcome,
        }
    }

    /// Runs a simulation once, from its checkpoint if there is one.
    fn attempt(&mut self, simulation: &Simulation, previous: Option<&str>) -> Result<Log, Cause> {
        let Simulation { name, input, plumed } = simulation;
        let folder = self.context.folder;
        let tpr = self.run_input(name, input, previous)?;
        let checkpoint = self.choose_checkpoint(name, plumed.as_deref())?;
        if let Some(input) = plumed.as_ref().filter(|_| checkpoint.is_none()) {
            let started = plumed::record_start(folder, name, input).map_err(|error| self.cannot_prepare(error))?;
            started.map_err(|changed| Cause::Input(changed.to_string()))?;
        }
        let finished = self.mdrun(simulation, &tpr, checkpoint.as_deref());
        if let Some(input) = plumed {
            self.summary.notes.extend(plumed::version_warning(folder, name, input));
        }
        let log = self.check_finished(name, &finished?)?;
        if let Some(input) = plumed {
            plumed::remove_duplicate_rows(folder, input).map_err(|error| self.cannot_prepare(error))?;
        }
        Ok(log)
    }
}

/// Removes all files of a simulation, so that it starts again.
fn remove_files(name: &str, folder: &Path) {
    let belongs =
        |file: &str| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("_p"));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(belongs) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
