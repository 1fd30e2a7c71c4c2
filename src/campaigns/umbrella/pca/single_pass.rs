//! How do few frames go all the way in one task?
//!
//! A pass over few frames takes less time than the messages and records before and after it. The steps and
//! their arithmetic are those of passes, so that the bits are the same.
use super::frame_cache::FrameCache;
use super::setup::Setup;
use super::step::{PcaResult, PcaStep};
use crate::campaigns::stage::{Computed, Context, Error, Stage, StageResult, StageSpec, Workload};
use crate::task::{Cause, Tasks};
use std::sync::Arc;

/// All steps to the components, as one task.
#[derive(Clone)]
pub struct SinglePass(Arc<Setup>);

/// Components and projections, or why the frames cannot be used: another attempt would find the same.
type Outcome = Result<PcaResult, String>;

/// None before the task has run.
type Value = Option<Outcome>;

impl SinglePass {
    /// The stage of an analysis that [is small](Setup::is_small).
    pub fn stage(setup: &Arc<Setup>) -> Stage {
        Stage::new(StageSpec::new("components", 1), Self(Arc::clone(setup)))
    }

    /// Components and projections from the result of the stage.
    ///
    /// # Errors
    /// The frames cannot be used, or the result is not one of this stage.
    pub fn result(result: &StageResult) -> Result<PcaResult, Error> {
        let missing = || Error::Outcome("the components".into());
        result.value::<Value>()?.ok_or_else(missing)?.map_err(Error::Unusable)
    }

    fn run_all_passes(&self, context: &Context) -> Result<Outcome, Cause> {
        let (mut step, frame_cache) = (PcaStep::first(&self.0), Arc::<FrameCache>::default());
        while let Some(mut pass) = step.pass(&self.0, &frame_cache) {
            let Computed { value, failed } = pass.run(Tasks::new(0, pass.chunks()), context);
            if let Some((_, cause)) = failed.into_iter().next() {
                return Err(cause);
            }
            step = match step.advance(&self.0, value) {
                Ok(step) => step,
                Err(error) => return Ok(Err(error.to_string())),
            };
        }
        match step {
            PcaStep::Complete(result) => Ok(Ok(result)),
            _ => unreachable!("every step but the last has a pass"),
        }
    }
}

impl Workload for SinglePass {
    type Value = Value;

    fn empty(&self) -> Value {
        None
    }

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<Value> {
        match self.run_all_passes(context) {
            Ok(outcome) => Computed { value: Some(outcome), failed: Vec::new() },
            Err(cause) => Computed { value: None, failed: tasks.iter().map(|task| (task, cause.clone())).collect() },
        }
    }

    fn merge(&self, into: &mut Value, from: Value) -> Result<(), Error> {
        *into = into.take().or(from);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::kind::Kind;
    use crate::campaigns::umbrella::Umbrella;
    use crate::campaigns::umbrella::frames::Frames;
    use crate::campaigns::umbrella::pca::load;
    use crate::config::{Checker, Config, KindSchema};
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
        load(&config, &mut config.section("umbrella").unwrap(), &frames, &mut Checker::new(&config, "umbrella"))
            .unwrap()
            .setup()
            .clone()
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
            let mut single = SinglePass(Arc::clone(&setup));
            let single = single.run(Tasks::new(0, 1), &context);
            let mut step = PcaStep::first(&setup);
            while let Some(mut pass) = step.pass(&setup, &Arc::default()) {
                let mut total = pass.empty();
                for chunk in (0..pass.chunks()).rev() {
                    let computed = pass.run(Tasks::new(chunk, chunk + 1), &context);
                    assert!(computed.failed.is_empty());
                    pass.merge(&mut total, computed.value).unwrap();
                }
                step = step.advance(&setup, total).unwrap();
            }
            let PcaStep::Complete(outcome) = step else { panic!("passes do not end") };
            let single = single.value.unwrap().unwrap();
            assert_eq!(codec::encode(&single).unwrap(), codec::encode(&outcome).unwrap());
        }
    }
}
