//! The scheduler, which is rank 0's, among simulated ranks: no task is lost or counted twice, whatever ranks do.
#![allow(clippy::unwrap_used)]
mod simulation;
use proptest::prelude::*;
use simmpi::run::exit::Exit;
use simulation::{Behaviour, Model, Outcome, Results, Simulation, mix};

/// Times between 5 and 15 s without any order.
fn uneven(task: u64) -> f64 {
    5.0 + (mix(task) % 1000) as f64 / 100.0
}

/// A run of `tasks` on `ranks`, with what is configured besides the kind and what some ranks do.
fn simulation(ranks: usize, tasks: u64, config: &str, behaviours: &[(usize, Behaviour)]) -> Simulation {
    let simulation = Simulation::new(ranks, Model::new(tasks, uneven));
    Simulation { config: config.into(), behaviours: behaviours.to_vec(), ..simulation }
}

const DYNAMIC: &str = "[partition]\nschedule = \"dynamic\"\n";
const STATIC: &str = "[partition]\nschedule = \"static\"\nuneven = \"idle\"\n";

/// The results of an undisturbed run.
fn undisturbed(tasks: u64) -> Results {
    simulation(3, tasks, DYNAMIC, &[]).run().results.unwrap()
}

fn runs(outcome: &Outcome) -> u64 {
    outcome.runs.iter().map(|&runs| u64::from(runs)).sum()
}

#[test]
fn two_hundred_ranks_are_busy_nearly_all_the_time() {
    let slow = |rank| if rank < 20 { 0.5 } else { 1.0 };
    let mut results = Vec::new();
    for (largest_batch, is_slow, times) in [
        (1, false, (|_| 10.0) as fn(u64) -> f64),
        (1, false, uneven),
        (1, true, |_| 10.0),
        (u64::MAX, false, |_| 10.0),
        (u64::MAX, false, uneven),
    ] {
        let model = Model { largest_batch, ..Model::new(200 * 100, times) };
        let model = if is_slow { Model { speed: std::sync::Arc::new(slow), ..model } } else { model };
        let mut simulation = Simulation::new(200, model);
        let outcome = simulation.run();
        outcome.expect_complete(&simulation);
        assert!(outcome.runs.iter().all(|&runs| runs == 1));
        let efficiency = outcome.efficiency(&simulation);
        assert!((0.95..=1.0).contains(&efficiency), "{efficiency} in batches of at most {largest_batch}");
        results.extend(outcome.results);
    }
    assert!(results.iter().all(|found| *found == results[0]), "results do not depend on batches and ranks");
}

#[test]
fn results_do_not_depend_on_ranks_schedule_or_batches() {
    let expected = undisturbed(60);
    for (ranks, config) in [
        (1, DYNAMIC),
        (7, STATIC),
        (50, DYNAMIC),
        (4, "[partition]\nschedule = \"static\"\nuneven = \"idle\"\nbatch_size = 7\n"),
        (100, STATIC),
    ] {
        let mut simulation = simulation(ranks, 60, config, &[]);
        let outcome = simulation.run();
        assert_eq!(outcome.expect_complete(&simulation), &expected, "{ranks} ranks");
        assert_eq!(runs(&outcome), 60);
    }
}

#[test]
fn a_report_that_arrives_twice_or_late_counts_once() {
    let expected = undisturbed(120);
    let behaviours = [(1, Behaviour::ReportsTwice(0.0)), (2, Behaviour::Late(7.0)), (3, Behaviour::ReportsTwice(25.0))];
    for config in [DYNAMIC, STATIC] {
        let mut simulation = simulation(6, 120, config, &behaviours);
        let outcome = simulation.run();
        assert_eq!(outcome.expect_complete(&simulation), &expected);
        assert_eq!(runs(&outcome), 120);
    }
}

#[test]
fn a_report_of_the_stage_before_does_not_end_a_batch_of_this_one() {
    let mut simulation =
        simulation(3, 3, STATIC, &[(1, Behaviour::ReportsTwice(0.5)), (2, Behaviour::ReportsTwice(4.0))]);
    simulation.model.stages = 4;
    // It has just begun the same tasks of the next stage, and is the last to end them.
    simulation.model.speed = std::sync::Arc::new(|rank| if rank == 1 { 0.1 } else { 1.0 });
    let outcome = simulation.run();
    outcome.expect_complete(&simulation);
    assert_eq!(outcome.runs, [4; 3]);
}

/// A simulation in which some tasks fail wherever they are run.
fn with_bad_tasks(simulation: Simulation, fails: impl Fn(u64) -> bool + Send + Sync + 'static) -> Simulation {
    Simulation { model: Model { fails: std::sync::Arc::new(fails), ..simulation.model }, ..simulation }
}

#[test]
fn tasks_that_fail_are_tried_a_few_times_listed_and_run_again_when_that_is_asked_for() {
    for config in [DYNAMIC, STATIC, "[partition]\nschedule = \"dynamic\"\nbatch_size = 5\n"] {
        let mut simulation = with_bad_tasks(simulation(4, 40, config, &[]), |task| task % 4 == 1);
        let outcome = simulation.run();
        assert_eq!(outcome.exit, Exit::SomeFailed);
        let results = outcome.results.as_ref().unwrap();
        assert_eq!((results.count, results.failed), (30, 10));
        assert_eq!(runs(&outcome), 30 + 10 * 3, "each is tried three times");
        assert_eq!(simulation.run().exit, Exit::SomeFailed, "nothing is retried unasked");
        simulation.model.fails = std::sync::Arc::new(|_| false);
        simulation.retry_failed = true;
        let outcome = simulation.run();
        assert_eq!(outcome.expect_complete(&simulation), &undisturbed(40));
        assert_eq!(runs(&outcome), 60 + 10, "only what failed ran again");
    }
}

#[test]
fn a_run_stops_when_the_first_task_of_every_rank_fails_or_too_many_do() {
    let all: Vec<_> = (0..4).map(|rank| (rank, Behaviour::FailsAll)).collect();
    let mut alike = simulation(4, 400, &format!("{STATIC}[limits]\nmax_retries = 0\n"), &all);
    let outcome = alike.run();
    assert_eq!((outcome.exit, outcome.results.is_none()), (Exit::Resumable, true));
    assert!(runs(&outcome) <= 12, "{} tasks ran", runs(&outcome));
    let many = simulation(4, 400, &format!("{STATIC}[limits]\nmax_failures = 5\n"), &[]);
    let mut many = with_bad_tasks(many, |task| task % 2 == 1);
    let outcome = many.run();
    assert_eq!(outcome.exit, Exit::Resumable);
    assert!(runs(&outcome) < 50, "{} tasks ran", runs(&outcome));
    many.model.fails = std::sync::Arc::new(|_| false);
    many.retry_failed = true;
    let outcome = many.run();
    assert_eq!(outcome.expect_complete(&many), &undisturbed(400));
}

#[test]
fn what_a_rank_that_retires_held_is_run_by_others() {
    for config in [DYNAMIC, STATIC] {
        let mut simulation = simulation(5, 100, config, &[(1, Behaviour::Retires(3)), (4, Behaviour::Retires(0))]);
        let outcome = simulation.run();
        assert_eq!(outcome.expect_complete(&simulation), &undisturbed(100));
        assert_eq!(runs(&outcome), 100);
    }
}

#[test]
fn what_a_rank_that_is_lost_had_not_recorded_is_run_by_others() {
    for config in [DYNAMIC, STATIC] {
        for behaviours in [vec![(1, Behaviour::IsLost(3)), (4, Behaviour::IsLost(0))], vec![(2, Behaviour::IsLost(2))]]
        {
            let mut simulation = simulation(5, 100, config, &behaviours);
            let outcome = simulation.run();
            assert_eq!(outcome.expect_complete(&simulation), &undisturbed(100));
            // Whatever was in the total is not run again.
            assert!((100..=103).contains(&runs(&outcome)), "{} tasks ran", runs(&outcome));
        }
    }
}

#[test]
fn a_run_whose_other_ranks_are_all_lost_goes_on_alone_through_all_stages() {
    let mut simulation = simulation(3, 30, DYNAMIC, &[(1, Behaviour::IsLost(1)), (2, Behaviour::IsLost(2))]);
    simulation.model.stages = 2;
    let outcome = simulation.run();
    outcome.expect_complete(&simulation);
}

#[test]
fn a_run_that_drains_or_loses_a_journal_is_resumed_without_running_anything_twice() {
    let expected = undisturbed(100);
    for (behaviour, exit) in [(Behaviour::WantsDrain(3), Exit::Resumable), (Behaviour::Breaks(3), Exit::Disk)] {
        for config in [DYNAMIC, STATIC, "[partition]\nschedule = \"dynamic\"\nbatch_size = 5\n"] {
            let mut simulation = simulation(5, 100, config, &[(2, behaviour)]);
            let outcome = simulation.run();
            assert_eq!((outcome.exit, outcome.results.is_none()), (exit, true));
            let before = runs(&outcome);
            assert!((8..100).contains(&before), "{before} tasks ran, {behaviour:?}");
            simulation.behaviours.clear();
            // On more ranks than before.
            simulation.ranks = 9;
            let outcome = simulation.run();
            assert_eq!(outcome.expect_complete(&simulation), &expected);
            assert_eq!(runs(&outcome), 100, "{behaviour:?}");
        }
    }
}

#[test]
fn a_stage_that_completes_while_the_run_stops_is_the_last_one_of_the_run() {
    let mut simulation = simulation(2, 2, STATIC, &[(1, Behaviour::WantsDrain(1))]);
    simulation.model.stages = 2;
    let outcome = simulation.run();
    assert_eq!((outcome.exit, runs(&outcome)), (Exit::Resumable, 2));
    simulation.behaviours.clear();
    let outcome = simulation.run();
    outcome.expect_complete(&simulation);
    assert_eq!(runs(&outcome), 4);
}

#[test]
fn a_rank_on_which_all_tasks_fail_is_excluded_and_no_task_is_lost() {
    for config in [DYNAMIC, STATIC, "[partition]\nschedule = \"static\"\nuneven = \"idle\"\nbatch_size = 5\n"] {
        for bad in [Behaviour::FailsAll, Behaviour::FailsAfter(2)] {
            for retries in [2, 0] {
                let config = format!("{config}[limits]\nmax_retries = {retries}\n");
                let mut simulation = simulation(4, 100, &config, &[(2, bad)]);
                let outcome = simulation.run();
                assert_eq!(outcome.expect_complete(&simulation), &undisturbed(100), "{bad:?} {config}");
                assert_eq!(simulation.excluded(), [2], "{bad:?} {config}");
                let wasted = runs(&outcome) - 100;
                assert!((3..=6).contains(&wasted), "{wasted} starts, {bad:?} {config}");
            }
        }
    }
}

#[test]
fn one_bad_rank_of_a_thousand_wastes_a_few_starts() {
    let model = Model::new(1000 * 10, |_| 10.0);
    let mut simulation = Simulation { behaviours: vec![(137, Behaviour::FailsAll)], ..Simulation::new(1000, model) };
    let outcome = simulation.run();
    outcome.expect_complete(&simulation);
    assert_eq!(simulation.excluded(), [137]);
    assert_eq!(runs(&outcome), 10_000 + 3);
    // The others do its ten tasks.
    assert!(outcome.efficiency(&simulation) > 0.9, "{}", outcome.efficiency(&simulation));
}

#[test]
fn a_bad_node_wastes_a_few_starts_of_each_of_its_ranks() {
    let bad: Vec<_> = (100..200).map(|rank| (rank, Behaviour::FailsAfter(1))).collect();
    let mut simulation = Simulation { behaviours: bad, ..Simulation::new(300, Model::new(300 * 10, uneven)) };
    let outcome = simulation.run();
    outcome.expect_complete(&simulation);
    assert_eq!(simulation.excluded(), (100..200).collect::<Vec<_>>());
    assert!(runs(&outcome) <= 3000 + 300, "{} starts", runs(&outcome));
}

#[test]
fn tasks_that_fail_everywhere_exclude_no_rank() {
    for (ranks, config) in [(2, DYNAMIC), (3, STATIC), (50, DYNAMIC), (50, STATIC)] {
        for retries in [2, 0] {
            let config = format!("{config}[limits]\nmax_retries = {retries}\n");
            // A region of a sweep that cannot be computed.
            let simulation = simulation(ranks, 400, &config, &[]);
            let mut simulation = with_bad_tasks(simulation, |task| (150..250).contains(&task));
            let outcome = simulation.run();
            assert_eq!(outcome.exit, Exit::SomeFailed, "{ranks} ranks {config}");
            assert_eq!(simulation.excluded(), [0; 0], "{ranks} ranks {config}");
            assert_eq!(outcome.results.as_ref().unwrap().failed, 100);
            let tries = runs(&outcome) - 300;
            let most = if retries == 0 { 100 + 40 } else { 300 + 10 };
            assert!((100 * (1 + retries)..=most).contains(&tries), "{tries} tries, {ranks} ranks {config}");
        }
    }
}

#[test]
fn a_run_stops_when_the_last_rank_that_is_left_fails_everything_too() {
    let bad = [(0, Behaviour::FailsAfter(4)), (1, Behaviour::FailsAll)];
    for config in [DYNAMIC, STATIC] {
        let mut simulation = simulation(2, 40, config, &bad);
        let outcome = simulation.run();
        assert_eq!((outcome.exit, outcome.results.is_none()), (Exit::Resumable, true));
        assert!(runs(&outcome) < 20, "{} starts", runs(&outcome));
        simulation.behaviours.clear();
        let outcome = simulation.run();
        assert_eq!(outcome.expect_complete(&simulation), &undisturbed(40));
    }
}

#[test]
fn no_rank_is_excluded_where_that_is_not_wanted() {
    let config = format!("{DYNAMIC}[limits]\nexclude_after = 0\nmax_retries = 0\n");
    let mut simulation = simulation(4, 100, &config, &[(2, Behaviour::FailsAfter(1))]);
    let outcome = simulation.run();
    assert_eq!((outcome.exit, simulation.excluded()), (Exit::SomeFailed, vec![]));
    assert_eq!(runs(&outcome), 100);
}

#[test]
fn attempts_that_are_left_are_made_when_the_campaign_goes_on() {
    let behaviours = [(1, Behaviour::FailsAfter(1)), (2, Behaviour::WantsDrain(2))];
    for retries in [1, 0] {
        let config = format!("{DYNAMIC}[limits]\nmax_retries = {retries}\nexclude_after = 2\n");
        let mut simulation = simulation(3, 60, &config, &behaviours);
        assert_eq!(simulation.run().exit, Exit::Resumable);
        simulation.behaviours.clear();
        let outcome = simulation.run();
        if retries == 1 {
            assert_eq!(outcome.expect_complete(&simulation), &undisturbed(60));
        } else {
            assert!(outcome.results.unwrap().failed <= 2, "what failed before any other rank had a say");
        }
    }
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        3 => Just(Behaviour::Usual),
        1 => Just(Behaviour::FailsAll),
        1 => (0usize..8).prop_map(Behaviour::FailsAfter),
        1 => (0.0f64..30.0).prop_map(Behaviour::ReportsTwice),
        1 => (0.0f64..30.0).prop_map(Behaviour::Late),
        1 => (0usize..4).prop_map(Behaviour::Retires),
        1 => (1usize..6).prop_map(Behaviour::WantsDrain),
        1 => (0usize..6).prop_map(Behaviour::Breaks),
        1 => (0usize..6).prop_map(Behaviour::IsLost),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20, ..ProptestConfig::with_cases(24) })]

    /// Whatever ranks do, a run ends, and the same campaign is complete after runs without disturbance, with the same bits.
    #[test]
    fn any_disturbed_run_can_be_completed(
        ranks in prop::collection::vec(behaviours(), 1..6),
        tasks in 1u64..80,
        batch_size in prop::option::of(1u64..7),
        is_dynamic: bool,
        stages in 1u32..3,
    ) {
        let config = if is_dynamic { DYNAMIC } else { STATIC };
        let config = batch_size.map_or(config.to_owned(), |size| format!("{config}batch_size = {size}\n"));
        let behaviours: Vec<_> = ranks.iter().enumerate().map(|(k, behaviour)| (k + 1, *behaviour)).collect();
        let mut simulation = simulation(ranks.len() + 1, tasks, &config, &behaviours);
        simulation.model.stages = stages;
        let first = simulation.run();
        if let Some(results) = first.results.as_ref().filter(|_| stages == 1) {
            prop_assert_eq!(results.count + results.failed, tasks);
        }
        simulation.behaviours.clear();
        simulation.retry_failed = true;
        let last = simulation.run();
        prop_assert_eq!(last.expect_complete(&simulation), &undisturbed(tasks));
    }
}
