//! Which tasks are done and which are left?
use crate::task::{TaskId, Tasks};
use std::collections::BTreeMap;

/// A set of task indices, stored as disjoint ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskSet {
    /// First task and end of each range; ranges neither overlap nor touch.
    ranges: BTreeMap<TaskId, TaskId>,
    count: u64,
}

impl TaskSet {
    /// The set of the tasks `0..count`.
    pub fn all(count: u64) -> Self {
        let mut set = Self::default();
        set.insert(Tasks::new(0, count));
        set
    }

    /// Number of tasks in the set.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether the set contains `task`.
    pub fn contains(&self, task: TaskId) -> bool {
        self.ranges.range(..=task).next_back().is_some_and(|(_, &end)| task < end)
    }

    /// The ranges, in order.
    pub fn ranges(&self) -> impl Iterator<Item = Tasks> + '_ {
        self.ranges.iter().map(|(&first, &end)| Tasks::new(first, end))
    }

    /// Whether the set contains any of `tasks`.
    pub fn overlaps(&self, tasks: Tasks) -> bool {
        self.ranges.range(..tasks.end).next_back().is_some_and(|(_, &end)| end > tasks.first) && !tasks.is_empty()
    }

    /// Adds `tasks`.
    pub fn insert(&mut self, tasks: Tasks) {
        if tasks.is_empty() {
            return;
        }
        self.remove(tasks);
        let mut merged = tasks;
        if let Some((&first, &end)) = self.ranges.range(..tasks.first).next_back()
            && end == tasks.first
        {
            merged.first = first;
        }
        if let Some(end) = self.ranges.remove(&tasks.end) {
            merged.end = end;
        }
        self.ranges.insert(merged.first, merged.end);
        self.count += tasks.count();
    }

    /// Removes `tasks`.
    pub fn remove(&mut self, tasks: Tasks) {
        if tasks.is_empty() {
            return;
        }
        let hit = |(&first, &end): (&TaskId, &TaskId)| (end > tasks.first).then_some(Tasks::new(first, end));
        while let Some(range) = self.ranges.range(..tasks.end).next_back().and_then(hit) {
            self.ranges.remove(&range.first);
            self.count -= range.count();
            for rest in [Tasks::new(range.first, tasks.first), Tasks::new(tasks.end, range.end)] {
                // Empty if the range does not extend beyond `tasks` on this side.
                if !rest.is_empty() && rest.count() < range.count() {
                    self.ranges.insert(rest.first, rest.end);
                    self.count += rest.count();
                }
            }
        }
    }
}
