//! What stops a run before its end, what is left then, and what is said of it.
#![allow(clippy::unwrap_used)]
mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;
use support::replicas::{strings, wait_until, working_in};
use support::{Campaign, Running, simmpi};

/// Replicas that run the shell `script`, which finds its seed in $1 and the campaign's folder in ../...
fn config(seeds: &str, keys: &str, script: &str) -> String {
    format!(
        "[campaign]\nkind = \"ensemble\"\nseed = 1\noutput = \"results.h5\"\n{keys}\n[ensemble]\nseeds = \"{seeds}\"\n\
         directory = \"replicas/{{seed}}\"\nengine = \"command\"\n[ensemble.command]\n\
         argv = [\"sh\", \"-c\", '''{script}''', \"sh\", \"{{seed}}\"]\n\
         [[ensemble.collect]]\nfile = \"out.dat\"\ncolumns = [0, 1]\n"
    )
}

fn campaign(seeds: &str, keys: &str, script: &str) -> Campaign {
    Campaign::with(simmpi(), &config(seeds, keys, script))
}

/// Fails at the first attempt of each seed, after a while.
const FAILS_ONCE: &str = "touch ../../began_$1; sleep 1; \
    if [ ! -e ../../tried_$1 ]; then touch ../../tried_$1; echo no licence >&2; exit 1; fi; echo 0 $1 > out.dat";

fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

/// The process of a run without a launcher.
fn pid(running: &Running) -> i32 {
    running.child.id() as i32
}

/// The supervisor of a rank's programs.
fn supervisor(rank: i32) -> i32 {
    let children = Command::new("ps").args(["-o", "pid=,comm=", "--ppid", &rank.to_string()]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    let line = children.lines().find(|line| line.contains("guard")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_task_that_fails_while_the_run_is_stopping_is_tried_again_later() {
    for (signal, retries) in [(Signal::SIGUSR1, 5), (Signal::SIGINT, 0)] {
        let campaign = campaign("1-3", &format!("[limits]\nmax_retries = {retries}"), FAILS_ONCE);
        let running = campaign.start(0, &[]);
        wait_until(|| campaign.path("began_1").exists());
        send(pid(&running), signal);
        let name = if signal == Signal::SIGINT { "Ctrl-C" } else { "SIGUSR1" };
        let failed = "1 of these failed while the run was stopping and will be retried: seed 1: ";
        running.end().expect(75, &[name, "0 failed, 3 are left", failed, "no licence"]);
        // With no retries the others fail for good, at their own first attempt.
        (2..=3).for_each(|seed| fs::write(campaign.path(&format!("tried_{seed}")), "").unwrap());
        campaign.run(0, &[]).expect(0, &["complete: 3 of 3 tasks done, 0 failed"]);
    }
}

#[test]
fn a_program_that_the_signal_reaches_before_its_run_costs_nothing() {
    let script = "echo $$ > ../../pid_$1; sleep 30 & wait; echo 0 $1 > out.dat";
    for ranks in [0, 2] {
        let campaign = campaign("1-2", "[limits]\nmax_retries = 0", script);
        let running = campaign.start(ranks, &[]);
        let pids: Vec<&str> = if ranks == 0 { vec!["pid_1"] } else { vec!["pid_1", "pid_2"] };
        wait_until(|| {
            pids.iter().all(|name| fs::read_to_string(campaign.path(name)).is_ok_and(|text| text.ends_with('\n')))
        });
        for name in pids {
            send(fs::read_to_string(campaign.path(name)).unwrap().trim().parse().unwrap(), Signal::SIGUSR1);
        }
        sleep(Duration::from_millis(500));
        // The rank that is asked is not the one that has the first program.
        send(*campaign.ranks().values().next_back().unwrap(), Signal::SIGUSR1);
        running.end().expect(75, &["asked to stop by SIGUSR1", "0 failed, 2 are left"]);
    }
}

#[test]
fn what_fails_after_the_last_failure_that_is_allowed_is_left() {
    let script = "[ -e ../../fixed ] || { [ $1 = 1 ] && sleep 0.5 || sleep 1.5; exit 1; }; echo 0 $1 > out.dat";
    let campaign = campaign("1-4", "[limits]\nmax_retries = 0\nmax_failures = 1", script);
    campaign.run(2, &[]).expect(
        75,
        &[
            "as many tasks failed as limits.max_failures allows (1)",
            "1 failed, 3 are left",
            "fix this, then rerun with --retry-failed",
        ],
    );
    fs::write(campaign.path("fixed"), "").unwrap();
    campaign.run(2, &["--retry-failed"]).expect(0, &["complete: 4 of 4 tasks done, 0 failed"]);
}

#[test]
fn the_end_of_the_time_is_the_reason_and_costs_no_attempts() {
    // The first attempt ends when the time is over.
    let script = FAILS_ONCE.replace("sleep 1", "sleep 2");
    for ranks in [0, 2] {
        let campaign = campaign("1-4", "[limits]\nmax_retries = 0\nwalltime_s = 2", &script);
        let ended =
            campaign.run(ranks, &[]).expect(75, &["limits.walltime_s = 2 is nearly over", "0 failed, 4 are left"]);
        assert!(!ended.said.contains("asked to stop"), "{}", ended.said);
        (1..=4).for_each(|seed| fs::write(campaign.path(&format!("tried_{seed}")), "").unwrap());
        campaign.write(&config("1-4", "[limits]\nmax_retries = 0\nwalltime_s = 60", &script));
        campaign.run(2, &[]).expect(0, &["complete: 4 of 4 tasks done"]);
    }
}

#[test]
fn first_tasks_that_all_fail_alike_stop_a_campaign_under_any_schedule_ranks_and_batches() {
    let all_fail = "echo x >> ../../starts; exit $1";
    for schedule in ["static", "dynamic"] {
        for ranks in [0, 2] {
            let keys = format!("[limits]\nmax_retries = 1\n[partition]\nschedule = \"{schedule}\"");
            let campaign = campaign("1-40", &keys, all_fail);
            let ended = campaign
                .run(ranks, &[])
                .expect(75, &["failed alike", "exit code", "fix this, then rerun with --retry-failed"]);
            assert!(!ended.said.contains("run the same command again"), "{}", ended.said);
            let starts = fs::read_to_string(campaign.path("starts")).unwrap().lines().count();
            assert!(starts <= 8, "{starts} with {schedule} on {ranks}");
        }
    }
    // A single batch of all tasks, in pieces of one or of several.
    for keys in ["grain = 1", "grain = 10"] {
        let config = format!(
            "[campaign]\nkind = \"sleep\"\nseed = 7\n[sleep]\ncount = 40\nall_fail = true\n{keys}\n[partition]\nbatch_size = 40"
        );
        let campaign = Campaign::new(&config);
        campaign.run(0, &[]).expect(75, &["failed alike", "0 of 40 tasks are done"]);
    }
}

#[test]
fn a_campaign_whose_first_task_alone_is_bad_goes_on() {
    let script = "[ $1 != 1 ] && echo 0 $1 > out.dat";
    for ranks in [0, 2] {
        let campaign = campaign("1-6", "[limits]\nmax_retries = 0", script);
        campaign.run(ranks, &[]).expect(2, &["complete: 5 of 6 tasks done, 1 failed"]);
    }
    let config =
        "[campaign]\nkind = \"sleep\"\nseed = 7\n[sleep]\ncount = 40\npanic = [0, 1]\n[partition]\nbatch_size = 20";
    Campaign::new(config).run(0, &[]).expect(2, &["complete: 38 of 40 tasks done, 2 failed"]);
}

#[test]
fn tasks_that_are_tried_again_count_once() {
    let script = "case $1 in 2|5|7) [ -e ../../fixed ] || exit 1;; esac; sleep 0.7; echo 0 $1 > out.dat";
    let campaign = campaign("1-8", "[limits]\nmax_retries = 0", script);
    campaign.run(2, &[]).expect(2, &["5 of 8 tasks done, 3 failed"]);
    // One that fails again has one row.
    campaign.run(0, &["--retry-failed"]).expect(2, &["5 of 8 tasks done, 3 failed", "5 done before"]);
    assert_eq!(strings(&campaign, "/run/tasks/status").iter().filter(|status| *status == "failed").count(), 3);
    fs::write(campaign.path("fixed"), "").unwrap();
    let ended = campaign.run(0, &["--retry-failed", "--progress", "lines"]).expect(0, &["8 of 8 tasks done, 0 failed"]);
    let shown: Vec<&str> = ended.said.lines().filter(|line| line.contains(" of 8 done (")).collect();
    assert!(!shown.is_empty(), "{}", ended.said);
    for line in shown {
        let done: u64 = line.split(' ').nth(1).unwrap().parse().unwrap();
        assert!((6..=8).contains(&done) && line.contains(" 0 failed"), "{line}");
    }
}

#[test]
fn a_drained_retry_of_failed_tasks_is_not_over() {
    let script = "[ $1 = 1 ] || { touch ../../began_$1; sleep 1; [ -e ../../fixed ] || exit 1; }; echo 0 $1 > out.dat";
    let campaign = campaign("1-3", "[limits]\nmax_retries = 0", script);
    campaign.run(0, &[]).expect(2, &["1 of 3 tasks done, 2 failed"]);
    fs::remove_file(campaign.path("began_2")).unwrap();
    let running = campaign.start(0, &["--retry-failed"]);
    wait_until(|| campaign.path("began_2").exists());
    send(pid(&running), Signal::SIGUSR1);
    running.end().expect(75, &["1 of 3 tasks are done, 0 failed, 2 are left"]);
    fs::write(campaign.path("fixed"), "").unwrap();
    campaign.run(0, &["--retry-failed"]).expect(0, &["3 of 3 tasks done, 0 failed"]);
}

#[test]
fn a_rank_whose_supervisor_is_killed_says_so_once_and_others_do_its_tasks() {
    let script = "touch ../../began_$1; sleep 0.5; echo 0 $1 > out.dat";
    for (ranks, schedule, code) in [(0, "dynamic", 75), (2, "dynamic", 0), (2, "static", 0)] {
        let campaign = campaign("1-6", &format!("[partition]\nschedule = \"{schedule}\""), script);
        let running = campaign.start(ranks, &[]);
        wait_until(|| campaign.path("began_1").exists());
        let rank = *campaign.ranks().values().next().unwrap();
        send(supervisor(rank), Signal::SIGKILL);
        let ended =
            running.end().expect(code, &["the supervisor of its programs (simmpi-guard) was killed by SIGKILL"]);
        assert_eq!(ended.said.matches("simmpi-guard").count(), 1, "{}", ended.said);
        assert_eq!(working_in(campaign.folder.path()), 0);
        if code == 75 {
            assert!(ended.said.contains("0 failed, 6 are left"), "{}", ended.said);
            campaign.run(0, &[]).expect(0, &["complete: 6 of 6 tasks done, 0 failed"]);
        }
    }
}

#[test]
fn programs_end_when_their_rank_and_its_supervisor_are_killed_together() {
    let campaign = campaign("1", "", "touch ../../began_$1; sleep 60; echo 0 1 > out.dat");
    let running = campaign.start(0, &[]);
    wait_until(|| campaign.path("began_1").exists());
    let (rank, guard) = (pid(&running), supervisor(pid(&running)));
    send(rank, Signal::SIGSTOP);
    send(guard, Signal::SIGKILL);
    send(rank, Signal::SIGKILL);
    running.end();
    wait_until(|| working_in(campaign.folder.path()) == 0);
}

#[test]
fn inspect_says_how_a_campaign_stands_in_each_of_its_states() {
    let script =
        "touch ../../began_$1; [ $1 = 2 -o $1 = 3 ] && { echo no licence >&2; exit 1; }; sleep 1; echo 0 $1 > out.dat";
    let campaign = campaign("1-5", "[limits]\nmax_retries = 0", script);
    let state = || -> Value { serde_json::from_str(&campaign.tell_of_results("inspect", &["--json"]).said).unwrap() };
    campaign.tell_of_results("inspect", &[]).expect(65, &["nor its journal found"]);
    campaign.tell_of_results("export", &["-o", "-"]).expect(65, &["nor its journal found"]);

    let running = campaign.start(0, &[]);
    wait_until(|| campaign.path("began_4").exists());
    let alike = "seed 2 and 1 more like it (seed 3): sh of seed 2 ended with exit code 1: no licence";
    campaign
        .tell_of_results("inspect", &[])
        .expect(0, &["running: process", "replicas 1 of 5 done, 2 failed, 2 left", alike]);
    assert_eq!(state()["state"], "running");
    send(pid(&running), Signal::SIGUSR1);
    running.end().expect(75, &[]);
    let stopped = [
        "exit code 75: asked to stop by SIGUSR1",
        "replicas 2 of 5 done, 2 failed, 1 left",
        alike,
        "next: run the same command",
    ];
    campaign.tell_of_results("inspect", &[]).expect(0, &stopped);
    let found = state();
    assert_eq!(
        (&found["state"], &found["complete"], &found["stopped"]["exit"]),
        (&"stopped".into(), &false.into(), &75.into())
    );
    let counts = ["tasks_total", "tasks_done", "tasks_failed", "tasks_left"].map(|key| found[key].as_u64().unwrap());
    assert_eq!(counts, [5, 2, 2, 1]);
    assert_eq!(found["failed"][1]["label"], "seed 3");
    campaign
        .tell_of_results("export", &["-o", "-"])
        .expect(65, &["no result yet: 2 of 5 tasks are done, 2 failed, 1 are left"]);

    let running = campaign.start(0, &[]);
    wait_until(|| campaign.path("began_5").exists());
    send(pid(&running), Signal::SIGKILL);
    running.end();
    campaign.tell_of_results("inspect", &[]).expect(0, &["killed", "replicas 2 of 5 done, 2 failed, 1 left", alike]);
    assert_eq!(state()["state"], "killed");

    campaign.run(0, &[]).expect(2, &["3 of 5 tasks done, 2 failed"]);
    let complete =
        campaign.tell_of_results("inspect", &[]).expect(0, &["complete", "5 tasks: 3 done, 2 failed", alike]);
    assert!(!complete.said.contains("next:"), "{}", complete.said);
    campaign.write(&config("1-7", "[limits]\nmax_retries = 0", script));
    let running = campaign.start(0, &[]);
    wait_until(|| campaign.path("began_6").exists());
    campaign
        .tell_of_results("inspect", &[])
        .expect(0, &["being added to", "replicas 3 of 7 done, 2 failed, 2 left", "5 tasks: 3 done"]);
    assert_eq!(state()["growing"]["tasks_left"], 2);
    running.end().expect(2, &["5 of 7 tasks done"]);
}

#[test]
fn inspect_says_why_an_error_stopped_a_campaign() {
    let campaign = campaign("1-3", "", "touch ../../began_$1; sleep 1; echo 0 $1 > out.dat");
    let running = campaign.start(0, &[]);
    wait_until(|| campaign.path("began_2").exists());
    // Another run has taken the lock over: this one must not go on.
    let lock = campaign.path("results.h5.lock");
    let text = fs::read_to_string(&lock).unwrap();
    fs::write(&lock, text.replace(&format!("\"pid\":{}", pid(&running)), "\"pid\":1")).unwrap();
    // The heartbeat comes every ten seconds; the run is over before. What it cannot do then is to publish where a folder stands.
    fs::create_dir(campaign.path("results.h5")).unwrap();
    let ended = running.end();
    assert!([73, 74].contains(&ended.code), "{ended:?}");
    fs::remove_dir(campaign.path("results.h5")).unwrap();
    let _ = fs::remove_file(&lock);
    campaign
        .tell_of_results("inspect", &[])
        .expect(0, &["stopped by an error", "replicas 3 of 3 done, 0 failed, 0 left"]);
}

#[test]
fn a_run_on_several_ranks_that_is_ended_at_once_says_so_too() {
    let campaign = campaign("1-9", "", "touch ../../began_$1; sleep 1; echo 0 $1 > out.dat");
    let running = campaign.start(2, &[]);
    wait_until(|| campaign.path("began_3").exists());
    campaign.tell_of_results("inspect", &[]).expect(0, &["running: process", " of 9 done, 0 failed, "]);
    let rank = campaign.ranks()[&0];
    send(rank, Signal::SIGTERM);
    assert_ne!(running.end().code, 0);
    campaign
        .tell_of_results("inspect", &[])
        .expect(0, &["stopped at", "ended at once by SIGTERM", "next: run the same"]);
    campaign.run(2, &[]).expect(0, &["complete: 9 of 9 tasks done"]);
}
