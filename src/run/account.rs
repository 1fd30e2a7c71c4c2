//! Which tasks of a stage are done, and which failed?
use super::record_table::values_of;
use crate::plan::TaskSet;
use crate::task::{Failure, TaskId, Tasks};
use std::collections::BTreeMap;

/// Tasks with a value, and those that failed.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub done: TaskSet,
    pub failed: BTreeMap<TaskId, Failure>,
}

impl Account {
    /// Accepts a record: a value counts for good, a failure until there is a value, or a failure after more attempts, whichever comes first.
    pub fn record(&mut self, tasks: Tasks, failed: &[Failure]) {
        for tasks in values_of(tasks, failed) {
            self.done.insert(tasks);
            self.forget_failures(tasks);
        }
        for failure in failed.iter().filter(|failure| !self.done.contains(failure.task)) {
            if self.failed.get(&failure.task).is_none_or(|known| known.attempts <= failure.attempts) {
                self.failed.insert(failure.task, failure.clone());
            }
        }
    }

    /// Makes failed tasks among `tasks` untried again; returns their number.
    pub fn forget_failures(&mut self, tasks: Tasks) -> u64 {
        let known: Vec<TaskId> = self.failed.range(tasks.iter()).map(|(&task, _)| task).collect();
        known.iter().for_each(|task| _ = self.failed.remove(task));
        known.len() as u64
    }

    /// The tasks below `tasks` that have neither value nor failure.
    pub fn left(&self, tasks: u64) -> TaskSet {
        let mut left = TaskSet::all(tasks);
        self.done.ranges().for_each(|tasks| left.remove(tasks));
        self.failed.keys().for_each(|&task| left.remove(Tasks::new(task, task + 1)));
        left
    }

    /// Tasks with a value, and tasks that failed.
    pub fn counts(&self) -> (u64, u64) {
        (self.done.count(), self.failed.len() as u64)
    }
}
