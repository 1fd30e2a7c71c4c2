//! Which batches does a stage get, and are they scheduled statically or dynamically?
use super::costs::{Costs, Weight};
use super::dynamic::Dynamic;
use super::partition::{Error, Partition, Plan, choose_batch_size, lay_out};
use super::policy::{Policy, Static};
use super::task_set::TaskSet;
use crate::task::Tasks;
use serde::{Deserialize, Serialize};

/// The section `partition` of the configuration, with the defaults of the kind of campaign.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartitionSettings {
    /// None where it is left to [`choose_batch_size`].
    pub batch_size: Option<u64>,
    /// Whether slots may stay idle.
    pub idle: bool,
    /// Whether the schedule is dynamic.
    pub dynamic: bool,
}

/// What a stage needs of its plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageNeeds {
    /// The largest batch where no batch size is configured, in tasks.
    pub largest_batch: u64,
    /// Whether tasks must go to the same ranks as in the stage before: the schedule is then static.
    pub rank_affinity: bool,
}

/// A plan and its schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    pub plan: Plan,
    pub dynamic: bool,
}

/// Divides the tasks `left` of a stage over `ranks`. Only the first stage of a campaign from which nothing has run yet (`is_fresh`) must divide
/// evenly, and only in a static schedule.
///
/// # Errors
/// There are no tasks, or they must divide evenly and do not.
pub fn resolve(
    left: &TaskSet,
    ranks: u64,
    settings: PartitionSettings,
    needs: StageNeeds,
    is_fresh: bool,
) -> Result<Resolved, Error> {
    let idle = settings.idle || settings.dynamic || !is_fresh;
    let dynamic = settings.dynamic && !needs.rank_affinity;
    let choose = || choose_batch_size(left.count(), ranks, dynamic, idle, needs.largest_batch);
    let batch_size = settings.batch_size.unwrap_or_else(choose);
    Ok(Resolved { plan: lay_out(left, Partition { ranks, batch_size, idle })?, dynamic })
}

impl Resolved {
    /// The policy that hands out the batches. A dynamic one weighs them by `weight`, with the `costs` of others that ran.
    pub fn policy(&self, weight: impl Fn(Tasks) -> Weight, costs: Costs) -> Box<dyn Policy> {
        match self.dynamic {
            true => Box::new(Dynamic::new(&self.plan, weight, costs)),
            false => Box::new(Static::new(&self.plan)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(idle: bool, dynamic: bool) -> PartitionSettings {
        PartitionSettings { batch_size: None, idle, dynamic }
    }

    const ANY: StageNeeds = StageNeeds { largest_batch: u64::MAX, rank_affinity: false };

    #[test]
    fn only_the_first_stage_of_a_static_schedule_must_divide_evenly() {
        let left = TaskSet::all(7);
        assert!(resolve(&left, 3, settings(false, false), ANY, true).is_err());
        for (settings, is_fresh) in
            [(settings(true, false), true), (settings(false, true), true), (settings(false, false), false)]
        {
            assert!(resolve(&left, 3, settings, ANY, is_fresh).is_ok(), "{settings:?}");
        }
    }

    #[test]
    fn rank_affinity_makes_the_schedule_static() {
        let affine = StageNeeds { rank_affinity: true, ..ANY };
        assert!(!resolve(&TaskSet::all(8), 2, settings(true, true), affine, true).unwrap().dynamic);
        let single = StageNeeds { largest_batch: 1, ..ANY };
        let resolved = resolve(&TaskSet::all(8), 2, settings(true, true), single, true).unwrap();
        assert_eq!((resolved.dynamic, resolved.plan.batches.len()), (true, 8));
    }
}
