//! `simmpi init --from`: the TOML that a file amounts to is the same campaign.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::{Value, json};
use simmpi::campaigns::KINDS;
use simmpi::config::{Config, KindSchema};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Ended, simmpi};

/// Standard output, and how it ended.
fn init_from(folder: &Path, file: &str) -> (String, Ended) {
    let output = Command::new(simmpi()).current_dir(folder).args(["init", "--from", file]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (String::from_utf8(output.stdout).unwrap(), Ended { code: output.status.code().unwrap(), said })
}

/// The TOML that a file in `folder` amounts to.
fn toml_from(folder: &Path, file: &str) -> String {
    let (text, ended) = init_from(folder, file);
    ended.expect(0, &[]);
    text
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What determines the results of the configuration in `text`, in `folder`, and its output.
fn identity(folder: &Path, name: &str, text: &str) -> (Value, PathBuf) {
    let kinds: Vec<_> = KINDS.iter().map(|kind| KindSchema::new(kind.name(), || kind.schema())).collect();
    let config = Config::parse(&folder.join(name), text, &kinds)
        .unwrap_or_else(|faults| panic!("{text}\n{}", faults.render(false)));
    let kind = KINDS.iter().find(|kind| kind.name() == config.campaign.kind).unwrap();
    let campaign = kind.load(&config).unwrap_or_else(|faults| panic!("{text}\n{}", faults.render(false)));
    let identity = campaign.declare().unwrap().identity;
    (
        json!({"campaign": identity, "seed": config.campaign.seed, "limits": config.limits, "partition": config.partition}),
        config.campaign.output.clone(),
    )
}

#[test]
fn every_example_is_the_same_campaign_as_toml_from_each_format() {
    let folder = repository("examples");
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&folder).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".toml").filter(|stem| *stem != "ensemble") else { continue };
        let text = fs::read_to_string(entry.path()).unwrap();
        let expected = identity(&folder, &name, &text);
        let value: toml::Value = toml::from_str(&text).unwrap();
        let json = serde_json::to_string_pretty(&value).unwrap();
        fs::write(copy.path().join(format!("{stem}.json")), &json).unwrap();
        fs::write(copy.path().join(format!("{stem}.yaml")), &json).unwrap();
        for file in [name.clone(), format!("{stem}.json"), format!("{stem}.yaml")] {
            let written = toml_from(copy.path(), &file);
            assert_eq!(identity(&folder, "written.toml", &written), expected, "{file}\n{written}");
        }
        seen += 1;
    }
    assert!(seen >= 8, "{seen} examples");
}

#[test]
fn keys_are_explained_once_and_every_value_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = "# mine\ncampaign: {kind: trajectories, seed: 0x10, output: \"a \\\"b\\\".h5\"}\nlimits:\n  task_timeout_s: 5.\ntrajectories:\n  count: +12\n  \
                duration: 2.0\n  time_step: .02\n  sample_every: 1e0\n  algorithm: {kind: fssh}\n  model: {kind: spin-boson, modes: 5}\n\
                sweep:\n- {key: trajectories.model.bias, values: [.5, 1e-1]}\n- {key: trajectories.correlations, values: [[populations], []]}\n";
    fs::write(folder.path().join("a.yaml"), yaml).unwrap();
    let written = toml_from(folder.path(), "a.yaml");
    for part in [
        "# Number of independent initial conditions",
        "\ncount = 12\n",
        "\ntime_step = 0.02\n",
        "\ntask_timeout_s = 5.0\n",
        "\nseed = 0x10\n",
        "\noutput = \"a \\\"b\\\".h5\"\n",
        "\n[trajectories.model]\n",
        "\n[[sweep]]\n",
        "\nvalues = [0.5, 1e-1]\n",
        "\nvalues = [[\"populations\"], []]\n",
    ] {
        assert!(written.contains(part), "{part} is missing in\n{written}");
    }
    assert_eq!(written.matches("# Dotted path of the key").count(), 1, "{written}");
    assert_eq!(identity(folder.path(), "b.toml", &written), identity(folder.path(), "a.yaml", yaml));
    // Its points have the names that they have without it.
    let written_again = {
        fs::write(folder.path().join("b.toml"), &written).unwrap();
        toml_from(folder.path(), "b.toml")
    };
    assert_eq!(written_again.split_once('\n').unwrap().1, written.split_once('\n').unwrap().1);
}

#[test]
fn a_many_body_input_is_written_out_to_the_last_bit() {
    let folder = repository("tests/fragments");
    for name in ["many_body_1.json", "many_body_2.json"] {
        let written = toml_from(&folder, name);
        let referring = format!(
            "[campaign]\nkind = \"fragments\"\noutput = \"{}.h5\"\n[fragments]\ninput = \"{name}\"\n",
            name.trim_end_matches(".json")
        );
        let place = tempfile::tempdir().unwrap();
        let found = identity(place.path(), "c.toml", &written);
        assert_eq!(found, identity(&folder, "c.toml", &referring), "{written}");
        assert!(written.contains("# cluster: ") && written.contains("# fragment 0: "), "{written}");
    }
}

#[test]
fn a_molecule_becomes_an_expansion_that_check_accepts() {
    let folder = repository("tests/fragments");
    for (name, output) in
        [("water3.xyz", "water3.h5"), ("molecule_1.json", "molecule_1.h5"), ("molecule_2.json", "molecule_2.h5")]
    {
        let written = toml_from(&folder, name);
        let (_, found) = identity(&folder, "c.toml", &written);
        assert_eq!(found, Path::new(output));
        assert!(
            written.contains("# fragments = [[0,1") && written.contains("choose method, basis and order"),
            "{written}"
        );
        let place = tempfile::tempdir().unwrap();
        fs::copy(folder.join(name), place.path().join(name)).unwrap();
        fs::write(place.path().join("c.toml"), &written).unwrap();
        let checked = Command::new(simmpi()).arg("check").arg(place.path().join("c.toml")).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
fn elements_beyond_the_first_basis_set_get_one_that_has_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sn.xyz"), "2\n\nHe 0 0 0\nXe 0 0 4\n").unwrap();
    let written = toml_from(folder.path(), "sn.xyz");
    identity(folder.path(), "c.toml", &written);
    assert!(!written.contains("\"6-31g*\""), "{written}");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place_and_what_can_be() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, code, parts) in [
        ("a.json", "{\"driver\": \"energy\"}", 65, ["`a.json` is no file", "ManyBodyInput"]),
        ("b.xyz", "2\n\nH 0 0 0\n", 65, ["`b.xyz` cannot be read", "b.xyz:"]),
        ("c.log", "something else\n", 65, ["c.log:1", "reads configurations (TOML, JSON, YAML)"]),
        ("d.json", "{\"molecule\": {}, \"specification\": {}}", 65, ["`d.json` cannot be read", "d.json:1"]),
        ("e.toml", "[campaign]\nkind = \"trajectoris\"\n", 78, ["e.toml:2:8", "did you mean"]),
        ("f.json", "{\"campaign\": {},}", 78, ["f.json:1:16", "remove the comma"]),
        ("g.toml", "[[window]]\nfile = \"a\"\n", 78, ["g.toml:1:1", "missing key `temperature_k`"]),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        let (written, ended) = init_from(folder.path(), name);
        ended.expect(code, &parts);
        assert!(written.is_empty(), "{written}");
    }
    init_from(folder.path(), "nowhere.xyz").1.expect(65, &["`nowhere.xyz` not found"]);
    let both = Command::new(simmpi()).args(["init", "ensemble", "--from", "a.json"]).output().unwrap();
    assert_eq!(both.status.code(), Some(64));
}

#[test]
fn lists_of_windows_become_a_file_of_windows_with_the_same_profile() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(repository("examples/pmf")).unwrap().flatten() {
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let run = |words: &[&str]| {
        let output = Command::new(simmpi()).current_dir(folder.path()).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let results = |name: &str| support::results_of(&folder.path().join(name));
    let settings = ["-bins", "20", "-temp", "310"];
    let from_list = run(&[&["init", "--from", "meta.dat", "--"], &settings[..]].concat());
    assert!(from_list.contains("temperature_k = 310.0"), "{from_list}");
    fs::write(folder.path().join("from_list.toml"), &from_list).unwrap();
    run(&["pmf", "from_list.toml", "-o", "a.h5", "--no-figures"]);
    run(&[&["pmf", "--metadata", "meta.dat", "-o", "b.h5", "--no-figures"], &settings[..]].concat());
    assert_eq!(results("a.h5"), results("b.h5"));
    // A file of windows in another format.
    let value: Value = toml::from_str(&from_list).unwrap();
    fs::write(folder.path().join("windows.json"), value.to_string()).unwrap();
    fs::write(folder.path().join("from_json.toml"), run(&["init", "--from", "windows.json"])).unwrap();
    run(&["pmf", "from_json.toml", "-o", "c.h5", "--no-figures"]);
    assert_eq!(results("a.h5"), results("c.h5"));
    let refused = |words: &[&str], code: i32, part: &str| {
        let output = Command::new(simmpi()).current_dir(folder.path()).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(part), "{words:?}: {said}");
    };
    refused(&["init", "--from", "meta.dat", "--", "--nonsense"], 64, "--nonsense");
    refused(&["init", "--from", "windows.json", "--", "-temp", "3"], 64, "only lists of umbrella windows");
    refused(&["init", "--from", "windows.json", "windows.toml"], 64, "lists of the same umbrella windows");
}
