//! A disk that is full or read-only. Needs root, to mount a small file system: without, this test says so and checks nothing.
#![allow(clippy::unwrap_used)]
mod support;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::path::{Path, PathBuf};
use support::Campaign;
use support::skip::skip;

/// A small file system at the folder `disk` of a campaign.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(campaign: &Campaign, size: &str) -> Option<Self> {
        let path = campaign.path("disk");
        std::fs::create_dir(&path).unwrap();
        let disk = Self { path };
        match disk.set("tmpfs", MsFlags::empty(), size) {
            Ok(()) => Some(disk),
            Err(error) => {
                skip(&format!("a small file system cannot be mounted here: {error}"));
                None
            }
        }
    }

    fn set(&self, source: &str, flags: MsFlags, size: &str) -> nix::Result<()> {
        let options = format!("size={size}");
        mount(Some(source), &self.path, Some("tmpfs"), flags, Some(options.as_str()))
    }

    fn resize(&self, size: &str) {
        self.set("tmpfs", MsFlags::MS_REMOUNT, size).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = umount2(&self.path, MntFlags::MNT_DETACH);
    }
}

fn config(keys: &str) -> String {
    format!(
        "[campaign]\nkind = \"sleep\"\nseed = 7\noutput = \"disk/results.h5\"\n[sleep]\ncount = 40\n{keys}\n[partition]\nbatch_size = 2\n"
    )
}

fn is_there(path: &Path) -> bool {
    path.exists()
}

#[test]
fn a_disk_full_of_journal_stops_the_campaign_and_loses_nothing() {
    let campaign = Campaign::new(&config("ballast = 100000"));
    let Some(disk) = Disk::mount(&campaign, "2m") else { return };
    campaign.run(2, &[]).expect(74, &["cannot write", "bytes are free"]);
    let stopped =
        ["stopped by an error", "exit code 74: ", "cannot write", " of 40 done, 0 failed, ", "next: fix this"];
    campaign.tell_of("inspect", "disk/results.h5", &[]).expect(0, &stopped);
    disk.resize("20m");
    campaign.run(3, &[]).expect(0, &["done before", "complete: 40 of 40"]);
}

#[test]
fn a_disk_too_small_for_the_result_leaves_the_journal_and_no_half_file() {
    let campaign = Campaign::new(&config("result_bytes = 4000000"));
    let Some(disk) = Disk::mount(&campaign, "2m") else { return };
    campaign.run(2, &[]).expect(74, &["cannot write", "rerun the same command"]);
    let stopped = ["stopped by an error", "exit code 74: ", "40 of 40 done, 0 failed, 0 left", "next: fix this"];
    campaign.tell_of("inspect", "disk/results.h5", &[]).expect(0, &stopped);
    assert!(!is_there(&disk.path.join("results.h5")) && !is_there(&disk.path.join("results.h5.part")));
    disk.resize("20m");
    campaign.run(1, &[]).expect(0, &["complete: 40 of 40"]);
}

#[test]
fn a_read_only_folder_is_refused_before_anything_runs() {
    let campaign = Campaign::new(&config(""));
    let Some(disk) = Disk::mount(&campaign, "2m") else { return };
    disk.set("tmpfs", MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, "2m").unwrap();
    campaign.run(2, &[]).expect(73, &["cannot write to"]);
}

#[test]
fn a_disk_that_is_full_beforehand_is_refused_and_nothing_is_left_there() {
    let campaign = Campaign::new(&config(""));
    let Some(disk) = Disk::mount(&campaign, "2m") else { return };
    let ballast = disk.path.join("ballast");
    std::fs::write(&ballast, vec![1; 4 << 20]).unwrap_err();
    campaign.run(2, &[]).expect(73, &["cannot write to", "No space left"]);
    let left: Vec<_> = std::fs::read_dir(&disk.path).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, std::slice::from_ref(&ballast));
    std::fs::remove_file(ballast).unwrap();
    campaign.run(2, &[]).expect(0, &["complete: 40 of 40"]);
}
