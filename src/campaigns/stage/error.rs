//! What can go wrong outside of any task?
use crate::results;

/// A fault that ends the run, and not only a task.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot merge the values of two batches")]
    Merge(#[from] crate::science::sum::Error),
    #[error("cannot sum the values of tasks")]
    Sum(#[from] crate::science::exact::Error),
    #[error("a recorded value is not one of this version: discard it with --fresh")]
    Decode(#[from] crate::journal::codec::Error),
    #[error(transparent)]
    Results(#[from] results::Error),
    #[error("cannot read back a recorded result: {0}")]
    Outcome(String),
    #[error("{0}")]
    Unusable(String),
    #[error("{0}\nfix this, then rerun with --retry-failed")]
    Unread(String),
}
