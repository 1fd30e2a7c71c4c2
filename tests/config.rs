//! Configurations that are accepted, and configurations all of whose faults are reported.
//!
//! `tests/config/good` and `bad` hold one or several cases per file, split by lines `+++`. A bad case ends with lines
//! `#^ line N: text`, one for each fault it must have: the text is part of its message and help.
#![allow(clippy::unwrap_used)] // Clippy spares functions marked as tests only, not those they call.
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use simmpi::config::{Config, Fault, Faults, KindSchema, Schedule, Uneven, flatten, full_schema};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Sections of the shapes that kinds of campaign have.
#[allow(dead_code)]
mod kinds {
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct Trajectories {
        /// Independent initial conditions.
        #[schemars(range(min = 1))]
        pub count: u64,
        /// Time that every trajectory runs. In units of the model.
        #[schemars(extend("exclusiveMinimum" = 0))]
        pub duration: f64,
        #[schemars(extend("exclusiveMinimum" = 0))]
        pub time_step: f64,
        #[schemars(extend("exclusiveMinimum" = 0))]
        pub sample_every: f64,
        #[serde(default)]
        pub integrator: Integrator,
        /// How electrons and nuclei move.
        pub algorithm: Algorithm,
        /// What moves.
        pub model: Model,
        pub initial: Initial,
    }

    #[derive(Deserialize, JsonSchema, Default, PartialEq, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub enum Integrator {
        /// Second order.
        #[default]
        Strang,
        /// First order, frozen forces.
        Sequential,
    }

    #[derive(Deserialize, JsonSchema, PartialEq, Debug)]
    #[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
    pub enum Algorithm {
        MeanField,
        Fssh(Fssh),
        MsMash {
            #[serde(default)]
            max_hops: Option<u32>,
            gauge: Option<Gauge>,
        },
    }

    #[derive(Deserialize, JsonSchema, PartialEq, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct Fssh {
        pub frustrated: Option<Frustrated>,
        pub gauge: Option<Gauge>,
    }

    #[derive(Deserialize, JsonSchema, PartialEq, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub enum Frustrated {
        Keep,
        Reverse,
    }

    #[derive(Deserialize, JsonSchema, PartialEq, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub enum Gauge {
        PhaseOverlap,
        SignOverlap,
        PhaseCoupling,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    pub enum Model {
        SpinBoson(SpinBoson),
        Fmo {
            temperature_k: Option<f64>,
            modes_per_site: Option<u32>,
        },
        #[serde(rename = "tully-1")]
        Tully1 {
            position: f64,
            momentum: f64,
        },
        LinearVibronic {
            hamiltonian: Vec<Vec<Element>>,
            couplings: Vec<(usize, usize, usize, f64)>,
        },
    }

    // Without `deny_unknown_fields`: unknown keys are refused all the same.
    #[derive(Deserialize, JsonSchema)]
    #[serde(default)]
    pub struct SpinBoson {
        pub thermal_energy: f64,
        pub modes: u32,
        pub characteristic_frequency: f64,
        pub reorganization_energy: f64,
    }

    impl Default for SpinBoson {
        fn default() -> Self {
            Self { thermal_energy: 1.0, modes: 100, characteristic_frequency: 0.1, reorganization_energy: 0.005 }
        }
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(untagged)]
    pub enum Element {
        Real(f64),
        Pair([f64; 2]),
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct Initial {
        pub state: Option<usize>,
        pub amplitudes: Option<Vec<[f64; 2]>>,
        pub basis: Option<String>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct Fragments {
        #[schemars(length(min = 1))]
        pub molecule: PathBuf,
        pub fragments: Option<Vec<Vec<usize>>>,
        #[serde(default)]
        pub bsse: Vec<Bsse>,
        /// Largest clusters that are computed.
        #[schemars(range(min = 1))]
        pub max_order: u32,
        pub total: Option<bool>,
        #[schemars(length(min = 1))]
        pub level: Vec<Level>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Bsse {
        Nocp,
        Cp,
        Vmfc,
    }

    #[derive(Deserialize, JsonSchema)]
    pub struct Level {
        pub order: Order,
        pub keywords: Option<serde_json::Map<String, serde_json::Value>>,
        #[serde(flatten)]
        pub engine: Engine,
    }

    #[derive(Deserialize, JsonSchema, PartialEq, Debug)]
    #[serde(untagged)]
    pub enum Order {
        Bodies(u32),
        Supersystem(Supersystem),
    }

    #[derive(Deserialize, JsonSchema, PartialEq, Debug)]
    #[serde(rename_all = "lowercase")]
    pub enum Supersystem {
        Supersystem,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "engine", rename_all = "lowercase")]
    pub enum Engine {
        Embedded { method: String, basis: String },
        Command { command: Vec<String> },
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct Umbrella {
        pub steps: u64,
        pub force_constant_kj_mol_nm2: Strength,
        #[serde(default)]
        pub files: BTreeMap<String, String>,
        pub temperature_k: Option<f64>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(untagged)]
    pub enum Strength {
        Auto(Auto),
        Given(f64),
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Auto {
        Auto,
    }
}

fn all_kinds() -> Vec<KindSchema> {
    vec![
        KindSchema::new("trajectories", || schema_for!(kinds::Trajectories)),
        KindSchema::new("fragments", || schema_for!(kinds::Fragments)),
        KindSchema::new("umbrella", || schema_for!(kinds::Umbrella)),
    ]
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

#[test]
fn good_configurations_are_accepted_and_become_their_types() {
    let cases = cases("good");
    assert!(cases.len() >= 5);
    for (name, text) in cases {
        let config = parse(&text).unwrap_or_else(|faults| panic!("{name}\n{}", faults.render(false)));
        let read = match config.campaign.kind.as_str() {
            "trajectories" => config.section::<kinds::Trajectories>("trajectories").map(|_| ()),
            "fragments" => config.section::<kinds::Fragments>("fragments").map(|_| ()),
            _ => config.section::<kinds::Umbrella>("umbrella").map(|_| ()),
        };
        read.unwrap_or_else(|faults| panic!("{name}\n{}", faults.render(false)));
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
    let Err(faults) = parse(&text) else { return vec![format!("{name} was accepted")] };
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
        [umbrella]\nsteps = 1\nforce_constant_kj_mol_nm2 = \"auto\"\n[partition]\nschedule = \"dynamic\"\n",
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
    assert_eq!(schema["properties"]["campaign"]["properties"]["kind"]["enum"][2], "umbrella");
    let count = &schema["properties"]["trajectories"]["properties"]["count"];
    assert_eq!(count["description"], "Independent initial conditions.");
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
    use std::time::Instant;

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
    fn a_configuration_is_parsed_within_10_ms_and_a_long_faulty_file_within_seconds() {
        let started = Instant::now();
        for _ in 0..20 {
            parse(GOOD).unwrap();
        }
        assert!(started.elapsed().as_millis() < 200, "{:?} for 20", started.elapsed());
        let started = Instant::now();
        let table = "1.0, 2.0, 3.0\n".repeat(50_000);
        assert!(parse(&table).unwrap_err().len() <= 200);
        let keys = (0..2_000).map(|k| format!("key_{k} = {k}\n")).collect::<String>();
        assert!(parse(&keys).unwrap_err().len() > 2_000);
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_exhaust_the_stack() {
        for text in [format!("{}=1\n", ["a"; 100_000].join(".")), format!("x = {}", "[".repeat(100_000))] {
            assert!(parse(&text).unwrap_err().has_errors());
        }
    }
}
