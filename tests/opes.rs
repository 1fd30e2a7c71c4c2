//! Does the native OPES give the numbers that PLUMED's own regression tests expect, and do biased samples lead to known free energies?
#![allow(clippy::unwrap_used)]
#[path = "opes/files.rs"]
mod files;
#[path = "support/reference.rs"]
mod reference;
#[path = "support/skip.rs"]
mod skip;

use simmpi::md::columns::{self, Column};
use simmpi::md::opes::{self, Content};
use simmpi::science::langevin::surfaces::MuellerBrown;
use simmpi::science::langevin::{Biasing, Group, Integrator, Series, Surface, System};
use simmpi::science::opes::{Bias, Settings, Variant, Walker, WidthRule};
use simmpi::science::reweighting::{Axis, Region, Replica, difference, free_energy};
use simmpi::seed::CampaignSeed;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// k_B T at 300 K with PLUMED's constant, kJ/mol.
const KT: f64 = 300.0 * 0.008_314_462_618_153_24;

/// A file of PLUMED's regression tests.
fn of_plumed(name: &str) -> Option<PathBuf> {
    reference::foreign(&format!("md/opes/{name}"))
}

/// Columns of a file by name, `[columns][rows]`.
fn read(path: &Path, names: &[&str]) -> Vec<Vec<f64>> {
    let wanted: Vec<Column> = names.iter().map(|name| Column::Name((*name).into())).collect();
    columns::read(path, &wanted).unwrap().values
}

/// phi and psi in every frame of the regression tests' trajectory of alanine dipeptide (alanine.xtc), `[51][2]`.
fn torsions() -> Vec<[f64; 2]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/opes/torsions.txt");
    let columns = read(&path, &["phi", "psi"]);
    columns[0].iter().zip(&columns[1]).map(|(phi, psi)| [*phi, *psi]).collect()
}

/// What PLUMED prints of a step: the bias before the step's kernel, the rest after it.
struct Printed {
    bias: f64,
    rct: f64,
    neff: f64,
    kernels: f64,
}

/// Runs a bias along the trajectory; what it would have printed every fifth step, and all that it deposited.
fn follow(bias: &mut Bias) -> (Vec<Printed>, Vec<simmpi::science::opes::Deposit>) {
    let (mut printed, mut deposits) = (Vec::new(), Vec::new());
    for (step, point) in torsions().iter().enumerate() {
        let now = bias.evaluate(point, &mut [0.0; 2]);
        if step > 0 {
            deposits.extend(bias.update(step as u64, &[Walker { point, bias: now }]));
        }
        if step % 5 == 0 {
            let progress = bias.progress();
            let kernels = progress.kernels as f64;
            printed.push(Printed { bias: now, rct: progress.rct, neff: progress.neff, kernels });
        }
    }
    (printed, deposits)
}

/// The largest differences of bias, rct, neff and number of kernels from a COLVAR file.
fn differences(path: &Path, printed: &[Printed]) -> [f64; 4] {
    let found = read(path, &["opes.bias", "opes.rct", "opes.neff", "opes.nker"]);
    assert_eq!(found[0].len(), printed.len());
    let mut worst = [0.0f64; 4];
    for (row, p) in printed.iter().enumerate() {
        for (k, value) in [p.bias, p.rct, p.neff, p.kernels].into_iter().enumerate() {
            worst[k] = worst[k].max((value - found[k][row]).abs());
        }
    }
    worst
}

/// The largest difference from the kernels that PLUMED deposited.
fn kernel_difference(path: &Path, deposits: &[simmpi::science::opes::Deposit]) -> f64 {
    let Content::Kernels(expected) = opes::read(path).unwrap().content else { panic!("these are kernels") };
    assert_eq!(expected.len(), deposits.len());
    let flat = |d: &simmpi::science::opes::Deposit| {
        let tail = [d.kernel.height, d.log_weight];
        d.kernel.center.iter().chain(&d.kernel.sigma).copied().chain(tail).collect::<Vec<_>>()
    };
    let pairs = expected.iter().zip(deposits).flat_map(|(e, d)| flat(e).into_iter().zip(flat(d)));
    pairs.map(|(e, d)| (e - d).abs() / e.abs().max(1.0)).fold(0.0, f64::max)
}

const PERIOD: Option<f64> = Some(2.0 * std::f64::consts::PI);

#[test]
fn fixed_widths_and_a_flat_target_are_those_of_plumed() {
    let Some(colvar) = of_plumed("rt-opes_metad/Colvar.data.reference") else { return };
    let settings = Settings {
        bias_factor: Some(f64::INFINITY),
        widths: WidthRule::Fixed(vec![0.15, 0.15]),
        shrinks: false,
        epsilon: Some(1e-3),
        cutoff: Some(6.0),
        merges_again: false,
        normalizes: false,
        ..Settings::new(Variant::Metad, KT, 20.0, 5, vec![PERIOD; 2])
    };
    let (printed, deposits) = follow(&mut Bias::new(settings).unwrap());
    let worst = differences(&colvar, &printed);
    println!("bias {:.1e}, rct {:.1e}, neff {:.1e}, kernels {}", worst[0], worst[1], worst[2], worst[3]);
    assert!(worst[0] < 1e-4 && worst[1] < 1e-5 && worst[2] < 1e-5 && worst[3] == 0.0, "{worst:?}");
    let Some(kernels) = of_plumed("rt-opes_metad/KERNELS.reference") else { return };
    let worst = kernel_difference(&kernels, &deposits);
    assert!(worst < 1e-6, "{worst}");
}

#[test]
fn a_restart_with_adaptive_widths_and_compression_goes_on_as_in_plumed() {
    let Some(restart) = of_plumed("rt-opes_metad-bis/Restart.data") else { return };
    let before = opes::read(&restart).unwrap();
    let Content::State(state) = &before.content else { panic!("this is a state") };
    let settings =
        Settings { least_widths: Some(vec![0.4, 0.4]), ..Settings::new(before.variant, KT, 20.0, 2, before.periods()) };
    let mut bias = Bias::restart(settings, state).unwrap();
    for (what, own, printed) in [
        ("bias factor", bias.bias_factor(), before.bias_factor),
        ("epsilon", bias.epsilon(), before.epsilon),
        ("cutoff", bias.cutoff(), before.cutoff),
    ] {
        assert!((own - printed).abs() < 1e-6, "{what}: {own} and {printed}");
    }
    let (printed, deposits) = follow(&mut bias);
    let Some(colvar) = of_plumed("rt-opes_metad-bis/Colvar.data.reference") else { return };
    let worst = differences(&colvar, &printed);
    println!("bias {:.1e}, rct {:.1e}, neff {:.1e}, kernels {}", worst[0], worst[1], worst[2], worst[3]);
    assert!(worst[0] < 1e-4 && worst[1] < 1e-5 && worst[2] < 1e-4 && worst[3] == 0.0, "{worst:?}");
    let Some(kernels) = of_plumed("rt-opes_metad-bis/KERNELS.reference") else { return };
    let worst = kernel_difference(&kernels, &deposits);
    assert!(worst < 2e-6, "{worst}");
    // And it ends in the state that PLUMED wrote.
    let Some(after) = of_plumed("rt-opes_metad-bis/State.data.reference") else { return };
    let Content::State(after) = opes::read(&after).unwrap().content else { panic!("this is a state") };
    let state = bias.state();
    let (own_width, width) = (state.width.as_ref().unwrap(), after.width.as_ref().unwrap());
    assert_eq!((state.counter, own_width.counter), (after.counter, width.counter));
    let numbers = |state: &simmpi::science::opes::State| {
        let width = state.width.as_ref().unwrap();
        let kernels = state.kernels.iter().flat_map(|k| [vec![k.height], k.center.clone(), k.sigma.clone()]).flatten();
        let sums = [state.zed, state.sum_weights, state.sum_weights2];
        sums.into_iter().chain(width.mean[0].clone()).chain(width.squares[0].clone()).chain(kernels).collect::<Vec<_>>()
    };
    let (own, expected) = (numbers(&state), numbers(&after));
    assert_eq!(own.len(), expected.len());
    for (own, expected) in own.iter().zip(&expected) {
        assert!((own - expected).abs() < 2e-6 * expected.abs().max(1.0), "{own} and {expected}");
    }
}

#[test]
fn exploring_is_as_in_plumed() {
    // Bias and number of kernels every fifth step as printed by PLUMED's regression test rt-opes_metad_explore (one restarted from
    // nothing), of the same trajectory.
    const PRINTED: [(f64, f64); 11] = [
        (-1705.8, 0.0),
        (-1705.8, 1.0),
        (-202.926, 1.0),
        (-220.655, 1.0),
        (-120.809, 1.0),
        (-153.766, 1.0),
        (-774.736, 2.0),
        (-146.288, 2.0),
        (-125.146, 2.0),
        (-332.128, 3.0),
        (-91.7898, 3.0),
    ];
    let settings = Settings {
        bias_factor: Some(100.0),
        widths: WidthRule::Fixed(vec![0.15, 0.15]),
        shrinks: false,
        epsilon: Some(1e-3),
        cutoff: Some(6.0),
        merges_again: false,
        normalizes: false,
        ..Settings::new(Variant::Explore, KT, 20.0, 5, vec![PERIOD; 2])
    };
    let (printed, _) = follow(&mut Bias::new(settings).unwrap());
    for (found, (bias, kernels)) in printed.iter().zip(PRINTED) {
        assert!((found.bias - bias).abs() < 5e-6 * bias.abs(), "{} and {bias}", found.bias);
        assert_eq!(found.kernels, kernels);
    }
}

/// The exact free energies of the surface of Mueller and Brown, from quadrature.
fn mueller_brown() -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(reference::file("md/opes/mueller_brown_exact.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// F(x) on the surface of Mueller and Brown, the smallest value 0, and F(y - x < 0.75) less F(y - x > 0.75), by quadrature.
fn quadrature(kt: f64) -> (impl Fn(f64) -> f64, f64) {
    let surface = MuellerBrown { scale: 1.0 };
    let weight = move |x: f64, y: f64| libm::exp(-(surface.energy(&[x, y], &mut [0.0; 2]) + 146.7) / kt);
    let step = 0.005;
    let along = move |x: f64| -kt * libm::log((0..800).map(|k| weight(x, -1.0 + step * f64::from(k))).sum::<f64>());
    let (mut below, mut above) = (0.0, 0.0);
    for j in 0..640 {
        for k in 0..800 {
            let (x, y) = (-1.8 + step * (f64::from(j) + 0.5), -1.0 + step * (f64::from(k) + 0.5));
            *if y - x < 0.75 { &mut below } else { &mut above } += weight(x, y);
        }
    }
    let least = (0..100).map(|k| along(-0.6 + 1e-3 * f64::from(k))).fold(f64::INFINITY, f64::min);
    (move |x| along(x) - least, kt * libm::log(above / below))
}

#[test]
fn the_surface_of_mueller_and_brown_has_its_exact_free_energies() {
    let Some(exact) = mueller_brown() else { return };
    for kt in [10.0, 15.0, 20.0] {
        let exact = &exact[format!("kT={kt:.1}")];
        let (along, difference) = quadrature(kt);
        assert!((difference - exact["dF(y-x<0.75 vs >0.75)"].as_f64().unwrap()).abs() < 0.05, "{kt}: {difference}");
        // What stands there for -0.6 is beside the minimum, at -0.57, and not F(-0.6).
        for (x, expected) in exact["F_x"].as_object().unwrap().iter().filter(|(x, _)| *x != "-0.6") {
            let found = along(x.parse().unwrap());
            assert!((found - expected.as_f64().unwrap()).abs() < 0.01, "{kt}, {x}: {found} and {expected}");
        }
    }
}

#[test]
fn a_bias_leads_to_the_free_energies_of_mueller_and_brown() {
    let kt = 15.0;
    let surface = Arc::new(MuellerBrown { scale: 1.0 });
    let settings = Settings {
        widths: WidthRule::Fixed(vec![0.1, 0.1]),
        ..Settings::new(Variant::Metad, kt, 120.0, 200, vec![None; 2])
    };
    let system = System {
        start: surface.start(),
        surface,
        integrator: Integrator::Underdamped { friction: 5.0, mass: 1.0 },
        thermal_energy: kt,
        time_step: 0.01,
        sample_every: 20,
        walkers: 1,
        biasing: Some(Biasing { coordinates: vec![0, 1], settings }),
    };
    let series: Vec<Series> = std::thread::scope(|scope| {
        let run = |number| {
            let mut group = Group::new(&system, CampaignSeed(5), number).unwrap();
            group.advance(500_000).unwrap();
            group.into_series().pop().unwrap()
        };
        let threads: Vec<_> = (0..4).map(|number| scope.spawn(move || run(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // The first fifth is left out.
    let settled = |name: &str, k: usize| -> Vec<f64> { series[k].column(name).unwrap()[5000..].to_vec() };
    let columns: Vec<[Vec<f64>; 3]> =
        (0..4).map(|k| [settled("x", k), settled("y", k), settled("opes.bias", k)]).collect();
    let replicas: Vec<Replica> = columns.iter().map(|[x, _, v]| Replica { coordinates: vec![x], bias: v }).collect();
    let axis = Axis { lower: -1.5, upper: 1.2, bins: 54, period: None, bandwidth: None };
    let found = free_energy(&replicas, kt, &[axis], 10).unwrap();
    let (along, expected) = quadrature(kt);
    let mut worst = 0.0f64;
    for (bin, x) in found.coordinates[0].iter().enumerate() {
        // Averages of exp(-F/kT) over a bin.
        let shifts = (0..20).map(|k| along(x + 0.0025 * (f64::from(k) - 9.5)));
        let exact = -kt * libm::log(shifts.map(|f| libm::exp(-f / kt)).sum::<f64>() / 20.0);
        if exact < 8.0 * kt {
            worst = worst.max((found.free_energy[bin].unwrap() - exact).abs() / kt);
        }
    }
    println!("largest difference where F < 8 kT: {worst:.3} kT");
    assert!(worst < 0.2, "{worst} kT");
    // y - x is one variable.
    let slanted: Vec<Vec<f64>> =
        columns.iter().map(|[x, y, _]| x.iter().zip(y).map(|(x, y)| y - x).collect()).collect();
    let slanted: Vec<Replica> =
        slanted.iter().zip(&columns).map(|(s, [_, _, v])| Replica { coordinates: vec![s], bias: v }).collect();
    let (below, above) = (Region { ranges: vec![[-9.0, 0.75]] }, Region { ranges: vec![[0.75, 9.0]] });
    let found = difference(&slanted, kt, (&below, &above), &[None], 10).unwrap();
    let error = found.standard_error.unwrap();
    println!("{:.2} +- {error:.2}, {expected:.2} exactly", found.value);
    assert!((found.value - expected).abs() < 0.2 * kt && error < 0.1 * kt, "{found:?}");
}

#[test]
fn four_real_replicas_agree_on_the_torsion_of_alanine_dipeptide() {
    let names = ["time", "phi", "psi", "opes.bias"];
    let mut replicas = Vec::new();
    for seed in [101, 102, 103, 104] {
        let path = reference::file(&format!("md/opes/ala2_campaign/{seed}/COLVAR"));
        let columns = read(&path, &names);
        let first = columns[0].partition_point(|time| *time < 500.0);
        replicas.push(columns.into_iter().map(|column| column[first..].to_vec()).collect::<Vec<_>>());
    }
    let replicas: Vec<Replica> = replicas.iter().map(|c| Replica { coordinates: vec![&c[1]], bias: &c[3] }).collect();
    let pi = std::f64::consts::PI;
    let (right, left) = (Region { ranges: vec![[0.0, pi]] }, Region { ranges: vec![[-pi, 0.0]] });
    let found = difference(&replicas, KT, (&right, &left), &[PERIOD], 10).unwrap();
    let error = found.standard_error.unwrap();
    println!("{:.2} +- {error:.2} kJ/mol, replicas {:.2?}", found.value, found.of_replicas);
    assert!((found.value - 9.3).abs() < 0.1, "{found:?}");
    assert!(found.of_replicas.iter().all(|value| (8.75..9.75).contains(value)), "{found:?}");
    assert!(error > 0.05 && error < 0.4, "{found:?}");
    let axis = Axis::around([].into_iter(), 60, PERIOD);
    let smooth = Axis { bandwidth: Some(0.05), ..axis };
    let [counted, smeared] = [axis, smooth].map(|axis| free_energy(&replicas, KT, &[axis], 10).unwrap());
    println!("effective samples {:.0?}", counted.effective_samples);
    // The minimum is at about -1.4 (C7eq and C5); that on the right (C7ax) at about 1.2 is between 5 and 10 kJ/mol higher.
    let lowest = |from: f64, to: f64| {
        let rows = counted.coordinates[0].iter().zip(&counted.free_energy).filter(|(x, _)| (from..to).contains(*x));
        let rows = rows.filter_map(|(x, f)| Some((*x, (*f)?)));
        rows.fold((0.0, f64::INFINITY), |least, row| if row.1 < least.1 { row } else { least })
    };
    let (left, right) = (lowest(-pi, 0.0), lowest(0.0, pi));
    assert!((-2.8..-1.0).contains(&left.0) && left.1 == 0.0, "{left:?}");
    assert!((0.9..1.4).contains(&right.0) && (4.0..10.0).contains(&right.1), "{right:?}");
    // Smearing changes little where there is much.
    for (k, value) in counted.free_energy.iter().enumerate() {
        let Some(value) = value.filter(|value| *value < 10.0) else { continue };
        let (smeared, error) = (smeared.free_energy[k].unwrap(), counted.standard_error[k].unwrap());
        assert!((value - smeared).abs() < 1.5, "{value} and {smeared}");
        assert!(error > 0.0 && error < 2.0);
    }
}
