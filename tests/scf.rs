//! Energies and gradients of the embedded engine against PySCF, psi4 and themselves.
#![allow(clippy::unwrap_used)]
use serde_json::Value;
use simmpi::science::basis::named;
use simmpi::science::chemistry::{Atom, Element, Molecule};
use simmpi::science::scf::{Derivative, Integrals, Method, Settings, System, solve, solve_with};
use std::time::Instant;
use std::path::Path;

/// Files of many-body expansions computed with PySCF, where the checkout stands beside them.
fn references() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/qcmanybody");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no {}", folder.display());
        return Vec::new();
    };
    let mut found: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("ref_"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), serde_json::from_str(&text).unwrap())
        })
        .collect();
    found.sort_by(|a: &(String, Value), b| a.0.cmp(&b.0));
    found
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn indices(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
}

/// The molecule of a task: atoms of basis fragments in the order of the whole.
fn molecule(reference: &Value, task: &Value) -> Molecule {
    let whole = &reference["molecule"];
    let fragments: Vec<_> = whole["fragments"].as_array().unwrap().iter().map(indices).collect();
    let (real, basis) = (indices(&task["real_fragments"]), indices(&task["basis_fragments"]));
    let mut atoms = Vec::new();
    for (fragment, members) in fragments.iter().enumerate().filter(|(k, _)| basis.contains(&(k + 1))) {
        for &at in members {
            let place = &whole["geometry"][at];
            atoms.push(Atom {
                element: Element::of_symbol(whole["symbols"][at].as_str().unwrap()).unwrap(),
                position: [0, 1, 2].map(|k| number(&place[k])),
                is_ghost: !real.contains(&(fragment + 1)),
            });
        }
    }
    let charge = number(&task["charge"]) as i32;
    Molecule { atoms, charge, multiplicity: number(&task["multiplicity"]) as u32, point_charges: Vec::new() }
}

#[test]
fn every_task_of_the_references_has_its_energies() {
    for (file, reference) in references() {
        let basis = named(reference["basis"].as_str().unwrap()).unwrap();
        let (mut worst, mut worst_mp2, mut worst_gradient) = (0.0_f64, 0.0_f64, 0.0_f64);
        for task in reference["tasks"].as_array().unwrap() {
            let molecule = molecule(&reference, task);
            let system = System { molecule: &molecule, basis: &basis };
            let settings = Settings { method: Method::Mp2, ..Settings::default() };
            let outcome = solve(&system, &settings, Derivative::Energy).unwrap();
            let (rhf, mp2) = (number(&task["rhf_energy"]), number(&task["mp2_energy"]));
            worst = worst.max((outcome.scf_energy - rhf).abs());
            if let Some(expected) = task.get("rhf_gradient").and_then(Value::as_array) {
                let outcome = solve(&system, &Settings::default(), Derivative::Gradient).unwrap();
                for (atom, expected) in outcome.gradient.unwrap().iter().zip(expected) {
                    let difference = (0..3).map(|k| (atom[k] - number(&expected[k])).abs()).fold(0.0, f64::max);
                    worst_gradient = worst_gradient.max(difference);
                }
            }
            worst_mp2 = worst_mp2.max((outcome.energy - mp2).abs());
        }
        eprintln!("{file}: RHF within {worst:.1e}, MP2 within {worst_mp2:.1e}, gradients within {worst_gradient:.1e}");
        assert!(worst < 1e-8 && worst_mp2 < 1e-7 && worst_gradient < 1e-6);
    }
}

/// Two rings of three waters, one above the other, bohr.
const HEXAMER: [(&str, [f64; 3]); 18] = [
    ("O", [-2.763732, -1.243777, -0.154446]),
    ("H", [-1.123578, -2.06228, -0.052438]),
    ("H", [-3.807924, -2.087055, 1.060904]),
    ("O", [2.469246, -1.754377, -0.170929]),
    ("H", [3.763683, -2.214254, 1.008461]),
    ("H", [2.305983, 0.070984, -0.039425]),
    ("O", [0.291279, 3.008756, 0.203085]),
    ("H", [-1.21253, 1.958209, 0.103033]),
    ("H", [0.10002, 4.249581, -1.102221]),
    ("O", [-2.000957, -2.724016, 5.133008]),
    ("H", [-0.17322, -2.775926, 5.297752]),
    ("H", [-2.633962, -3.935404, 6.3206]),
    ("O", [2.95738, -0.982445, 5.296938]),
    ("H", [4.283642, -0.860705, 6.523404]),
    ("H", [2.036027, 0.603495, 5.405545]),
    ("O", [-1.035685, 2.417707, 5.552412]),
    ("H", [-1.952658, 0.831978, 5.411952]),
    ("H", [-1.686735, 3.469661, 4.229696]),
];

/// Some waters of the hexamer, real where `real` says so.
fn waters(basis: &[usize], real: &[usize]) -> Molecule {
    let atom = |at: usize| Atom {
        element: Element::of_symbol(HEXAMER[at].0).unwrap(),
        position: HEXAMER[at].1,
        is_ghost: !real.contains(&(at / 3)),
    };
    let atoms = basis.iter().flat_map(|water| (3 * water..3 * water + 3).map(atom)).collect();
    Molecule { atoms, charge: 0, multiplicity: 1, point_charges: Vec::new() }
}

#[test]
#[ignore = "a measurement; with --release and --nocapture"]
fn the_hexamer_with_three_bodies_takes_so_long() {
    let basis = named("6-31g*").unwrap();
    let whole: Vec<usize> = (0..6).collect();
    let mut tasks: Vec<Vec<usize>> = Vec::new();
    for bits in 1_usize..64 {
        if bits.count_ones() <= 3 {
            tasks.push((0..6).filter(|k| bits >> k & 1 == 1).collect());
        }
    }
    for method in [Method::Hf, Method::Mp2] {
        let settings = Settings { method, ..Settings::default() };
        let begin = Instant::now();
        let first = waters(&whole, &[]);
        let integrals = Integrals::new(&System { molecule: &first, basis: &basis }, 2000).unwrap();
        let (built, mut iterations) = (begin.elapsed(), 0);
        for water in 0..6 {
            let molecule = waters(&[water], &[water]);
            solve(&System { molecule: &molecule, basis: &basis }, &settings, Derivative::Energy).unwrap();
        }
        let monomers = begin.elapsed() - built;
        for real in &tasks {
            let molecule = waters(&whole, real);
            let system = System { molecule: &molecule, basis: &basis };
            let outcome = solve_with(&integrals, &system, &settings, Derivative::Energy).unwrap();
            iterations += outcome.iterations;
            println!("{real:?} {:.12} {:.12} {}", outcome.scf_energy, outcome.energy, outcome.iterations);
        }
        let all = begin.elapsed();
        println!("{method:?}: integrals {built:?}, monomers {monomers:?}, all {all:?}, {iterations} iterations");
    }
}
