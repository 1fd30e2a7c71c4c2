//! Which records of ranks that are lost does rank 0 serve?
use super::message::RecordSummary;
use crate::task::{TaskId, Tasks};
use std::collections::HashMap;

/// What a lost rank had journalled, as far as its files can be read.
pub struct LostRank {
    pub rank: usize,
    pub records: Vec<RecordSummary>,
}

/// Records of lost ranks, by stage and tasks.
#[derive(Default)]
pub struct Recovered {
    by_tasks: HashMap<(u64, TaskId, TaskId), u64>,
    /// Ranks whose loss the stage that runs has not taken into account yet.
    new: Vec<LostRank>,
}

impl Recovered {
    /// Adds the records of a rank.
    pub fn add(&mut self, lost: LostRank) {
        let number = |summary: &RecordSummary| {
            let head = &summary.head;
            ((head.stage, head.tasks.first, head.tasks.end), summary.record)
        };
        self.by_tasks.extend(lost.records.iter().map(number));
        self.new.push(lost);
    }

    /// The number on rank 0 of the record of these tasks.
    pub fn record(&self, stage: u64, tasks: Tasks) -> Option<u64> {
        self.by_tasks.get(&(stage, tasks.first, tasks.end)).copied()
    }

    /// The ranks that were added since this was last asked.
    pub fn take_new(&mut self) -> Vec<LostRank> {
        std::mem::take(&mut self.new)
    }
}
