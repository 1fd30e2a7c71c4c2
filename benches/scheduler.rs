//! Efficiency of the scheduler, which is rank 0's, against the number of ranks, which are simulated: 100 tasks for each, of 10 s on average.
//!
//! ```text
//! cargo bench --bench scheduler [-- RANKS... --seconds MEAN]
//! mpirun -n 2 target/release/deps/scheduler-HASH    # what a message costs with this MPI library
//! ```
#![allow(clippy::unwrap_used)]
#[path = "../tests/simulation/mod.rs"]
mod simulation;
use simmpi::comm::{self, Comm, Launcher};
use simulation::{Model, Network, Simulation, cpu_time, mix};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const TASKS_PER_RANK: u64 = 100;
/// Coefficient of variation of the log-normal distribution.
const VARIATION: f64 = 0.5;
/// Ranks of a node; those of the slow one need this many times as long.
const NODE: usize = 100;
const SLOWNESS: f64 = 2.0;

/// A name, and the model of so many tasks.
type Case = (&'static str, Box<dyn Fn(u64) -> Model + Sync>);

fn main() {
    if Launcher::detect().is_some_and(|launcher| launcher.size > 1) {
        return measure_messages();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mean_s = arguments
        .iter()
        .position(|argument| argument == "--seconds")
        .map_or(10.0, |k| arguments[k + 1].parse().unwrap());
    let of_ranks = arguments.split(|argument| argument == "--seconds").next().unwrap();
    let asked: Vec<usize> = of_ranks.iter().filter_map(|argument| argument.parse().ok()).collect();
    let ranks = if asked.is_empty() { vec![10, 100, 1000, 10_000] } else { asked };
    let Network { send_s, receive_s, poll_s, latency_s } = Network::default();
    println!(
        "a message sent {send_s:.1e} s, received {receive_s:.1e} s, on its way {latency_s:.1e} s, a poll {poll_s:.1e} s"
    );
    println!(
        "{:28} {:>6} {:>10} {:>10} {:>10} {:>9} {:>8}",
        "task times", "ranks", "efficiency", "no message", "rank 0 is", "us a task", "took"
    );
    let constant = move |tasks| Model::new(tasks, move |_| mean_s);
    let cases: [Case; 5] = [
        ("constant", Box::new(constant)),
        ("log-normal", Box::new(move |tasks| Model::new(tasks, move |task| mean_s * log_normal(task)))),
        (
            "log-normal, costs known",
            Box::new(move |tasks| Model {
                knows_costs: true,
                ..Model::new(tasks, move |task| mean_s * log_normal(task))
            }),
        ),
        ("one slow node", Box::new(move |tasks| Model { speed: Arc::new(speed), ..constant(tasks) })),
        ("constant, default batches", Box::new(move |tasks| Model { largest_batch: u64::MAX, ..constant(tasks) })),
    ];
    // Two at a time, the longest first: CPU time is that of each thread alone.
    let runs = ranks.iter().flat_map(|&ranks| cases.iter().map(move |case| (ranks, case)));
    let runs = Mutex::new(runs.collect::<Vec<_>>());
    let next = || runs.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Short pauses of rank 0 are then short in reality too.
                nix::sys::prctl::set_timerslack(1).unwrap();
                while let Some((ranks, (name, model))) = next() {
                    report(name, ranks, model(TASKS_PER_RANK * ranks as u64));
                }
            });
        }
    });
}

fn report(name: &str, ranks: usize, model: Model) {
    let (began, bound) = (Instant::now(), efficiency_without_messages(ranks, &model));
    let mut simulation = Simulation::new(ranks, model);
    let outcome = simulation.run();
    outcome.expect_complete(&simulation);
    let measured = &outcome.measured;
    println!(
        "{name:28} {ranks:6} {:8.2} % {:8.2} % {:5.1} % busy {:8.1} {:6.0} s    {}",
        100.0 * outcome.efficiency(&simulation),
        100.0 * bound,
        100.0 * measured.busy_s / measured.makespan_s,
        1e6 * measured.busy_s / simulation.model.tasks as f64,
        began.elapsed().as_secs_f64(),
        measured.costs().join(", "),
    );
}

/// The time of a task, 1 on average.
fn log_normal(task: u64) -> f64 {
    let uniform = |k| (mix(2 * task + k) >> 11) as f64 / (1u64 << 53) as f64;
    let normal = (-2.0 * (1.0 - uniform(0)).ln()).sqrt() * (std::f64::consts::TAU * uniform(1)).cos();
    let variance = (1.0 + VARIATION * VARIATION).ln();
    (variance.sqrt() * normal - 0.5 * variance).exp()
}

/// The speed of a rank if the second node is slow, or the second rank where there is one node.
fn speed(rank: usize) -> f64 {
    if rank / NODE == 1 || rank == 1 { 1.0 / SLOWNESS } else { 1.0 }
}

/// The efficiency if each task starts on the rank that is idle first, and nothing else takes time.
fn efficiency_without_messages(ranks: usize, model: &Model) -> f64 {
    let mut idle: BinaryHeap<_> = (0..ranks).map(|rank| Reverse((0u64, rank))).collect();
    let mut end = 0;
    for task in 0..model.tasks {
        let Reverse((at, rank)) = idle.pop().unwrap();
        let at = at + (1e9 * model.takes(rank, task)) as u64;
        end = end.max(at);
        idle.push(Reverse((at, rank)));
    }
    let work: f64 = (0..model.tasks).map(|task| (model.seconds)(task)).sum();
    work / (0..ranks).map(|rank| (model.speed)(rank)).sum::<f64>() / (end as f64 * 1e-9)
}

/// Costs of messages between two ranks: CPU time per message sent and received and per poll, and the time that one is under way. Medians:
/// the cores may have other things to do.
fn measure_messages() {
    const ROUNDS: usize = 200;
    // So many at a time, which are there when the other rank looks, as from many ranks.
    const TOGETHER: usize = 100;
    const UNTIL_THEY_ARE_THERE: Duration = Duration::from_millis(10);
    let mut comm = comm::start(Launcher::detect()).unwrap();
    let (rank, message) = (comm.rank(), vec![7u8; 80]);
    let send = |comm: &mut dyn Comm| comm.send(1 - rank, message.clone()).unwrap();
    let receive = |comm: &mut dyn Comm| while comm.try_receive().unwrap().is_none() {};
    let print = |name: &str, mut times: Vec<Duration>, count: usize| {
        times.sort();
        if rank == 0 {
            println!("{name}: {:.2} us", 1e6 * times[times.len() / 2].as_secs_f64() / count as f64);
        }
    };
    let mut under_way = || {
        let since = Instant::now();
        for _ in 0..TOGETHER {
            if rank == 0 {
                send(comm.as_mut());
            }
            receive(comm.as_mut());
            if rank == 1 {
                send(comm.as_mut());
            }
        }
        since.elapsed()
    };
    print("under way", (0..ROUNDS).map(|_| under_way()).collect(), 2 * TOGETHER);
    for (name, sender) in [("sent", 0), ("received", 1)] {
        let mut together = || {
            if rank != sender {
                std::thread::sleep(UNTIL_THEY_ARE_THERE);
            }
            let since = cpu_time();
            (0..TOGETHER).for_each(|_| if rank == sender { send(comm.as_mut()) } else { receive(comm.as_mut()) });
            let spent = cpu_time() - since;
            // The other rank may begin the next round.
            if rank == sender {
                receive(comm.as_mut())
            } else {
                send(comm.as_mut())
            }
            spent
        };
        print(name, (0..ROUNDS).map(|_| together()).collect(), TOGETHER);
    }
    let mut polls = || {
        let since = cpu_time();
        (0..TOGETHER).for_each(|_| assert!(comm.try_receive().unwrap().is_none()));
        cpu_time() - since
    };
    print("a poll", (0..ROUNDS).map(|_| polls()).collect(), TOGETHER);
    comm.finish();
}
