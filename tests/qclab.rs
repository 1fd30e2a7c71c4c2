//! The program against QC Lab 1.3.0: trajectory by trajectory from a replay file (`det_*`), and ensembles within their errors (`stat_*`),
//! through configuration, HDF5, ranks and journal.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::Value;
use simmpi::results::{Complex, Reader, Writer};
use std::path::Path;
use support::{Campaign, flat, reference, simmpi};

fn complex(value: &Value) -> Vec<Complex> {
    flat(&value["re"]).into_iter().zip(flat(&value["im"])).map(|(r, i)| Complex { r, i }).collect()
}

/// Our name for a model of QC Lab, and its constants as (ours, theirs, scale).
fn model(name: &str) -> (&'static str, Vec<(&'static str, &'static str, f64)>) {
    let per_cm = simmpi::units::thermal_energy_per_cm(300.0);
    let tully = || vec![("mass", "mass", 1.0), ("position", "init_position", 1.0), ("momentum", "init_momentum", 1.0)];
    let holstein = || {
        vec![
            ("thermal_energy", "kBT", 1.0),
            ("coupling", "g", 1.0),
            ("frequency", "w", 1.0),
            ("sites", "N", 1.0),
            ("hopping", "J", 1.0),
            ("mass", "phonon_mass", 1.0),
        ]
    };
    match name {
        "SpinBoson" => (
            "spin-boson",
            vec![
                ("thermal_energy", "kBT", 1.0),
                ("bias", "E", 1.0),
                ("coupling", "V", 1.0),
                ("modes", "A", 1.0),
                ("characteristic_frequency", "W", 1.0),
                ("reorganization_energy", "l_reorg", 1.0),
                ("mass", "boson_mass", 1.0),
            ],
        ),
        "FMOComplex" => (
            "fmo",
            vec![
                ("modes_per_site", "N", 1.0),
                ("characteristic_frequency_per_cm", "w_c", per_cm),
                ("reorganization_energy_per_cm", "l_reorg", per_cm),
                ("mass", "mass", 1.0),
            ],
        ),
        "HolsteinLattice" => ("holstein", holstein()),
        "HolsteinLatticeReciprocalSpace" => ("holstein-k", holstein()),
        "TullyProblemOne" => ("tully-1", tully()),
        "TullyProblemTwo" => ("tully-2", tully()),
        "TullyProblemThree" => ("tully-3", tully()),
        other => panic!("{other} is not known here"),
    }
}

/// The configuration of what a reference describes, but for its initial conditions.
fn configuration(about: &Value, keys: &str, initial: &str) -> String {
    let (kind, constants) = model(about["model"].as_str().unwrap());
    let number = |(ours, theirs, scale): &(&str, &str, f64)| {
        // Whole numbers stay whole.
        let value = &about["constants"][*theirs];
        let text = if *scale == 1.0 { value.to_string() } else { (value.as_f64().unwrap() * scale).to_string() };
        format!(", {ours} = {text}")
    };
    let constants: String = constants.iter().map(number).collect();
    let algorithm = match about["algorithm"].as_str().unwrap() {
        "MF" => "kind = \"mean-field\"".to_owned(),
        "FSSH" => {
            let gauge = about["algorithm_settings"]["gauge_fixing"].as_str().unwrap();
            let gauge = if gauge == "phase_der_couple" { "phase-coupling".to_owned() } else { gauge.replace('_', "-") };
            format!("kind = \"fssh\", gauge = \"{gauge}\"")
        }
        "MASH" => "kind = \"ms-mash\"".to_owned(),
        other => panic!("{other} is not known here"),
    };
    let setting = |key: &str| about["settings"][key].as_f64().unwrap();
    let unit = if kind == "fmo" { "time_unit = \"thermal\"\n" } else { "" };
    format!(
        "[campaign]\nkind = \"trajectories\"\nseed = 2026\n[trajectories]\n{keys}\nduration = {}\ntime_step = {}\nsample_every = {}\n{unit}integrator = \"sequential\"\nalgorithm = {{ {algorithm} }}\nmodel = {{ kind = \"{kind}\"{constants} }}\ninitial = {{ {initial} }}\n",
        setting("tmax"),
        setting("dt_update"),
        setting("dt_collect")
    )
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

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = 1.0 + expected.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() < tolerance * scale, "{what}: number {k} is {a}, not {b}");
    }
}

#[test]
fn replays_give_qc_labs_trajectories() {
    let references = reference::all_json("qclab", "det_");
    for (file, reference) in &references {
        let campaign = Campaign::with(simmpi(), &configuration(reference, "keep = \"all\"", "file = \"initial.h5\""));
        write_replay(reference, &campaign.path("initial.h5"));
        campaign.run(2, &[]).expect(0, &["complete: 4 of 4"]);
        let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
        let single = |name: &str| reader.array::<f64>(&format!("/results/trajectories/{name}")).unwrap();
        let tolerance = 1e-9;
        if let Some(surfaces) = reference.get("act_surf_ind") {
            let found: Vec<i64> = reader.array("/results/trajectories/active_surface").unwrap();
            assert_eq!(found, flat(surfaces).into_iter().map(|s| s as i64).collect::<Vec<_>>(), "{file}");
            let events = reference["events"].as_array().unwrap();
            let accepted = events.iter().filter(|event| event[4].as_bool().unwrap()).count() as f64;
            let hops: Vec<f64> = reader.array("/results/hops").unwrap();
            if file.contains("MASH") {
                // Theirs are the surfaces that changed from step to step: two hops in one may cancel, and frustrated ones are missing.
                assert!(hops[0] >= accepted / 4.0, "{file}: {hops:?}");
            } else {
                assert_eq!(hops, [accepted / 4.0, (events.len() as f64 - accepted) / 4.0], "{file}");
            }
        }
        assert_close(&single("populations"), &flat(&reference["populations"]), tolerance, file);
        for (ours, theirs) in [("energy_classical", "classical_energy"), ("energy_quantum", "quantum_energy")] {
            assert_close(&single(ours), &flat(&reference[theirs]), tolerance, file);
        }
        println!("{file}: the same");
    }
    assert!(references.is_empty() || references.len() >= 14, "only {} were found", references.len());
}

/// A series with its standard errors.
type Series = Vec<[f64; 2]>;

/// Compares a series with the reference's: no point beyond 6 combined standard errors, and a sensible chi-square.
fn compare(ours: &Series, theirs: &Series, floor: f64, what: &str) {
    let mut chi_square = 0.0;
    for (sample, ([mine, my_error], [theirs, error])) in ours.iter().zip(theirs).enumerate() {
        let sigmas = (theirs - mine) / (error * error + my_error * my_error + floor * floor).sqrt();
        assert!(sigmas.abs() < 6.0, "{what}: sample {sample} is {mine} here and {theirs} there, {sigmas} sigma apart");
        chi_square += sigmas * sigmas / ours.len() as f64;
    }
    println!("{what}: reduced chi-square {chi_square:.2}");
    assert!(chi_square < 4.0, "{what}: {chi_square}");
}

#[test]
fn ensembles_are_those_of_qc_lab_within_their_errors() {
    for (file, reference) in reference::all_json("qclab", "stat_") {
        let count = if file.contains("holstein") { 800 } else { 1600 };
        let keys = format!("count = {count}");
        let campaign =
            Campaign::with(simmpi(), &configuration(&reference["meta"], &keys, "state = 0, basis = \"diabatic\""));
        campaign.run(2, &[]).expect(0, &["complete"]);
        let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
        let of = |name: &str, column: usize, columns: usize| -> Series {
            let read = |name: &str| reader.array::<f64>(&format!("/results/{name}")).unwrap();
            let (means, errors) = (read(name), read(&format!("{name}_stderr")));
            means.chunks(columns).zip(errors.chunks(columns)).map(|(m, e)| [m[column], e[column]]).collect()
        };
        let theirs = |name: &str, column: usize| -> Series {
            let row =
                |value: &Value| value.as_array().map_or_else(|| flat(value)[0], |row| row[column].as_f64().unwrap());
            let read = |part: &str| {
                reference[format!("{name}_{part}")].as_array().unwrap().iter().map(row).collect::<Vec<_>>()
            };
            read("mean").into_iter().zip(read("stderr")).map(|(m, e)| [m, e]).collect()
        };
        let states = reference["pop_mean"][0].as_array().unwrap().len();
        for state in 0..states {
            // The reference gives errors from ten blocks, which can come out far too small by chance where all are tiny.
            compare(&of("populations", state, states), &theirs("pop", state), 1e-6, &format!("{file}: state {state}"));
        }
        for part in ["classical", "quantum", "total"] {
            let theirs = theirs(&format!("{part}_energy"), 0);
            compare(
                &of(&format!("energy_{part}"), 0, 1),
                &theirs,
                1e-6 * theirs[0][0].abs(),
                &format!("{file}: {part} energy"),
            );
        }
        if reference.get("channels_mean").is_some() {
            // Theirs are transmitted and reflected, by surface, at every time; ours those of the end.
            let ours = (0..4).map(|k| of("surface_channels", k, 6)[0]);
            let theirs = (0..4).map(|k| *theirs("channels", k).last().unwrap());
            compare(&ours.collect(), &theirs.collect(), 1e-3, &format!("{file}: channels"));
        }
    }
}
