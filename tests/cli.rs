//! The commands besides `run`.
#![allow(clippy::unwrap_used)]
mod support;

use std::process::{Command, Output};
use support::simmpi;

fn ask(args: &[&str], folder: &std::path::Path) -> Output {
    Command::new(simmpi()).args(args).current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn what_init_writes_can_be_checked_planned_run_and_inspected() {
    let folder = tempfile::tempdir().unwrap();
    let example = ask(&["init", "trajectories"], folder.path());
    std::fs::write(folder.path().join("my.toml"), &example.stdout).unwrap();
    let checked = text(&ask(&["check", "my.toml", "--ranks", "4"], folder.path()));
    for line in [
        "steps",
        "1000 of 0.01",
        "largest frequency x step",
        "8 batches of 150, 2 rounds, 0 idle slots",
        "no errors found",
    ] {
        assert!(checked.contains(line), "`{line}` is missing in:\n{checked}");
    }
    let planned = text(&ask(&["plan", "my.toml", "--ranks", "4"], folder.path()));
    for line in ["1200 tasks", "makespan on 4 ranks", "efficiency", "memory", "result file", "--ntasks=4 --time="] {
        assert!(planned.contains(line), "`{line}` is missing in:\n{planned}");
    }
    assert!(!folder.path().join("spin_boson.h5").exists());
    let log = ["my.toml", "--progress", "none", "--log", "run.log"];
    assert_eq!(ask(&log, folder.path()).status.code(), Some(0));
    let logged = std::fs::read_to_string(folder.path().join("run.log")).unwrap();
    assert!(
        logged.contains("complete: 1200 of 1200") && logged.starts_with("20") && logged.contains("Z trajectories:"),
        "{logged}"
    );
    let inspected = ask(&["inspect", "spin_boson.h5", "--json"], folder.path());
    let found: serde_json::Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert_eq!((&found["complete"], &found["tasks_done"]), (&true.into(), &1200.into()));
    let datasets = found["datasets"].as_array().unwrap();
    assert!(datasets.iter().any(|item| item["path"] == "/results/populations" && item["units"] == "none"));
    check_export(folder.path());
}

/// What `export` writes of a campaign of trajectories.
fn check_export(folder: &std::path::Path) {
    assert_eq!(ask(&["export", "spin_boson.h5", "-o", "out.json"], folder).status.code(), Some(0));
    let written = std::fs::read(folder.join("out.json")).unwrap();
    assert_eq!(ask(&["export", "spin_boson.h5", "-o", "-"], folder).stdout, written);
    let exported: serde_json::Value = serde_json::from_slice(&written).unwrap();
    let results = &exported["results"];
    assert_eq!((&exported["campaign_kind"], &exported["complete"]), (&"trajectories".into(), &true.into()));
    let samples = results["time"]["values"].as_array().unwrap().len();
    assert_eq!(results["populations"]["values"].as_array().unwrap().len(), samples);
    assert!(results["density_matrix"]["values"][0][0][1]["i"].is_f64());
    assert_eq!(results["attributes"]["trajectories_used"], 1200);
    let nowhere = ask(&["export", "spin_boson.h5", "-o", "missing/out.json"], folder);
    assert_eq!(nowhere.status.code(), Some(73), "{}", text(&nowhere));
}

#[test]
fn the_examples_have_no_fault() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for path in std::fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|e| e == "toml") {
            let output = ask(&["check", path.to_str().unwrap(), "--ranks", "4"], root);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output));
            checked += 1;
        }
    }
    assert!(checked >= 3);
}

#[test]
fn schema_completions_and_usage_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&ask(&["schema"], folder.path()).stdout).unwrap();
    assert!(schema["properties"]["trajectories"].is_object());
    assert!(text(&ask(&["completions", "bash"], folder.path())).contains("simmpi"));
    assert_eq!(ask(&[], folder.path()).status.code(), Some(64));
    assert_eq!(ask(&["--help"], folder.path()).status.code(), Some(0));
    let wrong = ask(&["init", "trajectory"], folder.path());
    assert!(text(&wrong).contains("did you mean `trajectories`?"));
    assert_eq!(wrong.status.code(), Some(64));
}

#[test]
fn a_file_of_another_program_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.h5"), "nothing").unwrap();
    for file in ["x.h5", "missing.h5"] {
        for command in [&["inspect", file][..], &["export", file, "-o", "-"]] {
            let output = ask(command, folder.path());
            assert_eq!(output.status.code(), Some(65), "{}", text(&output));
        }
    }
}

#[test]
fn what_cannot_be_stable_is_refused_and_what_is_coarse_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let config = |step: f64, integrator: &str| {
        let config = format!(
            "[campaign]\nkind = \"trajectories\"\n[trajectories]\ncount = 8\nduration = {}\ntime_step = {step}\nsample_every = {step}\nintegrator = \"{integrator}\"\nalgorithm = {{ kind = \"mean-field\" }}\nmodel = {{ kind = \"spin-boson\", modes = 10, characteristic_frequency = 1.0 }}\n",
            10.0 * step
        );
        std::fs::write(folder.path().join("c.toml"), config).unwrap();
        let output = ask(&["check", "c.toml"], folder.path());
        (output.status.code(), text(&output))
    };
    let (code, said) = config(0.5, "sequential");
    assert!(code == Some(78) && said.contains("a step of 0.5 is unstable"), "{said}");
    let (code, said) = config(0.02, "strang");
    assert!(code == Some(0) && said.contains("warning") && said.contains("above 0.2"), "{said}");
    let (code, said) = config(0.001, "strang");
    assert!(code == Some(0) && !said.contains("warning"), "{said}");
}
