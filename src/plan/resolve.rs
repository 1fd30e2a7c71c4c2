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
    /// The most tasks that run together, for which guided batches have room.
    pub chunk: u64,
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
    let plan = lay_out(left, Partition { ranks, batch_size, idle })?;
    let is_guided = dynamic && settings.batch_size.is_none() && batch_size > 1;
    Ok(Resolved { plan: if is_guided { plan.guided(left, needs.chunk) } else { plan }, dynamic })
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
