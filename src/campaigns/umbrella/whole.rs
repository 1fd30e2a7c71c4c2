//! How do few frames go all the way in one task?
//!
//! A pass over few frames takes less time than what ranks tell each other before and after it, and what they write down. The steps and
//! their arithmetic are those of passes, so that the bits are the same.
use super::Setup;
use super::frames::Shelf;
use super::step::{Outcome, Step};
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::science::pca::CHUNK;
use crate::task::{Cause, Failure, TaskId, Tasks};
use std::sync::Arc;

/// More frames are worth more ranks; so are more coordinates in all, which take a twentieth of a second or so.
const FEW_FRAMES: usize = 4 * CHUNK;
const FEW_COORDINATES: usize = 1 << 20;

/// All steps to the components, as one task.
pub struct Whole {
    setup: Arc<Setup>,
    shelf: Arc<Shelf>,
}

/// What the steps led to, or why the frames are of no use; nothing before they were taken.
type Value = Option<Result<Outcome, String>>;

/// Why a step was not taken.
enum Ended {
    /// The frames are of no use.
    Unusable(String),
    Failed(Cause),
}

impl Whole {
    /// Of a campaign whose frames are few.
    pub fn new(setup: &Arc<Setup>, shelf: &Arc<Shelf>) -> Self {
        Self { setup: Arc::clone(setup), shelf: Arc::clone(shelf) }
    }

    /// Whether a campaign's frames are few enough.
    pub fn suits(setup: &Setup) -> bool {
        let frames = setup.trajectory.frames();
        frames <= FEW_FRAMES && frames * 3 * setup.reach <= FEW_COORDINATES
    }

    /// What the task led to.
    ///
    /// # Errors
    /// The frames are of no use, or the result is not one of this stage.
    pub fn outcome(result: &StageResult) -> Result<Outcome, Error> {
        let nothing = || Error::Outcome("the components".into());
        result.value::<Value>()?.ok_or_else(nothing)?.map_err(Error::Unusable)
    }

    fn go(&self, context: &Context) -> Result<Outcome, Ended> {
        let mut step = Step::first(&self.setup);
        while let Some(pass) = step.pass(&self.setup, &self.shelf) {
            let Ran { value, failed } = pass.run(Tasks::new(0, pass.tasks()), context);
            if let Some((_, cause)) = failed.into_iter().next() {
                return Err(Ended::Failed(cause));
            }
            step = step.advance(&self.setup, value).map_err(|error| Ended::Unusable(error.to_string()))?;
        }
        match step {
            Step::End(outcome) => Ok(outcome),
            _ => unreachable!("every step but the last has a pass"),
        }
    }
}

impl Stage for Whole {
    type Value = Value;

    fn name(&self) -> &str {
        "components"
    }

    fn tasks(&self) -> u64 {
        1
    }

    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Value> {
        let failed =
            |cause: Cause| -> Vec<(TaskId, Cause)> { tasks.iter().map(|task| (task, cause.clone())).collect() };
        match self.go(context) {
            Ok(outcome) => Ran { value: Some(Ok(outcome)), failed: Vec::new() },
            Err(Ended::Unusable(text)) => Ran { value: Some(Err(text)), failed: Vec::new() },
            Err(Ended::Failed(cause)) => Ran { value: None, failed: failed(cause) },
        }
    }

    fn empty(&self) -> Value {
        None
    }

    fn merge(&self, into: &mut Value, from: Value) -> Result<(), Error> {
        *into = into.take().or(from);
        Ok(())
    }

    fn finish(&self, total: &Value, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
