//! What was asked for on the command line of `simmpi run`?
use super::progress::Style;
use std::path::PathBuf;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    pub config: PathBuf,
    /// Discard what an earlier run has done.
    pub fresh: bool,
    /// Replace a result file of another campaign.
    pub force: bool,
    pub retry_failed: bool,
    /// Run only this task.
    pub only: Option<u64>,
    pub keep_journal: bool,
    pub steal_lock: bool,
    pub progress: Style,
}
