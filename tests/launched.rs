//! Tasks larger than a rank: programs of several MPI builds, started by a launcher or not. Stand-ins take the places of GROMACS and the
//! launcher; `ci/slurm_launcher.sh` does the same by `gmx_mpi` and `srun`.
#![allow(clippy::unwrap_used)]
mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use simmpi::results::Reader;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use support::replicas::{kill_rank, wait_until, working_in};
use support::standing::{MDP, Standing, option};
use support::{Campaign, Running, simmpi};

/// Writes down its own options, then becomes the program behind `--`.
const LAUNCH: &str = "#!/bin/sh\nline=\nwhile [ \"$1\" != -- ]; do line=\"$line $1\"; shift; done; shift\n\
    echo \"$line: $*\" >>\"$(dirname \"$0\")/launches.log\"\nexec \"$@\"\n";
/// Starts nothing, and writes down the signals that it gets: its program runs elsewhere until it is told to end it.
const SRUN: &str = "#!/bin/bash\nlog=$(dirname \"$0\")/signals.log\necho start >>\"$log\"\ntrap 'echo INT >>\"$log\"' INT\n\
    trap 'sleep 0.5; echo TERM >>\"$log\"; exit 143' TERM\nwhile :; do sleep 0.05; done\n";

const KEYS: &str = "launcher = [\"bin/launch\", \"-n{ranks}\", \"-c{threads}\", \"--\"]";

fn add_program(campaign: &Campaign, name: &str, text: &str) {
    fs::create_dir_all(campaign.path("bin")).unwrap();
    fs::write(campaign.path(name), text).unwrap();
    fs::set_permissions(campaign.path(name), fs::Permissions::from_mode(0o755)).unwrap();
}

fn lines(campaign: &Campaign, name: &str) -> Vec<String> {
    let text = fs::read_to_string(campaign.path(name)).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Replicas by an MPI build of the stand-in.
fn of_mpi_build(count: usize, keys: &str) -> Standing {
    let standing = Standing::with(count, keys, "[limits]\nmax_retries = 1", MDP);
    standing.moods(&[("library", "MPI"), ("2", "crash")]);
    add_program(&standing.campaign, "bin/launch", LAUNCH);
    standing
}

#[test]
fn an_mpi_build_without_a_launcher_is_one_rank_wherever_it_is_called() {
    let standing = of_mpi_build(4, "");
    standing.campaign.run(2, &[]).expect(0, &["4 of 4 tasks done, 0 failed"]);
    for seed in ["1", "2", "3", "4"] {
        let calls = standing.calls(seed, "mdrun");
        assert_eq!(calls.len(), if seed == "2" { 2 } else { 1 });
        for call in &calls {
            assert_eq!((option(call, "-ntmpi"), option(call, "-ntomp")), (None, Some("1")));
            assert!(option(call, "-pin").is_some() && call["launcher"] == serde_json::json!([]));
        }
    }
    assert_eq!(option(&standing.calls("2", "mdrun")[1], "-cpi"), Some("run.cpt"));
    assert_eq!(standing.version_queries(), 2, "each rank asks once");
}

#[test]
fn thread_mpi_ranks_of_an_mpi_build_are_refused() {
    let standing = of_mpi_build(2, "thread_mpi_ranks = 2\noversubscribe = true");
    let texts = ["thread_mpi_ranks = 2", "is not built with thread-MPI", "config.toml:"];
    standing.campaign.expect_told(&texts);
    standing.campaign.run(2, &[]).expect(78, &texts);
    standing.moods(&[("library", "thread_mpi")]);
    standing.campaign.run(0, &[]).expect(0, &["2 of 2 tasks done"]);
    assert_eq!(option(&standing.calls("1", "mdrun")[0], "-ntmpi"), Some("2"));
}

#[test]
fn a_launcher_starts_mdrun_on_its_own_cores() {
    let standing = of_mpi_build(3, &format!("ranks = 3\nthreads = 512\nmdrun_args = [\"-pin\", \"on\"]\n{KEYS}"));
    standing.campaign.tell("check", &[]).expect(0, &["3 ranks of 512 threads each, by launch", "no errors found"]);
    let step = [("SLURM_MPI_TYPE", "pmix"), ("SLURM_CPU_BIND", "quiet,mask_cpu:0x1"), ("SLURM_OVERLAP", "1")];
    standing.campaign.start_with(2, &[], &step).end().expect(0, &["3 of 3 tasks done, 0 failed"]);
    let launches = lines(&standing.campaign, "bin/launches.log");
    assert_eq!(launches.len(), 4, "{launches:?}");
    assert!(launches.iter().all(|line| line.starts_with("-n3 -c512: ") && line.contains("bin/gmx mdrun -deffnm run ")));
    for seed in ["1", "2", "3"] {
        let (mdrun, grompp) = (&standing.calls(seed, "mdrun")[0], &standing.calls(seed, "grompp")[0]);
        assert_eq!((option(mdrun, "-ntmpi"), option(mdrun, "-ntomp")), (None, Some("512")));
        assert_eq!((option(mdrun, "-pin"), option(mdrun, "-pinoffset")), (Some("on"), None));
        // It keeps what is said of the job, but is no rank of simmpi's; grompp is a program of the rank.
        let (kept, none) = (serde_json::json!(["SLURM_DISABLE_STATUS", "SLURM_MPI_TYPE"]), serde_json::json!([]));
        assert_eq!((&mdrun["step"], &mdrun["launcher"]), (&kept, &none));
        assert!(!grompp["step"].as_array().unwrap().iter().any(|name| name == "SLURM_MPI_TYPE"), "{grompp}");
    }
}

#[test]
fn what_a_launcher_cannot_mean_is_refused_at_its_line() {
    let refused = |keys: &str, texts: &[&str]| of_mpi_build(2, keys).campaign.expect_told(texts);
    refused("launcher = [\"bin/launch\", \"-n{rank}\"]", &["`{rank}` is not a placeholder", "config.toml:", "{ranks}"]);
    refused("ranks = 2", &["`ranks = 2`, but no launcher", "config.toml:"]);
    refused("ranks = 2\nlauncher = [\"bin/launch\", \"--\"]", &["the launcher has no {ranks}"]);
    refused(&format!("gpus = [0]\n{KEYS}"), &["`gpus` are those of the rank"]);
    refused("launcher = [\"no-such-launcher\"]", &["`no-such-launcher` was not found in PATH", "launcher = ["]);
    let standing = of_mpi_build(2, &format!("ranks = 2\n{KEYS}"));
    standing.moods(&[("library", "thread_mpi")]);
    standing.campaign.expect_told(&["2 copies of the same simulation", "ranks = 2"]);
    let level = |engine: &str| {
        let config = format!(
            "[campaign]\nkind = \"fragments\"\n[fragments]\natoms = \"He 0 0 0\\nHe 3 0 0\"\n[[fragments.level]]\nmethod = \"gfn2-xtb\"\n{engine}\n"
        );
        Campaign::with(simmpi(), &config)
    };
    level("engine = \"embedded\"\nlauncher = [\"srun\"]").expect_told(&["\"embedded\" starts no program"]);
    let xtb = "engine = \"xtb\"\nranks = 2\nlauncher = [\"srun\", \"-n{ranks}\"]";
    level(xtb).expect_told(&["xtb is not an MPI program: the launcher would start 2 copies"]);
}

#[test]
fn in_a_job_a_launcher_that_starts_nothing_is_found_before_any_task() {
    let standing = of_mpi_build(2, "launcher = [\"bin/refuses\"]");
    add_program(
        &standing.campaign,
        "bin/refuses",
        "#!/bin/sh\necho 'More processors requested than permitted' >&2; exit 1\n",
    );
    standing.campaign.tell("check", &[]).expect(0, &["no errors found"]);
    let job = [("PBS_JOBID", "1")];
    let texts = ["bin/refuses true` ended with exit code 1: More processors requested", "launcher = ["];
    standing.campaign.start_with(2, &[], &job).end().expect(78, &texts);
    assert!(standing.calls("1", "mdrun").is_empty());
}

#[test]
fn a_launcher_does_not_change_which_campaign_it_is() {
    let config = |keys: &str| {
        format!(
            "[campaign]\nkind = \"ensemble\"\n[ensemble]\nseeds = \"1-3\"\ndirectory = \"replicas/{{seed}}\"\nengine = \"command\"\n\
             [ensemble.command]\nargv = [\"sh\", \"-c\", \"echo 0 $OMP_NUM_THREADS {{seed}} > out.dat\"]\n{keys}\n\
             [[ensemble.collect]]\nfile = \"out.dat\"\ncolumns = [1, 2]\n"
        )
    };
    let campaign = Campaign::with(simmpi(), &config(&format!("ranks = 2\nthreads = 300\n{KEYS}")));
    add_program(&campaign, "bin/launch", LAUNCH);
    campaign.run(2, &[]).expect(0, &["3 of 3 tasks done"]);
    assert_eq!(lines(&campaign, "bin/launches.log").len(), 3);
    let threads = |campaign: &Campaign| {
        let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
        file.array::<f64>("/results/collected/out.dat/1/values").unwrap()
    };
    assert_eq!(threads(&campaign), [300.0; 3]);
    campaign.write(&config(""));
    campaign.run(2, &[]).expect(0, &["is complete already"]);
}

/// Two replicas whose launcher is called `srun`, with further keys of `[limits]`.
fn of_srun(limits: &str) -> Campaign {
    let config = format!(
        "[campaign]\nkind = \"ensemble\"\n[limits]\nmax_retries = 0\n{limits}\n[ensemble]\nseeds = \"1-2\"\ndirectory = \"replicas/{{seed}}\"\n\
         engine = \"command\"\n[ensemble.command]\nargv = [\"true\", \"{{seed}}\"]\nagain = \"continue\"\nlauncher = [\"bin/srun\"]\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    add_program(&campaign, "bin/srun", SRUN);
    campaign
}

fn started(campaign: &Campaign) -> Running {
    let running = campaign.start(0, &[]);
    wait_until(|| lines(campaign, "bin/signals.log").contains(&"start".to_owned()));
    running
}

/// The child of a process that is called `name`.
fn child(parent: i32, name: &str) -> i32 {
    let listed = Command::new("ps").args(["-o", "pid=,comm=", "--ppid", &parent.to_string()]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let line = listed.lines().find(|line| line.contains(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// That the launcher of `campaign` had time to end its processes.
fn expect_asked(campaign: &Campaign) {
    wait_until(|| working_in(&campaign.path("replicas")) == 0);
    assert_eq!(lines(campaign, "bin/signals.log"), ["start", "TERM"]);
}

#[test]
fn a_launcher_is_asked_to_end_its_processes_whoever_is_killed() {
    let campaign = of_srun("");
    let running = started(&campaign);
    assert_ne!(kill_rank(&campaign, running, 0).code, 0);
    expect_asked(&campaign);

    let campaign = of_srun("");
    let running = started(&campaign);
    let guard = child(running.child.id() as i32, "simmpi-guard");
    kill(Pid::from_raw(child(guard, "simmpi-program")), Signal::SIGKILL).unwrap();
    running.end().expect(75, &["0 failed"]);
    expect_asked(&campaign);

    let campaign = of_srun("");
    let running = started(&campaign);
    kill(Pid::from_raw(child(running.child.id() as i32, "simmpi-guard")), Signal::SIGKILL).unwrap();
    running.end().expect(75, &["0 failed"]);
    expect_asked(&campaign);
}

#[test]
fn srun_is_interrupted_first_so_that_its_program_can_write_a_checkpoint() {
    let campaign = of_srun("task_timeout_s = 2.0");
    // Its program heeds the signal.
    add_program(&campaign, "bin/srun", &SRUN.replace(">>\"$log\"' INT", ">>\"$log\"; exit 1' INT"));
    campaign.run(0, &[]).expect(2, &["0 of 2 tasks done, 2 failed", "ran past its limit of 2 s"]);
    assert_eq!(lines(&campaign, "bin/signals.log")[..2], ["start", "INT"]);
}
