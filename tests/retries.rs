//! Which tasks are tried again, on which rank, and which ranks are excluded: rules that hold whatever fails in whatever order.
#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use simmpi::campaigns::stage::{Computed, Context, Error, Stage, StageSpec, Workload};
use simmpi::journal::record::RecordHeader;
use simmpi::run::current_stage::CurrentStage;
use simmpi::run::ledger::Ledger;
use simmpi::run::message::{RecordSummary, Retry};
use simmpi::run::rank_failures::failures_of_bad_ranks;
use simmpi::run::record_table::{Record, RecordLocation};
use simmpi::run::retries::Retries;
use simmpi::task::{Cause, Failure, TaskId, Tasks};
use std::collections::{BTreeMap, VecDeque};

/// Ranks of which as many run on each host as `hosts` says.
fn retries(max_retries: u32, exclude_after: u32, hosts: &[usize]) -> Retries {
    let names = hosts.iter().enumerate().flat_map(|(k, &ranks)| vec![format!("node{k}"); ranks]);
    Retries::new(max_retries, exclude_after, &names.collect::<Vec<_>>())
}

fn one(task: TaskId) -> Tasks {
    Tasks::new(task, task + 1)
}

fn failure(task: TaskId, attempts: u32) -> Failure {
    Failure { task, cause: Cause::Failed("no licence".into()), attempts }
}

/// A task that a rank fails; whether it is tried again.
fn fail(retries: &mut Retries, rank: usize, task: TaskId, attempts: u32) -> bool {
    retries.record(rank, one(task), &[failure(task, attempts)]).again.contains(&task)
}

fn succeed(retries: &mut Retries, rank: usize, task: TaskId) {
    assert!(retries.record(rank, one(task), &[]).again.is_empty());
}

fn next(retries: &mut Retries, rank: usize) -> Option<(TaskId, u32)> {
    retries.next_for(rank).map(|Retry { task, attempts }| (task, attempts))
}

#[test]
fn a_task_is_tried_on_another_host_then_on_another_rank_then_anywhere() {
    let mut retries = retries(3, 0, &[2, 1]);
    assert!(fail(&mut retries, 0, 7, 1));
    assert_eq!((next(&mut retries, 0), next(&mut retries, 1)), (None, None));
    assert_eq!(next(&mut retries, 2), Some((7, 1)));
    assert!(!retries.has_waiting());
    assert!(fail(&mut retries, 2, 7, 2));
    assert_eq!((next(&mut retries, 0), next(&mut retries, 2)), (None, None));
    assert_eq!(next(&mut retries, 1), Some((7, 2)));
    assert!(fail(&mut retries, 1, 7, 3));
    assert_eq!(next(&mut retries, 0), Some((7, 3)));
    assert!(!fail(&mut retries, 0, 7, 4), "that was the last attempt");
    assert_eq!(next(&mut retries, 1), None);
}

#[test]
fn the_only_rank_tries_itself_and_what_cannot_help_is_not_tried() {
    let mut retries = retries(1, 3, &[1]);
    assert!(fail(&mut retries, 0, 0, 1));
    assert_eq!(next(&mut retries, 0), Some((0, 1)));
    let refused = Failure { task: 1, cause: Cause::Input("no such basis".into()), attempts: 1 };
    let outcome = retries.record(0, one(1), &[refused]);
    assert_eq!((outcome.again.len(), outcome.failed), (0, 1));
    (2..9).for_each(|task| assert!(fail(&mut retries, 0, task, 1)));
    assert_eq!(retries.next_to_exclude(), None);
    assert!(retries.is_available(0) && next(&mut retries, 0).is_some());
}

#[test]
fn a_rank_is_suspect_after_a_streak_and_excluded_when_one_of_it_succeeds_elsewhere() {
    let mut retries = retries(0, 3, &[1, 1, 1]);
    succeed(&mut retries, 0, 100);
    assert!(!fail(&mut retries, 1, 0, 1) && !fail(&mut retries, 1, 1, 1));
    assert!(retries.is_available(1));
    let outcome = retries.record(1, one(2), &[failure(2, 1)]);
    assert_eq!(outcome.again, [0], "one of its tasks is tried elsewhere though none has attempts left");
    assert!(!retries.is_available(1) && retries.is_available(2));
    assert_eq!((next(&mut retries, 1), next(&mut retries, 2)), (None, Some((0, 1))));
    assert_eq!(retries.next_to_exclude(), None);
    succeed(&mut retries, 2, 0);
    assert_eq!(retries.next_to_exclude(), Some(1));
    let (streak, outcome) = retries.exclude(1).unwrap();
    assert_eq!((streak.tasks, outcome.again), (vec![0, 1, 2], vec![1, 2]));
    // What it still had is no try either.
    assert!(fail(&mut retries, 1, 3, 1));
    assert!(!retries.is_available(1));
    let mut again: Vec<_> = (0..3).filter_map(|_| next(&mut retries, 0)).collect();
    again.sort();
    assert_eq!(again, [(1, 1), (2, 1), (3, 1)]);
}

#[test]
fn a_task_that_fails_elsewhere_too_clears_the_rank() {
    let mut retries = retries(2, 3, &[1, 1, 1]);
    succeed(&mut retries, 2, 100);
    (0..3).for_each(|task| assert!(fail(&mut retries, 1, task, 1)));
    assert!(!retries.is_available(1));
    assert_eq!(next(&mut retries, 2), Some((0, 1)));
    assert!(fail(&mut retries, 2, 0, 2));
    assert!(retries.is_available(1) && retries.is_available(2));
    assert_eq!(retries.next_to_exclude(), None);
}

#[test]
fn a_task_waits_for_a_suspect_rank_rather_than_for_the_one_that_failed_it() {
    let mut retries = retries(2, 2, &[1, 1]);
    succeed(&mut retries, 0, 100);
    assert!(fail(&mut retries, 1, 0, 1) && fail(&mut retries, 1, 1, 1) && !retries.is_available(1));
    assert!(fail(&mut retries, 0, 2, 1));
    assert_eq!(next(&mut retries, 0), Some((0, 1)));
    succeed(&mut retries, 0, 0);
    assert_eq!(next(&mut retries, 0), Some((1, 1)));
    succeed(&mut retries, 0, 1);
    assert_eq!((next(&mut retries, 0), retries.has_waiting()), (None, true), "rank 1 has not tried it");
    assert_eq!(retries.next_to_exclude(), Some(1));
    retries.exclude(1);
    assert_eq!(next(&mut retries, 0), Some((2, 1)));
}

#[test]
fn two_bad_ranks_do_not_clear_each_other() {
    let mut retries = retries(2, 3, &[1, 1, 1]);
    for task in [0, 2, 4] {
        assert!(fail(&mut retries, 1, task, 1) && fail(&mut retries, 2, task + 1, 1));
        assert_eq!((next(&mut retries, 1), next(&mut retries, 2)), (None, None), "rank 0 has not failed");
    }
    assert!(!retries.is_available(1) && !retries.is_available(2));
    for _ in 0..6 {
        let (task, _) = next(&mut retries, 0).unwrap();
        succeed(&mut retries, 0, task);
    }
    let mut excluded: Vec<_> = std::iter::from_fn(|| retries.next_to_exclude()).collect();
    excluded.sort();
    assert_eq!(excluded, [1, 2]);
}

#[test]
fn failures_within_a_batch_are_a_streak_only_after_its_last_success() {
    let mut retries = retries(0, 3, &[1, 1]);
    let failed: Vec<Failure> = [0, 1, 2, 4].map(|task| failure(task, 1)).into();
    retries.record(1, Tasks::new(0, 5), &failed);
    assert!(retries.is_available(1));
    let failed: Vec<Failure> = [5, 7, 8, 9].map(|task| failure(task, 1)).into();
    retries.record(1, Tasks::new(5, 10), &failed);
    assert!(!retries.is_available(1));
}

#[test]
fn journals_of_earlier_runs_show_which_failures_do_not_count() {
    let header = |rank: u32, at: f64, task: TaskId, fails: bool| RecordHeader {
        stage: 1,
        tasks: one(task),
        failed: if fails { vec![failure(task, 1)] } else { Vec::new() },
        rank,
        host: "node".into(),
        attempts: 1,
        started_s: at,
        seconds: 1.0,
        usage: Vec::new(),
    };
    // Not in the order of time; rank 1 fails tasks 3, 4 and 5 after a success, rank 2 two of which none was done elsewhere.
    let heads = [
        header(1, 4.0, 5, true),
        header(1, 1.0, 1, true),
        header(1, 1.5, 2, false),
        header(1, 3.0, 4, true),
        header(1, 2.0, 3, true),
        header(2, 1.0, 6, true),
        header(2, 2.0, 7, true),
        header(0, 9.0, 4, false),
    ];
    let records = || heads.iter().map(|head| Record::new(RecordLocation::default(), head));
    let counts = |exclude_after, done: &[TaskId]| failures_of_bad_ranks(records, exclude_after, |t| done.contains(&t));
    assert_eq!(counts(3, &[4]), BTreeMap::from([(3, 1), (4, 1), (5, 1)]));
    assert!(counts(3, &[1]).is_empty() && counts(4, &[4]).is_empty() && counts(0, &[4]).is_empty());
    assert_eq!(counts(2, &[6]), BTreeMap::from([(6, 1), (7, 1)]));
}

#[derive(Clone)]
struct Nothing;

impl Workload for Nothing {
    type Value = ();
    fn empty(&self) {}
    fn run(&mut self, _: Tasks, _: &Context) -> Computed<()> {
        unreachable!("nothing runs here")
    }
    fn merge(&self, (): &mut (), (): ()) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn what_failed_in_an_earlier_run_is_tried_again_as_often_as_is_left() {
    let current = CurrentStage::new(Stage::new(StageSpec::new("nothing", 9), Nothing));
    let key = current.key;
    let mut ledger = Ledger::new(current, None).unwrap();
    let mut record = |record: u64, tasks: Tasks, failed: Vec<Failure>| {
        let attempts = failed.iter().map(|failure| failure.attempts).max().unwrap_or(1);
        let (rank, host) = (0, "node1".to_owned());
        let (started_s, seconds, usage) = (record as f64, 1.0, Vec::new());
        let head = RecordHeader { stage: key, tasks, failed, rank, host, attempts, started_s, seconds, usage };
        ledger.accept(0, RecordSummary { record, head });
    };
    let refused = Failure { task: 4, cause: Cause::Input("no such basis".into()), attempts: 1 };
    record(0, Tasks::new(0, 5), vec![failure(1, 1), failure(3, 1), refused]);
    // Records of several ranks are read in any order.
    record(1, one(3), vec![failure(3, 3)]);
    record(2, one(3), vec![failure(3, 2)]);
    record(3, one(5), vec![failure(5, 2)]);
    record(4, one(6), vec![]);
    assert_eq!((ledger.counts(), ledger.left().count()), ((3, 4), 2));
    let mut retries = retries(2, 3, &[1, 1]);
    assert_eq!(retries.resume_journalled(&mut ledger), 2);
    assert_eq!((ledger.counts(), ledger.left().count()), ((3, 2), 4));
    let mut left = ledger.left();
    retries.remove_open(&mut left);
    assert_eq!(left.ranges().collect::<Vec<_>>(), [Tasks::new(7, 9)]);
    assert_eq!((next(&mut retries, 1), next(&mut retries, 0)), (None, Some((1, 1))), "it failed on node1");
    assert_eq!(next(&mut retries, 0), Some((5, 2)));
    assert!(!fail(&mut retries, 0, 5, 3) && !retries.has_waiting());
}

proptest! {
    /// Tasks that work are done, whatever ranks are bad from whenever on while one is good; tasks that fail everywhere are tried as often as
    /// they may be, with one attempt more where a rank was suspect; good ranks are not excluded.
    #[test]
    fn no_task_is_lost_and_none_is_tried_for_ever(
        bad_from in prop::collection::vec(prop::option::of(0usize..6), 1..6),
        hosts in prop::collection::vec(1usize..3, 6),
        bad_tasks in prop::collection::btree_set(0u64..60, 0..20),
        max_retries in 0u32..4,
        exclude_after in 1u32..5,
        turns in prop::collection::vec(0usize..6, 0..400),
    ) {
        let ranks = bad_from.len() + 1;
        let names: Vec<String> = hosts.iter().enumerate().flat_map(|(k, &n)| vec![format!("node{k}"); n]).take(ranks).collect();
        prop_assume!(names.len() == ranks);
        let mut retries = Retries::new(max_retries, exclude_after, &names);
        let mut new_tasks: VecDeque<TaskId> = (0..60).collect();
        let (mut ran, mut done, mut tries) = (vec![0; ranks], [false; 60], [0u32; 60]);
        let mut failures = Vec::new();
        let mut excluded = Vec::new();
        let rest = (0..6000).map(|k| k % ranks);
        let mut idle = 0;
        for rank in turns.into_iter().map(|turn| turn % ranks).chain(rest) {
            let retry = retries.next_for(rank).map(|Retry { task, attempts }| (task, attempts));
            let next = if retries.is_available(rank) { retry.or_else(|| new_tasks.pop_front().map(|task| (task, 0))) } else { None };
            let Some((task, attempts)) = next else {
                // Nobody has anything to do: what waits, waits for suspect ranks.
                idle += 1;
                if idle > 2 * ranks {
                    retries.clear_suspects();
                }
                continue;
            };
            idle = 0;
            prop_assert!(!done[task as usize] && attempts == tries[task as usize]);
            tries[task as usize] += 1;
            let is_bad = rank > 0 && bad_from[rank - 1].is_some_and(|from| ran[rank] >= from);
            ran[rank] += 1;
            if is_bad || bad_tasks.contains(&task) {
                failures.push((task, rank));
                retries.record(rank, one(task), &[failure(task, attempts + 1)]);
            } else {
                done[task as usize] = true;
                retries.record(rank, one(task), &[]);
            }
            while let Some(bad) = retries.next_to_exclude() {
                retries.exclude(bad);
                excluded.push(bad);
            }
        }
        prop_assert!(new_tasks.is_empty() && !retries.has_waiting());
        prop_assert!(excluded.iter().all(|&rank| rank > 0 && bad_from[rank - 1].is_some()), "{:?}", excluded);
        for task in 0..60u64 {
            let counts = |(of, rank): &&(TaskId, usize)| *of == task && !excluded.contains(rank);
            let counted = failures.iter().filter(counts).count();
            prop_assert!(counted <= max_retries as usize + 2, "task {} failed {} times", task, counted);
            if bad_tasks.is_empty() && max_retries as usize >= ranks {
                prop_assert!(done[task as usize], "task {}", task);
            }
        }
    }
}
