//! Rank 0's account of a stage, and which rank holds what: no task is lost or counted twice, whatever is reported in whatever order.
#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use simmpi::campaigns::stage::{Computed, Context, Error, Stage, StageSpec, Workload};
use simmpi::journal::{codec, record::RecordHeader};
use simmpi::plan::{Costs, Dynamic, Partition, Policy, Static, TaskSet, Weight, lay_out};
use simmpi::run::assignments::Assignments;
use simmpi::run::current_stage::CurrentStage;
use simmpi::run::ledger::{Ledger, SavedStage};
use simmpi::run::message::RecordSummary;
use simmpi::run::record_table::{Record, RecordLocation};
use simmpi::task::{Cause, Failure, TaskId, Tasks};
use std::collections::{BTreeMap, BTreeSet};

/// The value of tasks: their number, and the sum of the squares of their numbers.
#[derive(Clone)]
struct Squares;

impl Workload for Squares {
    type Value = (u64, u64);
    fn empty(&self) -> (u64, u64) {
        (0, 0)
    }
    fn run(&mut self, _: Tasks, _: &Context) -> Computed<(u64, u64)> {
        unreachable!("nothing runs here")
    }
    fn merge(&self, into: &mut (u64, u64), from: (u64, u64)) -> Result<(), Error> {
        *into = (into.0 + from.0, into.1 + from.1);
        Ok(())
    }
}

fn value(tasks: impl Iterator<Item = TaskId>) -> (u64, u64) {
    tasks.fold((0, 0), |(count, sum), task| (count + 1, sum + task * task))
}

fn stage(tasks: u64) -> CurrentStage {
    CurrentStage::new(Stage::new(StageSpec::new("squares", tasks), Squares))
}

fn ledger(tasks: u64) -> Ledger {
    Ledger::new(stage(tasks), None).unwrap()
}

fn failure(task: TaskId) -> Failure {
    Failure { task, cause: Cause::Failed("no licence".into()), attempts: 3 }
}

/// The record of the tasks `first..end`, of which some failed.
fn summary(record: u64, first: TaskId, end: TaskId, failed: &[TaskId]) -> RecordSummary {
    let head = RecordHeader {
        stage: stage(1).key,
        tasks: Tasks::new(first, end),
        failed: failed.iter().map(|&task| failure(task)).collect(),
        rank: 0,
        host: "node".into(),
        attempts: 1,
        started_s: 0.0,
        seconds: 1.0,
        usage: Vec::new(),
    };
    RecordSummary { record, head }
}

fn encoded(first: TaskId, end: TaskId, failed: &[TaskId]) -> Vec<u8> {
    codec::encode(&value((first..end).filter(|task| !failed.contains(task)))).unwrap()
}

fn total(ledger: &Ledger) -> (u64, u64) {
    ledger.result().unwrap().value().unwrap()
}

fn tasks_of(set: &TaskSet) -> Vec<TaskId> {
    set.ranges().flat_map(Tasks::iter).collect()
}

#[test]
fn a_record_counts_once_and_only_in_its_stage() {
    let mut ledger = ledger(8);
    assert!(ledger.accept(1, summary(0, 2, 5, &[])));
    assert!(!ledger.accept(1, summary(0, 2, 5, &[])), "the same report again");
    assert!(!ledger.accept(2, summary(0, 4, 6, &[])), "one of its tasks is done");
    assert!(!ledger.accept(2, summary(1, 7, 9, &[])), "there is no task 8");
    let mut other = summary(2, 6, 8, &[]);
    other.head.stage += 1;
    assert!(!ledger.accept(2, other), "it is of another stage");
    assert_eq!(ledger.counts(), (3, 0));
    assert_eq!(tasks_of(&ledger.left()), [0, 1, 5, 6, 7]);
}

#[test]
fn a_failure_stands_until_there_is_a_value() {
    let mut ledger = ledger(4);
    assert!(ledger.accept(1, summary(0, 0, 4, &[1, 2])));
    assert_eq!((ledger.counts(), ledger.left().count()), ((2, 2), 0));
    ledger.retry(Tasks::new(0, u64::MAX));
    assert_eq!((ledger.retried(), tasks_of(&ledger.left())), (2, vec![1, 2]));
    assert!(ledger.accept(2, summary(0, 1, 2, &[])) && ledger.accept(2, summary(1, 2, 3, &[2])));
    assert_eq!((ledger.counts(), ledger.failures()), ((3, 1), vec![failure(2)]));
    assert!(!ledger.accept(3, summary(0, 1, 2, &[1])), "a value is not lost by a failure that is reported later");
    assert_eq!((ledger.counts(), ledger.left().count()), ((3, 1), 0));
}

#[test]
fn records_of_a_lost_rank_move_to_who_reads_them_and_others_are_left_again() {
    let mut ledger = ledger(10);
    ledger.accept(1, summary(0, 0, 2, &[]));
    ledger.accept(1, summary(1, 2, 4, &[3]));
    ledger.accept(1, summary(2, 4, 6, &[]));
    ledger.accept(2, summary(0, 6, 8, &[]));
    ledger.reduce(1, &[(0, encoded(0, 2, &[]))]).unwrap();
    // Of what is not in the total yet rank 0 finds one record; the third was never written.
    ledger.relocate(1, |tasks| (tasks.first == 2).then_some(RecordLocation { rank: 0, record: 40 }));
    assert_eq!(ledger.forget_unreduced(1), [Tasks::new(4, 6)]);
    assert_eq!((ledger.counts(), tasks_of(&ledger.left())), ((5, 1), vec![4, 5, 8, 9]));
    ledger.reduce(1, &[(1, encoded(2, 4, &[3])), (2, encoded(4, 6, &[]))]).unwrap();
    assert_eq!(total(&ledger), value(0..2), "what the lost rank still sends is ignored");
    assert_eq!(ledger.next_to_reduce(2, 9), Some((0, vec![40])));
    ledger.reduce(0, &[(40, encoded(2, 4, &[3]))]).unwrap();
    assert!(ledger.accept(2, summary(1, 4, 6, &[])), "they are run again");
    ledger.reduce(2, &[(0, encoded(6, 8, &[])), (1, encoded(4, 6, &[]))]).unwrap();
    assert!(ledger.is_reduced());
    assert_eq!(total(&ledger), value((0..8).filter(|&task| task != 3)));
}

#[test]
fn every_value_is_reduced_once() {
    let mut ledger = ledger(6);
    ledger.accept(1, summary(7, 0, 2, &[]));
    ledger.accept(2, summary(7, 2, 4, &[3]));
    ledger.accept(1, summary(8, 4, 5, &[4]));
    let values = [(7, encoded(0, 2, &[])), (8, encoded(4, 5, &[4])), (9, encoded(5, 6, &[]))];
    assert!(!ledger.is_reduced());
    ledger.reduce(1, &values).unwrap();
    ledger.reduce(1, &values).unwrap();
    assert_eq!(total(&ledger), value([0, 1].into_iter()), "record 9 was not reported, and 8 has no value");
    ledger.reduce(2, &[(7, encoded(2, 4, &[3]))]).unwrap();
    assert!(ledger.is_reduced());
    assert_eq!(total(&ledger), value([0, 1, 2].into_iter()));
    assert!(ledger.reduce(1, &[(8, vec![255; 3])]).is_ok(), "what is not asked for is not read");
}

#[test]
fn a_stage_continues_from_what_the_result_file_keeps() {
    let mut before = ledger(4);
    before.accept(0, summary(0, 0, 4, &[3]));
    before.reduce(0, &[(0, encoded(0, 4, &[3]))]).unwrap();
    let saved: SavedStage = codec::decode(&codec::encode(&before.save().unwrap()).unwrap()).unwrap();
    // The campaign was extended, and what had failed is tried again.
    let mut ledger = Ledger::new(stage(6), Some(saved)).unwrap();
    assert_eq!((ledger.counts(), ledger.is_reduced()), ((3, 1), true));
    assert!(!ledger.accept(0, summary(0, 0, 4, &[3])), "its record is still in a journal");
    ledger.retry(Tasks::new(0, 6));
    assert_eq!(tasks_of(&ledger.left()), [3, 4, 5]);
    ledger.accept(0, summary(1, 3, 6, &[]));
    ledger.reduce(0, &[(1, encoded(3, 6, &[]))]).unwrap();
    assert_eq!((ledger.counts(), total(&ledger)), ((6, 0), value(0..6)));
    assert_eq!(ledger.heads().map(|record| record.tasks).collect::<Vec<_>>(), [Tasks::new(0, 4), Tasks::new(3, 6)]);
}

#[test]
fn what_ran_and_was_read_in_another_way_is_only_read_again() {
    let mut ledger = ledger(6);
    ledger.accept(0, summary(0, 0, 1, &[]));
    let heads = [summary(0, 0, 3, &[2]).head, summary(1, 3, 5, &[]).head];
    ledger.accept_earlier(heads.iter().map(|head| Record::new(RecordLocation::default(), head)));
    assert_eq!(tasks_of(&ledger.to_read_again()), [1, 3, 4]);
    assert_eq!((ledger.counts(), tasks_of(&ledger.left())), ((1, 1), vec![1, 3, 4, 5]));
}

#[test]
fn what_a_lost_rank_had_is_reduced_and_listed_from_where_it_was_found() {
    let mut ledger = ledger(6);
    ledger.accept(2, summary(0, 0, 2, &[]));
    ledger.accept(2, summary(1, 2, 4, &[]));
    ledger.accept(1, summary(0, 4, 6, &[]));
    ledger.reduce(2, &[(0, encoded(0, 2, &[]))]).unwrap();
    ledger.relocate(2, |tasks| Some(RecordLocation { rank: 1, record: 10 + tasks.first }));
    assert_eq!(ledger.next_to_reduce(0, 9), Some((1, vec![0, 12])), "record 0 of rank 2 is in the total");
    let locations: Vec<_> = ledger.records().map(|record| (record.location.rank, record.location.record)).collect();
    assert_eq!(locations, [(1, 10), (1, 12), (1, 0)]);
    ledger.reduce(1, &[(0, encoded(4, 6, &[])), (12, encoded(2, 4, &[]))]).unwrap();
    assert_eq!((ledger.is_reduced(), total(&ledger)), (true, value(0..6)));
}

fn assignments(batch_size: u64, is_dynamic: bool, tasks: u64, ranks: usize) -> Assignments {
    let plan = lay_out(&TaskSet::all(tasks), Partition { ranks: ranks as u64, batch_size, idle: true }).unwrap();
    let weight = |batch: Tasks| Weight { cost: batch.count() as f64, urgency: 0 };
    let policy: Box<dyn Policy> = match is_dynamic {
        true => Box::new(Dynamic::new(&plan, weight, Costs::default())),
        false => Box::new(Static::new(&plan)),
    };
    Assignments::new(policy, ranks, tasks)
}

#[test]
fn what_a_retired_rank_held_is_run_by_the_other_under_any_schedule() {
    for mut assignments in [assignments(1, false, 8, 2), assignments(1, true, 8, 2)] {
        let _ = assignments.deal(0);
        assignments.retire(0);
        assert!(assignments.deal(0).is_empty());
        assert_eq!(assignments.active().collect::<Vec<_>>(), [1]);
        let (mut ran, mut next) = (TaskSet::default(), assignments.deal(1));
        while !next.is_empty() {
            for batch in next {
                ran.insert(batch);
                assignments.finish(1, batch, Some(1.0));
            }
            next = assignments.deal(1);
        }
        assert_eq!(ran.count(), 8);
        assert!(assignments.is_over() && !assignments.is_anything_open());
    }
}

#[test]
fn the_rest_of_a_batch_is_handed_out_again() {
    let mut assignments = assignments(4, false, 8, 2);
    assert_eq!(assignments.deal(0), [Tasks::new(0, 4)]);
    assert!(assignments.finish(0, Tasks::new(0, 1), Some(1.0)));
    assert_eq!(assignments.deal(0), [Tasks::new(1, 4)]);
    assert_eq!(assignments.involved().collect::<Vec<_>>(), [0]);
}

/// A report: the rank, the tasks, and which of them failed.
fn reports() -> impl Strategy<Value = Vec<(usize, Tasks, BTreeSet<TaskId>)>> {
    let report = (0usize..4, 0u64..40, 1u64..8, prop::collection::btree_set(0u64..48, 0..10)).prop_map(
        |(rank, first, len, failed)| {
            let tasks = Tasks::new(first, first + len);
            (rank, tasks, failed.into_iter().filter(|&task| tasks.contains(task)).collect())
        },
    );
    prop::collection::vec(report, 0..40)
}

proptest! {
    /// Whatever is reported, the total is that of the tasks that count as done, and every other task has failed or is left.
    #[test]
    fn the_total_is_that_of_the_tasks_that_are_done(reports in reports(), most in 1usize..5, retried in 0u64..40) {
        let mut ledger = ledger(40);
        let mut values: BTreeMap<(usize, u64), Vec<u8>> = BTreeMap::new();
        let mut done = BTreeSet::new();
        for (k, (rank, tasks, failed)) in reports.into_iter().enumerate() {
            let failed: Vec<TaskId> = failed.into_iter().collect();
            values.insert((rank, k as u64), encoded(tasks.first, tasks.end, &failed));
            let valued: Vec<TaskId> = tasks.iter().filter(|task| !failed.contains(task)).collect();
            let is_new = tasks.end <= 40 && valued.iter().all(|task| !done.contains(task));
            if ledger.accept(rank, summary(k as u64, tasks.first, tasks.end, &failed)) {
                prop_assert!(is_new);
                done.extend(valued);
            }
            if k % 3 == 0 {
                ledger.retry(Tasks::new(retried, retried + 5));
            }
        }
        let failed: BTreeSet<TaskId> = ledger.failures().iter().map(|failure| failure.task).collect();
        let left: BTreeSet<TaskId> = tasks_of(&ledger.left()).into_iter().collect();
        prop_assert_eq!(ledger.counts(), (done.len() as u64, failed.len() as u64));
        prop_assert!(done.is_disjoint(&failed) && done.is_disjoint(&left) && failed.is_disjoint(&left));
        prop_assert_eq!(done.len() + failed.len() + left.len(), 40);
        // Every request is answered with its first value alone, as by a rank whose values are large.
        let (mut requests, mut last) = (0, 0);
        while let Some((rank, records)) = ledger.next_to_reduce(last, most) {
            last = rank;
            prop_assert!((1..=most).contains(&records.len()));
            ledger.reduce(rank, &[(records[0], values[&(rank, records[0])].clone())]).unwrap();
            requests += 1;
            prop_assert!(requests <= values.len());
        }
        prop_assert!(ledger.is_reduced());
        prop_assert_eq!(total(&ledger), value(done.into_iter()));
    }

    /// Whatever ranks report, and whoever retires, every task is run once and the stage is over then.
    #[test]
    fn every_task_is_run_once_while_a_rank_is_left(
        tasks in 1u64..60,
        ranks in 1usize..6,
        batch_size in 1u64..8,
        is_dynamic: bool,
        steps in prop::collection::vec((0usize..6, 0u64..8, 0u8..20), 0..200),
    ) {
        let mut assignments = assignments(batch_size, is_dynamic, tasks, ranks);
        let mut held: Vec<Vec<Tasks>> = (0..ranks).map(|rank| assignments.deal(rank)).collect();
        let mut ran = vec![0; tasks as usize];
        let usual = (0..2000).map(|k| (k % ranks, 8, 19));
        for (rank, length, event) in steps.into_iter().map(|(rank, length, event)| (rank % ranks, length, event)).chain(usual) {
            if event == 0 && assignments.active().count() > 1 && !assignments.is_retired(rank) {
                held[rank].clear();
                assignments.retire(rank);
                for other in assignments.active().collect::<Vec<_>>() {
                    held[other].extend(assignments.deal(other));
                }
            } else if !held[rank].is_empty() {
                // The rest of a batch that was cut short goes back.
                let batch = held[rank].remove(0);
                let part = Tasks::new(batch.first, batch.end.min(batch.first + length.max(1)));
                part.iter().for_each(|task| ran[task as usize] += 1);
                assignments.finish(rank, part, Some(1.0));
                if event == 1 {
                    assert!(!assignments.finish(rank, part, Some(1.0)));
                }
                held[rank].extend(assignments.deal(rank));
            }
            prop_assert_eq!(assignments.is_anything_open(), ran.contains(&0));
        }
        prop_assert!(ran.iter().all(|&times| times == 1), "{:?}", ran);
        prop_assert!(assignments.is_over());
    }
}
