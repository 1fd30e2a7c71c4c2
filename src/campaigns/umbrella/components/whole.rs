//! How do few frames go all the way in one task?
//!
//! A pass over few frames takes less time than what ranks tell each other before and after it, and what they write down. The steps and
//! their arithmetic are those of passes, so that the bits are the same.
use super::Setup;
use super::shelf::Shelf;
use super::step::{Outcome, Step};
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::task::{Cause, Failure, TaskId, Tasks};
use std::sync::Arc;

/// All steps to the components, as one task.
pub struct Whole(Arc<Setup>);

/// What the steps led to, or why the frames are of no use; nothing before they were taken.
type Value = Option<Result<Outcome, String>>;

/// Why a step was not taken.
enum Ended {
    /// The frames are of no use.
    Unusable(String),
    Failed(Cause),
}

impl Whole {
    /// Of a campaign that [is small](Setup::is_small).
    pub fn new(setup: &Arc<Setup>) -> Self {
        Self(Arc::clone(setup))
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
        let (mut step, shelf) = (Step::first(&self.0), Arc::<Shelf>::default());
        while let Some(pass) = step.pass(&self.0, &shelf) {
            let Ran { value, failed } = pass.run(Tasks::new(0, pass.tasks()), context);
            if let Some((_, cause)) = failed.into_iter().next() {
                return Err(Ended::Failed(cause));
            }
            step = step.advance(&self.0, value).map_err(|error| Ended::Unusable(error.to_string()))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::Kind;
    use crate::campaigns::umbrella::Umbrella;
    use crate::campaigns::umbrella::components::load;
    use crate::campaigns::umbrella::frames::Frames;
    use crate::config::{Config, Faults, KindSchema};
    use crate::journal::codec;
    use crate::md::{Structure, Trajectory};
    use crate::seed::CampaignSeed;
    use std::fmt::Write;
    use std::sync::atomic::AtomicBool;

    /// A campaign of some frames of a chain that bends.
    fn setup(folder: &std::path::Path, atoms: usize, frames: usize) -> Arc<Setup> {
        let mut text = String::new();
        for frame in 0..frames {
            writeln!(text, "a chain t= {frame}.0\n{atoms}").unwrap();
            for atom in 0..atoms {
                let at = |axis: usize| {
                    let along = 0.3 * atom as f64 * [0.1, 1.0, 0.3][axis];
                    along % 5.0 + 0.2 * libm::sin((atom * (axis + 1)) as f64 * 0.7 + (frame * (atom % 7)) as f64)
                };
                writeln!(text, "{:5}ALA     CA{:5}{:8.3}{:8.3}{:8.3}", atom + 1, atom + 1, at(0), at(1), at(2))
                    .unwrap();
            }
            text += "   0.0   0.0   0.0\n";
        }
        std::fs::write(folder.join("t.gro"), text).unwrap();
        let config = "[campaign]\nkind = \"umbrella\"\n[umbrella]\ntrajectory = \"t.gro\"\nstructure = \"t.gro\"\n\
                      selection = \"all\"\nalign_to = \"average\"\nstop_after = \"pca\"\n";
        let kinds = [KindSchema::new("umbrella", || Umbrella.schema())];
        let config = Config::parse(&folder.join("c.toml"), config, &kinds).unwrap();
        let file = folder.join("t.gro");
        let (trajectory, structure) = (Trajectory::open(&file).unwrap(), Structure::read(&file).unwrap());
        let frames = Arc::new(Frames { trajectory, names: structure.atoms });
        load(&config, &mut config.section("umbrella").unwrap(), &frames, &mut Faults::default()).unwrap().setup
    }

    #[test]
    fn one_task_gives_the_bits_of_passes_over_chunks_in_any_order() {
        // The covariance is formed of few atoms only.
        for atoms in [20, 140] {
            let folder = tempfile::tempdir().unwrap();
            let setup = setup(folder.path(), atoms, 600);
            assert!(setup.is_small() && setup.frames.chunks() == 3);
            let halt = AtomicBool::new(false);
            let context = Context::solitary(CampaignSeed(0), &halt);
            let whole = Whole::new(&setup).run(Tasks::new(0, 1), &context);
            let mut step = Step::first(&setup);
            while let Some(pass) = step.pass(&setup, &Arc::default()) {
                let mut total = pass.empty();
                for chunk in (0..pass.tasks()).rev() {
                    let ran = pass.run(Tasks::new(chunk, chunk + 1), &context);
                    assert!(ran.failed.is_empty());
                    pass.merge(&mut total, ran.value).unwrap();
                }
                step = step.advance(&setup, total).unwrap();
            }
            let Step::End(outcome) = step else { panic!("there is no end") };
            let whole = whole.value.unwrap().unwrap();
            assert_eq!(codec::encode(&whole).unwrap(), codec::encode(&outcome).unwrap());
        }
    }
}
