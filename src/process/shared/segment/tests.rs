use super::super::{SMALLEST, SharedMemory, digest, open};
use super::*;
use crate::science::memory::{Memory, OwnMemory};
use nix::fcntl::SealFlag;
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Barrier;
use std::thread::{scope, spawn};

const PARTS: usize = 40;
/// Longer than any test.
const LONG: Duration = Duration::from_secs(60);

fn sizes() -> Vec<usize> {
    (0..PARTS).map(|part| 3000 + 97 * (part % 7) + part).collect()
}

/// Numbers determined by key, part and index.
fn fill(key: u8, part: usize, numbers: &mut [f64]) {
    assert!(numbers.iter().all(|number| *number == 0.0));
    let value = |index: usize| (1.0 + f64::from(key) + (part * 10_000 + index) as f64).sqrt();
    numbers.iter_mut().enumerate().for_each(|(index, number)| *number = value(index));
}

/// The set of a key, and how many of its parts were computed by this call.
fn keep(memory: &dyn Memory, key: u8) -> (Box<dyn StoredNumbers>, usize) {
    let mut computed = 0;
    let kept = memory.keep(&[key], &sizes(), &mut |part, numbers| {
        computed += 1;
        // Lets other threads run.
        sleep(Duration::from_micros(300));
        fill(key, part, numbers);
    });
    (kept, computed)
}

fn is_right(key: u8, kept: &dyn StoredNumbers) -> bool {
    let own = keep(&OwnMemory, key).0;
    own.numbers().iter().zip(kept.numbers()).all(|(own, kept)| own.to_bits() == kept.to_bits())
        && own.numbers().len() == kept.numbers().len()
}

fn memory(timeout: Duration) -> SharedMemory {
    SharedMemory { timeout, ..SharedMemory::create().unwrap() }
}

/// The same memory, as another process opens it.
fn other(memory: &SharedMemory) -> SharedMemory {
    SharedMemory { timeout: memory.timeout, ..SharedMemory::open(&memory.address().unwrap()).unwrap() }
}

fn bytes(memory: &SharedMemory) -> u64 {
    512 * memory.file.metadata().unwrap().blocks()
}

/// A process that uses the segment of a key and computes nothing.
fn segment(memory: &SharedMemory, key: u8) -> Segment {
    let own = open(format!("/proc/self/fd/{}", memory.file.as_raw_fd()).as_ref()).unwrap();
    Segment::acquire(own, &digest(&[key], &sizes()), &sizes(), memory.timeout).unwrap()
}

#[test]
fn concurrent_requests_compute_a_set_once_together() {
    let first = memory(LONG);
    let all = [other(&first), other(&first), other(&first), other(&first)];
    let together = Barrier::new(all.len());
    let ask = |memory: &SharedMemory| {
        together.wait();
        keep(memory, 1)
    };
    let kept: Vec<_> = scope(|threads| {
        let threads: Vec<_> = all.iter().map(|memory| threads.spawn(move || ask(memory))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(kept.iter().all(|(kept, _)| is_right(1, kept.as_ref())));
    let computed: Vec<usize> = kept.iter().map(|(_, computed)| *computed).collect();
    assert_eq!(computed.iter().sum::<usize>(), PARTS, "{computed:?}");
    assert!(computed.iter().all(|parts| *parts < PARTS), "{computed:?}");
    let set = 8 * sizes().iter().sum::<usize>() as u64;
    assert!((set..set + set / 5).contains(&bytes(&first)), "{}", bytes(&first));
    drop(kept);
    assert_eq!(bytes(&first), 0);
}

#[test]
fn sets_coexist_until_their_last_user_drops_them() {
    let (first, second) = (memory(LONG), memory(LONG));
    let [one, two] = [1, 2].map(|key| keep(&first, key));
    assert_eq!([one.1, two.1], [PARTS; 2]);
    let [same_one, same_two] = [1, 2].map(|key| keep(&other(&first), key));
    assert_eq!([same_one.1, same_two.1], [0; 2]);
    assert!(is_right(1, same_one.0.as_ref()) && is_right(2, same_two.0.as_ref()));
    assert_eq!(keep(&second, 1).1, PARTS, "other memory");
    drop(one);
    assert_eq!(keep(&first, 1).1, 0, "still in use");
    drop(same_one);
    assert_eq!(keep(&first, 1).1, PARTS, "gone with its last user");
    assert!(is_right(2, two.0.as_ref()));
}

#[test]
fn parts_claimed_by_a_stopped_process_are_computed_by_others() {
    let memory = memory(Duration::from_millis(100));
    let stopped = segment(&memory, 3);
    let claimed: Vec<u64> = (0..3).map(|_| stopped.claims().fetch_add(1, Ordering::Relaxed)).collect();
    assert_eq!(claimed, [0, 1, 2]);
    let since = Instant::now();
    let (kept, computed) = keep(&other(&memory), 3);
    assert!(since.elapsed() > memory.timeout);
    assert_eq!(computed, PARTS);
    assert!(is_right(3, kept.as_ref()));
    // It resumes: what it writes is there already.
    let part = (0..PARTS).max_by_key(|&part| (sizes()[part], Reverse(part))).unwrap();
    let mut numbers = vec![0.0; sizes()[part]];
    fill(3, part, &mut numbers);
    stopped.write(sizes()[..part].iter().sum(), &numbers).unwrap();
    stopped.complete(&sizes(), &mut |_, _| panic!("nothing is missing")).unwrap();
    assert!(is_right(3, kept.as_ref()));
}

#[test]
fn a_failed_write_is_reported_to_waiting_processes() {
    let memory = memory(LONG);
    let failing = segment(&memory, 4);
    failing.claims().fetch_add(1, Ordering::Relaxed);
    let waiting = other(&memory);
    let waiting = spawn(move || keep(&waiting, 4));
    let is_all_but_one =
        || failing.flags().iter().filter(|flag| flag.load(Ordering::Relaxed) != 0).count() == PARTS - 1;
    while !is_all_but_one() {
        sleep(Duration::from_millis(1));
    }
    failing.write_failed().store(1, Ordering::Relaxed);
    let (kept, computed) = waiting.join().unwrap();
    assert_eq!(computed, 2 * PARTS - 1);
    assert!(is_right(4, kept.as_ref()));
}

#[test]
fn a_full_memory_falls_back_to_private_memory() {
    let flags = MFdFlags::MFD_ALLOW_SEALING | MFdFlags::MFD_CLOEXEC;
    let memory = SharedMemory { file: memfd_create("full", flags).unwrap().into(), timeout: LONG };
    let mut computed = 0;
    let kept = memory.keep(&[5], &sizes(), &mut |part, numbers| {
        computed += 1;
        if computed == 5 {
            fcntl(&memory.file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_GROW)).unwrap();
        }
        fill(5, part, numbers);
    });
    assert!((PARTS + 1..2 * PARTS).contains(&computed), "{computed}");
    assert!(is_right(5, kept.as_ref()));
    assert_eq!(bytes(&memory), 0);
}

#[test]
fn without_a_free_segment_private_memory_is_used() {
    let memory = memory(LONG);
    let keep = |key: u64| {
        let mut computed = 0;
        let kept = memory.keep(&key.to_le_bytes(), &[SMALLEST], &mut |_, _| computed += 1);
        (kept, computed)
    };
    let kept: Vec<_> = (0..SEGMENTS + 1).map(keep).collect();
    assert!(kept.iter().all(|(_, computed)| *computed == 1));
    assert_eq!(keep(SEGMENTS - 1).1, 0);
    assert_eq!(keep(SEGMENTS).1, 1);
}

#[test]
fn a_stuck_allocation_lock_times_out() {
    let memory = memory(Duration::from_millis(100));
    let stopped = LockedFile(open(format!("/proc/self/fd/{}", memory.file.as_raw_fd()).as_ref()).unwrap());
    assert!(stopped.lock(ALLOCATION_LOCK, Lock::Exclusive).unwrap());
    let (kept, computed) = keep(&memory, 6);
    assert_eq!((computed, bytes(&memory)), (PARTS, 0));
    assert!(is_right(6, kept.as_ref()));
    drop(stopped);
    let (kept, _) = keep(&memory, 6);
    assert!(bytes(&memory) > 0 && is_right(6, kept.as_ref()));
}

#[test]
fn memory_of_another_container_or_a_dead_process_is_not_opened() {
    let memory = memory(LONG);
    let mut address = memory.address().unwrap();
    address.name = "/memfd:of-another-container (deleted)".into();
    assert!(SharedMemory::open(&address).is_err());
    let address = memory.address().unwrap();
    drop(memory);
    assert!(SharedMemory::open(&address).is_err());
}
