//! Very many tasks in batches of one: memory of rank 0 and of others, and the size of the result file.
//!
//! `cargo test --release --test scale -- --ignored --nocapture` runs ten million (about five minutes, 4 GB of disk).
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::{Reader, can_compress};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};
use support::{Campaign, skip};

fn noop(count: u64, schedule: &str) -> Campaign {
    Campaign::new(&format!(
        "[campaign]\nkind = \"noop\"\n[noop]\ncount = {count}\n[partition]\nbatch_size = 1\nschedule = \"{schedule}\"\n"
    ))
}

/// Peak of the resident memory of each rank so far, bytes.
fn peaks(ranks: &BTreeMap<usize, i32>) -> BTreeMap<usize, u64> {
    let peak = |pid: i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(1024 * peak.trim().trim_end_matches(" kB").parse::<u64>().ok()?)
    };
    ranks.iter().filter_map(|(&rank, &pid)| Some((rank, peak(pid)?))).collect()
}

/// Runs a campaign to its end within `limit`; the peak of the memory of each rank, bytes.
fn run(campaign: &Campaign, ranks: usize, limit: Duration) -> BTreeMap<usize, u64> {
    let began = Instant::now();
    let mut running = campaign.start(ranks, &["--keep-journal"]);
    // Without a launcher the process is the rank: it has just been started.
    let mut processes = BTreeMap::from([(0, running.child.id() as i32)]);
    while ranks > 0 && processes.len() < ranks {
        processes = campaign.ranks();
        assert!(began.elapsed() < limit);
    }
    let mut highest = BTreeMap::new();
    let status = loop {
        highest.extend(peaks(&processes));
        if let Some(status) = running.child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > limit {
            running.signal_group(nix::sys::signal::Signal::SIGKILL);
            panic!("it takes more than {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "{}", fs::read_to_string(campaign.path("said.txt")).unwrap());
    highest
}

fn size(campaign: &Campaign) -> u64 {
    fs::metadata(campaign.path("results.h5")).unwrap().len()
}

/// Checks the table of tasks of a complete campaign.
fn expect_all_rows(campaign: &Campaign, count: u64) {
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    assert_eq!(file.array::<u64>("/results/ran").unwrap(), [count]);
    assert!(file.array::<u64>("/run/tasks/index").unwrap().into_iter().eq(0..count));
    let last = count as usize - 1;
    let text = |name: &str| file.strings_in(&format!("/run/tasks/{name}"), last, 1).unwrap().remove(0);
    assert_eq!(
        [text("label"), text("stage"), text("status"), text("error")],
        [&format!("noop task {last}"), "noop", "done", ""]
    );
    assert!(file.array::<f64>("/run/tasks/seconds").unwrap().iter().all(|&seconds| seconds > 0.0));
    assert_eq!(file.array::<u64>("/run/ranks/tasks").unwrap().iter().sum::<u64>(), count);
}

#[test]
fn batches_of_one_task_take_little_memory_and_space() {
    const FEW: u64 = 2_000;
    const MANY: u64 = 200_000;
    let limit = support::LIMIT;
    for schedule in ["static", "dynamic"] {
        let (few, many) = (noop(FEW, schedule), noop(MANY, schedule));
        let per_task = |more: u64, less: u64| more.saturating_sub(less) as f64 / (MANY - FEW) as f64;
        let before = run(&few, 0, limit)[&0];
        let memory = per_task(run(&many, 0, limit)[&0], before);
        assert!(memory < 200.0, "{schedule}: {memory} bytes of memory a task");
        expect_all_rows(&many, MANY);
        let bytes = per_task(size(&many), size(&few));
        match can_compress() {
            true => assert!(bytes < 100.0, "{schedule}: {bytes} bytes of the file a task"),
            false => skip::skip("the HDF5 library cannot compress"),
        }
        if schedule == "dynamic" {
            // The journal alone knows what is done.
            fs::remove_file(many.path("results.h5")).unwrap();
            let memory = per_task(run(&many, 0, limit)[&0], before);
            assert!(memory < 250.0, "resumed: {memory} bytes of memory a task");
            expect_all_rows(&many, MANY);
        }
    }
}

#[test]
#[ignore = "takes minutes, and 4 GB of disk"]
fn ten_million_batches_of_one_task_fit_into_two_gigabytes() {
    const COUNT: u64 = 10_000_000;
    const GB: u64 = 1_000_000_000;
    let campaign = noop(COUNT, "dynamic");
    let limit = Duration::from_secs(1200);
    for what in ["run", "resumed"] {
        let began = Instant::now();
        let peaks = run(&campaign, 2, limit);
        let bytes = size(&campaign) as f64 / COUNT as f64;
        println!("{what}: {:.0?}, peaks {peaks:?} bytes, {bytes:.1} bytes of the file a task", began.elapsed());
        assert!(peaks[&0] < 2 * GB && peaks[&1] < GB, "{what}: {peaks:?}");
        assert!(bytes < 100.0 || !can_compress());
        expect_all_rows(&campaign, COUNT);
        fs::remove_file(campaign.path("results.h5")).unwrap();
    }
}
