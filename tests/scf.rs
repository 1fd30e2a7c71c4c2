//! Energies and gradients of the embedded engine against PySCF, psi4 and themselves.
#![allow(clippy::unwrap_used)]
use serde_json::Value;
use simmpi::science::basis::named;
use simmpi::science::chemistry::{Atom, Element, Molecule};
use simmpi::science::scf::{Derivative, Guess, Integrals, Method, Settings, System, solve, solve_with};
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

/// Molecules with unpaired electrons: name, set, UHF energy, UMP2 energy, <S^2>. PySCF 2.14 (`gto.M(unit="B", cart=True)` for
/// 6-31G*, spherical for cc-pVDZ; `conv_tol` 1e-13), the lowest of the guesses minao, atom, 1e and huckel, each followed by
/// `stability()` until it finds no lower one; `mp.UMP2` with all electrons.
const OPEN_SHELLS: [(&str, &str, f64, f64, f64); 14] = [
    ("O2", "6-31g*", -149.6147743165, -149.9525465667, 2.03469552),
    ("OH", "6-31g*", -75.3821501643, -75.5231271706, 0.75533556),
    ("CH3", "6-31g*", -39.5588867684, -39.6730285580, 0.76183579),
    ("Li", "6-31g*", -7.4313723323, -7.4318582852, 0.75000245),
    ("NO", "6-31g*", -129.2465851164, -129.5638620156, 0.79409794),
    ("H", "6-31g*", -0.4982329107, -0.4982329107, 0.75000000),
    ("NH3+", "6-31g*", -55.8730319591, -56.0068893177, 0.76071738),
    ("O2", "cc-pvdz", -149.6277429699, -149.9764386692, 2.03305622),
    ("OH", "cc-pvdz", -75.3938468673, -75.5448447603, 0.75459922),
    ("CH3", "cc-pvdz", -39.5638111437, -39.6929132952, 0.76122990),
    ("Li", "cc-pvdz", -7.4324205276, -7.4326135572, 0.75000054),
    ("NO", "cc-pvdz", -129.2603712496, -129.5805356547, 0.79562057),
    ("H", "cc-pvdz", -0.4992784034, -0.4992784034, 0.75000000),
    ("NH3+", "cc-pvdz", -55.8853430730, -56.0293145787, 0.76047272),
];

/// Places in bohr, charge and multiplicity of the molecules above.
fn open_shell(name: &str) -> Molecule {
    let (atoms, charge, multiplicity): (&[(&str, [f64; 3])], _, _) = match name {
        "O2" => (&[("O", [0.0; 3]), ("O", [0.0, 0.0, 2.282])], 0, 3),
        "OH" => (&[("O", [0.0; 3]), ("H", [0.0, 0.0, 1.8324])], 0, 2),
        "NO" => (&[("N", [0.0; 3]), ("O", [0.0, 0.0, 2.175])], 0, 2),
        "Li" => (&[("Li", [0.0; 3])], 0, 2),
        "H" => (&[("H", [0.0; 3])], 0, 2),
        "CH3" => (
            &[("C", [0.0; 3]), ("H", [2.04, 0.0, 0.0]), ("H", [-1.02, 1.766692, 0.0]), ("H", [-1.02, -1.766692, 0.0])],
            0,
            2,
        ),
        _ => (
            &[
                ("N", [0.0; 3]),
                ("H", [1.93, 0.0, 0.0]),
                ("H", [-0.965, 1.671429, 0.0]),
                ("H", [-0.965, -1.671429, 0.0]),
            ],
            1,
            2,
        ),
    };
    let atom = |&(symbol, position): &(&str, [f64; 3])| Atom {
        element: Element::of_symbol(symbol).unwrap(),
        position,
        is_ghost: false,
    };
    Molecule { atoms: atoms.iter().map(atom).collect(), charge, multiplicity, point_charges: Vec::new() }
}

#[test]
fn open_shells_reach_the_ground_state_of_pyscf_from_both_guesses() {
    for (name, set, uhf, ump2, s_squared) in OPEN_SHELLS {
        let (molecule, basis) = (open_shell(name), named(set).unwrap());
        for guess in [Guess::Sad, Guess::Core] {
            let settings = Settings { method: Method::Mp2, guess, ..Settings::default() };
            let outcome = solve(&System { molecule: &molecule, basis: &basis }, &settings, Derivative::Energy).unwrap();
            println!(
                "{name} {set} {guess:?}: {:.1e} {:.1e} {:.1e} {} {:?}",
                outcome.scf_energy - uhf,
                outcome.energy - ump2,
                outcome.s_squared - s_squared,
                outcome.iterations,
                outcome.notes
            );
            assert!((outcome.scf_energy - uhf).abs() < 1e-8, "{name} {set}: {} and not {uhf}", outcome.scf_energy);
            assert!((outcome.energy - ump2).abs() < 1e-7, "{name} {set}: {} and not {ump2}", outcome.energy);
            assert!((outcome.s_squared - s_squared).abs() < 1e-6);
        }
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

/// CPU time of this process, s.
fn cpu_s() -> f64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID).unwrap();
    time.tv_sec() as f64 + 1e-9 * time.tv_nsec() as f64
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
        let begin = cpu_s();
        let first = waters(&whole, &[]);
        let integrals = Integrals::new(&System { molecule: &first, basis: &basis }, 2000).unwrap();
        let (built, mut iterations) = (cpu_s() - begin, 0);
        for water in 0..6 {
            let molecule = waters(&[water], &[water]);
            solve(&System { molecule: &molecule, basis: &basis }, &settings, Derivative::Energy).unwrap();
        }
        let monomers = cpu_s() - begin - built;
        for real in &tasks {
            let molecule = waters(&whole, real);
            let system = System { molecule: &molecule, basis: &basis };
            let outcome = solve_with(&integrals, &system, &settings, Derivative::Energy).unwrap();
            iterations += outcome.iterations;
            println!("{real:?} {:.12} {:.12} {}", outcome.scf_energy, outcome.energy, outcome.iterations);
        }
        let all = cpu_s() - begin;
        println!(
            "{method:?}, CPU s: integrals {built:.1}, monomers {monomers:.1}, all {all:.1}; {iterations} iterations"
        );
    }
}
