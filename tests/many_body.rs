//! ManyBodyInput files of QCManyBody as configurations, and the results for its models.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::{Value, json};
use simmpi::results::Reader;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::skip::{are_installed, skip};
use support::{Campaign, Ended, is_open_mpi, mpirun, reference, simmpi};

/// The `execution` block of QCManyBody's guide to parallel execution.
const GUIDE: &str = r#"{
    "parallel": true,
    "n_workers": 4,
    "executor_type": "multiprocessing",
    "timeout_per_task": 1800.0,
    "max_retries": 2
  }"#;

/// The documentation's example of QCManyBody (`test_highlevel_interface_example`).
const EXAMPLE: &str = r#"{
  "molecule": {"symbols": ["ne", "ne", "ne"], "geometry": [[0, 0, 0], [0, 0, 2], [0, 0, 4]], "fragments": [[0], [1], [2]]},
  "specification": {
    "driver": "gradient",
    "keywords": {
      "bsse_type": ["cp", "vmfc"],
      "levels": {"1": "nwc-ccsd/tz", "3": "p4-mp2/dz"}
    },
    "specification": {
      "nwc-ccsd/tz": {
        "program": "nwchem",
        "model": {"method": "ccsd", "basis": "cc-pvtz"},
        "driver": "energy",
        "keywords": {"ccsd__thresh": 1e-7}},
      "p4-mp2/dz": {
        "program": "psi4",
        "model": {"method": "mp2", "basis": "cc-pvdz"},
        "driver": "energy"}
    }
  }
}"#;

/// Three helium atoms by the embedded engine, in lines that messages name; `more` are further keys of the file.
fn helium(more: &str) -> String {
    format!(
        r#"{{
  "molecule": {{"symbols": ["He", "He", "He"], "geometry": [0, 0, 0, 0, 0, 5.0, 0, 4.0, 1.0], "fragments": [[0], [1], [2]]}},
  "specification": {{
    "driver": "energy",
    "keywords": {{"bsse_type": ["nocp", "cp", "vmfc"], "max_nbody": 2}},
    "specification": {{"program": "simmpi", "driver": "energy", "model": {{"method": "mp2", "basis": "6-31g**"}}}}
  }}{more}
}}
"#
    )
}

/// A folder with the ManyBodyInput `text` in `he.json`.
fn folder(text: &str) -> Campaign {
    let campaign = Campaign::with(simmpi(), "");
    fs::write(campaign.path("he.json"), text).unwrap();
    campaign
}

/// Runs `simmpi` with these arguments in the folder; on `ranks`, or without a launcher for 0.
fn call(campaign: &Campaign, ranks: usize, arguments: &[&str], path: Option<&Path>) -> Ended {
    let mut command = match ranks {
        0 => Command::new(simmpi()),
        _ => {
            let mut command = Command::new(mpirun());
            if is_open_mpi() {
                command.args(["--oversubscribe", "--bind-to", "none"]);
            }
            command.args(["-n", &ranks.to_string()]).arg(simmpi());
            command
        }
    };
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    if let Some(first) = path {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let all = [first.to_owned()].into_iter().chain(std::env::split_paths(&others));
        command.env("PATH", std::env::join_paths(all).unwrap());
    }
    let output = command.args(arguments).current_dir(campaign.folder.path()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Ended { code: output.status.code().unwrap(), said: String::from_utf8_lossy(&said).into_owned() }
}

fn read(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The Python that has QCManyBody (`ci/setup.sh --tests`).
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/qcmanybody/bin/python");
    if !python.exists() {
        skip("QCManyBody is not installed (ci/setup.sh --tests)");
    }
    python.exists().then_some(python)
}

/// Checks that QCManyBody reads a result with its models, and gets the same properties from its tasks. Returns their number.
fn compare_with_qcmanybody(result: &Path, records: Option<&Path>) -> usize {
    let Some(python) = python() else { return usize::MAX };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fragments/many_body_result.py");
    let output = Command::new(python).arg(script).arg(result).args(records).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn a_many_body_input_is_a_configuration() {
    let campaign = folder(&helium(""));
    call(&campaign, 0, &["check", "he.json", "--ranks", "2"], None).expect(0, &["he.h5", "no errors found"]);
    call(&campaign, 0, &["plan", "he.json", "--ranks", "2"], None).expect(0, &["makespan on 2 ranks"]);
    let submitted = ["submit", "he.json", "--ntasks-per-node", "2", "--batch-system", "slurm", "--dry-run"];
    call(&campaign, 0, &submitted, None).expect(0, &["/he.json"]);
    call(&campaign, 2, &["he.json"], None).expect(0, &["complete: 18 of 18 tasks", "he.h5", "he.result.json"]);
    call(&campaign, 0, &["inspect", "he.h5"], None).expect(0, &["18 tasks: 18 done, 0 failed"]);
    // The same keys in a TOML file are the same campaign.
    let toml = "[campaign]\nkind = \"fragments\"\noutput = \"he.h5\"\n[fragments]\ninput = \"he.json\"\n";
    fs::write(campaign.path("he.toml"), toml).unwrap();
    call(&campaign, 0, &["run", "he.toml"], None).expect(0, &["complete already"]);
    // `export` writes the same, and so does a run that has nothing else to do.
    call(&campaign, 0, &["export", "he.h5", "-o", "exported.json"], None).expect(0, &[]);
    let written = fs::read(campaign.path("he.result.json")).unwrap();
    assert_eq!(fs::read(campaign.path("exported.json")).unwrap(), written);
    fs::remove_file(campaign.path("he.result.json")).unwrap();
    call(&campaign, 0, &["run", "he.json"], None).expect(0, &["complete already", "he.result.json"]);
    call(&campaign, 0, &["run", "he.json", "-o", "other.json"], None).expect(0, &["other.json"]);
    assert_eq!(fs::read(campaign.path("he.result.json")).unwrap(), written);
    assert_eq!(fs::read(campaign.path("other.json")).unwrap(), written);
}

#[test]
fn qcmanybody_reads_results_of_both_schemas_and_gets_the_same_values() {
    for (version, name) in [("", "qcschema_manybodyresult"), ("2", "qcschema_many_body_result")] {
        let schema = match version {
            "" => String::new(),
            version => format!(",\n  \"schema_name\": \"qcschema_many_body_input\", \"schema_version\": {version}"),
        };
        let campaign = folder(&helium(&format!("{schema},\n  \"execution\": {GUIDE}")));
        call(&campaign, 1, &["run", "he.json"], None).expect(0, &["asks for 4 ranks (n_workers)"]);
        let result = read(campaign.path("he.result.json"));
        assert_eq!((&result["schema_name"], &result["success"]), (&json!(name), &json!(true)));
        let properties = compare_with_qcmanybody(&campaign.path("he.result.json"), None);
        assert!(properties >= 24, "{properties}");
        // That of nuclei of charge 2.
        let distances = [5.0, 17.0_f64.sqrt(), 32.0_f64.sqrt()];
        let repulsion: f64 = distances.iter().map(|distance| 4.0 / distance).sum();
        let found = result["properties"]["nuclear_repulsion_energy"].as_f64().unwrap();
        assert!((found - repulsion).abs() < 1e-12, "{found}");
    }
}

#[test]
fn qcmanybody_reads_results_of_other_configurations() {
    for (name, reference) in reference::all_json("qcmanybody", "ref_") {
        let records = |level: &str, energy: &str, gradient: &str| -> Vec<Value> {
            let record = |task: &Value| {
                let mut record = json!({"level": level, "real": task["real_fragments"],
                    "basis": task["basis_fragments"], "energy": task[energy]});
                if let Some(values) = task.get(gradient) {
                    record["gradient"] = values.clone();
                }
                record
            };
            reference["tasks"].as_array().unwrap().iter().map(record).collect()
        };
        let all = [records("scf", "rhf_energy", "rhf_gradient"), records("mp2", "mp2_energy", "mp2_gradient")].concat();
        let has_gradients = all.iter().all(|record| record.get("gradient").is_some());
        let driver = if has_gradients { "gradient" } else { "energy" };
        let given = &reference["molecule"];
        // QCElemental rounds positions, so that the repulsion of nuclei would differ.
        let rounded = |position: &f64| (position * 1e8).round() / 1e8;
        let geometry = support::flat(given.get("geometry").unwrap_or(&given["geometry_bohr"]));
        let molecule = json!({"symbols": given["symbols"],
            "geometry": geometry.iter().map(rounded).collect::<Vec<_>>(), "fragments": given["fragments"],
            "fragment_charges": given["fragment_charges"], "fragment_multiplicities": given["fragment_multiplicities"]});
        let config = format!(
            "[campaign]\nkind = \"fragments\"\n[fragments]\nmolecule = \"molecule.json\"\ndriver = \"{driver}\"\n\
             bsse = {}\nmax_order = 2\ntotal = true\n\
             [[fragments.level]]\norder = 1\nname = \"mp2\"\nengine = \"recorded\"\nfile = \"tasks.json\"\n\
             [[fragments.level]]\norder = 2\nname = \"scf\"\nengine = \"recorded\"\nfile = \"tasks.json\"\n",
            reference["bsse_type"]
        );
        let campaign = Campaign::with(simmpi(), &config);
        fs::write(campaign.path("molecule.json"), molecule.to_string()).unwrap();
        fs::write(campaign.path("tasks.json"), Value::from(all).to_string()).unwrap();
        call(&campaign, 0, &["run", "config.toml", "-o", "result.json"], None).expect(0, &["result.json"]);
        let result = campaign.path("result.json");
        let properties = compare_with_qcmanybody(&result, Some(&campaign.path("tasks.json")));
        assert!(properties >= 18, "{name}: {properties}");
    }
}

#[test]
fn qcmanybody_gets_the_same_hessians_and_the_same_values_of_a_supersystem() {
    let geometry = [0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 4.0, 1.0];
    let molecule = json!({"symbols": ["He", "He", "He"], "geometry": geometry, "fragments": [[0], [1], [2]]});
    let mut records = Vec::new();
    for level in ["low", "high"] {
        for (real, basis) in subsets().iter().flat_map(|real| [(real, real.clone()), (real, vec![1, 2, 3])]) {
            // Invented numbers; Hessians are symmetric.
            let x = level.len() + real.iter().map(|k| k * k).sum::<usize>() + 3 * basis.len();
            let number = |k: usize| ((x + k) as f64).sin();
            let size = 3 * basis.len();
            let gradient: Vec<[f64; 3]> = (0..basis.len()).map(|a| [0, 1, 2].map(|c| number(3 * a + c))).collect();
            let row = |a: usize| (0..size).map(|b| number(a * b + a + b)).collect::<Vec<_>>();
            let hessian: Vec<Vec<f64>> = (0..size).map(row).collect();
            records.push(json!({"level": level, "real": real, "basis": basis, "energy": -2.8 * real.len() as f64 + 1e-3 * number(0),
                "gradient": gradient, "hessian": hessian}));
        }
    }
    for (driver, keys) in [
        ("hessian", "max_order = 2\ntotal = true"),
        ("energy", "max_order = 2\ntotal = false"),
        ("energy", "max_order = 3\ntotal = true\nsupersystem_interaction_only = true"),
        (
            "energy",
            "max_order = 2\ntotal = true\n[[fragments.level]]\norder = \"supersystem\"\nname = \"high\"\nengine = \"recorded\"\nfile = \"tasks.json\"",
        ),
    ] {
        let order = if keys.starts_with("max_order = 3") { 3 } else { 2 };
        let config = format!(
            "[campaign]\nkind = \"fragments\"\n[fragments]\nmolecule = \"molecule.json\"\ndriver = \"{driver}\"\nbsse = [\"cp\", \"nocp\"]\n{keys}\n\
             [[fragments.level]]\norder = {order}\nname = \"low\"\nengine = \"recorded\"\nfile = \"tasks.json\"\n"
        );
        let campaign = Campaign::with(simmpi(), &config);
        fs::write(campaign.path("molecule.json"), molecule.to_string()).unwrap();
        fs::write(campaign.path("tasks.json"), Value::from(records.clone()).to_string()).unwrap();
        call(&campaign, 0, &["run", "config.toml", "-o", "result.json"], None).expect(0, &["result.json"]);
        let records = (driver != "energy").then(|| campaign.path("tasks.json"));
        let properties = compare_with_qcmanybody(&campaign.path("result.json"), records.as_deref());
        assert!(properties >= 12, "{driver}, {keys}: {properties}");
    }
}

/// All sets of three fragments.
fn subsets() -> Vec<Vec<usize>> {
    (1..8).map(|mask| (1..=3).filter(|fragment| mask >> (fragment - 1) & 1 == 1).collect()).collect()
}

#[test]
fn faults_point_into_the_file() {
    let text = helium(
        ",\n  \"execution\": {\n    \"n_worker\": 4,\n    \"executor_type\": \"multiprocesing\",\n    \"max_retries\": -1,\n    \"timeout_per_task\": 0,\n    \"log_level\": \"INFO\"}",
    );
    let text = text.replace("\"max_nbody\": 2", "\"max_nbody\": 4");
    for place in ["he.json", "config.toml"] {
        let campaign = folder(&text);
        campaign.write("[campaign]\nkind = \"fragments\"\n[fragments]\ninput = \"he.json\"\n");
        let said = call(&campaign, 0, &["check", place], None).expect(78, &[]).said;
        for (line, texts) in [
            (5, ["specification.keywords.max_nbody: order 4 should be between 1 and 3", "orders count fragments"]),
            (9, ["execution.n_worker: unknown key", "did you mean `n_workers`?"]),
            (10, ["execution.executor_type: unknown executor `multiprocesing`", "did you mean \"multiprocessing\"?"]),
            (11, ["execution.max_retries: -1 retries are not possible", "set a number from 0 on"]),
            (12, ["execution.timeout_per_task: a time limit of 0 s must be positive", "or remove it"]),
            (13, ["execution.log_level: unsupported key", "--log FILE"]),
        ] {
            texts.iter().for_each(|text| assert!(said.contains(text), "{text} is missing in {said}"));
            assert!(said.contains(&format!("he.json:{line}:")), "{place}: line {line} in {said}");
        }
    }
    for (text, texts) in [
        (helium("").replace("\"driver\": \"energy\",\n", "\"driver\": \"energy\"\n"), ["he.json:5:5", "invalid JSON"]),
        (helium("").replace("5.0", "0.1"), ["he.json:2:15", "positions of these atoms"]),
        (
            r#"{"schema_name": "qcschema_molecule", "symbols": ["He"]}"#.to_owned(),
            ["he.json:1:17", "not a ManyBodyInput"],
        ),
    ] {
        let campaign = folder(&text);
        call(&campaign, 0, &["he.json"], None).expect(78, &texts);
        call(&campaign, 2, &["he.json"], None).expect(78, &texts);
    }
}

#[test]
fn an_export_that_fails_costs_nothing() {
    let campaign = folder(&helium(""));
    call(&campaign, 0, &["he.json", "-o", "no/folder.json"], None).expect(73, &["does not exist", "create it first"]);
    call(&campaign, 0, &["he.json", "-o", "he.json"], None).expect(73, &["is the configuration"]);
    call(&campaign, 0, &["he.json", "-o", "he.h5"], None).expect(73, &["or the output"]);
    fs::write(campaign.path("he.result.json"), "{\"of\": \"the user\"}").unwrap();
    call(&campaign, 0, &["he.json"], None).expect(73, &["was not written by simmpi", "-o"]);
    assert!(!campaign.path("he.h5").exists());
    fs::remove_file(campaign.path("he.result.json")).unwrap();
    // Writing there fails at the end only.
    let full = Path::new("/dev/full");
    if !full.exists() {
        return skip("there is no /dev/full");
    }
    call(&campaign, 0, &["he.json", "-o", "/dev/full"], None)
        .expect(74, &["cannot write `/dev/full`", "the results are complete in", "simmpi export"]);
    let file = Reader::open_results(&campaign.path("he.h5")).unwrap();
    assert_eq!(file.attribute::<u8>("complete").unwrap(), 1);
    call(&campaign, 0, &["he.json"], None).expect(0, &["complete already", "he.result.json"]);
    assert!(campaign.path("he.result.json").exists());
}

/// A QCEngine that knows the program `other`, and takes `seconds` for a calculation.
fn qcengine(campaign: &Campaign, seconds: &str) -> PathBuf {
    let folder = campaign.path("bin");
    fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n\"--version\") echo 0.26.0 ;;\n\"info programs\") echo 'other:  v1.2  /opt/other' ;;\n\
         \"run other input.json\") sleep {seconds}\n\
         echo '{{\"success\": true, \"return_result\": -2.5, \"provenance\": {{\"creator\": \"other\"}}}}' ;;\nesac\n"
    );
    let path = folder.join("qcengine");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn other_programs_go_through_qcengine_within_the_limits_of_the_file() {
    let text = |timeout: &str| {
        let execution = format!(",\n  \"execution\": {{\"timeout_per_task\": {timeout}, \"max_retries\": 0}}");
        helium(&execution).replace("\"simmpi\"", "\"Other\"").replace("\"nocp\", \"cp\", \"vmfc\"", "\"nocp\"")
    };
    let campaign = folder(&text("60"));
    let path = qcengine(&campaign, "0");
    let reason = "by QCEngine: there is no engine for the program `other`";
    call(&campaign, 0, &["check", "he.json"], Some(&path)).expect(0, &[reason, "qcengine 0.26.0, other v1.2"]);
    call(&campaign, 2, &["he.json"], Some(&path)).expect(0, &["complete: 6 of 6 tasks done"]);
    // Three fragments of -2.5 each, pairs alike.
    let result = read(campaign.path("he.result.json"));
    assert_eq!(result["properties"]["nocp_corrected_total_energy_through_1_body"], json!(-7.5));
    assert_eq!(result["return_result"], json!(7.5));
    let campaign = folder(&text("0.3"));
    let path = qcengine(&campaign, "60");
    let said = call(&campaign, 2, &["he.json", "--fresh"], Some(&path)).said;
    assert!(said.contains("failed alike") || said.contains("6 failed"), "{said}");
    assert!(said.contains("0.3 s"), "{said}");
    // Where QCEngine is not installed.
    let without = Command::new(simmpi())
        .args(["check", "he.json"])
        .current_dir(campaign.folder.path())
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&without.stderr).into_owned();
    assert_eq!(without.status.code(), Some(78), "{said}");
    for text in ["he.json:6:", "`qcengine` was not found in PATH", "there is no engine", "pip install qcengine"] {
        assert!(said.contains(text), "`{text}` is missing in:\n{said}");
    }
}

#[test]
fn the_example_of_qcmanybodys_documentation_runs_as_it_is() {
    if !are_installed(&["qcengine", "nwchem", "psi4"]) {
        return;
    }
    let campaign = folder(EXAMPLE);
    let difference = "density fitting is off here and on in QCManyBody";
    let by_qcengine = "by QCEngine: the engine nwchem does not support `ccsd`";
    call(&campaign, 0, &["check", "he.json"], None).expect(0, &[difference, by_qcengine]);
    call(&campaign, 2, &["he.json"], None).expect(0, &["complete: 19 of 19 tasks done", difference]);
    let result = read(campaign.path("he.result.json"));
    compare_with_published(&result, 2e-3);
    let notes = result["extras"]["simmpi"]["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().contains(difference)), "{notes:?}");
    // With the density fitting of the published numbers.
    let fitted =
        EXAMPLE.replace("\"cc-pvdz\"},", "\"cc-pvdz\"}, \"keywords\": {\"scf_type\": \"df\", \"mp2_type\": \"df\"},");
    let campaign = folder(&fitted);
    let said = call(&campaign, 2, &["he.json"], None).expect(0, &["complete: 19 of 19 tasks done"]).said;
    assert!(!said.contains(difference), "{said}");
    compare_with_published(&read(campaign.path("he.result.json")), 1e-4);
}

/// Compares the documentation's example with its published energy, Eh, and gradient, Eh/bohr.
fn compare_with_published(result: &Value, tolerance: f64) {
    let energy = result["properties"]["cp_corrected_total_energy_through_3_body"].as_f64().unwrap();
    assert!((energy + 384.1286).abs() < tolerance, "{energy}");
    let gradient = support::flat(&result["return_result"]);
    let published = [0.0, 0.0, 2.832, 0.0, 0.0, 0.0, 0.0, 0.0, -2.832];
    assert!(gradient.iter().zip(published).all(|(found, wanted)| (found - wanted).abs() < 1e-3), "{gradient:?}");
}
