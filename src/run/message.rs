//! What do ranks tell each other after the start?
use super::compute::Undone;
use super::exit::Exit;
use super::signals::Request;
use crate::campaigns::stage::StageResult;
use crate::journal::record::Head;
use crate::task::Tasks;
use serde::{Deserialize, Serialize};

/// From rank 0 to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// Run these batches of the present stage, in this order.
    Assign(Vec<Tasks>),
    /// Send the values of these records, as many as make one message.
    Pull(Vec<u64>),
    /// Start no further task.
    Drain,
    /// The present stage is done: go on to the next.
    StageDone(StageResult),
    /// Leave with this code.
    Finish(Exit),
}

/// From a worker to rank 0.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToRoot {
    /// These batches stand in the journal.
    Recorded(Vec<Notice>),
    /// Values of records that were pulled, in the order asked for; at least one.
    Values(Vec<(u64, Vec<u8>)>),
    /// What runs on this rank is at this; nothing runs that can be seen.
    Doing(Option<String>),
    /// Nothing runs and nothing is left to run, after a drain.
    Drained,
    /// Something asks the whole job to drain.
    DrainWanted(Request),
    /// These tasks failed while the run was stopping and are not recorded.
    Undone(Vec<Undone>),
    /// This rank takes no more batches, for this reason; what it holds is not run.
    Retired(String),
    /// This rank cannot go on.
    Broken { exit: Exit, message: String },
    /// The rank's last message: nothing of it is under way any more.
    Bye,
}

/// A batch that stands in a rank's journal: the rank's number for the record, and what is known of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice {
    pub record: u64,
    pub head: Head,
}
