//! What was asked for on the command line of `simmpi run`?
use super::progress::Style;
use std::path::PathBuf;
use std::time::Duration;

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
    /// Work on the campaign together with other jobs, and wait so long for them where there is nothing to do.
    pub join: Option<Duration>,
    pub progress: Style,
    /// JSON file of the results, written besides the HDF5 file.
    pub exported: Option<PathBuf>,
}
