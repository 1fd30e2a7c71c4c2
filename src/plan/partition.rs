//! Do the tasks divide evenly over the ranks, and into which batches?
use super::task_set::TaskSet;
use crate::task::Tasks;

/// The largest batch size that is chosen if none is configured.
const LARGEST_CHOICE: u64 = 256;
/// Batches per rank that a dynamic schedule needs to balance the load.
const BATCHES_PER_RANK: u64 = 8;

/// How tasks are to be divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partition {
    pub ranks: u64,
    pub batch_size: u64,
    /// Whether slots may stay idle; otherwise every rank must get the same number of full batches.
    pub idle: bool,
}

/// Why tasks cannot be divided.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("there are no tasks")]
    Empty,
    #[error("{tasks} tasks exceed the 2^56 that have independent random streams")]
    TooMany { tasks: u64 },
    #[error("{}", uneven(*.tasks, *.ranks, *.batch_size, *.fitting_batch_size))]
    Uneven { tasks: u64, ranks: u64, batch_size: u64, fitting_batch_size: Option<u64> },
}

/// "10 tasks do not divide over 4 ranks x batches of 2 (rounds of 8); 8 or 16 would, ..."
fn uneven(tasks: u64, ranks: u64, batch_size: u64, fitting: Option<u64>) -> String {
    let round = ranks * batch_size;
    let (below, above) = (tasks / round * round, tasks.div_ceil(round) * round);
    let counts = if below == 0 { format!("{above}") } else { format!("{below} or {above}") };
    let batches = match fitting {
        Some(size) => format!("; so would partition.batch_size = {size} with {tasks} tasks"),
        None => format!("; no batch size divides {tasks} tasks evenly over {ranks} ranks"),
    };
    format!(
        "{tasks} tasks do not divide over {ranks} ranks x batches of {batch_size}: {counts} would{batches}, or set partition.uneven = \"idle\" to leave slots empty"
    )
}

/// The batches of a stage, in the order of their tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub batches: Vec<Tasks>,
    pub partition: Partition,
    /// Number of slots without a task, in the last round or at gaps between tasks.
    pub idle_slots: u64,
}

impl Plan {
    /// Number of batches of the busiest rank.
    pub fn rounds(&self) -> u64 {
        (self.batches.len() as u64).div_ceil(self.partition.ranks)
    }
}

/// The batch size if none is configured, at most `most`. For a static schedule it is the largest up to 256 that divides the tasks evenly
/// over the ranks; if none does, an even share per rank (1 if slots may not stay idle: the error then names the nearest numbers of tasks).
/// For a dynamic schedule every rank gets eight batches.
pub fn choose_batch_size(tasks: u64, ranks: u64, dynamic: bool, idle: bool, most: u64) -> u64 {
    let most = most.clamp(1, LARGEST_CHOICE);
    if dynamic {
        return (tasks / (ranks * BATCHES_PER_RANK)).clamp(1, most);
    }
    let share = tasks.div_ceil(ranks).max(1);
    let largest = (1..=most.min(share)).rev().find(|size| tasks.is_multiple_of(ranks * size));
    largest.unwrap_or_else(|| if idle { share.div_ceil(share.div_ceil(most)) } else { 1 })
}

/// Divides the tasks `left` into batches.
///
/// # Errors
/// There are no tasks, or they do not divide evenly and slots may not stay idle.
pub fn lay_out(left: &TaskSet, partition: Partition) -> Result<Plan, Error> {
    let Partition { ranks, batch_size, idle } = partition;
    let tasks = left.count();
    if tasks == 0 {
        return Err(Error::Empty);
    }
    if left.ranges().any(|range| range.end > crate::seed::MAX_TASKS) {
        return Err(Error::TooMany { tasks });
    }
    if !idle && !tasks.is_multiple_of(ranks * batch_size) {
        return Err(Error::Uneven { tasks, ranks, batch_size, fitting_batch_size: fitting(tasks, ranks, batch_size) });
    }
    let batches: Vec<Tasks> = left.ranges().flat_map(|range| range.split(batch_size)).collect();
    let rounds = (batches.len() as u64).div_ceil(ranks);
    Ok(Plan { batches, partition, idle_slots: rounds * ranks * batch_size - tasks })
}

/// The batch size nearest to `wanted` that divides the tasks evenly.
fn fitting(tasks: u64, ranks: u64, wanted: u64) -> Option<u64> {
    if !tasks.is_multiple_of(ranks) {
        return None;
    }
    // The search ends at 1, which divides.
    let outward = (0..=wanted).flat_map(|step| [wanted - step, wanted + step]);
    outward.into_iter().find(|&size| size > 0 && tasks.is_multiple_of(ranks * size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(tasks: u64, ranks: u64, batch_size: u64, idle: bool) -> Result<Plan, Error> {
        lay_out(&TaskSet::all(tasks), Partition { ranks, batch_size, idle })
    }

    #[test]
    fn an_even_plan_runs_every_task_once_and_leaves_no_slot() {
        let plan = plan(120, 4, 10, false).unwrap();
        assert_eq!((plan.batches.len(), plan.rounds(), plan.idle_slots), (12, 3, 0));
        assert_eq!(plan.batches.iter().flat_map(|b| b.iter()).collect::<Vec<_>>(), (0..120).collect::<Vec<_>>());
    }

    #[test]
    fn an_uneven_plan_is_refused_and_the_nearest_even_ones_are_named() {
        let error = plan(10, 4, 2, false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "10 tasks do not divide over 4 ranks x batches of 2: 8 or 16 would; no batch size divides 10 tasks evenly over 4 ranks, or set partition.uneven = \"idle\" to leave slots empty"
        );
        let text = plan(120, 4, 25, false).unwrap_err().to_string();
        assert!(text.contains("100 or 200 would; so would partition.batch_size = 30"), "{text}");
        assert!(plan(3, 4, 1, false).unwrap_err().to_string().contains(": 4 would;"));
    }

    #[test]
    fn idle_slots_are_counted() {
        assert_eq!(plan(10, 4, 2, true).unwrap().idle_slots, 6);
        let mut left = TaskSet::all(40);
        left.remove(Tasks::new(5, 25));
        let plan = lay_out(&left, Partition { ranks: 2, batch_size: 10, idle: true }).unwrap();
        assert_eq!(plan.batches, [Tasks::new(0, 5), Tasks::new(25, 35), Tasks::new(35, 40)]);
        assert_eq!(plan.idle_slots, 20);
        assert_eq!(super::lay_out(&TaskSet::default(), plan.partition), Err(Error::Empty));
    }

    #[test]
    fn the_largest_batch_size_that_divides_is_chosen() {
        let choose = |tasks, ranks, dynamic, idle| choose_batch_size(tasks, ranks, dynamic, idle, u64::MAX);
        assert_eq!(choose(12000, 4, false, true), 250);
        assert_eq!(choose(12000, 100, false, true), 120);
        assert_eq!(choose(1024, 2, false, true), 256);
        assert_eq!(choose(7, 3, false, true), 3);
        assert_eq!(choose(7, 3, false, false), 1);
        assert_eq!(choose(12000, 4, true, true), 256);
        assert_eq!(choose(20, 4, true, true), 1);
        assert_eq!(choose_batch_size(12000, 4, true, true, 1), 1);
        assert_eq!(choose_batch_size(12000, 4, false, true, 8), 8);
    }
}
