//! What is there of replicas while they run, and when they are done?
use super::{Campaign, Ended, Running};
use simmpi::results::{ArrayValues, Reader};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub fn reader(campaign: &Campaign) -> Reader {
    Reader::open_results(&campaign.path("results.h5")).unwrap()
}

pub fn strings(campaign: &Campaign, item: &str) -> Vec<String> {
    match reader(campaign).dataset_values(item).unwrap().values {
        ArrayValues::Text(texts) => texts,
        _ => panic!("{item} is no text"),
    }
}

/// Waits until `is_so`.
pub fn wait_until(mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < Duration::from_secs(60), "it never came to be");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Kills a rank and waits for the end of all.
pub fn kill_rank(campaign: &Campaign, running: Running, rank: usize) -> Ended {
    campaign.kill(rank);
    running.end()
}

/// How many processes work in a folder below `folder`.
pub fn working_in(folder: &Path) -> usize {
    let is_there = |pid: PathBuf| fs::read_link(pid.join("cwd")).is_ok_and(|place| place.starts_with(folder));
    fs::read_dir("/proc").unwrap().flatten().filter(|entry| is_there(entry.path())).count()
}
