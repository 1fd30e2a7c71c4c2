//! What does a worker thread get, and what does it report?
use super::current_stage::CurrentStage;
use crate::campaigns::stage::Error;
use crate::journal::{self, record::RecordHeader};
use crate::task::{TaskId, Tasks};
use serde::{Deserialize, Serialize};

/// Tasks that are run and recorded as one.
pub struct Batch {
    pub current: CurrentStage,
    pub tasks: Tasks,
    /// Number of attempts that were made before; where there were any, it is a single task.
    pub attempts: u32,
}

/// A report of a worker thread.
pub enum BatchEvent {
    /// A record of the tasks in `head` stands at `offset`. They may be fewer than were asked for, or none, for the reason `cut`: where there
    /// are none there is no record.
    Ran { record: Option<(u64, RecordHeader)>, cut: Option<Cut>, undone: Vec<UndoneTask> },
    /// The journal cannot be written.
    Disk(journal::Error),
    /// The values of two chunks cannot be merged.
    Stage(Error),
    /// A panic outside of any task.
    Panicked(String),
}

/// Why a batch was not run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The run is to stop.
    Stopping,
    /// No further task fits into the time that is left.
    TimeLimit,
    /// The first tasks have failed, or several in a row: rank 0 must know before others are run.
    Failing,
    /// The supervisor of this rank's programs is gone.
    NoSupervisor,
}

/// A task that failed while the run was stopping: it is not recorded, and runs again when the campaign is resumed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UndoneTask {
    pub task: TaskId,
    pub reason: String,
}
