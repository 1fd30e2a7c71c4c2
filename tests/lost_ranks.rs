//! Ranks that are killed under a launcher that lets the others live: a worker costs its batch alone, and without rank 0 all end.
#![allow(clippy::unwrap_used)]
mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use simmpi::results::Reader;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};
use support::replicas::{wait_until, working_in};
use support::skip::skip;
use support::{Campaign, Ended, LIMIT, Running, is_open_mpi, simmpi};

/// What `mpirun --enable-recovery` sets, for Open MPI 4 and 5.
const RECOVERY: &[(&str, &str)] = &[("OMPI_MCA_orte_enable_recovery", "1"), ("PRTE_MCA_state_base_recoverable", "1")];

/// Whether the launcher can let ranks live when another is killed. MPICH's `mpirun -disable-auto-cleanup` kills them in most cases.
fn has_recovery() -> bool {
    let has_recovery = is_open_mpi();
    if !has_recovery {
        skip("only Open MPI's mpirun goes on reliably without a rank");
    }
    has_recovery
}

fn sleep(count: u64, seconds: f64) -> String {
    format!(
        "[campaign]\nkind = \"sleep\"\nseed = 7\n[sleep]\ncount = {count}\nseconds = {seconds}\n\
         [partition]\nschedule = \"dynamic\"\nbatch_size = 1\n"
    )
}

fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

/// The supervisor of a rank's programs.
fn supervisor(rank: i32) -> i32 {
    let children = Command::new("ps").args(["-o", "pid=,comm=", "--ppid", &rank.to_string()]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    let line = children.lines().find(|line| line.contains("guard")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn start(campaign: &Campaign, ranks: usize) -> Running {
    campaign.start_with(ranks, &[], RECOVERY)
}

/// Checks that simmpi itself says it has ended with this code, whatever the launcher returns.
fn expect_last_line(ended: &Ended, code: i32) {
    let line = format!("simmpi ends with exit code {code}");
    assert_eq!(ended.said.matches(&line).count(), 1, "`{line}` is missing in:\n{}", ended.said);
}

fn expect_one_loss(ended: &Ended, rank: usize) {
    let line = format!("warning: rank {rank} on ");
    assert_eq!(ended.said.matches(&line).count(), 1, "{}", ended.said);
    assert_eq!(ended.said.matches(" is lost: ").count(), 1, "{}", ended.said);
}

fn expect_complete(campaign: &Campaign, ended: &Ended, lost: usize, reference: &Campaign) {
    expect_last_line(ended, 0);
    expect_one_loss(ended, lost);
    assert!(campaign.results() == reference.results(), "{}", ended.said);
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let is_lost: Vec<u8> = reader.array("/run/ranks/lost").unwrap();
    let expected: Vec<u8> = (0..is_lost.len()).map(|rank| u8::from(rank == lost)).collect();
    assert_eq!(is_lost, expected);
}

#[test]
fn a_killed_worker_costs_its_batch_alone_ten_times_in_a_row() {
    if !has_recovery() {
        return;
    }
    let config = sleep(60, 0.1);
    let reference = Campaign::new(&config);
    reference.run(2, &[]).expect(0, &[]);
    for half in 0..2 {
        let started: Vec<(usize, Campaign, Running)> = (0..5)
            .map(|k| {
                let campaign = Campaign::new(&config);
                let running = start(&campaign, 3);
                (5 * half + k, campaign, running)
            })
            .collect();
        for (k, campaign, _) in &started {
            campaign.wait_for_records(1 + 100 * *k as u64);
            campaign.kill(1 + k % 2);
        }
        for (k, campaign, running) in started {
            expect_complete(&campaign, &running.end(), 1 + k % 2, &reference);
            assert!(!campaign.path("results.h5.journal").exists());
        }
    }
}

#[test]
fn every_worker_but_rank_0_may_be_lost_in_any_stage() {
    if !has_recovery() {
        return;
    }
    let config = "[campaign]\nkind = \"two-stage\"\nseed = 7\n[two-stage]\ncount = 40\n";
    let reference = Campaign::new(config);
    reference.run(2, &[]).expect(0, &[]);
    let campaign = Campaign::new(config);
    let running = start(&campaign, 3);
    campaign.wait_for_records(300);
    campaign.kill(1);
    let journal = campaign.path("results.h5.journal");
    let has_second =
        || fs::read_to_string(journal.join("campaign.json")).is_ok_and(|text| text.matches("\"key\"").count() > 1);
    wait_until(|| has_second() || !journal.exists());
    if let Some(rank) = campaign.ranks().get(&2) {
        let _ = kill(Pid::from_raw(*rank), Signal::SIGKILL);
    }
    let ended = running.end();
    expect_last_line(&ended, 0);
    assert!(campaign.results() == reference.results());
}

#[test]
fn values_of_a_lost_rank_are_read_where_it_journalled_them() {
    if !has_recovery() {
        return;
    }
    let script = "touch ../../began_{seed}; sleep 0.3; echo 0 {seed} > out.dat";
    let config = format!(
        "[campaign]\nkind = \"ensemble\"\nseed = 1\n[ensemble]\nseeds = \"1-24\"\nengine = \"command\"\n\
         directory = \"replicas/{{seed}}\"\n[ensemble.command]\nargv = [\"sh\", \"-c\", \"{script}\"]\n\
         [[ensemble.collect]]\nfile = \"out.dat\"\ncolumns = [0, 1]\n"
    );
    let reference = Campaign::with(simmpi(), &config);
    reference.run(2, &[]).expect(0, &[]);
    let campaign = Campaign::with(simmpi(), &config);
    let running = start(&campaign, 3);
    wait_until(|| campaign.path("began_15").exists());
    campaign.kill(2);
    let ended = running.end();
    expect_complete(&campaign, &ended, 2, &reference);
    assert!(ended.said.contains("complete: 24 of 24 tasks done, 0 failed"), "{}", ended.said);
    assert_eq!(working_in(campaign.folder.path()), 0);
}

#[test]
fn without_rank_0_all_end_within_a_minute_and_the_campaign_is_resumed() {
    if !has_recovery() {
        return;
    }
    let config = sleep(80, 0.1);
    let reference = Campaign::new(&config);
    reference.run(2, &[]).expect(0, &[]);
    let campaign = Campaign::new(&config);
    let running = start(&campaign, 3);
    campaign.wait_for_records(500);
    campaign.kill(0);
    let since = Instant::now();
    let ended = running.end();
    assert!(since.elapsed() < Duration::from_secs(60));
    assert!(ended.said.contains("rank 0 is lost: its process has ended"), "{}", ended.said);
    assert!(!ended.said.contains("simmpi ends with exit code"), "{}", ended.said);
    assert!(campaign.ranks().is_empty(), "no rank outlives the run");
    campaign.run(2, &[]).expect(0, &["done before", "complete: 80 of 80 tasks done"]);
    assert!(campaign.results() == reference.results());
}

#[test]
fn a_lost_worker_is_no_matter_where_jobs_join() {
    if !has_recovery() {
        return;
    }
    let config = sleep(100, 0.1);
    let reference = Campaign::new(&config);
    reference.run(2, &[]).expect(0, &[]);
    let campaign = Campaign::new(&config);
    let jobs: Vec<Running> = ["a", "b"]
        .iter()
        .map(|name| campaign.start_as(&format!("{name}.txt"), 2, &["--join", "--wait", "60s"], RECOVERY))
        .collect();
    campaign.wait_for_records(1500);
    campaign.kill(1);
    let mut losses = 0;
    for job in jobs {
        let ended = job.end();
        expect_last_line(&ended, 0);
        losses += ended.said.matches(" is lost: ").count();
    }
    assert_eq!(losses, 1);
    assert!(campaign.results() == reference.results());
}

#[test]
fn programs_of_a_worker_that_is_killed_with_its_supervisor_end_and_its_task_runs_elsewhere() {
    if !has_recovery() {
        return;
    }
    let script = "touch ../../began_{seed}; sleep 1; echo {seed} >> ../../ends.log; echo 0 {seed} > out.dat";
    let config = format!(
        "[campaign]\nkind = \"ensemble\"\nseed = 1\n[ensemble]\nseeds = \"1-6\"\nengine = \"command\"\n\
         directory = \"replicas/{{seed}}\"\n[ensemble.command]\nargv = [\"sh\", \"-c\", \"{script}\"]\n\
         [[ensemble.collect]]\nfile = \"out.dat\"\ncolumns = [0, 1]\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    let running = start(&campaign, 2);
    wait_until(|| campaign.path("began_2").exists());
    let rank = campaign.ranks()[&1];
    let supervisors = [supervisor(rank), rank];
    send(rank, Signal::SIGSTOP);
    supervisors.iter().for_each(|&pid| send(pid, Signal::SIGKILL));
    let ended = running.end();
    expect_last_line(&ended, 0);
    expect_one_loss(&ended, 1);
    assert!(ended.said.contains("complete: 6 of 6 tasks done, 0 failed"), "{}", ended.said);
    assert_eq!(working_in(campaign.folder.path()), 0);
    // The program that was killed with its rank has not come to its end.
    assert_eq!(fs::read_to_string(campaign.path("ends.log")).unwrap().lines().count(), 6);
}

#[test]
fn a_rank_that_is_lost_before_the_run_begins_ends_it() {
    if !has_recovery() {
        return;
    }
    let campaign = Campaign::new(&sleep(10, 0.1));
    fs::remove_file(campaign.path("config.toml")).unwrap();
    // Rank 0 waits for somebody to write the configuration, and the others wait for rank 0.
    nix::unistd::mkfifo(&campaign.path("config.toml"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let running = start(&campaign, 3);
    wait_until(|| campaign.ranks().len() == 3);
    std::thread::sleep(Duration::from_secs(3));
    campaign.kill(2);
    let ended = running.end();
    expect_last_line(&ended, 75);
    assert!(ended.said.contains("has ended before the run began"), "{}", ended.said);
    assert!(campaign.ranks().is_empty());
}

#[test]
fn without_that_flag_a_killed_worker_ends_the_job_and_the_next_one_resumes() {
    let config = sleep(80, 0.1);
    let campaign = Campaign::new(&config);
    let running = campaign.start(3, &[]);
    campaign.wait_for_records(500);
    campaign.kill(1);
    let since = Instant::now();
    assert_ne!(running.end().code, 0);
    assert!(since.elapsed() < LIMIT / 2);
    campaign.run(2, &[]).expect(0, &["done before", "complete: 80 of 80 tasks done"]);
}
