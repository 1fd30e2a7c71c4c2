//! Shared memory keeps what processes computed, whichever of them is killed or stopped.
//!
//! A program of its own instead of libtest, since the same binary is also the process that is killed and stopped.
// Each function here is a test, which clippy knows only of libtest's.
#![allow(clippy::unwrap_used)]
#[macro_use]
#[path = "support/checks.rs"]
mod checks;
#[path = "support/skip.rs"]
mod skip;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use simmpi::process::SharedMemory;
use simmpi::science::memory::{Memory, StoredNumbers};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command as Program, ExitCode, Stdio},
    thread::sleep,
    time::Duration,
};

/// Set for the binary when it is to compute: the address of the memory.
const ADDRESS: &str = "SIMMPI_TEST_ADDRESS";

fn main() -> ExitCode {
    if let Ok(address) = std::env::var(ADDRESS) {
        computes_two_parts_and_sleeps(&address);
        return ExitCode::SUCCESS;
    }
    checks::run(&checks![
        a_process_that_is_killed_leaves_what_it_computed_in_shared_memory
        a_stopped_process_delays_no_other_and_may_continue
        no_memory_is_shared_where_files_are_limited
    ])
}

/// How many parts of how many numbers the set has that processes share in the checks.
const PARTS: usize = 24;
const PART: usize = 10_000;

fn fill(part: usize, numbers: &mut [f64]) {
    numbers.iter_mut().enumerate().for_each(|(at, number)| *number = 1.0 / (1 + part * PART + at) as f64);
}

fn is_right(kept: &dyn StoredNumbers) -> bool {
    let numbers = kept.numbers();
    numbers.len() == PARTS * PART && (0..).zip(numbers).all(|(at, number)| *number == 1.0 / f64::from(1 + at))
}

/// Computes a set with those at an address, goes to sleep over its third part, and tells whether what it has in the end is right.
fn computes_two_parts_and_sleeps(address: &str) {
    let memory = SharedMemory::open(&serde_json::from_str(address).unwrap()).unwrap();
    let mut parts = 0;
    let kept = memory.keep(b"key", &[PART; PARTS], &mut |part, numbers| {
        parts += 1;
        if parts == 3 {
            println!("asleep");
            sleep(Duration::from_secs(3));
        }
        fill(part, numbers);
    });
    println!("{parts} parts, {}", is_right(kept.as_ref()));
}

/// Shared memory, and a process that sleeps while it computes a part of a set in it.
fn memory_and_a_sleeper() -> (SharedMemory, Child, impl Iterator<Item = String>) {
    let memory = SharedMemory::create().unwrap();
    let address = serde_json::to_string(&memory.address().unwrap()).unwrap();
    let mut sleeper = Program::new(std::env::current_exe().unwrap());
    sleeper.env(ADDRESS, address).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut sleeper = sleeper.spawn().unwrap();
    let mut said = BufReader::new(sleeper.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(said.next().unwrap(), "asleep");
    (memory, sleeper, said)
}

/// The set, after something has happened while it is computed, and how many parts were.
fn keep(memory: &SharedMemory, happens: impl FnOnce()) -> (Box<dyn StoredNumbers>, usize) {
    let (mut parts, mut happens) = (0, Some(happens));
    let kept = memory.keep(b"key", &[PART; PARTS], &mut |part, numbers| {
        parts += 1;
        if let Some(happens) = happens.take() {
            happens();
        }
        fill(part, numbers);
    });
    (kept, parts)
}

fn a_process_that_is_killed_leaves_what_it_computed_in_shared_memory() {
    let (memory, mut sleeper, _) = memory_and_a_sleeper();
    let (kept, parts) = keep(&memory, || sleeper.kill().unwrap());
    sleeper.wait().unwrap();
    assert_eq!(parts, PARTS - 2);
    assert!(is_right(kept.as_ref()));
}

fn a_stopped_process_delays_no_other_and_may_continue() {
    let (memory, mut sleeper, mut said) = memory_and_a_sleeper();
    let pid = Pid::from_raw(sleeper.id() as i32);
    let (kept, parts) = keep(&memory, || kill(pid, Signal::SIGSTOP).unwrap());
    assert_eq!(parts, PARTS - 2);
    kill(pid, Signal::SIGCONT).unwrap();
    assert_eq!(said.next().unwrap(), "3 parts, true");
    assert!(sleeper.wait().unwrap().success());
    assert!(is_right(kept.as_ref()));
}

fn no_memory_is_shared_where_files_are_limited() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, 1 << 50, hard).unwrap();
    let refused = SharedMemory::create();
    setrlimit(Resource::RLIMIT_FSIZE, soft, hard).unwrap();
    assert!(refused.is_err());
    SharedMemory::create().unwrap();
}
