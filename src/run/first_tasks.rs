//! Do the first tasks of a stage all fail for the same reason?
use crate::journal::record::RecordHeader;
use crate::task::{Cause, Failure, Tasks};
use std::mem::discriminant;

/// So many failures of a single rank, or in a row, are no accident.
const ENOUGH: usize = 3;

/// What a rank knows of its own first tasks.
#[derive(Debug, Default)]
pub struct RankFirstTasks {
    stage: u64,
    has_succeeded: bool,
    failed: usize,
    /// Number of failures since the last success that need not be the tasks' own.
    in_a_row: usize,
}

impl RankFirstTasks {
    /// Counts which of these tasks failed; returns whether rank 0 should know before others are run: as long as none has succeeded here and
    /// there may be too few failures for a verdict, and when several have failed in a row, since the rank may be at fault.
    pub fn record(&mut self, stage: u64, tasks: Tasks, failed: &[Failure]) -> bool {
        if self.stage != stage {
            *self = Self { stage, ..Self::default() };
        }
        let before = self.failed;
        if (failed.len() as u64) < tasks.count() {
            (self.has_succeeded, self.in_a_row) = (true, 0);
            return false;
        }
        self.failed += failed.len();
        self.in_a_row += failed.iter().filter(|failure| failure.cause.is_worth_retrying()).count();
        !self.has_succeeded && before < ENOUGH || self.in_a_row >= ENOUGH
    }
}

/// What rank 0 knows of the first tasks of all ranks.
#[derive(Debug)]
pub struct AllFirstTasks {
    /// Whether each rank has reported a task.
    reported: Vec<bool>,
    has_succeeded: bool,
    /// Number of tasks that have failed and are not tried again.
    failed: u64,
    /// The first failure's cause.
    cause: Option<Cause>,
    /// Whether all failures are of one kind.
    is_alike: bool,
}

impl AllFirstTasks {
    /// Nothing is known yet of `ranks` ranks.
    pub fn new(ranks: usize) -> Self {
        Self { reported: vec![false; ranks], has_succeeded: false, failed: 0, cause: None, is_alike: true }
    }

    /// Accepts a record of `rank`.
    pub fn record(&mut self, rank: usize, head: &RecordHeader) {
        self.reported[rank] = true;
        self.has_succeeded |= (head.failed.len() as u64) < head.tasks.count();
        for failure in &head.failed {
            let first = self.cause.get_or_insert_with(|| failure.cause.clone());
            self.is_alike &= discriminant(first) == discriminant(&failure.cause);
        }
    }

    /// Counts tasks that have failed and are not tried again.
    pub fn add_failed(&mut self, tasks: u64) {
        self.failed += tasks;
    }

    /// The cause with which every task has failed, where that is evidence: each of these ranks has failed one, and several of them, one for
    /// each rank, are not tried again.
    pub fn common_cause(&self, ranks: impl Iterator<Item = usize>) -> Option<&Cause> {
        // Nearly always a task has succeeded: ten thousand ranks need not be looked at for each record.
        if self.has_succeeded || !self.is_alike {
            return None;
        }
        let mut count = 0;
        for rank in ranks {
            if !self.reported[rank] {
                return None;
            }
            count += 1;
        }
        let is_evidence = self.failed >= if count == 1 { ENOUGH } else { count.min(ENOUGH) } as u64;
        // Tasks whose files cannot be read are not lost: their files are read again after a correction.
        self.cause.as_ref().filter(|cause| is_evidence && !cause.is_unreadable())
    }

    /// How many tasks have failed and are not tried again.
    pub fn failed(&self) -> u64 {
        self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(first: u64, end: u64, failed: &[u64], cause: &Cause) -> RecordHeader {
        let failed = failed.iter().map(|&task| Failure { task, cause: cause.clone(), attempts: 3 }).collect();
        let (host, tasks) = ("host".to_owned(), Tasks::new(first, end));
        let usage = Vec::new();
        RecordHeader { stage: 1, tasks, failed, rank: 0, host, attempts: 3, started_s: 0.0, seconds: 1.0, usage }
    }

    #[test]
    fn a_rank_that_is_alone_needs_three_failures_and_others_one_each() {
        let failed = Cause::Failed("no licence".into());
        let mut alone = AllFirstTasks::new(1);
        for task in 0..3 {
            assert_eq!(alone.common_cause(0..1), None, "{task} tasks");
            alone.record(0, &header(task, task + 1, &[task], &failed));
            alone.add_failed(1);
        }
        assert_eq!(alone.common_cause(0..1), Some(&failed));
        let mut two = AllFirstTasks::new(2);
        two.record(1, &header(1, 2, &[1], &failed));
        assert_eq!(two.common_cause(0..2), None, "rank 0 has reported nothing");
        two.record(0, &header(0, 1, &[0], &failed));
        two.add_failed(1);
        assert_eq!(two.common_cause(0..2), None, "one of the tasks is tried again");
        two.add_failed(1);
        assert_eq!(two.common_cause(0..2), Some(&failed));
    }

    #[test]
    fn one_success_or_another_cause_is_evidence_against_it() {
        let (failed, lost) = (Cause::Failed("a".into()), Cause::Lost("b".into()));
        let mut mixed = AllFirstTasks::new(1);
        mixed.record(0, &header(0, 2, &[0, 1], &failed));
        mixed.record(0, &header(2, 3, &[2], &lost));
        mixed.add_failed(3);
        assert_eq!(mixed.common_cause(0..1), None);
        let mut one_good = AllFirstTasks::new(1);
        one_good.record(0, &header(0, 256, &(0..255).collect::<Vec<_>>(), &failed));
        one_good.add_failed(255);
        assert_eq!(one_good.common_cause(0..1), None);
    }

    #[test]
    fn a_rank_reports_its_first_failures_and_several_in_a_row() {
        let failed = |cause: &Cause| [Failure { task: 0, cause: cause.clone(), attempts: 1 }];
        let (lost, refused) = (failed(&Cause::Lost("a".into())), failed(&Cause::Input("b".into())));
        let (mut rank, one) = (RankFirstTasks::default(), Tasks::new(0, 1));
        let reports: Vec<bool> = (0..5).map(|_| rank.record(1, one, &lost)).collect();
        assert_eq!(reports, [true; 5]);
        assert!(!rank.record(2, one, &[]), "another stage, which works");
        let reports: Vec<bool> = (0..4).map(|_| rank.record(2, one, &lost)).collect();
        assert_eq!(reports, [false, false, true, true]);
        assert!(
            !rank.record(3, one, &[]) && (0..5).all(|_| !rank.record(3, one, &refused)),
            "these are the tasks' own"
        );
    }
}
