//! How well is a potential of mean force known? Blocks of samples are weighted anew many times, a task each.
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::journal::Fingerprint;
use crate::science::free_energy::{Problem, REPLICATE_VERSION, Replicate};
use crate::seed::CampaignSeed;
use crate::task::{Failure, TaskId, Tasks};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All replicates of the bootstrap.
#[derive(Clone)]
pub struct Bootstrap {
    problem: Arc<Problem>,
    count: u32,
    seed: CampaignSeed,
}

/// Replicates by task; none where free energies are not to be found.
type Found = BTreeMap<TaskId, Option<Replicate>>;

impl Bootstrap {
    /// `count` replicates of a problem.
    pub fn new(problem: Arc<Problem>, count: u32, seed: CampaignSeed) -> Self {
        Self { problem, count, seed }
    }

    /// Those of a finished stage that were found.
    ///
    /// # Errors
    /// The result is of another stage.
    pub fn replicates(result: &StageResult) -> Result<Vec<Replicate>, Error> {
        Ok(result.value::<Found>()?.into_values().flatten().collect())
    }
}

impl Stage for Bootstrap {
    type Value = Found;

    fn name(&self) -> &str {
        "bootstrap"
    }

    fn tasks(&self) -> u64 {
        u64::from(self.count)
    }

    /// All samples.
    fn identity(&self) -> String {
        let mut bytes = vec![REPLICATE_VERSION];
        for window in &self.problem.windows {
            let numbers = [window.center, window.stiffness].into_iter().chain(window.samples.iter().copied());
            numbers.for_each(|x| bytes.extend(x.to_le_bytes()));
        }
        Fingerprint::of_bytes(&bytes).to_string()
    }

    fn grain(&self) -> u64 {
        1
    }

    fn run(&self, tasks: Tasks, _: &Context) -> Ran<Found> {
        let value = tasks.iter().map(|task| (task, self.problem.replicate(task, self.seed))).collect();
        Ran { value, failed: Vec::new() }
    }

    fn empty(&self) -> Found {
        Found::new()
    }

    fn merge(&self, into: &mut Found, from: Found) -> Result<(), Error> {
        into.extend(from);
        Ok(())
    }

    fn finish(&self, total: &Found, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
