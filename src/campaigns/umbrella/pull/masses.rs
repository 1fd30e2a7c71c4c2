//! Masses of the atoms of the groups, from the topology: one task runs GROMACS for all ranks.
use super::restraint::Restraint;
use crate::campaigns::stage::{Computed, Context, Error, Stage, StageResult, StageSpec, Workload};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::windows::WindowSetup;
use crate::task::{Cause, Tasks};
use std::sync::Arc;

/// The only task of its stage.
#[derive(Clone)]
pub struct Masses {
    pub frames: Arc<Frames>,
    pub window_setup: Arc<WindowSetup>,
    pub restraint: Arc<Restraint>,
    /// Whose masses are wanted.
    pub atoms: Vec<usize>,
}

impl Masses {
    /// The stage of this task.
    pub fn into_stage(self) -> Stage {
        Stage::new(StageSpec::new("masses", 1), self)
    }

    fn read(&self, context: &Context) -> Result<Vec<f64>, Cause> {
        let programs = context.programs()?;
        let trial = self.window_setup.trial(&self.frames, Some(&*self.restraint))?;
        let all = self.window_setup.gromacs.masses(&programs.supervisor, &trial);
        let all = all.map_err(|refused| Cause::Failed(refused.to_string()))?;
        let mass = |atom: &usize| all.get(*atom).copied();
        let found: Option<Vec<f64>> = self.atoms.iter().map(mass).collect();
        found.ok_or_else(|| Cause::Input("the topology has fewer atoms than the trajectory".into()))
    }
}

/// The masses, u, from the result of the stage.
///
/// # Errors
/// It has failed.
pub fn from_result(result: &StageResult) -> Result<Vec<f64>, Error> {
    match result.failed.first() {
        Some(failure) => Err(Error::Unread(format!("cannot read the masses: {}", failure.cause))),
        None => result.value(),
    }
}

impl Workload for Masses {
    type Value = Vec<f64>;

    fn empty(&self) -> Vec<f64> {
        Vec::new()
    }

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<Vec<f64>> {
        Computed::one_by_one(tasks, |masses: &mut Vec<f64>, _| {
            *masses = self.read(context)?;
            Ok(())
        })
    }

    fn merge(&self, into: &mut Vec<f64>, from: Vec<f64>) -> Result<(), Error> {
        // There is one task, and with it one value.
        into.extend(from);
        Ok(())
    }
}
