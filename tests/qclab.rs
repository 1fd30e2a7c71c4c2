//! Mean field and surface hopping against trajectories of QC Lab 1.3.0, from the same initial conditions and the same random
//! numbers. The reference files lie beside the repository (`../shared/reference/qclab`); without them this test says so and
//! checks nothing.
#![allow(clippy::unwrap_used)]
use serde_json::Value;
use simmpi::science::dynamics::algorithms::{Frustrated, Fssh, Gauge, MeanField};
use simmpi::science::dynamics::models::{Fmo, SpinBoson, TullyOne};
use simmpi::science::dynamics::{
    Algorithm, Block, Clock, InitialState, Integrator, LANES, Layout, Model, Sampling, Start, run_block,
};
use simmpi::science::sum::{Moments, exponent_for};
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
    if algorithm.has_surfaces() {
        assert_eq!(hops(model, algorithm, &clock, n, (&state, &start)), events(reference), "{name}");
    }
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

/// A decision to hop: step, trajectory, whether it was accepted, and for an accepted one the surfaces.
type Hop = (usize, usize, bool, Option<(usize, usize)>);

/// The hops of a replay, step by step.
fn hops(
    model: &dyn Model,
    algorithm: &dyn Algorithm,
    clock: &Clock,
    n: u64,
    (state, start): (&InitialState, &Start),
) -> Vec<Hop> {
    let mut block = Block::begin(model, Tasks::new(0, n), CampaignSeed(0), state, start);
    algorithm.begin(model, &mut block);
    let mut stepper = algorithm.stepper(model, clock);
    let mut found = Vec::new();
    for step in 0..clock.steps() {
        let (from, frustrated) = (block.active, block.frustrated_hops);
        stepper.advance(&mut block, step);
        for lane in 0..n as usize {
            if block.active[lane] != from[lane] {
                found.push((step, lane, true, Some((from[lane], block.active[lane]))));
            } else if block.frustrated_hops[lane] != frustrated[lane] {
                found.push((step, lane, false, None));
            }
        }
    }
    found
}

/// The hops that the reference names.
fn events(reference: &Value) -> Vec<Hop> {
    let event = |event: &Value| {
        let at = |k: usize| event[k].as_u64().unwrap() as usize;
        let accepted = event[4].as_bool().unwrap();
        (at(0), at(1), accepted, accepted.then(|| (at(2), at(3))))
    };
    let mut events: Vec<Hop> = reference["events"].as_array().unwrap().iter().map(event).collect();
    events.sort();
    events
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
        let fssh = |gauge| -> Box<dyn Algorithm> { Box::new(Fssh { frustrated: Frustrated::Keep, gauge }) };
        let algorithms: Vec<Box<dyn Algorithm>> = match reference["algorithm"].as_str().unwrap() {
            "MF" => vec![Box::new(MeanField)],
            // These Hamiltonians are real, so that the sign is the whole phase.
            "FSSH" => vec![fssh(Gauge::SignOverlap), fssh(Gauge::PhaseOverlap)],
            _ => continue,
        };
        let name = reference["model"].as_str().unwrap();
        let Some(model) = model(&reference["constants"], name) else { continue };
        // QC Lab's constant for 300 K differs from CODATA's in the tenth digit.
        let tolerance = if name == "FMOComplex" { 1e-6 } else { 1e-9 };
        algorithms.iter().for_each(|algorithm| compare(&reference, model.as_ref(), algorithm.as_ref(), tolerance));
        compared.push(file);
    }
    println!("compared: {compared:?}");
    assert!(compared.len() >= 6, "only {compared:?} were found");
}

/// Mean and standard error over trajectories of every observable, [sample * len + observable].
fn ensemble(model: &dyn Model, algorithm: &dyn Algorithm, clock: &Clock, n: u64) -> (Layout, Vec<[f64; 2]>) {
    let layout = Layout { states: model.states(), has_surfaces: algorithm.has_surfaces() };
    let state = InitialState::Diabatic((0..layout.states).map(|k| [f64::from(u8::from(k == 0)), 0.0]).collect());
    let mut sums = Moments::new((clock.samples + 1) * layout.len(), exponent_for(model.energy_scale()));
    for block in Tasks::new(0, n).pieces(LANES as u64) {
        let begin = (CampaignSeed(2026), &state, &Start::default());
        let found = run_block(model, algorithm, clock, block, begin, &mut || true);
        for lane in 0..block.count() as usize {
            found.samples.iter().enumerate().for_each(|(k, values)| sums.add(k, values[lane]).unwrap());
        }
    }
    (layout, sums.means(n).into_iter().zip(sums.standard_errors(n)).map(|(m, e)| [m, e]).collect())
}

/// Compares a series with the reference's; gives the reduced chi-square.
fn compare_series(reference: &Value, key: &str, ours: &[[f64; 2]], floor: f64) -> f64 {
    let (means, errors) = (numbers(&reference[format!("{key}_mean")]), numbers(&reference[format!("{key}_stderr")]));
    let mut chi_square = 0.0;
    for (sample, ((theirs, error), [mine, my_error])) in means.iter().zip(&errors).zip(ours).enumerate() {
        let combined = (error * error + my_error * my_error + floor * floor).sqrt();
        let sigmas = (theirs - mine) / combined;
        assert!(sigmas.abs() < 6.0, "{key}: sample {sample} is {mine} here and {theirs} there, {sigmas} sigma apart");
        chi_square += sigmas * sigmas / means.len() as f64;
    }
    println!("{key}: reduced chi-square {chi_square:.2}");
    chi_square
}

#[test]
fn ensembles_are_those_of_qc_lab_within_their_errors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/qclab");
    let cases: [(&str, Box<dyn Algorithm>, u64); 2] = [
        ("stat_spin_boson_default_MF.json", Box::new(MeanField), 2000),
        ("stat_tully1_p10_FSSH.json", Box::new(Fssh { frustrated: Frustrated::Keep, gauge: Gauge::SignOverlap }), 1600),
    ];
    for (file, algorithm, n) in cases {
        let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
            println!("SKIPPED: there is no ../shared/reference/qclab/{file}");
            continue;
        };
        let mut reference: Value = serde_json::from_str(&text).unwrap();
        let meta = &reference["meta"];
        let model = model(&meta["constants"], meta["model"].as_str().unwrap()).unwrap();
        let of = |key: &str| meta["settings"][key].as_f64().unwrap();
        let samples = reference["t"].as_array().unwrap().len() - 1;
        let steps_per_sample = (of("dt_collect") / of("dt_update")).round() as usize;
        let time_step = of("dt_update");
        let clock = Clock { time_step, steps_per_sample, samples, integrator: Integrator::Sequential };
        let (layout, ours) = ensemble(model.as_ref(), algorithm.as_ref(), &clock, n);
        let column = |k: usize| ours.iter().skip(k).step_by(layout.len()).copied().collect::<Vec<_>>();
        for state in 0..layout.states {
            for part in ["mean", "stderr"] {
                let series = rows(&reference[format!("pop_{part}")]).iter().map(|row| row[state]).collect::<Vec<_>>();
                reference[format!("pop{state}_{part}")] = series.into();
            }
            // The reference gives errors from ten blocks, which can come out far too small by chance where all are tiny.
            assert!(compare_series(&reference, &format!("pop{state}"), &column(state), 1e-6) < 4.0, "{file}");
        }
        for (k, key) in ["classical_energy", "quantum_energy", "total_energy"].iter().enumerate() {
            let floor = 1e-6 * numbers(&reference[format!("{key}_mean")])[0].abs();
            assert!(compare_series(&reference, key, &column(layout.energies() + k), floor) < 4.0, "{file}");
        }
    }
}
