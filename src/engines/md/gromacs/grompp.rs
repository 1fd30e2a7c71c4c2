//! How is the run input file of a simulation made?
use super::error_message::{ERROR_PATTERNS, error_message};
use super::replica::Replica;
use super::simulation::Input;
use crate::task::Cause;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

impl Replica<'_> {
    /// The run input file of the simulation `name`; made by `grompp` unless it exists. `previous` is the name of the simulation before.
    pub fn run_input(&mut self, name: &str, input: &Input, previous: Option<&str>) -> Result<PathBuf, Cause> {
        let (mdp, structure, topology, index, args) = match input {
            Input::Tpr(path) => return Ok(path.clone()),
            Input::Parameters { mdp, structure, topology, index, args } => (mdp, structure, topology, index, args),
        };
        let tpr = format!("{name}.tpr");
        if self.has_file(&tpr) {
            return Ok(tpr.into());
        }
        let parameters = format!("{name}.mdp");
        self.write(&parameters, mdp.text())?;
        let new_tpr = format!("{name}.new.tpr");
        let processed = format!("{name}.out.mdp");
        let mut argv = self.gromacs.argv(&["grompp", "-f", &parameters, "-o", &new_tpr, "-po", &processed]);
        let start = previous.map(|previous| PathBuf::from(format!("{previous}.gro"))).or_else(|| structure.clone());
        argv.extend(["-c".into(), start.unwrap_or_default().into(), "-p".into(), topology.into()]);
        // Velocities and the state of thermostats are in the checkpoint; a minimisation has none.
        let state = previous.map(|previous| format!("{previous}.cpt")).filter(|file| self.has_file(file));
        argv.extend(state.into_iter().flat_map(|file| ["-t".into(), file.into()]));
        argv.extend(index.iter().flat_map(|file| ["-n".into(), file.into()]));
        argv.extend(args.iter().map(OsString::from));
        let finished = self.gmx("grompp", &format!("{name}.grompp"), argv)?;
        if !finished.exit.is_success() {
            // grompp is deterministic: another attempt would fail the same way.
            return Err(match self.context.failure("grompp", &finished, &error_message(&finished), ERROR_PATTERNS) {
                Cause::Failed(text) => Cause::Input(text),
                cause => cause,
            });
        }
        // Renamed only when complete: a truncated run input file would be used by the next attempt.
        fs::rename(self.path(&new_tpr), self.path(&tpr)).map_err(|error| {
            let text = format!("grompp of {} did not write {new_tpr}: {error}", self.context.label);
            self.context.or_full_disk(Cause::Failed(text))
        })?;
        Ok(tpr.into())
    }
}
