//! What holds for any input, tried on random ones: plans, exact sums, journals, trajectory files, selections.
#![allow(clippy::unwrap_used)]
mod support;
use proptest::prelude::*;
use simmpi::journal::{self, Fingerprint, Scan};
use simmpi::plan::{
    Batches, Costs, Dynamic, Partition, PartitionSettings, Policy, StageNeeds, Static, TaskSet, Weight,
};
use simmpi::plan::{choose_batch_size, lay_out, makespan, resolve};
use simmpi::science::selection::{Atom, select};
use simmpi::science::sum::{Moments, exponent_for};
use simmpi::task::Tasks;
use std::fs;

/// A set of tasks with gaps, as a campaign that was stopped leaves it.
fn task_sets() -> impl Strategy<Value = TaskSet> {
    (1u64..400, prop::collection::vec((0u64..400, 0u64..40), 0..8)).prop_map(|(count, removed)| {
        let mut set = TaskSet::all(count);
        removed.iter().for_each(|&(first, len)| set.remove(Tasks::new(first, first + len)));
        set
    })
}

fn tasks_of(batches: &Batches) -> Vec<u64> {
    batches.iter().flat_map(Tasks::iter).collect()
}

/// All batches that a policy gives to ranks that ask in this order, until none of them gets any more.
fn drain(policy: &mut dyn Policy, ranks: usize, order: &[usize]) -> Vec<Tasks> {
    let mut batches: Vec<Tasks> = order.iter().filter_map(|rank| policy.next(rank % ranks)).collect();
    batches.extend((0..ranks).flat_map(|rank| std::iter::from_fn(|| policy.next(rank)).collect::<Vec<_>>()));
    batches
}

proptest! {
    /// A plan holds every task once, in batches of at most the given size.
    #[test]
    fn a_plan_runs_every_task_once(set in task_sets(), ranks in 1u64..20, batch_size in 1u64..50) {
        prop_assume!(!set.is_empty());
        let plan = lay_out(&set, Partition { ranks, batch_size, idle: true }).unwrap();
        prop_assert_eq!(tasks_of(&plan.batches), set.ranges().flat_map(Tasks::iter).collect::<Vec<_>>());
        prop_assert!(plan.batches.iter().all(|batch| (1..=batch_size).contains(&batch.count())));
        prop_assert_eq!(plan.rounds() * ranks * batch_size - plan.idle_slots, set.count());
    }

    /// Where slots must not stay idle, every rank gets the same number of full batches, or the plan is refused.
    #[test]
    fn an_even_plan_is_even_or_refused(count in 1u64..2000, ranks in 1u64..20, batch_size in 1u64..50) {
        match lay_out(&TaskSet::all(count), Partition { ranks, batch_size, idle: false }) {
            Ok(plan) => {
                prop_assert_eq!(plan.batches.len() as u64 % ranks, 0);
                prop_assert!(plan.batches.iter().all(|batch| batch.count() == batch_size));
            }
            Err(_) => prop_assert!(count % (ranks * batch_size) != 0),
        }
    }

    /// The batch size that is chosen by default can be laid out.
    #[test]
    fn the_default_batch_size_fits(count in 1u64..5000, ranks in 1u64..50, dynamic: bool, most in 1u64..300) {
        let size = choose_batch_size(count, ranks, dynamic, true, most);
        prop_assert!((1..=most).contains(&size));
        lay_out(&TaskSet::all(count), Partition { ranks, batch_size: size, idle: true }).unwrap();
        if !dynamic && count.is_multiple_of(ranks) {
            lay_out(&TaskSet::all(count), Partition { ranks, batch_size: size, idle: false }).unwrap();
        }
    }

    /// Guided batches hold every task once and get smaller, as large as a rank's share of what is left divided by eight, and never wider than a
    /// chunk needs; the last ones are of a chunk each.
    #[test]
    fn guided_batches_get_smaller(set in task_sets(), ranks in 1u64..9, chunk in 1u64..9, most in 1u64..64) {
        prop_assume!(!set.is_empty());
        let settings = PartitionSettings { batch_size: None, idle: true, dynamic: true };
        let needs = StageNeeds { largest_batch: most, chunk, rank_affinity: false };
        let plan = resolve(&set, ranks, settings, needs, true).unwrap().plan;
        let largest = plan.partition.batch_size;
        let chunk = if chunk <= largest { chunk } else { 1 };
        prop_assert_eq!(tasks_of(&plan.batches), set.ranges().flat_map(Tasks::iter).collect::<Vec<_>>());
        let mut left = set.count();
        for batch in plan.batches.iter() {
            let share = left / (8 * ranks);
            prop_assert!(batch.count() <= share.max(chunk).min(largest), "{batch:?} of {left}");
            let ends_a_range = set.ranges().any(|range| range.end == batch.end);
            prop_assert!(ends_a_range || batch.count() % chunk == 0 || batch.count() == largest);
            left -= batch.count();
        }
        let whole = TaskSet::all(set.count());
        let sizes: Vec<u64> = resolve(&whole, ranks, settings, needs, true).unwrap().plan.batches.iter().map(|b| b.count()).collect();
        prop_assert!(sizes.is_sorted_by(|a, b| a >= b));
    }

    /// With guided batches and any times of tasks, no rank waits at the end for more than a few tasks, which fixed batches do not promise.
    #[test]
    fn guided_batches_balance_the_load(
        seconds in prop::collection::vec(1.0f64..4.0, 200..800),
        ranks in 2usize..8,
    ) {
        let settings = PartitionSettings { batch_size: None, idle: true, dynamic: true };
        let needs = StageNeeds { largest_batch: u64::MAX, chunk: 1, rank_affinity: false };
        let resolved = resolve(&TaskSet::all(seconds.len() as u64), ranks as u64, settings, needs, true).unwrap();
        let count = |batch: Tasks| Weight { cost: batch.count() as f64, urgency: 0 };
        let mut policy = resolved.policy(count, Costs::default());
        let took = makespan(policy.as_mut(), ranks, |batch| batch.iter().map(|task| seconds[task as usize]).sum());
        let ideal = seconds.iter().sum::<f64>() / ranks as f64;
        prop_assert!(took <= ideal + 2.0 * 4.0, "{took} instead of {ideal}");
    }

    /// A dynamic schedule chooses as its definition says: the batch that takes longest of the most urgent ones, or of all where the other ranks
    /// could run all the rest meanwhile.
    #[test]
    fn a_dynamic_schedule_chooses_by_expected_times(
        costs in prop::collection::vec((1u32..6, 0u32..3, 0.5f64..2.0), 1..60),
        ranks in 1usize..5,
        known in prop::collection::vec((1u32..6, 1.0f64..9.0), 0..3),
    ) {
        let plan = lay_out(&TaskSet::all(costs.len() as u64), Partition { ranks: ranks as u64, batch_size: 1, idle: true }).unwrap();
        let weight = |batch: Tasks| {
            let (cost, urgency, _) = costs[batch.first as usize];
            Weight { cost: f64::from(cost), urgency }
        };
        let mut learned = Costs::default();
        known.iter().for_each(|&(cost, seconds)| learned.learn(f64::from(cost), seconds));
        let mut policy = Dynamic::new(&plan, weight, learned.clone());
        let (mut left, mut running) = (plan.batches.iter().collect::<Vec<_>>(), Vec::new());
        let mut step = 0;
        while !left.is_empty() {
            let time = |batch: &Tasks| learned.expect(weight(*batch).cost);
            let all: f64 = left.iter().map(time).sum();
            let longest = left.iter().map(time).fold(0.0, f64::max);
            let first = left.iter().map(|batch| weight(*batch).urgency).min().unwrap();
            let urgent = left.iter().filter(|batch| weight(**batch).urgency == first).map(time).fold(0.0, f64::max);
            let chosen = policy.next(0).unwrap();
            let slack = longest * (ranks - 1) as f64 - (all - longest);
            let is_longest = time(&chosen) == longest;
            let is_urgent = time(&chosen) == urgent && weight(chosen).urgency == first;
            let may_be_longest = ranks > 1 && slack > -1e-9;
            let must_be_longest = ranks > 1 && slack > 1e-9;
            prop_assert!(is_longest && may_be_longest || is_urgent && !must_be_longest);
            // Of equal batches the first.
            let equal = left.iter().find(|batch| weight(**batch) == weight(chosen));
            prop_assert_eq!(equal, Some(&chosen));
            left.retain(|batch| *batch != chosen);
            running.push(chosen);
            step += 1;
            if step % 2 == 0 {
                let ended = running.remove(step % running.len());
                let seconds = f64::from(costs[ended.first as usize].0) * costs[ended.first as usize].2;
                policy.record(ended, seconds);
                learned.learn(weight(ended).cost, seconds);
            }
        }
        prop_assert_eq!(policy.next(0), None);
    }

    /// Every scheduling policy hands out every batch once, in whatever order ranks ask and however long batches take.
    #[test]
    fn policies_hand_out_every_batch_once(
        set in task_sets(),
        ranks in 1usize..8,
        batch_size in 1u64..10,
        order in prop::collection::vec(0usize..8, 0..100),
        costs in prop::collection::vec(0.0f64..100.0, 400),
    ) {
        prop_assume!(!set.is_empty());
        let plan = lay_out(&set, Partition { ranks: ranks as u64, batch_size, idle: true }).unwrap();
        let weight = |batch| Weight::for_batch(batch, |task| costs[task as usize], |task| (task % 3) as u32);
        let policies: [Box<dyn Policy>; 2] =
            [Box::new(Static::new(&plan)), Box::new(Dynamic::new(&plan, weight, Costs::default()))];
        for mut policy in policies {
            let mut batches = drain(policy.as_mut(), ranks, &order);
            batches.sort();
            prop_assert_eq!(batches, plan.batches.iter().collect::<Vec<_>>());
        }
    }

    /// Sums have the same bits however the values are distributed and in whatever order the parts are joined.
    #[test]
    fn sums_do_not_depend_on_order_or_grouping(
        values in prop::collection::vec((-1e6f64..1e6, 0usize..7), 2..200),
        shuffled in Just((0..7usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let n = values.len() as u64;
        let new = || Moments::new(1, exponent_for(1e6));
        let mut all = new();
        let mut parts: Vec<Moments> = (0..7).map(|_| new()).collect();
        for &(value, part) in &values {
            all.add(0, value).unwrap();
            parts[part].add(0, value).unwrap();
        }
        let mut joined = new();
        shuffled.iter().for_each(|&part| joined.merge(&parts[part]).unwrap());
        prop_assert_eq!(&joined, &all);
        // The mean is that of the values to the resolution of the sum and one rounding.
        let mean = values.iter().map(|(value, _)| value).sum::<f64>() / n as f64;
        let found = all.means(n)[0].unwrap();
        prop_assert!((found - mean).abs() <= 1e-9, "{} {}", found, mean);
        let variance = values.iter().map(|(value, _)| (value - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let error = (variance / n as f64).sqrt();
        prop_assert!((all.standard_errors(n)[0].unwrap() - error).abs() <= 1e-9 * (1.0 + error));
    }
}

proptest! {
    // These write files.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A journal that is cut and damaged anywhere gives back records as they were written, or not at all.
    #[test]
    fn a_damaged_journal_never_gives_another_value(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..12),
        cut in 0.0f64..1.2,
        flips in prop::collection::vec((0.0f64..1.0, 0u32..8), 0..3),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rank.jnl");
        let campaign = Fingerprint([3; 32]);
        let mut writer = journal::Writer::open(&path, campaign, &Scan::default()).unwrap();
        for (k, value) in values.iter().enumerate() {
            writer.append(&header(k as u64), value).unwrap();
        }
        drop(writer);
        let mut bytes = fs::read(&path).unwrap();
        let whole = journal::scan(&path, campaign).unwrap();
        prop_assert_eq!((whole.entries.len(), whole.damage.len()), (values.len(), 0));
        bytes.truncate((bytes.len() as f64 * cut) as usize);
        for (at, bit) in flips {
            let at = (bytes.len() as f64 * at) as usize;
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        fs::write(&path, &bytes).unwrap();
        // A damaged header can name a format that this version does not know; that is an error, not a value.
        if let Ok(found) = journal::scan(&path, campaign) {
            for entry in &found.entries {
                let k = entry.header.tasks.first;
                prop_assert_eq!(&entry.header, &header(k));
                prop_assert_eq!(&journal::read_value(&path, entry.offset, campaign).unwrap(), &values[k as usize]);
            }
            let mut writer = journal::Writer::open(&path, campaign, &found).unwrap();
            writer.append(&header(99), b"next").unwrap();
            let last = journal::scan(&path, campaign).unwrap().entries.pop().unwrap();
            prop_assert_eq!(last.header, header(99));
        }
    }

    /// An .xtc file, written by another library, has the positions that went in, to its precision; one that is cut off is an error or has
    /// fewer frames, and those it has are right.
    #[test]
    fn an_xtc_file_is_read_as_it_was_written(
        frames in (1usize..30).prop_flat_map(|atoms| {
            prop::collection::vec(prop::collection::vec(prop::array::uniform3(-30.0f32..30.0), atoms), 1..5)
        }),
        scale in 0.001f32..1.0,
        cut in 0.3f64..1.0,
    ) {
        let frames: Vec<simmpi::md::Frame> = frames.into_iter().enumerate().map(|(k, positions)| simmpi::md::Frame {
            time_ps: Some(k as f64),
            cell: Some([[60.0, 0.0, 0.0], [0.0, 60.0, 0.0], [0.0, 0.0, 60.0]]),
            positions: positions.into_iter().map(|p| p.map(|x| x * scale)).collect(),
        }).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("random.xtc");
        support::frames::write_xtc(&path, &frames, 1000.0);
        let read = support::frames::read(&path);
        prop_assert_eq!(read.len(), frames.len());
        let is_close = |a: &simmpi::md::Frame, b: &simmpi::md::Frame| {
            let pairs = a.positions.iter().flatten().zip(b.positions.iter().flatten());
            a.positions.len() == b.positions.len() && pairs.into_iter().all(|(a, b)| (a - b).abs() <= 0.00051)
        };
        prop_assert!(read.iter().zip(&frames).all(|(a, b)| is_close(a, b) && a.time_ps == b.time_ps));
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..(bytes.len() as f64 * cut) as usize]).unwrap();
        if simmpi::md::Trajectory::open(&path).is_ok() {
            let cut = support::frames::read(&path);
            prop_assert!(cut.len() <= read.len());
            prop_assert_eq!(&cut[..], &read[..cut.len()]);
        }
    }
}

fn header(k: u64) -> journal::record::RecordHeader {
    journal::record::RecordHeader {
        stage: 5,
        tasks: Tasks::new(k, k + 1),
        failed: Vec::new(),
        rank: 0,
        host: "node".into(),
        attempts: 1,
        started_s: 1.0e9,
        seconds: 0.5,
        usage: Vec::new(),
    }
}

/// A selection and, atom by atom, whether it holds: computed side by side.
#[derive(Clone, Debug)]
struct Phrase {
    text: String,
    holds: Vec<bool>,
}

fn atoms() -> Vec<Atom> {
    let names = ["N", "CA", "C", "O", "HA", "HB1"];
    let atom = |index: usize| Atom {
        name: names[index % 6].into(),
        residue: ["ALA", "SOL", "CA"][index / 6 % 3].into(),
        resid: (index / 6) as i64 - 2,
        serial: index as i64 + 1,
        chain: ["A", "B"][index / 30].into(),
        ..Atom::default()
    };
    (0..60).map(atom).collect()
}

fn phrase(text: String, holds: impl Fn(usize, &Atom) -> bool) -> Phrase {
    Phrase { text, holds: atoms().iter().enumerate().map(|(index, atom)| holds(index, atom)).collect() }
}

fn phrases() -> impl Strategy<Value = Phrase> {
    let simple = prop_oneof![
        Just(phrase("all".into(), |_, _| true)),
        Just(phrase("none".into(), |_, _| false)),
        prop::sample::select(vec!["N", "CA", "HB1", "X"])
            .prop_map(|name| phrase(format!("name {name}"), |_, atom| atom.name == name)),
        Just(phrase("name H*".into(), |_, atom| atom.name.starts_with('H'))),
        prop::sample::select(vec!["ALA", "CA"])
            .prop_map(|name| phrase(format!("resname {name}"), |_, atom| atom.residue == name)),
        Just(phrase("chain B".into(), |_, atom| atom.chain == "B")),
        (-3i64..9, 0i64..5).prop_map(|(first, more)| {
            phrase(format!("resid {first}:{}", first + more), |_, atom| (first..=first + more).contains(&atom.resid))
        }),
        (0usize..60, 0usize..60).prop_map(|(first, more)| {
            phrase(format!("index {first}:{}", first + more), |index, _| (first..=first + more).contains(&index))
        }),
    ];
    simple.prop_recursive(4, 24, 2, |inner| {
        let both = |a: &Phrase, b: &Phrase, join: fn(bool, bool) -> bool| {
            a.holds.iter().zip(&b.holds).map(|(a, b)| join(*a, *b)).collect::<Vec<_>>()
        };
        prop_oneof![
            inner.clone().prop_map(|a| Phrase {
                text: format!("not ({})", a.text),
                holds: a.holds.iter().map(|holds| !holds).collect(),
            }),
            (inner.clone(), inner.clone()).prop_map(move |(a, b)| Phrase {
                text: format!("({}) and ({})", a.text, b.text),
                holds: both(&a, &b, |a, b| a && b),
            }),
            (inner.clone(), inner).prop_map(move |(a, b)| Phrase {
                text: format!("({}) or {}", a.text, b.text),
                holds: both(&a, &b, |a, b| a || b),
            }),
        ]
    })
}

proptest! {
    /// Selections are the sets that their parts make.
    #[test]
    fn selections_are_sets(phrase in phrases()) {
        let expected: Vec<usize> = (0..60).filter(|&index| phrase.holds[index]).collect();
        match select(&phrase.text, &atoms()) {
            Ok(found) => prop_assert_eq!(found, expected, "{}", phrase.text),
            // An empty selection is refused.
            Err(error) => prop_assert!(expected.is_empty(), "{}: {error}", phrase.text),
        }
    }

    /// Any text is a selection or an error, never a panic.
    #[test]
    fn no_text_panics(text in "[a-z0-9 ():*\\[\\]-]{0,40}") {
        _ = select(&text, &atoms());
    }
}
