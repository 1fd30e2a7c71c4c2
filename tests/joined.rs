//! Several jobs that work on one campaign: the same numbers as one, nothing lost with a job, and nothing run twice but what was open.
#![allow(clippy::unwrap_used)]
mod support;

use nix::sys::signal::Signal;
use simmpi::results::Reader;
use std::time::{Duration, Instant};
use support::{Campaign, LIMIT, Running, simmpi};

fn sleep(count: u64, seconds: f64, keys: &str) -> String {
    format!("[campaign]\nkind = \"sleep\"\nseed = 7\n[sleep]\ncount = {count}\nseconds = {seconds}\n{keys}\n")
}

fn join(campaign: &Campaign, name: &str, ranks: usize) -> Running {
    campaign.start_as(&format!("{name}.txt"), ranks, &["--join", "--wait", "60s"], &[])
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Number of jobs that are entered in the journal.
fn jobs(campaign: &Campaign) -> usize {
    let files = std::fs::read_dir(campaign.path("results.h5.journal/jobs")).into_iter().flatten().flatten();
    files.filter(|file| file.path().extension().is_some_and(|extension| extension == "json")).count()
}

#[test]
fn three_jobs_of_which_one_is_killed_and_one_is_late_give_the_bits_of_one() {
    let config = sleep(200, 0.2, "");
    let reference = Campaign::new(&config);
    reference.run(2, &[]).expect(0, &[]);
    let campaign = Campaign::new(&config);
    let first = join(&campaign, "first", 1);
    wait_until("the first job starts", || jobs(&campaign) == 1);
    let killed = join(&campaign, "killed", 2);
    wait_until("the second job starts", || jobs(&campaign) == 2);
    wait_until("some tasks are done", || records(&campaign) >= 30);
    killed.signal_group(Signal::SIGKILL);
    let before: u64 = records(&campaign);
    assert!(before < 180, "nothing is left for the others: {before}");
    let late = join(&campaign, "late", 3);
    killed.end();
    first.end().expect(0, &["complete"]);
    late.end().expect(0, &["complete"]);
    assert!(campaign.results() == reference.results());
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    assert_eq!(reader.attribute::<u64>("tasks_done").unwrap(), 200);
    assert!(!campaign.path("results.h5.journal").exists(), "the last job discards the journal");
}

/// The number of records of a campaign whose records are of one task each.
fn records(campaign: &Campaign) -> u64 {
    let inspected = campaign.tell_of_results("inspect", &["--json"]).expect(0, &[]);
    let progress: serde_json::Value = serde_json::from_str(&inspected.said).unwrap();
    progress["tasks_done"].as_u64().unwrap()
}

#[test]
fn only_what_a_killed_job_had_open_is_run_again() {
    let started = "echo {seed} >> ../../starts.log; sleep 0.3; echo {seed} > value.txt";
    let config = format!(
        "[campaign]\nkind = \"ensemble\"\nseed = 1\n[ensemble]\nseeds = \"1-40\"\nengine = \"command\"\n\
         directory = \"replicas/{{seed}}\"\n[ensemble.command]\nargv = [\"sh\", \"-c\", \"{started}\"]\n\
         produces = [\"value.txt\"]\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    let killed = join(&campaign, "killed", 2);
    wait_until("ten tasks are done", || starts(&campaign) >= 10);
    killed.signal_group(Signal::SIGKILL);
    killed.end();
    join(&campaign, "first", 1).end().expect(0, &["complete"]);
    let runs = starts(&campaign);
    assert!((40..=42).contains(&runs), "{runs} starts of 40 tasks");
}

fn starts(campaign: &Campaign) -> usize {
    std::fs::read_to_string(campaign.path("starts.log")).map_or(0, |log| log.lines().count())
}

#[test]
fn stages_follow_one_another_in_all_jobs() {
    let config = "[campaign]\nkind = \"two-stage\"\nseed = 7\n[two-stage]\ncount = 40\n";
    let reference = Campaign::new(config);
    reference.run(2, &[]).expect(0, &[]);
    let campaign = Campaign::new(config);
    let jobs = [join(&campaign, "a", 1), join(&campaign, "b", 2)];
    jobs.into_iter().for_each(|job| _ = job.end().expect(0, &["complete"]));
    assert!(campaign.results() == reference.results());
}

#[test]
fn a_run_of_its_own_is_refused_beside_joined_jobs_and_continues_what_they_left() {
    let config = sleep(100, 0.2, "");
    let campaign = Campaign::new(&config);
    let job = join(&campaign, "job", 2);
    wait_until("the job starts", || jobs(&campaign) == 1);
    campaign.wait_for_records(300);
    campaign.run(1, &[]).expect(73, &["jobs work on this output together", "--join"]);
    campaign.tell_of_results("inspect", &[]).expect(0, &["running", "job on", "2 ranks"]);
    job.signal(Signal::SIGUSR1);
    job.end().expect(75, &["run the same command again"]);
    assert_eq!(jobs(&campaign), 0);
    campaign.run(2, &[]).expect(0, &["done before", "complete: 100 of 100"]);
    join(&campaign, "again", 1).end().expect(0, &["complete already"]);
}

#[test]
fn a_job_waits_for_others_only_as_long_as_it_may() {
    let campaign = Campaign::new(&sleep(2, 5.0, ""));
    let first = join(&campaign, "first", 2);
    wait_until("the first job starts", || campaign.path("results.h5.journal/leases").exists());
    campaign
        .start_as("second.txt", 1, &["--join", "--wait", "1s"], &[])
        .end()
        .expect(75, &["other jobs work on the rest"]);
    first.end().expect(0, &["complete"]);
}

#[test]
fn a_job_that_asks_for_more_is_refused_beside_others() {
    let trajectories = |count: u64| {
        format!(
            "[campaign]\nkind = \"trajectories\"\nseed = 11\n[trajectories]\ncount = {count}\nduration = 400.0\ntime_step = 0.02\n\
             sample_every = 10.0\nalgorithm = {{ kind = \"fssh\" }}\nmodel = {{ kind = \"spin-boson\", modes = 20 }}\n"
        )
    };
    let campaign = Campaign::with(simmpi(), &trajectories(2000));
    let job = join(&campaign, "job", 1);
    wait_until("the job starts", || jobs(&campaign) == 1);
    campaign.write(&trajectories(3000));
    join(&campaign, "more", 1).end().expect(78, &["other jobs work on this campaign", "trajectories.count"]);
    job.signal(Signal::SIGUSR1);
    job.end().expect(75, &[]);
}
