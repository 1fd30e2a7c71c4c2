//! How heavy are the atoms of the groups? One task asks GROMACS for all ranks.
use super::restraint::Restraint;
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::windows::Recipe;
use crate::task::{Cause, Failure, Tasks};
use std::sync::Arc;

/// The one task.
pub struct Masses {
    pub frames: Arc<Frames>,
    pub recipe: Arc<Recipe>,
    pub restraint: Arc<Restraint>,
    /// Whose masses are wanted.
    pub atoms: Vec<usize>,
}

impl Masses {
    fn ask(&self, context: &Context) -> Result<Vec<f64>, Cause> {
        let programs = context.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))?;
        let trial = self.recipe.trial(&self.frames, Some(&*self.restraint))?;
        let all = self.recipe.gromacs.masses(&programs.guard, &trial);
        let all = all.map_err(|refused| Cause::Failed(refused.to_string()))?;
        let mass = |atom: &usize| all.get(*atom).copied();
        let found: Option<Vec<f64>> = self.atoms.iter().map(mass).collect();
        found.ok_or_else(|| Cause::Input("the topology has fewer atoms than the trajectory".into()))
    }
}

/// What a finished stage has given, u.
///
/// # Errors
/// It has failed.
pub fn given(result: &StageResult) -> Result<Vec<f64>, Error> {
    match result.failed.first() {
        Some(failure) => Err(Error::Unread(format!("masses are not to be had: {}", failure.cause))),
        None => result.value(),
    }
}

impl Stage for Masses {
    type Value = Vec<f64>;

    fn name(&self) -> &str {
        "masses"
    }

    fn tasks(&self) -> u64 {
        1
    }

    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Vec<f64>> {
        let mut ran = Ran { value: Vec::new(), failed: Vec::new() };
        for task in tasks.iter() {
            match self.ask(context) {
                Ok(masses) => ran.value = masses,
                Err(cause) => ran.failed.push((task, cause)),
            }
        }
        ran
    }

    fn empty(&self) -> Vec<f64> {
        Vec::new()
    }

    fn merge(&self, into: &mut Vec<f64>, from: Vec<f64>) -> Result<(), Error> {
        // There is one task, and with it one value.
        into.extend(from);
        Ok(())
    }

    fn finish(&self, total: &Vec<f64>, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
