//! The engine under mpirun: the same numbers everywhere, nothing lost, every fault told.
#![allow(clippy::unwrap_used)]
mod support;

use nix::sys::signal::Signal;
use std::fs;
use support::{Campaign, simmpi};

fn sleep(count: u64, keys: &str) -> String {
    format!("[campaign]\nkind = \"sleep\"\nseed = 7\n[sleep]\ncount = {count}\n{keys}\n")
}

const SPIN_BOSON: &str = r#"
[campaign]
kind = "trajectories"
seed = 11
[trajectories]
count = 600
duration = 1.0
time_step = 0.02
sample_every = 0.2
algorithm = { kind = "fssh" }
model = { kind = "spin-boson", modes = 20 }
"#;

const FMO_ALL: &str = r#"
[campaign]
kind = "trajectories"
seed = 3
[trajectories]
count = 120
duration = 1.0
time_step = 0.05
sample_every = 0.25
time_unit = "thermal"
keep = "all"
algorithm = { kind = "fssh", frustrated = "reverse" }
model = { kind = "fmo", modes_per_site = 3 }
"#;

#[test]
fn results_are_equal_to_the_last_bit_for_any_ranks_batches_and_schedule() {
    for (config, sizes) in [(SPIN_BOSON, [1, 10, 50]), (FMO_ALL, [1, 10, 7])] {
        let reference = Campaign::with(simmpi(), config);
        reference.run(0, &[]).expect(0, &["complete"]);
        let reference = reference.results();
        let mut runs = Vec::new();
        for ranks in 1..=4 {
            runs.push((ranks, sizes[ranks % 3], "static"));
            runs.push((ranks, sizes[(ranks + 1) % 3], "dynamic"));
        }
        for (ranks, size, schedule) in runs {
            let partition = format!("[partition]\nbatch_size = {size}\nschedule = \"{schedule}\"\nuneven = \"idle\"\n");
            let campaign = Campaign::with(simmpi(), &format!("{config}{partition}"));
            campaign.run(ranks, &[]).expect(0, &["complete"]);
            assert!(campaign.results() == reference, "{ranks} ranks, batches of {size}, {schedule}");
        }
    }
}

#[test]
fn results_do_not_depend_on_the_instructions_that_the_c_library_chooses() {
    let run = |tunables: &str| {
        let campaign = Campaign::with(simmpi(), SPIN_BOSON);
        campaign.start_with(2, &[], &[("GLIBC_TUNABLES", tunables)]).end().expect(0, &[]);
        campaign.results()
    };
    assert!(run("") == run("glibc.cpu.hwcaps=-AVX2,-AVX,-FMA,-FMA4,-AVX512F"));
}

#[test]
fn a_rank_killed_costs_nothing_that_was_journalled() {
    let config = sleep(80, "seconds = 0.05\n[partition]\nbatch_size = 2");
    let reference = Campaign::new(&config);
    reference.run(2, &[]).expect(0, &[]);
    for victim in [1, 0] {
        let campaign = Campaign::new(&config);
        let running = campaign.start(2, &[]);
        campaign.wait_for_records(600);
        campaign.kill(victim);
        assert_ne!(running.end().code, 0);
        assert!(!campaign.path("results.h5").exists());
        campaign.run(3, &[]).expect(0, &["done before", "complete: 80 of 80"]);
        assert!(campaign.results() == reference.results());
    }
}

#[test]
fn two_stages_are_resumed_in_the_middle_on_other_ranks() {
    let config = "[campaign]\nkind = \"two-stage\"\nseed = 5\n[two-stage]\ncount = 60\nseconds = 0.02\n";
    let reference = Campaign::new(config);
    reference.run(3, &[]).expect(0, &["mean: 60 tasks", "variance: 60 tasks"]);
    for bytes in [800, 2900] {
        let campaign = Campaign::new(config);
        let running = campaign.start(2, &[]);
        campaign.wait_for_records(bytes);
        running.signal(Signal::SIGKILL);
        for pid in campaign.ranks().into_values() {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL);
        }
        running.end();
        std::thread::sleep(std::time::Duration::from_millis(300));
        campaign.run(4, &[]).expect(0, &["complete: 120 of 120"]);
        assert!(campaign.results() == reference.results());
    }
}

#[test]
fn usr1_drains_and_the_same_command_goes_on() {
    let campaign = Campaign::new(&sleep(60, "seconds = 0.05\n[partition]\nbatch_size = 2"));
    let running = campaign.start(2, &[]);
    campaign.wait_for_records(1);
    campaign.ask_to_drain(&running);
    running.end().expect(75, &["stopping: asked to stop", "run the same command again"]);
    campaign.run(1, &[]).expect(0, &["done before", "complete: 60 of 60"]);
    let reference = Campaign::new(&sleep(60, ""));
    reference.run(0, &[]).expect(0, &[]);
    assert!(campaign.results() == reference.results());
}

#[test]
fn term_leaves_a_journal_that_can_be_resumed() {
    let campaign = Campaign::new(&sleep(60, "seconds = 0.05\n[partition]\nbatch_size = 2"));
    let running = campaign.start(2, &[]);
    campaign.wait_for_records(300);
    running.signal(Signal::SIGTERM);
    assert_ne!(running.end().code, 0);
    campaign.run(2, &[]).expect(0, &["done before"]);
}

#[test]
fn the_end_of_the_time_slot_is_kept() {
    let campaign = Campaign::new(&sleep(60, "seconds = 0.1\n[partition]\nbatch_size = 30\n[limits]\nwalltime_s = 2.0"));
    campaign.run(1, &[]).expect(75, &["no further task fits into the allocation"]);
    campaign.write(&sleep(60, "seconds = 0.0\n"));
    campaign.run(1, &[]).expect(0, &["done before"]);
}

#[test]
fn a_task_that_panics_is_recorded_and_can_be_retried() {
    let config = sleep(40, "panic = [3, 17]\ngrain = 8\ncure = \"cured\"\n[partition]\nbatch_size = 10");
    let campaign = Campaign::new(&config);
    campaign.run(2, &["--keep-journal"]).expect(2, &["38 of 40 tasks done, 2 failed"]);
    let inspected =
        std::process::Command::new(&campaign.program).arg("inspect").arg(campaign.path("results.h5")).output();
    let inspected = String::from_utf8(inspected.unwrap().stdout).unwrap();
    assert!(inspected.contains("sleep task 17: panicked: task 17 was told to panic"), "{inspected}");
    campaign.run(2, &[]).expect(2, &["complete already, 2 tasks failed"]);
    fs::write(campaign.path("cured"), "").unwrap();
    campaign.run(3, &["--retry-failed"]).expect(0, &["40 of 40"]);
    let reference = Campaign::new(&sleep(40, ""));
    reference.run(1, &[]).expect(0, &[]);
    assert!(campaign.results() == reference.results());
}

#[test]
fn a_value_that_is_no_number_is_a_failure_and_never_averaged_in() {
    let campaign = Campaign::new(&sleep(20, "not_finite = [4]"));
    campaign.run(2, &[]).expect(2, &["1 failed"]);
    let results = campaign.results();
    assert!(f64::from_bits(results["/results/mean"][0]).is_finite());
}

#[test]
fn a_campaign_whose_first_tasks_all_fail_alike_is_stopped() {
    let campaign = Campaign::new(&sleep(2000, "all_fail = true\nseconds = 0.001\n[partition]\nbatch_size = 5"));
    campaign.run(2, &[]).expect(75, &["the first task of every rank failed alike", "the program is not installed"]);
}

#[test]
fn too_many_failures_stop_a_campaign() {
    let campaign = Campaign::new(&sleep(
        40,
        "seconds = 0.02\npanic = [20, 21, 22, 23, 24]\n[partition]\nbatch_size = 2\n[limits]\nmax_failures = 2\nmax_retries = 0",
    ));
    campaign.run(1, &[]).expect(75, &["limits.max_failures"]);
}

#[test]
fn a_panic_outside_of_a_task_ends_all_ranks_with_the_same_code() {
    let campaign = Campaign::new(&sleep(
        40,
        "seconds = 0.01\ngrain = 2\npanic_outside = 21\n[partition]\nbatch_size = 10\nuneven = \"idle\"",
    ));
    campaign.run(3, &[]).expect(1, &["internal fault", "told to panic outside"]);
}

#[test]
fn what_was_edited_is_named() {
    let campaign = Campaign::new(&sleep(40, "seconds = 0.05\nscale = 1.0\n[partition]\nbatch_size = 2"));
    let running = campaign.start(2, &[]);
    campaign.wait_for_records(300);
    campaign.ask_to_drain(&running);
    running.end().expect(75, &[]);
    campaign.write(&sleep(40, "scale = 2.0"));
    campaign.run(2, &[]).expect(78, &["sleep.scale: was 1.0, is 2.0", "--fresh"]);
    campaign.run(2, &["--fresh"]).expect(0, &[]);
    campaign.write(&sleep(40, "scale = 3.0"));
    campaign.run(2, &[]).expect(73, &["belongs to another campaign", "sleep.scale: was 2.0, is 3.0", "--force"]);
    campaign.run(2, &["--force"]).expect(0, &[]);
}

#[test]
fn a_count_that_grows_keeps_what_is_done() {
    let reference = Campaign::new(&sleep(80, ""));
    reference.run(2, &[]).expect(0, &[]);
    let campaign = Campaign::new(&sleep(30, ""));
    campaign.run(2, &[]).expect(0, &[]);
    assert!(!campaign.path("results.h5.journal").exists());
    campaign.write(&sleep(80, ""));
    campaign.run(3, &[]).expect(0, &["50 tasks in", "30 done before"]);
    assert!(campaign.results() == reference.results());
    campaign.write(&sleep(70, ""));
    campaign.run(3, &[]).expect(78, &["less than the earlier 80"]);
}

#[test]
fn two_runs_on_one_output_do_not_meet() {
    let campaign = Campaign::new(&sleep(40, "seconds = 0.1\n[partition]\nbatch_size = 1"));
    let first = campaign.start(2, &[]);
    campaign.wait_for_records(100);
    let said = campaign.path("second.txt");
    let second = std::process::Command::new(&campaign.program).arg(campaign.path("config.toml")).output().unwrap();
    fs::write(said, &second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(73), "{}", String::from_utf8_lossy(&second.stderr));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another run is writing this output: process"));
    first.end().expect(0, &[]);
}

#[test]
fn what_does_not_divide_is_refused_with_what_would() {
    let campaign = Campaign::new(&sleep(50, "[partition]\nbatch_size = 7"));
    campaign.run(3, &[]).expect(78, &["50 tasks do not divide over 3 ranks x batches of 7: 42 or 63 would"]);
    assert!(!campaign.path("results.h5").exists());
    campaign.write(&sleep(3, ""));
    campaign.run(4, &[]).expect(78, &["3 tasks do not divide over 4 ranks x batches of 1: 4 would"]);
    campaign.write(&sleep(3, "[partition]\nuneven = \"idle\""));
    campaign.run(4, &[]).expect(0, &["1 idle slots"]);
}

#[test]
fn a_damaged_journal_costs_the_damaged_records_alone() {
    let config = sleep(40, "seconds = 0.02\n[partition]\nbatch_size = 2");
    let campaign = Campaign::new(&config);
    campaign.run(2, &["--keep-journal"]).expect(0, &[]);
    let reference = campaign.results();
    fs::remove_file(campaign.path("results.h5")).unwrap();
    let file = simmpi::journal::files(&campaign.path("results.h5.journal")).unwrap().remove(1);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    bytes.truncate(bytes.len() - 3);
    fs::write(&file, bytes).unwrap();
    campaign.run(3, &[]).expect(0, &["journal:", "36 done before"]);
    assert!(campaign.results() == reference);
}

#[test]
fn outputs_that_cannot_be_are_refused_before_anything_runs() {
    let config = |output: &str| format!("[campaign]\nkind = \"sleep\"\noutput = \"{output}\"\n[sleep]\ncount = 4\n");
    let campaign = Campaign::new(&config("missing/results.h5"));
    campaign.run(2, &[]).expect(73, &["does not exist"]);
    campaign.write(&config("."));
    campaign.run(0, &[]).expect(73, &["is a folder"]);
    campaign.write(&config("other.h5"));
    fs::write(campaign.path("other.h5"), "no HDF5").unwrap();
    campaign.run(0, &[]).expect(73, &["--force"]);
    campaign.run(0, &["--force"]).expect(0, &[]);
}

#[test]
fn bad_command_lines_and_files_have_their_codes() {
    let campaign = Campaign::new("[campaign]\nkind = \"sleep\"\n[sleep]\ncuont = 4\nseconds = \"long\"\n");
    campaign
        .run(2, &[])
        .expect(78, &["unknown key `cuont`", "did you mean `count`?", "config.toml:4", "config.toml:5"]);
    campaign.run(2, &["--frsh"]).expect(64, &["--fresh"]);
    fs::remove_file(campaign.path("config.toml")).unwrap();
    campaign.run(2, &[]).expect(65, &["not found: name an existing file"]);
}

#[test]
fn only_one_task_can_be_run() {
    let campaign = Campaign::new(&sleep(10, ""));
    campaign.run(2, &["--only", "3"]).expect(75, &["1 tasks in", "9 tasks are left"]);
    campaign.run(2, &[]).expect(0, &["1 done before"]);
}

#[test]
fn a_reader_that_goes_away_ends_nothing() {
    let campaign = Campaign::new(&sleep(10, "seconds = 0.01"));
    let line = format!(
        "{} run {} | true; exit ${{PIPESTATUS[0]}}",
        campaign.program.display(),
        campaign.path("config.toml").display()
    );
    let status = std::process::Command::new("bash").arg("-c").arg(line).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(campaign.path("results.h5").exists());
}
