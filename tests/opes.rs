//! Does the native OPES give the numbers that PLUMED's own regression tests expect?
#![allow(clippy::unwrap_used)]
use simmpi::md::columns::{self, Column};
use simmpi::md::opes::{self, Content};
use simmpi::science::opes::{Bias, Settings, Variant, Walker, WidthRule};
use std::path::{Path, PathBuf};

/// k_B T at 300 K with PLUMED's constant, kJ/mol.
const KT: f64 = 300.0 * 0.008_314_462_618_153_24;

/// A file of PLUMED's regression tests, which lie beside the repository; says so where it does not.
fn reference(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/md/opes").join(name);
    if !path.exists() {
        println!("SKIPPED: there is no {name} in ../shared/reference/md/opes");
    }
    path.exists().then_some(path)
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
        let now = bias.at(point, &mut [0.0; 2]);
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
    let Some(colvar) = reference("rt-opes_metad/Colvar.data.reference") else { return };
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
    let Some(kernels) = reference("rt-opes_metad/KERNELS.reference") else { return };
    let worst = kernel_difference(&kernels, &deposits);
    assert!(worst < 1e-6, "{worst}");
}

#[test]
fn a_restart_with_adaptive_widths_and_compression_goes_on_as_in_plumed() {
    let Some(restart) = reference("rt-opes_metad-bis/Restart.data") else { return };
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
    let Some(colvar) = reference("rt-opes_metad-bis/Colvar.data.reference") else { return };
    let worst = differences(&colvar, &printed);
    println!("bias {:.1e}, rct {:.1e}, neff {:.1e}, kernels {}", worst[0], worst[1], worst[2], worst[3]);
    assert!(worst[0] < 1e-4 && worst[1] < 1e-5 && worst[2] < 1e-4 && worst[3] == 0.0, "{worst:?}");
    let Some(kernels) = reference("rt-opes_metad-bis/KERNELS.reference") else { return };
    let worst = kernel_difference(&kernels, &deposits);
    assert!(worst < 2e-6, "{worst}");
    // And it ends in the state that PLUMED wrote.
    let Some(after) = reference("rt-opes_metad-bis/State.data.reference") else { return };
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
