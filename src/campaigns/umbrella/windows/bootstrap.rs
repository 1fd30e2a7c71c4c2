//! How uncertain is a potential of mean force? A block bootstrap of the samples, a task for each replicate.
use crate::campaigns::stage::{Computed, Context, Error, Stage, StageResult, StageSpec, Workload};
use crate::journal::Fingerprint;
use crate::science::free_energy::{Problem, REPLICATE_VERSION, Replicate};
use crate::seed::CampaignSeed;
use crate::task::{TaskId, Tasks};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All replicates of the bootstrap.
#[derive(Clone)]
pub struct Bootstrap {
    problem: Arc<Problem>,
    count: u32,
    seed: CampaignSeed,
}

/// Replicates by task; none where the free energies cannot be solved for.
type Replicates = BTreeMap<TaskId, Option<Replicate>>;

impl Bootstrap {
    /// `count` replicates of a problem.
    pub fn new(problem: Arc<Problem>, count: u32, seed: CampaignSeed) -> Self {
        Self { problem, count, seed }
    }

    /// The stage of these replicates.
    pub fn into_stage(self) -> Stage {
        let spec =
            StageSpec { depends_on: self.digest(), chunk: 1, ..StageSpec::new("bootstrap", u64::from(self.count)) };
        Stage::new(spec, self)
    }

    /// Digest of all windows and samples.
    fn digest(&self) -> String {
        let mut bytes = vec![REPLICATE_VERSION];
        for window in &self.problem.windows {
            let numbers = [window.center, window.stiffness].into_iter().chain(window.samples.iter().copied());
            numbers.for_each(|x| bytes.extend(x.to_le_bytes()));
        }
        Fingerprint::of_bytes(&bytes).to_string()
    }

    /// The replicates of a finished stage, without those that have none.
    ///
    /// # Errors
    /// The result is of another stage.
    pub fn replicates(result: &StageResult) -> Result<Vec<Replicate>, Error> {
        Ok(result.value::<Replicates>()?.into_values().flatten().collect())
    }
}

impl Workload for Bootstrap {
    type Value = Replicates;

    fn empty(&self) -> Replicates {
        Replicates::new()
    }

    fn run(&mut self, tasks: Tasks, _: &Context) -> Computed<Replicates> {
        let value = tasks.iter().map(|task| (task, self.problem.replicate(task, self.seed))).collect();
        Computed { value, failed: Vec::new() }
    }

    fn merge(&self, into: &mut Replicates, from: Replicates) -> Result<(), Error> {
        into.extend(from);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::codec;

    #[test]
    fn a_replicate_is_recorded_with_nan_for_bins_without_samples() {
        let replicate = Replicate { free_energies: vec![0.0, 1.5], profile: vec![Some(2.0), None] };
        let bytes = codec::encode(&replicate).unwrap();
        assert_eq!(bytes, codec::encode(&(vec![0.0, 1.5], vec![2.0, f64::NAN])).unwrap());
        assert_eq!(codec::decode::<Replicate>(&bytes).unwrap(), replicate);
    }
}
