//! Configurations that are accepted, and configurations all of whose faults are reported.
//!
//! `tests/config/good` and `bad` hold one or several cases per file, split by lines `+++`. A bad case ends with lines
//! `#^ line N: text`, one for each fault it must have: the text is part of its message and help.
#![allow(clippy::unwrap_used)] // Clippy spares functions marked as tests only, not those they call.
use serde::Deserialize;
use simmpi::campaigns::KINDS;
use simmpi::config::{Config, Fault, Faults, KindSchema, Schedule, Uneven, flatten, full_schema};
use std::path::Path;

/// The sections of simmpi's own kinds.
fn all_kinds() -> Vec<KindSchema> {
    KINDS.iter().map(|kind| KindSchema::new(kind.name(), || kind.schema())).collect()
}

fn parse(text: &str) -> Result<Config, Faults> {
    Config::parse(Path::new("folder/run.toml"), text, &all_kinds())
}

/// Every case of a folder of the corpus with its name.
fn cases(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (k, case) in text.split("+++\n").enumerate() {
            cases.push((format!("{} case {}", file.file_name().unwrap().to_string_lossy(), k + 1), case.to_owned()));
        }
    }
    cases
}

/// The text of a bad case, and the faults it must have: (line, part of message and help).
fn expectations(case: &str) -> (String, Vec<(usize, String)>) {
    let is_expectation = |line: &&str| line.starts_with("#^ ");
    let text: String = case.split_inclusive('\n').filter(|line| !is_expectation(line)).collect();
    let expected = case.lines().filter(is_expectation).map(|line| {
        let (number, part) = line.trim_start_matches("#^ line ").split_once(": ").expect(line);
        (number.parse().expect(line), part.to_owned())
    });
    (text, expected.collect())
}

/// The files that they name are those of the examples.
#[test]
fn good_configurations_are_accepted_and_become_campaigns() {
    let cases = cases("good");
    assert!(cases.len() >= 5);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/run.toml");
    for (name, text) in cases {
        let refused = |faults: Faults| -> ! { panic!("{name}\n{}", faults.render(false)) };
        let config = Config::parse(&file, &text, &all_kinds()).unwrap_or_else(|faults| refused(faults));
        let kind = KINDS.iter().find(|kind| kind.name() == config.campaign.kind).unwrap();
        kind.load(&config).map(drop).unwrap_or_else(|faults| refused(faults));
    }
}

/// JSON is YAML as well.
#[test]
fn good_configurations_are_the_same_campaign_in_json_and_yaml() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for (name, text) in cases("good") {
        let value: toml::Value = toml::from_str(&text).unwrap();
        let json = serde_json::to_string_pretty(&value).unwrap();
        let config = Config::parse(&folder.join("run.toml"), &text, &all_kinds()).unwrap();
        for file in ["run.json", "run.yaml"] {
            let other = Config::parse(&folder.join(file), &json, &all_kinds())
                .unwrap_or_else(|faults| panic!("{name} as {file}\n{}", faults.render(false)));
            assert_eq!((&other.campaign, &other.partition), (&config.campaign, &config.partition), "{name} as {file}");
            let section = |config: &Config| config.section::<serde_json::Value>(&config.campaign.kind).unwrap();
            assert_eq!(section(&other), section(&config), "{name} as {file}");
        }
    }
}

#[test]
fn every_fault_of_a_bad_configuration_is_reported_on_its_line_and_no_other() {
    let cases = cases("bad");
    assert!(cases.len() >= 40);
    let complaints: Vec<_> = cases.iter().flat_map(|(name, case)| differences(name, case)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// How the faults of a bad case differ from those it must have.
fn differences(name: &str, case: &str) -> Vec<String> {
    let (text, expected) = expectations(case);
    assert!(!expected.is_empty(), "{name} expects no fault");
    let load = |config: Config| KINDS.iter().find(|kind| kind.name() == config.campaign.kind).unwrap().load(&config);
    let Err(faults) = parse(&text).and_then(load) else { return vec![format!("{name} was accepted")] };
    let mut left: Vec<&Fault> = faults.iter().collect();
    let mut differences = Vec::new();
    for (line, part) in expected {
        let matches =
            |fault: &&Fault| fault.line == line && format!("{}; {}", fault.message, fault.help).contains(&part);
        match left.iter().position(matches) {
            Some(at) => drop(left.remove(at)),
            None => differences.push(format!("{name}: nothing in line {line} says: {part}")),
        }
    }
    differences.extend(left.iter().map(|fault| format!("{name}: not expected: {fault}")));
    let speechless = faults.iter().filter(|fault| fault.help.is_empty() || fault.file != Path::new("folder/run.toml"));
    differences.extend(speechless.map(|fault| format!("{name}: without help or file: {fault}")));
    differences
}

const GOOD: &str = include_str!("config/good/trajectories.toml");

#[test]
fn common_sections_have_the_defaults_of_the_manual() {
    let config = parse(GOOD).unwrap();
    assert_eq!((config.campaign.seed, config.limits.max_retries, config.limits.max_failures), (7, 2, 0));
    assert_eq!((config.partition.batch_size, config.partition.uneven), (Some(30), Some(Uneven::Refuse)));
    let minimal = parse(
        "campaign = {kind = \"umbrella\", seed = 18446744073709551615, output = \"o.h5\"}\n\
        [umbrella]\ntrajectory = \"a.xtc\"\nstructure = \"a.gro\"\n[partition]\nschedule = \"dynamic\"\n",
    )
    .unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    assert_eq!((minimal.campaign.seed, minimal.partition.schedule), (u64::MAX, Some(Schedule::Dynamic)));
    assert_eq!((minimal.partition.batch_size, minimal.limits.task_timeout_s), (None, None));
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.resolve(Path::new("a/b.h5")), Path::new("folder/a/b.h5"));
    assert_eq!(config.resolve(Path::new("/a")), Path::new("/a"));
    let here = Config::parse(Path::new("run.toml"), GOOD, &all_kinds()).unwrap();
    assert_eq!(here.resolve(Path::new("a")), Path::new("a"));
}

#[test]
fn a_fault_found_later_points_to_its_value_or_to_the_section_that_lacks_it() {
    let config = parse(GOOD).unwrap();
    let at = |key: &str| {
        let fault = config.fault(key, "message", "help");
        (fault.line, fault.line_text[fault.span.clone()].to_owned())
    };
    let line = |text: &str| 1 + GOOD.lines().position(|line| line.starts_with(text)).unwrap();
    assert_eq!(at("trajectories.duration"), (line("duration"), "10.0".to_owned()));
    assert_eq!(at("trajectories.model.kind"), (line("kind = \"spin"), "\"spin-boson\"".to_owned()));
    assert_eq!(at("trajectories.model.modes"), (line("[trajectories.model]"), "[trajectories.model]".to_owned()));
    assert_eq!(at("trajectories.initial.amplitudes.1.0").1, "0.0");
    assert_eq!(at("trajectories.initial.amplitudes.7").1, "[[1.0, 0.0], [0.0, 0.0]]");
    assert_eq!(at("ensemble.seeds").0, 1);

    let levels = parse(include_str!("config/good/fragments.toml")).unwrap();
    assert_eq!(levels.fault("fragments.level.1.method", "m", "h").line_text, "method = \"hf\"");
    assert_eq!(levels.fault("fragments.level.1.basisset", "m", "h").line_text, "[[fragments.level]]");
}

#[test]
fn a_value_that_only_its_type_refuses_is_a_fault_on_its_line() {
    #[derive(Deserialize, Debug)]
    struct Narrow {
        #[allow(dead_code)] // Read by nobody: its type is what counts.
        count: std::num::NonZeroU8,
    }
    let faults = parse(GOOD).unwrap().section::<Narrow>("trajectories").unwrap_err();
    let fault = faults.iter().next().unwrap();
    assert!(fault.line_text.starts_with("count ="), "{fault}");
}

#[test]
fn the_full_schema_names_kinds_sections_and_descriptions_and_every_reference_leads_somewhere() {
    let schema = full_schema(&all_kinds());
    assert_eq!(schema["properties"]["campaign"]["properties"]["kind"]["enum"][3], "umbrella");
    let count = &schema["properties"]["trajectories"]["properties"]["count"];
    assert!(count["description"].as_str().unwrap().starts_with("Number of independent initial conditions"));
    let references: Vec<_> = flatten(&schema).into_iter().filter(|(key, _)| key.contains("$ref")).collect();
    assert!(references.len() > 5);
    for (key, target) in references {
        let pointer = target.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(schema.pointer(pointer).is_some(), "{key}: {target}");
    }
}

mod reading {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_no_text_is_refused_with_one_line_that_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.toml");
        let error = |path: &Path| Config::read(path).unwrap_err().to_string();
        assert!(error(&file).contains("not found"));
        assert!(error(folder.path()).contains("is a directory"));
        fs::write(&file, b"a = 1\nb = \"\xff\"\n").unwrap();
        assert!(error(&file).contains("not UTF-8 text (byte 0xff in line 2)"), "{}", error(&file));
        fs::File::create(&file).unwrap().set_len((64 << 20) + 1).unwrap();
        assert!(error(&file).contains("larger than 64 MB"));
    }

    #[test]
    fn a_byte_order_mark_and_lines_of_windows_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.toml");
        fs::write(&file, format!("\u{feff}{}", GOOD.replace('\n', "\r\n"))).unwrap();
        let text = Config::read(&file).unwrap();
        let config = Config::parse(&file, &text, &all_kinds()).unwrap_or_else(|f| panic!("{}", f.render(false)));
        assert_eq!(config.campaign.seed, 7);
        assert!(parse(&format!("\u{feff}{GOOD}")).is_ok());
        assert_eq!(config.fault("trajectories.count", "m", "h").line_text, "count = 12000");
    }
}

mod mutation {
    use super::*;

    /// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, doi:10.1145/2660193.2660195.
    struct SplitMix(u64);

    impl SplitMix {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) % n as u64) as usize
        }
    }

    #[test]
    fn no_change_of_bytes_or_lines_makes_the_parser_panic_and_every_refusal_has_a_place() {
        let pieces: [&[u8]; 12] = [
            b"[",
            b"]",
            b"\"",
            b"=",
            b"\n",
            b"'",
            b"{",
            b"}",
            b"\xc3\xa4",
            b"\xf0\x9f\x8e\xb2",
            b"\"\"\"",
            b"[[a.b]]\n",
        ];
        let mut random = SplitMix(1);
        for case in 0..3000 {
            let mut bytes = GOOD.as_bytes().to_vec();
            for _ in 0..1 + random.below(4) {
                let at = random.below(bytes.len());
                let end = (at + random.below(30)).min(bytes.len());
                match random.below(5) {
                    0 => bytes[at] = random.below(256) as u8,
                    1 => drop(bytes.drain(at..end)),
                    2 => drop(bytes.splice(at..at, pieces[random.below(pieces.len())].iter().copied())),
                    3 => bytes.truncate(at.max(1)),
                    _ => {
                        let copy = bytes[at..end].to_vec();
                        let to = random.below(bytes.len());
                        bytes.splice(to..to, copy);
                    }
                }
                if bytes.is_empty() {
                    bytes.push(b'\n');
                }
            }
            let text = String::from_utf8_lossy(&bytes);
            if let Err(faults) = parse(&text) {
                assert!(faults.has_errors(), "case {case}:\n{text}");
                assert!(
                    faults
                        .iter()
                        .all(|fault| fault.line <= 1 + text.matches('\n').count() && !fault.message.is_empty())
                );
                assert!(!faults.render(true).is_empty());
            }
        }
    }

    #[test]
    fn the_same_text_gives_the_same_faults_in_the_order_of_their_lines() {
        let text = GOOD.replace("count", "cuont").replace("seed = 7", "seed = -7\nfoo = 1");
        let (first, second) = (parse(&text).unwrap_err(), parse(&text).unwrap_err());
        assert_eq!(first, second);
        assert!(first.iter().map(|fault| fault.line).is_sorted());
    }

    #[test]
    fn a_long_faulty_file_is_reported_with_a_bounded_list_or_key_by_key() {
        let table = "1.0, 2.0, 3.0\n".repeat(50_000);
        assert!(parse(&table).unwrap_err().len() <= 200);
        let keys = (0..2_000).map(|k| format!("key_{k} = {k}\n")).collect::<String>();
        assert!(parse(&keys).unwrap_err().len() > 2_000);
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_exhaust_the_stack() {
        for text in [format!("{}=1\n", ["a"; 100_000].join(".")), format!("x = {}", "[".repeat(100_000))] {
            assert!(parse(&text).unwrap_err().has_errors());
        }
    }
}
