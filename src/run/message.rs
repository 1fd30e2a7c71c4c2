//! Which messages do ranks exchange after the start?
use super::batch::UndoneTask;
use super::exit::Exit;
use super::signals::DrainReason;
use crate::campaigns::stage::StageResult;
use crate::journal::record::RecordHeader;
use crate::task::{TaskId, Tasks};
use serde::{Deserialize, Serialize};

/// The first message of rank 0 to each worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum FirstBatches {
    Run(Vec<Tasks>),
    /// The tasks do not divide, or rank 0 cannot run the stage: it ends the run as it always does.
    Refused,
}

/// From rank 0 to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// Run these batches of the current stage, in this order.
    Assign(Vec<Tasks>),
    /// Send the values of these records, as many as make one message.
    Pull(Vec<u64>),
    /// Start no further task.
    Drain,
    /// The current stage is complete: go on to the next.
    StageDone(StageResult),
    /// Read what ranks that are not in this run have recorded since.
    ReadOthers,
    /// Prepare to leave with this exit code.
    Finish(Exit),
    /// Leave: in good order where the run `is_whole`, and otherwise without waiting for ranks that are lost. Without a
    /// [`Finish`](ToWorker::Finish) before, this rank itself was given up.
    Part { is_whole: bool },
    /// Run a task of the current stage again.
    Retry(Retry),
}

/// A task that has failed and is tried again, after so many attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    pub task: TaskId,
    pub attempts: u32,
}

/// From a worker to rank 0.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToRoot {
    /// These batches stand in the journal.
    Recorded(Vec<RecordSummary>),
    /// Values of records that were requested, in the order of the request; at least one.
    Values(Vec<(u64, Vec<u8>)>),
    /// Records that ranks which are not in this run have added, which this rank serves; the last message of them `is_last`.
    Others { records: Vec<RecordSummary>, is_last: bool },
    /// The progress of the task that runs; none where none can be seen.
    Progress(Option<String>),
    /// Nothing runs and nothing is left to run, after a drain.
    Drained,
    /// Something asks all ranks to drain.
    DrainWanted(DrainReason),
    /// These tasks failed while the run was stopping and are not recorded.
    Undone(Vec<UndoneTask>),
    /// This rank accepts no more batches, for this reason; what it holds is not run.
    Retired(String),
    /// This rank cannot go on.
    Broken { exit: Exit, message: String },
    /// The rank's last message: its journal is synced, and nothing else of it is on the way.
    Bye,
}

/// A batch that stands in a rank's journal: the rank's number for the record, and the record's header.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordSummary {
    pub record: u64,
    pub head: RecordHeader,
}
