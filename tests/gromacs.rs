//! Ensembles by a stand-in for GROMACS, which writes down its calls and fails as it is told.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::Value;
use std::fs;
use support::replicas::{kill_rank, reader, strings, wait_until, working_in};
use support::standing::{MDP, Standing, option};

#[test]
fn every_replica_is_called_as_it_should_be() {
    let standing = Standing::new(4, "mdrun_args = [\"-cpt\", \"5\"]\ngrompp_args = [\"-maxwarn\", \"1\"]");
    standing.campaign.run(2, &[]).expect(0, &["4 of 4 tasks done"]);
    for seed in ["1", "2", "3", "4"] {
        assert!(fs::read_to_string(standing.file(seed, "run.mdp")).unwrap().contains(&format!("gen-seed = {seed}\n")));
        let (grompp, mdrun) = (standing.calls(seed, "grompp"), standing.calls(seed, "mdrun"));
        assert_eq!((grompp.len(), mdrun.len()), (1, 1));
        assert_eq!(option(&grompp[0], "-maxwarn"), Some("1"));
        let call = &mdrun[0];
        assert_eq!(
            (option(call, "-ntmpi"), option(call, "-ntomp"), option(call, "-cpt")),
            (Some("1"), Some("1"), Some("5"))
        );
        assert_eq!((option(call, "-px"), option(call, "-pf")), (Some("run_pullx.xvg"), Some("run_pullf.xvg")));
        assert_eq!((option(call, "-cpi"), option(call, "-maxh"), option(call, "-gpu_id")), (None, None, None));
        assert_eq!(call["set"], serde_json::json!({"GMX_MAXBACKUP": "-1", "OMP_NUM_THREADS": "1"}));
        assert_eq!(call["launcher"], serde_json::json!([]), "the launcher's variables are gone");
        assert_eq!(standing.steps(seed), (1..=40).collect::<Vec<_>>());
    }
    let file = reader(&standing.campaign);
    assert_eq!(file.array::<f64>("/run/replicas/ns_per_day").unwrap(), [1000.0; 4]);
    assert_eq!(file.array::<f64>("/run/replicas/potential_energy").unwrap(), [-11.0; 4]);
    assert_eq!(file.array::<f64>("/run/replicas/last_step").unwrap(), [40.0; 4]);
}

#[test]
fn what_fails_goes_on_from_its_checkpoint_and_what_would_fail_again_is_not_tried() {
    let standing = Standing::with(7, "", "[limits]\nmax_retries = 2\n[partition]\nschedule = \"static\"", MDP);
    let moods =
        [("1", "crash"), ("2", "partial"), ("3", "lincs"), ("4", "bad-mdp"), ("5", "stall"), ("6", "unfinished")];
    standing.moods(&moods);
    standing.campaign.run(2, &[]).expect(2, &["4 of 7 tasks done, 3 failed"]);
    let errors = strings(&standing.campaign, "/run/tasks/error");
    for (place, begin) in [("1", "20"), ("2", "25"), ("5", "25")] {
        let calls = standing.calls(place, "mdrun");
        assert_eq!(calls.len(), 2, "replica {place}");
        assert_eq!(option(&calls[1], "-cpi"), Some("run.cpt"));
        let steps = standing.steps(place);
        let begin: u64 = begin.parse().unwrap();
        assert_eq!(
            steps[steps.len() - (40 - begin) as usize..],
            (begin + 1..=40).collect::<Vec<_>>()[..],
            "replica {place}"
        );
        assert_eq!(steps.len() as u64, 25 + 40 - begin, "no step was run twice but those behind the checkpoint");
    }
    for (place, error) in
        [("3", "unstable: mdrun of seed 3 ended with exit code 1: "), ("4", "input refused: grompp of seed 4")]
    {
        let place_error = errors.iter().find(|text| text.contains(&format!("seed {place} "))).unwrap();
        assert!(place_error.starts_with(error), "{place_error}");
    }
    assert!(errors.iter().any(|text| text.contains("Too many LINCS warnings")), "{errors:?}");
    assert!(errors.iter().any(|text| text.contains("Unknown left-hand 'foo'")), "{errors:?}");
    assert_eq!((standing.calls("3", "mdrun").len(), standing.calls("4", "grompp").len()), (1, 1));
    assert!(errors.iter().any(|text| text.contains("run of seed 6 ended with exit code 0 at step")), "{errors:?}");
    assert_eq!(standing.calls("6", "mdrun").len(), 3);
}

#[test]
fn a_simulation_that_blows_up_is_tried_in_smaller_steps_where_that_is_wanted() {
    let standing = Standing::new(2, "unstable_time_step_factor = 0.5");
    standing.moods(&[("2", "lincs")]);
    standing.campaign.run(0, &[]).expect(0, &["2 of 2 tasks done"]);
    assert!(
        standing.notes()[1].contains("run blew up and was restarted with a time step of 0.001 ps"),
        "{:?}",
        standing.notes()
    );
    assert_eq!(reader(&standing.campaign).array::<f64>("/run/replicas/last_step").unwrap(), [40.0, 80.0]);
}

#[test]
fn a_cut_checkpoint_is_noticed_and_the_one_before_it_taken() {
    // The first is well, so that the campaign goes on.
    let standing = Standing::with(4, "", "[limits]\nmax_retries = 0", MDP);
    standing.moods(&[("2", "crash"), ("3", "crash"), ("4", "crash")]);
    standing.campaign.run(0, &["--keep-journal"]).expect(2, &["1 of 4 tasks done"]);
    fs::write(standing.file("2", "run.cpt"), "20 0.0").unwrap();
    fs::remove_file(standing.file("3", "run.cpt")).unwrap();
    fs::remove_file(standing.file("3", "run_prev.cpt")).unwrap();
    fs::write(standing.file("4", "run.cpt"), "").unwrap();
    fs::write(standing.file("4", "run_prev.cpt"), "").unwrap();
    standing.campaign.run(0, &["--retry-failed"]).expect(0, &["4 of 4 tasks done"]);
    let notes = standing.notes();
    assert_eq!(notes[1], "the checkpoint run.cpt is truncated or damaged; it continues from run_prev.cpt at step 10");
    assert_eq!(option(&standing.calls("2", "mdrun")[1], "-cpi"), Some("run_prev.cpt"));
    assert!(notes[2].contains("left no checkpoint: it starts again"), "{notes:?}");
    assert!(notes[3].contains("no usable checkpoint and starts again"), "{notes:?}");
    assert_eq!(option(&standing.calls("4", "mdrun")[1], "-cpi"), None);
}

#[test]
fn stages_follow_each_other_and_what_is_finished_is_not_run_again() {
    let stages = "stage = [{ name = \"em\", mdp = \"em.mdp\" }, { name = \"run\", mdp = \"run.mdp.j2\" }]";
    let standing = Standing::with(2, stages, "[limits]\nmax_retries = 1", MDP);
    fs::write(standing.campaign.path("em.mdp"), "integrator = steep\nnsteps = 4\n").unwrap();
    standing.moods(&[("1", "crash")]);
    standing.campaign.run(2, &[]).expect(0, &["2 of 2 tasks done"]);
    let names = |place: &str| -> Vec<String> {
        standing.calls(place, "mdrun").iter().map(|call| option(call, "-deffnm").unwrap().to_owned()).collect()
    };
    // The stand-in crashes in its first simulation too, and each goes on alone.
    assert_eq!(names("2"), ["em", "run"]);
    assert_eq!(names("1").last().map(String::as_str), Some("run"));
    let starts: Vec<_> =
        standing.calls("2", "grompp").iter().map(|call| option(call, "-c").unwrap().to_owned()).collect();
    assert!(starts[0].ends_with("conf.gro") && starts[1] == "em.gro", "{starts:?}");
}

#[test]
fn a_killed_rank_costs_nothing_but_the_steps_behind_its_checkpoint() {
    let slow = MDP.replace("nsteps = 40", "nsteps = 100\nsleep = 0.05");
    let standing = Standing::with(4, "", "", &slow);
    let running = standing.campaign.start(2, &[]);
    let has_run = |place: &str, steps: usize| {
        fs::read_to_string(standing.file(place, "run.trj")).is_ok_and(|text| text.lines().count() > steps)
    };
    wait_until(|| has_run("1", 25) && has_run("2", 25));
    let ended = kill_rank(&standing.campaign, running, 1);
    assert_ne!(ended.code, 0);
    wait_until(|| working_in(&standing.campaign.path("replicas")) == 0);
    standing.campaign.run(2, &[]).expect(0, &["4 of 4 tasks done, 0 failed"]);
    for place in ["1", "2", "3", "4"] {
        let steps = standing.steps(place);
        let again = steps.len() - 100;
        assert!(again <= 10, "{again} steps of replica {place} were run twice");
        assert_eq!(steps[steps.len() - 1], 100);
    }
    let went_on =
        |place: &str| standing.calls(place, "mdrun").iter().any(|call| option(call, "-cpi") == Some("run.cpt"));
    assert!(went_on("1") || went_on("2"), "one of them was on the rank that was killed");
}

#[test]
fn the_end_of_the_time_slot_interrupts_replicas_and_the_next_slot_goes_on() {
    let slow = MDP.replace("nsteps = 40", "nsteps = 100\nsleep = 0.1");
    let standing = Standing::with(2, "", "[limits]\nmax_retries = 0\nwalltime_s = 9.0", &slow);
    standing.campaign.run(2, &[]).expect(75, &["0 of 2 tasks are done, 0 failed, 2 are left"]);
    let hours: f64 = option(&standing.calls("1", "mdrun")[0], "-maxh").unwrap().parse().unwrap();
    assert!(hours > 1.0 / 3600.0 && hours < 5.2 / 3600.0, "{hours}");
    let config = fs::read_to_string(standing.campaign.path("config.toml")).unwrap();
    standing.campaign.write(&config.replace("walltime_s = 9.0", "walltime_s = 90.0"));
    standing.campaign.run(2, &[]).expect(0, &["2 of 2 tasks done, 0 failed"]);
    assert_eq!(standing.steps("1"), (1..=100).collect::<Vec<_>>(), "no step was run twice");
}

#[test]
fn seeds_from_the_clock_and_equal_inputs_are_refused() {
    let refused = |mdp: &str, said: &[&str]| {
        let standing = Standing::with(3, "", "", mdp);
        standing.campaign.run(0, &[]).expect(78, said);
        assert!(!standing.campaign.path("replicas").exists());
    };
    refused(
        &MDP.replace("ld-seed = {{ seed }}", "ld_seed = -1"),
        &["`ld-seed = -1` makes GROMACS seed from the clock", "{{ seed }}"],
    );
    refused(&MDP.replace("gen-seed = {{ seed }}\n", ""), &["`gen-seed` is not set"]);
    refused(&MDP.replace("{{ seed }}", "7"), &["replicas 0 and 1 (seeds 1 and 2) would compute the same"]);
    let standing = Standing::new(3, "mdrun_args = [\"-nsteps\", \"10\"]");
    standing.campaign.run(0, &[]).expect(78, &["`-nsteps` is reserved"]);
    let standing = Standing::new(3, "");
    fs::remove_file(standing.campaign.path("bin/gmx")).unwrap();
    standing.campaign.run(0, &[]).expect(78, &["bin/gmx` was not found or is not executable"]);
    let standing = Standing::new(3, "threads = 512");
    standing.campaign.run(0, &[]).expect(78, &["512 threads on"]);
}

#[test]
fn gpus_are_shared_out_by_the_ranks_of_a_node() {
    let standing = Standing::new(4, "gpus = [2, 5]");
    standing.campaign.run(2, &[]).expect(0, &[]);
    let mut used: Vec<String> = (1..=4)
        .flat_map(|seed| standing.calls(&seed.to_string(), "mdrun"))
        .map(|call| option(&call, "-gpu_id").unwrap().to_owned())
        .collect();
    used.sort();
    used.dedup();
    assert_eq!(used, ["2", "5"]);
    // Two nodes have twice as many; with too few nothing is begun.
    let check = |arguments: &[&str]| standing.campaign.tell("check", arguments);
    check(&["--ranks", "4", "--nodes", "2"]).expect(0, &["no errors found"]);
    check(&["--ranks", "4"])
        .expect(78, &["4 ranks per node do not fit on 2 GPUs with 1 replicas each", "gpus = [2, 5]"]);
    let standing = Standing::new(4, "gpus = [0]");
    standing.campaign.run(2, &[]).expect(78, &["2 ranks per node do not fit on 1 GPUs", "replicas_per_gpu"]);
    assert!(!standing.campaign.path("bin/calls.log").exists() || standing.calls("1", "mdrun").is_empty());
    let config = fs::read_to_string(standing.campaign.path("config.toml")).unwrap();
    standing.campaign.write(&config.replace("gpus = [0]", "gpus = [0]\nreplicas_per_gpu = 2"));
    standing.campaign.run(2, &[]).expect(0, &["4 of 4 tasks done"]);
}

#[test]
fn more_threads_than_cores_are_run_where_that_is_wanted_and_are_not_pinned() {
    let standing = Standing::new(2, "threads = 512\noversubscribe = true");
    standing.campaign.run(2, &[]).expect(0, &["warning: 512 threads on", "not bound to cores", "2 of 2 tasks done"]);
    let call = &standing.calls("1", "mdrun")[0];
    assert_eq!(
        (option(call, "-ntomp"), option(call, "-pin"), option(call, "-pinoffset")),
        (Some("512"), Some("off"), None)
    );
}

#[test]
fn what_only_steers_mdrun_may_change_within_a_campaign() {
    let standing = Standing::new(2, "mdrun_args = [\"-cpt\", \"5\"]");
    standing.campaign.run(0, &[]).expect(0, &["2 of 2 tasks done"]);
    let config = fs::read_to_string(standing.campaign.path("config.toml")).unwrap();
    standing
        .campaign
        .write(&config.replace("[\"-cpt\", \"5\"]", "[\"-v\", \"-nb\", \"cpu\"]\nthreads = 2\noversubscribe = true"));
    standing.campaign.run(0, &[]).expect(0, &["is complete already"]);
    standing.campaign.write(&config.replace("[\"-cpt\", \"5\"]", "[\"-reprod\"]"));
    standing.campaign.run(0, &[]).expect(73, &["mdrun_args", "-reprod"]);
}

#[test]
fn step_and_speed_of_every_replica_are_seen_while_it_runs() {
    let slow = MDP.replace("nsteps = 40", "nsteps = 400\nsleep = 0.02");
    let standing = Standing::with(2, "", "", &slow);
    let running = standing.campaign.start(2, &[]);
    let seen = |words: &[&str]| {
        let told = standing.campaign.tell_of_results("inspect", &[]).said;
        words.iter().all(|word| told.contains(word))
    };
    wait_until(|| {
        seen(&["replicas 0 of 2 done", "rank 0: seed ", "rank 1: seed ", ", run: step ", " of 400 (", " ns/day"])
    });
    let told = standing.campaign.tell_of_results("inspect", &["--json"]).said;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["complete"], &told["running"]["tasks"]), (&false.into(), &2.into()));
    running.end().expect(0, &["2 of 2 tasks done"]);
    assert!(!standing.campaign.path("results.h5.journal/running.json").exists());
}
