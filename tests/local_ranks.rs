//! The option `--ranks`: simmpi starts itself on ranks of this machine; signals, exit codes and messages pass through the launcher.
#![allow(clippy::unwrap_used)]
mod support;

use nix::sys::signal::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::{Campaign, simmpi};

const TRAJECTORIES: &str = "[campaign]\nkind = \"trajectories\"\nseed = 11\n[trajectories]\ncount = 60\nduration = 4.0\ntime_step = 0.02\n\
                            sample_every = 1.0\nalgorithm = { kind = \"fssh\" }\nmodel = { kind = \"spin-boson\", modes = 20 }\n";

fn sleep(count: u64, keys: &str) -> Campaign {
    Campaign::new(&format!(
        "[campaign]\nkind = \"sleep\"\nseed = 7\n[sleep]\ncount = {count}\nseconds = 0.1\n{keys}\n[partition]\nbatch_size = 1\n"
    ))
}

#[test]
fn a_campaign_on_ranks_of_its_own_gives_the_bits_of_mpirun() {
    let reference = Campaign::with(simmpi(), TRAJECTORIES);
    reference.run(2, &[]).expect(0, &[]);
    for (option, said) in [("--ranks=3", "on 3 ranks"), ("-n2", "on 2 ranks"), ("-n1", "complete: 60 of 60")] {
        let campaign = Campaign::with(simmpi(), TRAJECTORIES);
        campaign.run(0, &[option]).expect(0, &[said, "complete: 60 of 60"]);
        assert!(campaign.results() == reference.results(), "{option}");
    }
    Campaign::with(simmpi(), TRAJECTORIES).run(0, &["--ranks", "auto"]).expect(0, &["complete: 60 of 60"]);
}

#[test]
fn the_command_run_may_be_left_out() {
    let campaign = Campaign::with(simmpi(), TRAJECTORIES);
    let output = Command::new(simmpi()).arg(campaign.path("config.toml")).args(["-n", "2"]).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.code() == Some(0) && said.contains("on 2 ranks"), "{said}");
}

#[test]
fn every_signal_stops_it_as_without_a_launcher_and_the_same_command_resumes() {
    let reference = sleep(60, "");
    reference.run(0, &[]).expect(0, &[]);
    for (signal, said) in [
        (Signal::SIGUSR1, "asked to stop by SIGUSR1"),
        (Signal::SIGINT, "asked to stop by Ctrl-C (SIGINT)"),
        (Signal::SIGTERM, "simmpi ends with exit code 75"),
    ] {
        let campaign = sleep(60, "");
        let running = campaign.start(0, &["-n", "2"]);
        campaign.wait_for_records(200);
        running.signal(signal);
        running.end().expect(75, &[said]);
        campaign.run(0, &["-n", "2"]).expect(0, &["complete: 60 of 60"]);
        assert!(campaign.results() == reference.results(), "{signal}");
    }
}

#[test]
fn a_signal_that_comes_before_the_ranks_have_started_waits_for_them() {
    let campaign = sleep(60, "");
    let running = campaign.start(0, &["-n", "2"]);
    std::thread::sleep(Duration::from_millis(100));
    running.signal(Signal::SIGINT);
    running.end().expect(75, &["asked to stop by Ctrl-C (SIGINT)"]);
}

#[test]
fn exit_codes_are_those_of_the_ranks() {
    sleep(4, "all_fail = true").run(0, &["-n", "2"]).expect(75, &["failed alike"]);
    let misspelt = Campaign::with(simmpi(), &TRAJECTORIES.replace("spin-boson", "spin-bosom"));
    misspelt.run(0, &["-n", "2"]).expect(78, &["spin-bosom", "config.toml:10"]);
    let nowhere = TRAJECTORIES.replace("seed = 11", "seed = 11\noutput = \"nowhere/results.h5\"");
    Campaign::with(simmpi(), &nowhere).run(0, &["-n", "2"]).expect(73, &["nowhere"]);
    let absent = Campaign::with(simmpi(), TRAJECTORIES);
    fs::remove_file(absent.path("config.toml")).unwrap();
    absent.run(0, &["-n", "2"]).expect(65, &["config.toml"]);
    let single = sleep(8, "panic = [3]");
    let code = single.run(0, &[]).code;
    assert_eq!(sleep(8, "panic = [3]").run(0, &["-n", "2"]).expect(2, &[]).code, code);
}

#[test]
fn jobs_that_join_may_start_their_ranks_themselves() {
    let campaign = sleep(40, "");
    let first = campaign.start_as("first.txt", 0, &["-n", "2", "--join"], &[]);
    let second = campaign.start_as("second.txt", 0, &["-n", "2", "--join"], &[]);
    first.end().expect(0, &[]);
    second.end().expect(0, &[]);
    let reference = sleep(40, "");
    reference.run(0, &[]).expect(0, &[]);
    assert!(campaign.results() == reference.results());
}

#[test]
fn a_launcher_must_have_started_as_many_ranks() {
    let campaign = sleep(4, "");
    let ended = campaign.run(2, &["-n", "3"]).expect(64, &["has started 2 processes, but --ranks asks for 3"]);
    assert_eq!(ended.said.matches("--ranks asks for").count(), 1, "{}", ended.said);
    campaign.run(0, &["-n", "0"]).expect(64, &["give a number from 1 on, or auto"]);
    assert!(!campaign.path("results.h5").exists() && !campaign.path("results.h5.journal").exists());
    campaign.run(2, &["-n", "2"]).expect(0, &["complete: 4 of 4"]);
}

#[test]
fn in_a_job_of_several_nodes_the_others_are_named_and_left_alone() {
    let job = [
        ("SLURM_JOB_ID", "1"),
        ("SLURM_JOBID", "1"),
        ("SLURM_NNODES", "2"),
        ("SLURM_JOB_NUM_NODES", "2"),
        ("SLURM_NODELIST", "node[1-2]"),
        ("SLURM_JOB_NODELIST", "node[1-2]"),
        ("SLURM_TASKS_PER_NODE", "2(x2)"),
    ];
    let running = sleep(9, "").start_with(0, &["-n", "3"], &job).end();
    running.expect(0, &["on 3 ranks", "on this node, one of 2 of the job", "complete: 9 of 9"]);
}

/// The MPI library of the program.
fn library() -> PathBuf {
    let output = Command::new("ldd").arg(simmpi()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.contains("libmpi")).unwrap();
    line.split_whitespace().nth(2).unwrap().into()
}

#[test]
fn without_the_launcher_of_its_library_it_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &Path| fs::copy(from, folder.path().join(from.file_name().unwrap())).unwrap();
    copy(&library());
    // A launcher of another library is none.
    let other = folder.path().join("mpirun");
    fs::write(&other, "#!/bin/sh\necho 'Another MPI 1.2.3'\n").unwrap();
    Command::new("chmod").arg("+x").arg(&other).status().unwrap();
    let path = folder.path().to_str().unwrap();
    let campaign = Campaign::with(simmpi(), TRAJECTORIES);
    let environment = [("PATH", path), ("LD_LIBRARY_PATH", path)];
    let running = campaign.start_with(0, &["-n", "2"], &environment).end();
    running.expect(64, &["cannot find the mpirun of", "add its folder to PATH"]);
    campaign.start_with(0, &["--ranks", "1"], &environment).end().expect(0, &["complete: 60 of 60"]);
}
