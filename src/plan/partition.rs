//! Do the tasks divide evenly over the ranks, and into which batches?
use super::batches::Batches;
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
    pub batches: Batches,
    /// How they were divided; where batches are guided its size is the largest.
    pub partition: Partition,
    /// Number of slots without a task, in the last round or at gaps between tasks.
    pub idle_slots: u64,
}

impl Plan {
    /// Number of batches of the busiest rank.
    pub fn rounds(&self) -> u64 {
        (self.batches.len() as u64).div_ceil(self.partition.ranks)
    }

    /// The size of batches in words: `10`, or `12 down to 1` where they are guided, so that the last is smaller though no slot is idle.
    pub fn batch_sizes(&self) -> String {
        let (size, last) = (self.partition.batch_size, self.batches.last().map_or(0, |last| last.count()));
        if last < size && self.idle_slots == 0 { format!("{size} down to {last}") } else { size.to_string() }
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
    let batches: Batches = left.ranges().flat_map(|range| range.split(batch_size)).collect();
    let rounds = (batches.len() as u64).div_ceil(ranks);
    Ok(Plan { batches, partition, idle_slots: rounds * ranks * batch_size - tasks })
}

impl Plan {
    /// The same tasks in batches that get smaller: each is the share of a rank of the tasks that are left, divided by the batches that a rank
    /// gets, in multiples of `chunk` where batches are as large. Ranks then end at about the same time, whatever their tasks take (guided
    /// self-scheduling: Polychronopoulos and Kuck, IEEE Trans. Comput. C-36, 1425 (1987)).
    pub fn guided(self, left: &TaskSet, chunk: u64) -> Self {
        let Partition { ranks, batch_size, .. } = self.partition;
        let chunk = if chunk <= batch_size { chunk } else { 1 };
        let (mut count, mut batches) = (left.count(), Batches::default());
        for mut range in left.ranges() {
            while !range.is_empty() {
                let share = count / (ranks * BATCHES_PER_RANK);
                let size = (share / chunk * chunk).clamp(chunk, batch_size);
                let batch = Tasks::new(range.first, range.end.min(range.first + size));
                (count, range.first) = (count - batch.count(), batch.end);
                batches.push_back(batch);
            }
        }
        Self { batches, idle_slots: 0, ..self }
    }
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
