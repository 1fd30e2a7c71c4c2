//! Configurations in JSON and YAML: the same keys, the same campaign, the same faults as in TOML.
#![allow(clippy::unwrap_used)]
mod support;

use proptest::strategy::Strategy;
use serde_json::{Value, json};
use simmpi::config::Config;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::{Campaign, Ended, results_of, simmpi};

/// A sweep with values of every type.
fn campaign() -> Value {
    json!({
        "campaign": {"kind": "trajectories", "seed": 11},
        "partition": {"batch_size": 2},
        "trajectories": {
            "count": 12, "duration": 2.0, "time_step": 0.02, "sample_every": 1.0, "correlations": ["populations"],
            "algorithm": {"kind": "fssh"},
            "model": {"kind": "spin-boson", "modes": 5},
        },
        "sweep": [
            {"key": "trajectories.model.bias", "values": [0.0, 1]},
            {"key": "trajectories.correlations", "values": [["populations"], []]},
            {"key": "trajectories.integrator", "values": ["strang", "sequential"]},
        ],
    })
}

const TOML: &str = r#"
[campaign]
kind = "trajectories"
seed = 11
[partition]
batch_size = 2
[trajectories]
count = 12
duration = 2.0
time_step = 0.02
sample_every = 1.0
correlations = ["populations"]
algorithm = { kind = "fssh" }
model = { kind = "spin-boson", modes = 5 }
[[sweep]]
key = "trajectories.model.bias"
values = [0.0, 1]
[[sweep]]
key = "trajectories.correlations"
values = [["populations"], []]
[[sweep]]
key = "trajectories.integrator"
values = ["strang", "sequential"]
"#;

const YAML: &str = "\
# A comment.
campaign: {kind: trajectories, seed: 11}
partition:
  batch_size: 2
trajectories:
  count: 12
  duration: 2.0
  time_step: .02
  sample_every: &every 1.0
  correlations:
  - populations
  algorithm:
    kind: 'fssh'
  model: {kind: \"spin-boson\", modes: 5}
sweep:
- key: trajectories.model.bias
  values: [0.0, 1]
- key: trajectories.correlations
  values:
  - [populations]
  - []
- key: trajectories.integrator
  values: [strang, sequential]
";

/// Files of the same campaign in a folder of its own, and a way to run each.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("c.toml", TOML);
        files.write("c.json", &format!("{:#}", campaign()));
        files.write("c.yaml", YAML);
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn tell(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(simmpi()).current_dir(self.0.path()).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Ended { code: output.status.code().unwrap(), said }
    }

    /// What is reported of a file, blanks made even.
    fn faults(&self, name: &str, text: &str) -> String {
        self.write(name, text);
        let ended = self.tell(&["check", name]).expect(78, &[]);
        ended.said.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn fingerprint(ended: &Ended) -> String {
    ended.said.lines().find(|line| line.starts_with("fingerprint")).unwrap().to_owned()
}

#[test]
fn the_same_values_are_the_same_campaign_with_the_same_bits_in_every_format() {
    let files = Files::new();
    let checked = ["c.toml", "c.json", "c.yaml"].map(|name| fingerprint(&files.tell(&["check", name]).expect(0, &[])));
    assert!(checked[0] == checked[1] && checked[0] == checked[2], "{checked:?}");
    let mut results = Vec::new();
    for name in ["c.toml", "c.json", "c.yaml"] {
        let files = Files::new();
        files.tell(&["run", name]).expect(0, &["complete: 96 of 96"]);
        results.push(results_of(&files.0.path().join("results.h5")));
    }
    assert!(results[0] == results[1] && results[0] == results[2]);
    assert!(results[0].keys().any(|path| path.contains("bias=0.0,correlations=[\"populations\"],integrator=strang")));
}

#[test]
fn a_campaign_is_resumed_from_a_file_of_another_format() {
    let config = |count: u64| {
        json!({"campaign": {"kind": "sleep", "seed": 7}, "sleep": {"count": count, "seconds": 0.05},
        "partition": {"batch_size": 1}})
    };
    let reference = Campaign::new(
        "[campaign]\nkind = \"sleep\"\nseed = 7\n[sleep]\ncount = 60\nseconds = 0.05\n[partition]\nbatch_size = 1\n",
    );
    reference.run(0, &[]).expect(0, &[]);
    let campaign = Campaign::new(
        "[campaign]\nkind = \"sleep\"\nseed = 7\n[sleep]\ncount = 60\nseconds = 0.05\n[partition]\nbatch_size = 1\n",
    );
    let running = campaign.start(0, &[]);
    campaign.wait_for_records(500);
    running.signal(nix::sys::signal::Signal::SIGUSR1);
    running.end().expect(75, &[]);
    let json = campaign.path("config.json");
    fs::write(&json, config(60).to_string()).unwrap();
    let output = Command::new(&campaign.program).arg("run").arg(&json).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.code() == Some(0) && said.contains("done before"), "{said}");
    assert!(campaign.results() == reference.results());
    // A seed of another value is another campaign in any format.
    fs::write(campaign.path("config.yaml"), "campaign: {kind: sleep, seed: 8}\nsleep: {count: 60, seconds: 0.05}\n")
        .unwrap();
    campaign.tell_of("run", "config.yaml", &[]).expect(73, &["campaign.seed"]);
}

#[test]
fn all_ranks_read_the_format() {
    let campaign = Campaign::with(simmpi(), "");
    fs::write(campaign.path("config.yml"), YAML).unwrap();
    let output = Command::new(simmpi()).arg(campaign.path("config.yml")).args(["-n", "2"]).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.code() == Some(0) && said.contains("on 2 ranks"), "{said}");
}

#[test]
fn faults_name_file_line_and_key_as_for_toml() {
    let files = Files::new();
    let json = format!("{:#}", campaign()).replace("spin-boson", "spin-bosom").replace("\"seed\": 11", "\"seeed\": 11");
    let said = files.faults("bad.json", &json.replace("\"count\": 12", "\"count\": 1.5"));
    let line = |part: &str| 1 + json.lines().position(|line| line.contains(part)).unwrap();
    for part in [
        format!("bad.json:{}:5", line("seeed")),
        "unknown key `seeed` in [campaign]".into(),
        "did you mean `seed`?".into(),
        format!("bad.json:{}:14", line("\"count\"")),
        "`count` must be".into(),
        format!("bad.json:{}:15", line("spin-bosom")),
        "did you mean \"spin-boson\"?".into(),
    ] {
        assert!(said.contains(&part), "{part} is missing in {said}");
    }
    let yaml = YAML.replace("spin-boson", "spin-bosom").replace("seed: 11", "seeed: 11");
    let said = files.faults("bad.yaml", &yaml);
    for part in ["bad.yaml:2:32", "unknown key `seeed`", "bad.yaml:14:17", "did you mean \"spin-boson\"?"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    let without_step = YAML.replace("  time_step: .02\n", "");
    let said = files.faults("bad.yaml", &without_step);
    assert!(said.contains("bad.yaml:5:1") && said.contains("missing key `time_step` in [trajectories]"), "{said}");
    assert!(said.contains("add `time_step: ...`"), "{said}");
}

#[test]
fn words_that_are_booleans_elsewhere_are_named() {
    let files = Files::new();
    let yaml = "campaign: {kind: trajectories}\ntrajectories:\n  count: 010\n  duration: 2.0\n  time_step: 0.02\n  sample_every: 1.0\n  \
                algorithm: {kind: fssh}\n  model: {kind: holstein, periodic: no}\n";
    let said = files.faults("bad.yaml", yaml);
    assert!(said.contains("bad.yaml:3:10") && said.contains("write 10, or \"010\""), "{said}");
    let said = files.faults("bad.yaml", &yaml.replace("010", "10"));
    assert!(said.contains("`periodic` must be true or false") && said.contains("write false"), "{said}");
}

#[test]
fn what_these_formats_have_and_toml_has_not_is_refused_at_its_line() {
    let files = Files::new();
    for (name, text, parts) in [
        ("a.json", "{\"campaign\": null}", ["a.json:1:14", "remove the key"]),
        ("b.json", "[1]", ["b.json:1:1", "does not hold keys"]),
        ("c.json", "", ["c.json:1:1", "has no keys"]),
        ("d.json", "{\"campaign\": {\"kind\": \"sleep\",}}", ["d.json:1:30", "remove the comma"]),
        ("e.yaml", "campaign: &a\n  kind: fssh\nx:\n  <<: *a\n", ["e.yaml:4:3", "merge keys"]),
        ("f.yml", "campaign:\n  seed:\n", ["f.yml:2:3", "`seed` has no value"]),
        ("g.yml", "- a\n", ["g.yml:1:1", "does not hold keys"]),
    ] {
        let said = files.faults(name, text);
        parts.iter().for_each(|part| assert!(said.contains(part), "{part} is missing in {said}"));
    }
}

#[test]
fn windows_are_listed_in_any_format() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("examples/pmf");
    let list = fs::read_to_string(folder.join("windows.toml")).unwrap();
    let value: toml::Value = toml::from_str(&list).unwrap();
    let place = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&folder).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), place.path().join(entry.file_name())).unwrap();
    }
    let json = serde_json::to_string_pretty(&value).unwrap();
    fs::write(place.path().join("windows.json"), &json).unwrap();
    // JSON is YAML.
    fs::write(place.path().join("windows.yaml"), &json).unwrap();
    let results = ["toml", "json", "yaml"].map(|format| {
        let output = place.path().join(format!("{format}.h5"));
        let ended = Command::new(simmpi())
            .current_dir(place.path())
            .args(["pmf", &format!("windows.{format}"), "--no-figures", "-o"])
            .arg(&output)
            .output()
            .unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        results_of(&output)
    });
    assert!(results[0] == results[1] && results[0] == results[2] && !results[0].is_empty());
}

/// Texts of the characters that mean something in these formats.
fn texts() -> impl proptest::strategy::Strategy<Value = String> {
    let parts = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        ",",
        "\"",
        "'",
        "&a ",
        "*a",
        "!",
        "!!str ",
        "|\n",
        ">-\n",
        "- ",
        "#",
        " # ",
        "%",
        "@",
        "`",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "a",
        "campaign",
        "1",
        ".5",
        "-",
        "e3",
        "é",
        "\u{1f600}",
        "~",
        "null",
        "true",
        "? ",
        "<<",
        "---\n",
        "...\n",
        "\\",
        "\\u00",
        "\u{85}",
        "\u{2028}",
        "\r",
    ];
    proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..24).prop_map(|parts| parts.concat())
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5_000))]

    #[test]
    fn no_text_is_too_odd_to_be_read_or_refused_at_a_place_in_it(text in texts()) {
        for name in ["a.json", "a.yaml"] {
            let lines = text.matches('\n').count() + 1;
            if let Err(faults) = Config::parse(Path::new(name), &text, &[]) {
                assert!(!faults.is_empty() && faults.iter().all(|fault| fault.line <= lines), "{faults}");
            }
            simmpi::config::root_keys(Path::new(name), &text);
        }
    }
}
