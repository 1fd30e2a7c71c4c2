//! What is a task, and how can it fail?
//!
//! The tasks of a stage are numbered from 0. They are assigned, run, journalled and reduced as contiguous ranges ([`Tasks`]); a failed task is a
//! [`Failure`], which is data and never an error of the campaign.
mod usage;

pub use usage::{GpuUsage, ResourceUsage, TaskUsage, add_usage};

use serde::{Deserialize, Serialize};
use std::fmt;

/// The index of a task within its stage, counted from 0.
pub type TaskId = u64;

/// A half-open range of task indices, `first..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tasks {
    pub first: TaskId,
    pub end: TaskId,
}

impl Tasks {
    /// The range `first..end`; an `end` before `first` gives an empty range.
    pub fn new(first: TaskId, end: TaskId) -> Self {
        Self { first, end: end.max(first) }
    }

    /// How many tasks the range holds.
    pub fn count(self) -> u64 {
        self.end - self.first
    }

    /// Whether the range holds no task.
    pub fn is_empty(self) -> bool {
        self.end == self.first
    }

    /// Whether `task` lies in the range.
    pub fn contains(self, task: TaskId) -> bool {
        self.first <= task && task < self.end
    }

    /// Every index of the range, in order.
    pub fn iter(self) -> std::ops::Range<TaskId> {
        self.first..self.end
    }

    /// The range moved up by `by` tasks.
    pub fn shifted(self, by: u64) -> Self {
        Self { first: self.first + by, end: self.end + by }
    }

    /// The range split into consecutive ranges of at most `size` tasks (at least one).
    pub fn split(self, size: u64) -> impl Iterator<Item = Tasks> {
        let size = size.max(1);
        (0..self.count().div_ceil(size)).map(move |k| {
            let first = self.first + k * size;
            Tasks::new(first, self.end.min(first.saturating_add(size)))
        })
    }
}

impl fmt::Display for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            0 => write!(f, "no task"),
            1 => write!(f, "task {}", self.first),
            _ => write!(f, "tasks {}-{}", self.first, self.end - 1),
        }
    }
}

/// The beginning of the message of [`Cause::Unread`].
pub const UNREAD: &str = "ran, but cannot be read";

/// Why a task has no result.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// The code of the task panicked; the text is the panic's message and location.
    Panicked(String),
    /// A quantity became infinite or NaN; the text names it and the time.
    NotFinite(String),
    /// The task reported a failure.
    Failed(String),
    /// The task ran past its time limit, in milliseconds.
    TimedOut { limit_ms: u64 },
    /// A program rejected its input.
    Input(String),
    /// A program ran out of memory or disk space.
    Resource(String),
    /// A program's iterations did not converge.
    Convergence(String),
    /// A program was lost for an external reason.
    Lost(String),
    /// A simulation became unstable.
    Unstable(String),
    /// The task was stopped because the time limit was near and continues from there when it is run again, or it failed while the run was
    /// stopping. Never recorded: the task is run when the campaign continues.
    Interrupted(String),
    /// The program ended with exit code 0, but its output cannot be read as the configuration requires. The files are left as they are.
    Unread(String),
}

impl Cause {
    /// Whether another attempt may succeed. It cannot if a pure function gave a non-finite value, if the same input is rejected or does not
    /// converge, or if output files are unreadable, which remains so until the files or the configuration change.
    pub fn is_worth_retrying(&self) -> bool {
        use Cause::{Convergence, Input, NotFinite, Unread, Unstable};
        !matches!(self, NotFinite(_) | Input(_) | Convergence(_) | Unstable(_) | Unread(_))
    }

    /// Whether the task ran and only its output files could not be read.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Cause::Unread(_))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Panicked(text) => write!(f, "panicked: {text}"),
            Cause::NotFinite(text) => write!(f, "not finite: {text}"),
            Cause::Failed(text) => write!(f, "{text}"),
            Cause::Input(text) => write!(f, "input refused: {text}"),
            Cause::Resource(text) => write!(f, "short of memory or disk: {text}"),
            Cause::Convergence(text) => write!(f, "not converged: {text}"),
            Cause::Lost(text) => write!(f, "lost: {text}"),
            Cause::Unstable(text) => write!(f, "unstable: {text}"),
            Cause::Interrupted(text) => write!(f, "interrupted: {text}"),
            Cause::Unread(text) => write!(f, "{UNREAD}: {text}"),
            Cause::TimedOut { limit_ms } => write!(f, "ran past its limit of {} s", *limit_ms as f64 / 1e3),
        }
    }
}

/// A task that was attempted and has no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub task: TaskId,
    pub cause: Cause,
    /// Number of attempts.
    pub attempts: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting_covers_a_range_once_and_in_order() {
        let parts: Vec<_> = Tasks::new(3, 14).split(4).collect();
        assert_eq!(parts, [Tasks::new(3, 7), Tasks::new(7, 11), Tasks::new(11, 14)]);
        assert_eq!(Tasks::new(5, 5).split(4).count(), 0);
        assert_eq!(Tasks::new(5, 7).split(u64::MAX).collect::<Vec<_>>(), [Tasks::new(5, 7)]);
    }
}
