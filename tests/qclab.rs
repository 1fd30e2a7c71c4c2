//! Mean field and surface hopping against trajectories of QC Lab 1.3.0, from the same initial conditions and the same random
//! numbers. The reference files lie beside the repository (`../shared/reference/qclab`); without them this test says so and
//! checks nothing.
#![allow(clippy::unwrap_used)]
use serde_json::Value;
use simmpi::science::dynamics::algorithms::{Frustrated, Fssh, Gauge, MeanField};
use simmpi::science::dynamics::models::{Fmo, SpinBoson, TullyOne};
use simmpi::science::dynamics::{
    Algorithm, Clock, InitialState, Integrator, Layout, Model, Sampling, Start, run_block,
};
use simmpi::seed::CampaignSeed;
use simmpi::task::Tasks;
use std::path::Path;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn complex_rows(value: &Value) -> Vec<Vec<[f64; 2]>> {
    let (re, im) = (rows(&value["re"]), rows(&value["im"]));
    re.iter().zip(&im).map(|(r, i)| r.iter().zip(i).map(|(r, i)| [*r, *i]).collect()).collect()
}

fn model(constants: &Value, name: &str) -> Option<Box<dyn Model>> {
    let get = |key: &str| constants[key].as_f64().unwrap();
    let per_cm = simmpi::units::thermal_energy_per_cm(300.0);
    Some(match name {
        "SpinBoson" => Box::new(
            SpinBoson {
                thermal_energy: get("kBT"),
                bias: get("E"),
                coupling: get("V"),
                modes: get("A") as usize,
                characteristic_frequency: get("W"),
                reorganization_energy: get("l_reorg"),
                mass: get("boson_mass"),
                sampling: Sampling::Boltzmann,
            }
            .build(),
        ),
        "FMOComplex" => Box::new(
            Fmo {
                temperature_k: 300.0,
                modes_per_site: get("N") as usize,
                characteristic_frequency_per_cm: get("w_c") * per_cm,
                reorganization_energy_per_cm: get("l_reorg") * per_cm,
                mass: get("mass"),
                sampling: Sampling::Boltzmann,
            }
            .build(),
        ),
        "TullyProblemOne" => Box::new(TullyOne::new(get("mass"), get("init_position"), get("init_momentum"), None)),
        _ => return None,
    })
}

fn largest(a: impl IntoIterator<Item = f64>) -> f64 {
    a.into_iter().fold(0.0, |worst: f64, x| if x.abs() > worst || x.is_nan() { x.abs() } else { worst })
}

fn compare(reference: &Value, model: &dyn Model, algorithm: &dyn Algorithm, tolerance: f64) {
    let name = &reference["name"];
    let settings = &reference["settings"];
    let step = settings["dt_update"].as_f64().unwrap();
    let samples = reference["t"].as_array().unwrap().len() - 1;
    let steps_per_sample = (settings["dt_collect"].as_f64().unwrap() / step).round() as usize;
    let clock = Clock { time_step: step, steps_per_sample, samples, integrator: Integrator::Sequential };
    let given = |key: &str| reference.get(key).map(rows);
    let start = Start {
        coordinates: Some(complex_rows(&reference["z0"])),
        wavefunctions: Some(complex_rows(&reference["wf0"])),
        hop_uniforms: given("hop_uniforms"),
        surface_uniforms: reference.get("init_surface_uniform").map(numbers),
    };
    let n = reference["ntraj"].as_u64().unwrap();
    let state = InitialState::Diabatic(vec![]);
    let found = run_block(model, algorithm, &clock, Tasks::new(0, n), (CampaignSeed(0), &state, &start), &mut || true);
    let layout = Layout { states: model.states(), has_surfaces: algorithm.has_surfaces() };
    let at = |sample: usize, index: usize, lane: usize| found.samples[sample * layout.len() + index][lane];
    for lane in 0..n as usize {
        let populations = rows(&reference["populations"][lane]);
        let off = populations
            .iter()
            .enumerate()
            .flat_map(|(sample, row)| row.iter().enumerate().map(move |(k, p)| (sample, k, *p)).collect::<Vec<_>>());
        let worst = largest(off.map(|(sample, k, p)| at(sample, k, lane) - p));
        assert!(worst < tolerance, "{name}: populations of trajectory {lane} are off by {worst:e}");
        for (offset, key) in ["classical_energy", "quantum_energy"].iter().enumerate() {
            let energies = numbers(&reference[key][lane]);
            let scale = 1.0 + largest(energies.iter().copied());
            let worst = largest(energies.iter().enumerate().map(|(s, e)| at(s, layout.energies() + offset, lane) - e));
            assert!(worst < tolerance * scale, "{name}: {key} of trajectory {lane} is off by {worst:e}");
        }
        if algorithm.has_surfaces() {
            for (sample, surface) in numbers(&reference["act_surf_ind"][lane]).into_iter().enumerate() {
                let occupied = at(sample, layout.surfaces() + surface as usize, lane);
                assert_eq!(occupied, 1.0, "{name}: trajectory {lane} is on another surface at sample {sample}");
            }
        }
        assert_eq!(found.not_finite[lane], None);
    }
}

#[test]
fn trajectories_are_those_of_qc_lab() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/qclab");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: there are no reference trajectories in ../shared/reference/qclab");
        return;
    };
    let mut compared = Vec::new();
    for path in files.map(|file| file.unwrap().path()) {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if !file.starts_with("det_") {
            continue;
        }
        let reference: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let algorithm: Box<dyn Algorithm> = match reference["algorithm"].as_str().unwrap() {
            "MF" => Box::new(MeanField),
            "FSSH" => Box::new(Fssh { frustrated: Frustrated::Keep, gauge: Gauge::SignOverlap }),
            _ => continue,
        };
        let name = reference["model"].as_str().unwrap();
        let Some(model) = model(&reference["constants"], name) else { continue };
        // QC Lab's constant for 300 K differs from CODATA's in the tenth digit.
        compare(&reference, model.as_ref(), algorithm.as_ref(), if name == "FMOComplex" { 1e-6 } else { 1e-9 });
        compared.push(file);
    }
    println!("compared: {compared:?}");
    assert!(compared.len() >= 6, "only {compared:?} were found");
}
