//! Do the first tasks of a stage all fail, so that something is wrong with all of them?
use crate::journal::record::Head;
use crate::task::{Cause, Tasks};
use std::mem::discriminant;

/// So many failures of a rank that is alone are no accident.
const ENOUGH: usize = 3;

/// What a rank knows of its own first tasks.
#[derive(Debug, Default)]
pub struct OfRank {
    stage: u64,
    has_succeeded: bool,
    failed: usize,
}

impl OfRank {
    /// Notes that of these tasks so many failed; whether rank 0 should know before others are run: as long as nothing has succeeded here,
    /// and it may not have had enough of it.
    pub fn note(&mut self, stage: u64, tasks: Tasks, failed: usize) -> bool {
        if self.stage != stage {
            *self = Self { stage, ..Self::default() };
        }
        let before = self.failed;
        self.has_succeeded |= (failed as u64) < tasks.count();
        self.failed += failed;
        !self.has_succeeded && before < ENOUGH
    }
}

/// What rank 0 knows of the first tasks of all ranks.
#[derive(Debug)]
pub struct OfAll {
    /// Whether each rank has reported a task.
    reported: Vec<bool>,
    has_succeeded: bool,
    failed: usize,
    /// The first failure's cause.
    cause: Option<Cause>,
    /// Whether all failures are of one kind.
    is_alike: bool,
}

impl OfAll {
    /// Nothing is known yet of `ranks` ranks.
    pub fn new(ranks: usize) -> Self {
        Self { reported: vec![false; ranks], has_succeeded: false, failed: 0, cause: None, is_alike: true }
    }

    /// Takes in a record of `rank`.
    pub fn note(&mut self, rank: usize, head: &Head) {
        self.reported[rank] = true;
        self.has_succeeded |= (head.failed.len() as u64) < head.tasks.count();
        self.failed += head.failed.len();
        for failure in &head.failed {
            let first = self.cause.get_or_insert_with(|| failure.cause.clone());
            self.is_alike &= discriminant(first) == discriminant(&failure.cause);
        }
    }

    /// The cause that every task has failed with, where that is evidence: of each of these ranks the first task, or several of a rank that
    /// is alone.
    pub fn common_cause(&self, ranks: impl Iterator<Item = usize>) -> Option<&Cause> {
        let mut count = 0;
        for rank in ranks {
            if !self.reported[rank] {
                return None;
            }
            count += 1;
        }
        let is_evidence = !self.has_succeeded && self.is_alike && (count > 1 || self.failed >= ENOUGH);
        // What ran and could not be read is not lost, nor is what runs meanwhile: it is read again after a correction.
        self.cause.as_ref().filter(|cause| is_evidence && !cause.is_of_reading())
    }

    /// How many tasks have failed.
    pub fn failed(&self) -> usize {
        self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Failure;

    fn head(first: u64, end: u64, failed: &[u64], cause: &Cause) -> Head {
        let failed = failed.iter().map(|&task| Failure { task, cause: cause.clone(), attempts: 3 }).collect();
        let (host, tasks) = ("host".to_owned(), Tasks::new(first, end));
        Head { stage: 1, tasks, failed, rank: 0, host, attempts: 3, started_s: 0.0, seconds: 1.0 }
    }

    #[test]
    fn a_rank_that_is_alone_needs_three_failures_and_others_one_each() {
        let failed = Cause::Failed("no licence".into());
        let mut alone = OfAll::new(1);
        for task in 0..3 {
            assert_eq!(alone.common_cause(0..1), None, "{task} tasks");
            alone.note(0, &head(task, task + 1, &[task], &failed));
        }
        assert_eq!(alone.common_cause(0..1), Some(&failed));
        let mut two = OfAll::new(2);
        two.note(1, &head(1, 2, &[1], &failed));
        assert_eq!(two.common_cause(0..2), None, "rank 0 has reported nothing");
        two.note(0, &head(0, 1, &[0], &failed));
        assert_eq!(two.common_cause(0..2), Some(&failed));
    }

    #[test]
    fn one_success_or_another_cause_is_evidence_against_it() {
        let (failed, lost) = (Cause::Failed("a".into()), Cause::Lost("b".into()));
        let mut mixed = OfAll::new(1);
        mixed.note(0, &head(0, 2, &[0, 1], &failed));
        mixed.note(0, &head(2, 3, &[2], &lost));
        assert_eq!(mixed.common_cause(0..1), None);
        let mut one_good = OfAll::new(1);
        one_good.note(0, &head(0, 256, &(0..255).collect::<Vec<_>>(), &failed));
        assert_eq!(one_good.common_cause(0..1), None);
    }

    #[test]
    fn a_rank_tells_of_its_first_failures_until_something_succeeds() {
        let mut rank = OfRank::default();
        let tell: Vec<bool> = (0..5).map(|task| rank.note(1, Tasks::new(task, task + 1), 1)).collect();
        assert_eq!(tell, [true, true, true, false, false]);
        assert!(!rank.note(2, Tasks::new(0, 1), 0) && !rank.note(2, Tasks::new(1, 2), 1), "another stage, which works");
    }
}
