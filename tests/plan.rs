//! How tasks are divided into batches, and batches over ranks, on examples; `tests/properties.rs` has what holds for any.
#![allow(clippy::unwrap_used)]
use simmpi::plan::{
    Costs, Dynamic, Error, Partition, PartitionSettings, Plan, Policy, StageNeeds, Static, TaskSet, Weight,
    choose_batch_size, lay_out, makespan, resolve,
};
use simmpi::task::{TaskId, Tasks};

#[test]
fn ranges_behave_as_a_set_of_numbers() {
    let mut set = TaskSet::default();
    let mut numbers = std::collections::BTreeSet::new();
    let mut state = 1u64;
    for step in 0..3000 {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let (first, length) = (state >> 58, (state >> 50) & 7);
        let tasks = Tasks::new(first, first + length);
        assert_eq!(set.overlaps(tasks), tasks.iter().any(|t| numbers.contains(&t)), "step {step}");
        if state >> 49 & 1 == 0 {
            set.insert(tasks);
            numbers.extend(tasks.iter());
        } else {
            set.remove(tasks);
            tasks.iter().for_each(|t| _ = numbers.remove(&t));
        }
        assert_eq!(set.ranges().flat_map(Tasks::iter).collect::<Vec<_>>(), numbers.iter().copied().collect::<Vec<_>>());
        assert_eq!(set.count(), numbers.len() as u64);
        assert!(set.ranges().zip(set.ranges().skip(1)).all(|(a, b)| a.end < b.first));
    }
}

fn plan(tasks: u64, ranks: u64, batch_size: u64, idle: bool) -> Result<Plan, Error> {
    lay_out(&TaskSet::all(tasks), Partition { ranks, batch_size, idle })
}

#[test]
fn an_even_plan_runs_every_task_once_and_leaves_no_slot() {
    let plan = plan(120, 4, 10, false).unwrap();
    assert_eq!((plan.batches.len(), plan.rounds(), plan.idle_slots), (12, 3, 0));
    assert_eq!(plan.batches.iter().flat_map(|b| b.iter()).collect::<Vec<_>>(), (0..120).collect::<Vec<_>>());
}

#[test]
fn an_uneven_plan_is_refused_and_the_nearest_even_ones_are_named() {
    let error = plan(10, 4, 2, false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "10 tasks do not divide over 4 ranks x batches of 2: 8 or 16 would; no batch size divides 10 tasks evenly over 4 ranks, or set partition.uneven = \"idle\" to leave slots empty"
    );
    let text = plan(120, 4, 25, false).unwrap_err().to_string();
    assert!(text.contains("100 or 200 would; so would partition.batch_size = 30"), "{text}");
    assert!(plan(3, 4, 1, false).unwrap_err().to_string().contains(": 4 would;"));
}

#[test]
fn idle_slots_are_counted() {
    assert_eq!(plan(10, 4, 2, true).unwrap().idle_slots, 6);
    let mut left = TaskSet::all(40);
    left.remove(Tasks::new(5, 25));
    let plan = lay_out(&left, Partition { ranks: 2, batch_size: 10, idle: true }).unwrap();
    assert_eq!(plan.batches.iter().collect::<Vec<_>>(), [Tasks::new(0, 5), Tasks::new(25, 35), Tasks::new(35, 40)]);
    assert_eq!(plan.idle_slots, 20);
    assert_eq!(lay_out(&TaskSet::default(), plan.partition), Err(Error::Empty));
}

#[test]
fn the_largest_batch_size_that_divides_is_chosen() {
    let choose = |tasks, ranks, dynamic, idle| choose_batch_size(tasks, ranks, dynamic, idle, u64::MAX);
    assert_eq!(choose(12000, 4, false, true), 250);
    assert_eq!(choose(12000, 100, false, true), 120);
    assert_eq!(choose(1024, 2, false, true), 256);
    assert_eq!(choose(7, 3, false, true), 3);
    assert_eq!(choose(7, 3, false, false), 1);
    assert_eq!(choose(12000, 4, true, true), 256);
    assert_eq!(choose(20, 4, true, true), 1);
    assert_eq!(choose_batch_size(12000, 4, true, true, 1), 1);
    assert_eq!(choose_batch_size(12000, 4, false, true, 8), 8);
}

fn drain(policy: &mut dyn Policy, rank: usize) -> Vec<u64> {
    std::iter::from_fn(|| policy.next(rank)).map(|tasks| tasks.first).collect()
}

#[test]
fn static_assigns_batches_round_robin() {
    let plan = lay_out(&TaskSet::all(14), Partition { ranks: 3, batch_size: 2, idle: true }).unwrap();
    let mut policy = Static::new(&plan);
    assert_eq!(drain(&mut policy, 0), [0, 6, 12]);
    assert_eq!(drain(&mut policy, 1), [2, 8]);
    assert_eq!(drain(&mut policy, 2), [4, 10]);
    let mut policy = Static::new(&plan);
    assert_eq!(makespan(&mut policy, 3, |batch| batch.first as f64), 18.0);
}

fn dynamic(tasks: u64, ranks: u64, cost: impl Fn(TaskId) -> f64, urgency: impl Fn(TaskId) -> u32) -> Dynamic {
    dynamic_with(tasks, ranks, cost, urgency, Costs::default())
}

fn dynamic_with(
    tasks: u64,
    ranks: u64,
    cost: impl Fn(TaskId) -> f64,
    urgency: impl Fn(TaskId) -> u32,
    costs: Costs,
) -> Dynamic {
    let plan = lay_out(&TaskSet::all(tasks), Partition { ranks, batch_size: 1, idle: true }).unwrap();
    Dynamic::new(&plan, |batch| Weight::for_batch(batch, &cost, &urgency), costs)
}

/// The makespan if batches take `seconds`, and the order in which they start.
fn run(policy: &mut Dynamic, ranks: usize, seconds: impl Fn(TaskId) -> f64) -> (f64, Vec<TaskId>) {
    let mut order = Vec::new();
    let makespan = makespan(policy, ranks, |batch| {
        order.push(batch.first);
        seconds(batch.first)
    });
    (makespan, order)
}

#[test]
fn the_costliest_batch_is_first_and_equal_ones_keep_their_order() {
    let (_, order) = run(&mut dynamic(8, 3, |task| if task == 5 { 9.0 } else { 1.0 }, |_| 0), 3, |_| 1.0);
    assert_eq!(order, [5, 0, 1, 2, 3, 4, 6, 7]);
}

#[test]
fn urgent_batches_are_first() {
    let (_, order) = run(&mut dynamic(6, 1, |task| task as f64 + 1.0, |task| (task / 3) as u32), 1, |_| 1.0);
    assert_eq!(order, [2, 1, 0, 5, 4, 3]);
}

#[test]
fn a_long_batch_of_low_urgency_does_not_start_last() {
    // Twenty short batches and one as long as ten of them, which must start halfway.
    let seconds = |task| if task == 20 { 10.0 } else { 1.0 };
    let (makespan, order) = run(&mut dynamic(21, 2, seconds, |task| (task / 20) as u32), 2, seconds);
    assert!(makespan <= 15.5, "{makespan} {order:?}");
    assert!(order.iter().position(|&task| task == 20).unwrap() >= 8, "{order:?}");
}

#[test]
fn costs_are_updated_from_batches_that_have_run() {
    // The second half is expected to be cheap and is expensive.
    let seconds = |task| if task >= 20 { 5.0 } else { 1.0 };
    let cost = |task| if task >= 20 { 0.5 } else { 1.0 };
    let mut costs = Costs::default();
    costs.learn(0.5, 5.0);
    let mut policy = dynamic_with(40, 2, cost, |_| 0, costs);
    let (makespan, order) = run(&mut policy, 2, seconds);
    assert_eq!(order[2..22], (20..40).collect::<Vec<_>>());
    assert!(makespan <= 61.0, "{makespan}");
}

#[test]
fn only_short_batches_wait_behind_others() {
    let mut policy = dynamic(9, 2, |_| 1.0, |_| 0);
    assert_eq!(policy.depth(), 1);
    let first = policy.next(0).unwrap();
    policy.record(first, 0.001);
    // Ten more in ten milliseconds.
    assert_eq!(policy.depth(), 13);
    let second = policy.next(0).unwrap();
    policy.record(second, 1.0);
    assert_eq!(policy.depth(), 1);
}

fn settings(idle: bool, dynamic: bool) -> PartitionSettings {
    PartitionSettings { batch_size: None, idle, dynamic }
}

const ANY: StageNeeds = StageNeeds { largest_batch: u64::MAX, chunk: 1, rank_affinity: false };

#[test]
fn only_the_first_stage_of_a_static_schedule_must_divide_evenly() {
    let left = TaskSet::all(7);
    assert!(resolve(&left, 3, settings(false, false), ANY, true).is_err());
    for (settings, is_fresh) in
        [(settings(true, false), true), (settings(false, true), true), (settings(false, false), false)]
    {
        assert!(resolve(&left, 3, settings, ANY, is_fresh).is_ok(), "{settings:?}");
    }
}

#[test]
fn rank_affinity_makes_the_schedule_static() {
    let affine = StageNeeds { rank_affinity: true, ..ANY };
    assert!(!resolve(&TaskSet::all(8), 2, settings(true, true), affine, true).unwrap().dynamic);
    let single = StageNeeds { largest_batch: 1, ..ANY };
    let resolved = resolve(&TaskSet::all(8), 2, settings(true, true), single, true).unwrap();
    assert_eq!((resolved.dynamic, resolved.plan.batches.len()), (true, 8));
}
