//! The program, given a replay file, gives QC Lab's trajectories: through configuration, HDF5, ranks and journal. The reference files lie
//! beside the repository (`../shared/reference/qclab`); without them this test says so and checks nothing.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::Value;
use simmpi::results::{Complex, Reader, Writer};
use std::path::Path;
use support::{Campaign, simmpi};

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

fn complex(value: &Value) -> Vec<Complex> {
    flat(&value["re"]).into_iter().zip(flat(&value["im"])).map(|(r, i)| Complex { r, i }).collect()
}

fn write_replay(reference: &Value, path: &Path) {
    let n = |key: &str| reference[key].as_u64().unwrap() as usize;
    let (count, coordinates, states) = (n("ntraj"), n("num_coords"), n("num_states"));
    let mut out = Writer::create(path).unwrap();
    out.array("z", &[count, coordinates], &complex(&reference["z0"]), "none", "initial coordinates").unwrap();
    out.array("wavefunction", &[count, states], &complex(&reference["wf0"]), "none", "initial amplitudes").unwrap();
    if let Some(uniforms) = reference.get("hop_uniforms") {
        let steps = reference["settings"]["num_steps"].as_u64().unwrap() as usize;
        out.array("hop_uniforms", &[count, steps], &flat(uniforms), "none", "decisions to hop").unwrap();
        let first = flat(&reference["init_surface_uniform"]);
        out.array("surface_uniform", &[count], &first, "none", "choice of the first surface").unwrap();
    }
    out.publish().unwrap();
}

/// Our section for a reference of QC Lab, if there is such a model and algorithm.
fn section(reference: &Value) -> Option<String> {
    let constants = &reference["constants"];
    let per_cm = simmpi::units::thermal_energy_per_cm(300.0);
    let get = |key: &str| constants[key].as_f64().unwrap();
    let model = match reference["model"].as_str().unwrap() {
        "SpinBoson" => format!(
            "kind = \"spin-boson\", thermal_energy = {}, bias = {}, coupling = {}, modes = {}, characteristic_frequency = {}, reorganization_energy = {}, mass = {}",
            get("kBT"),
            get("E"),
            get("V"),
            get("A"),
            get("W"),
            get("l_reorg"),
            get("boson_mass")
        ),
        "FMOComplex" => format!(
            "kind = \"fmo\", modes_per_site = {}, characteristic_frequency_per_cm = {}, reorganization_energy_per_cm = {}, mass = {}",
            get("N"),
            get("w_c") * per_cm,
            get("l_reorg") * per_cm,
            get("mass")
        ),
        "TullyProblemOne" => format!(
            "kind = \"tully-1\", mass = {}, position = {}, momentum = {}",
            get("mass"),
            get("init_position"),
            get("init_momentum")
        ),
        _ => return None,
    };
    let algorithm = match reference["algorithm"].as_str().unwrap() {
        "MF" => "kind = \"mean-field\"",
        "FSSH" => "kind = \"fssh\", gauge = \"sign-overlap\"",
        _ => return None,
    };
    let setting = |key: &str| reference["settings"][key].as_f64().unwrap();
    let unit = if model.contains("fmo") { "time_unit = \"thermal\"\n" } else { "" };
    Some(format!(
        "[campaign]\nkind = \"trajectories\"\n[trajectories]\nduration = {}\ntime_step = {}\nsample_every = {}\n{unit}integrator = \"sequential\"\nkeep = \"all\"\nalgorithm = {{ {algorithm} }}\nmodel = {{ {model} }}\ninitial = {{ file = \"initial.h5\" }}\n",
        setting("tmax"),
        setting("dt_update"),
        setting("dt_collect")
    ))
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = 1.0 + expected.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() < tolerance * scale, "{what}: number {k} is {a}, not {b}");
    }
}

#[test]
fn replays_give_qc_labs_trajectories() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/qclab");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: there are no reference trajectories in ../shared/reference/qclab");
        return;
    };
    let mut compared = 0;
    for path in files.map(|file| file.unwrap().path()) {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if !file.starts_with("det_") {
            continue;
        }
        let reference: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let Some(config) = section(&reference) else { continue };
        let campaign = Campaign::with(simmpi(), &config);
        write_replay(&reference, &campaign.path("initial.h5"));
        campaign.run(2, &[]).expect(0, &["complete: 4 of 4"]);
        let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
        let single = |name: &str| reader.array::<f64>(&format!("/results/trajectories/{name}")).unwrap();
        let tolerance = if file.contains("fmo") { 1e-6 } else { 1e-9 };
        assert_close(&single("populations"), &flat(&reference["populations"]), tolerance, &file);
        for (ours, theirs) in [("energy_classical", "classical_energy"), ("energy_quantum", "quantum_energy")] {
            assert_close(&single(ours), &flat(&reference[theirs]), tolerance, &file);
        }
        if let Some(surfaces) = reference.get("act_surf_ind") {
            let found: Vec<i64> = reader.array("/results/trajectories/active_surface").unwrap();
            assert_eq!(found, flat(surfaces).into_iter().map(|s| s as i64).collect::<Vec<_>>(), "{file}");
            let events = reference["events"].as_array().unwrap();
            let accepted = events.iter().filter(|event| event[4].as_bool().unwrap()).count() as f64;
            let hops: Vec<f64> = reader.array("/results/hops").unwrap();
            assert_eq!(hops, [accepted / 4.0, (events.len() as f64 - accepted) / 4.0], "{file}");
        }
        compared += 1;
    }
    assert!(compared >= 6, "only {compared} were found");
}

const SPIN_BOSON: &str = "[campaign]\nkind = \"trajectories\"\n[trajectories]\nduration = 0.2\ntime_step = 0.1\nsample_every = 0.1\nalgorithm = { kind = \"fssh\" }\nmodel = { kind = \"spin-boson\", modes = 3 }\ninitial = { file = \"initial.h5\" }\n";

fn write_coordinates(path: &Path, rows: usize, value: f64) {
    let mut out = Writer::create(path).unwrap();
    out.array("q", &[rows, 3], &vec![value; 3 * rows], "none", "positions").unwrap();
    out.array("p", &[rows, 3], &vec![0.0; 3 * rows], "none", "momenta").unwrap();
    out.publish().unwrap();
}

#[test]
fn an_initial_file_that_was_changed_or_does_not_fit_is_refused() {
    let campaign = Campaign::with(simmpi(), SPIN_BOSON);
    campaign.run(0, &[]).expect(78, &["initial.h5", "there is no such file"]);
    write_coordinates(&campaign.path("initial.h5"), 6, 0.1);
    campaign.run(2, &[]).expect(0, &["complete: 6 of 6"]);
    write_coordinates(&campaign.path("initial.h5"), 6, 0.2);
    campaign.run(2, &[]).expect(73, &["trajectories.initial.file: was"]);
    campaign.write(&SPIN_BOSON.replace("modes = 3", "modes = 4"));
    campaign.run(2, &["--force"]).expect(78, &["`q` has shape [6, 3], but must have [6, 4]"]);
    campaign.write(&SPIN_BOSON.replace("duration", "count = 8\nduration"));
    campaign.run(2, &["--force"]).expect(78, &["count is 8, but the initial file has 6 rows"]);
}

#[test]
fn a_trajectory_that_is_no_number_fails_alone() {
    let campaign = Campaign::with(simmpi(), &SPIN_BOSON.replace("initial = {", "keep = \"all\"\ninitial = {"));
    write_coordinates(&campaign.path("initial.h5"), 6, 0.1);
    let clean = campaign.path("initial.h5");
    let mut q = vec![0.1; 18];
    q[7] = f64::NAN;
    let mut out = Writer::create(&clean).unwrap();
    out.array("q", &[6, 3], &q, "none", "positions").unwrap();
    out.array("p", &[6, 3], &[0.0; 18], "none", "momenta").unwrap();
    out.publish().unwrap();
    campaign.run(2, &[]).expect(2, &["1 failed"]);
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let mean: Vec<f64> = reader.array("/results/populations").unwrap();
    assert!(mean.iter().all(|p| p.is_finite()));
    let single: Vec<f64> = reader.array("/results/trajectories/populations").unwrap();
    let rows: Vec<bool> = single.chunks(single.len() / 6).map(|row| row.iter().all(|p| p.is_finite())).collect();
    assert_eq!(rows, [true, true, false, true, true, true]);
}
