//! Energies and gradients of the embedded engine against PySCF, psi4 and themselves.
#![allow(clippy::unwrap_used)]
#[path = "support/reference.rs"]
mod reference;
#[path = "support/skip.rs"]
mod skip;

use serde_json::Value;
use simmpi::science::basis::named;
use simmpi::science::chemistry::{Atom, Element, Molecule};
use simmpi::science::scf::{Derivative, Diagnostic, Guess, Method, Reference, Settings, System, solve};

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
                element: Element::from_symbol(whole["symbols"][at].as_str().unwrap()).unwrap(),
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
    for (file, reference) in reference::all_json("qcmanybody", "ref_") {
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
        element: Element::from_symbol(symbol).unwrap(),
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
                outcome.diagnostics
            );
            assert!((outcome.scf_energy - uhf).abs() < 1e-8, "{name} {set}: {} and not {uhf}", outcome.scf_energy);
            assert!((outcome.energy - ump2).abs() < 1e-7, "{name} {set}: {} and not {ump2}", outcome.energy);
            assert!((outcome.s_squared - s_squared).abs() < 1e-6);
        }
    }
}

/// Molecules where iterations from a usual guess may end at a saddle point: atoms (symbol, x, y, z in bohr), charge, multiplicity, and the
/// energy in cc-pVDZ of the lowest solution that PySCF 2.14 has, found as above (RHF for singlets).
const SADDLES: [(&str, i32, u32, f64); 8] = [
    ("O 0 0 -0.2249058930 H 1.4523499293 0 0.8996235720 H -1.4523499293 0 0.8996235720", 1, 2, -75.6330881795),
    ("N 0 0 0 H 0 1.51 1.2 H 0 -1.51 1.2", 0, 2, -55.56713273),
    ("Be 0 0 0 H 0 0 2.54", 0, 2, -15.14978827),
    ("O 0 0 0 O 0 0 2.11", 1, 2, -149.18524273),
    ("O 0 0 0 O 0 0 2.55", -1, 2, -149.56972823),
    // A symmetric radical whose energy is lowered by little without its symmetry; extrapolation leads back to the saddle point.
    ("N 0 0 0 O 0 2.08 0.88 O 0 -2.08 0.88", 0, 2, -204.04795710),
    ("C 0 0 0 C 0 0 2.35", 0, 1, -75.41728369),
    ("B 0 0 0 N 0 0 2.4", 0, 1, -78.89067766),
];

#[test]
fn instabilities_are_followed_to_the_lowest_solution_of_pyscf_from_both_guesses() {
    let basis = named("cc-pvdz").unwrap();
    for (text, charge, multiplicity, expected) in SADDLES {
        let words: Vec<&str> = text.split_whitespace().collect();
        let atom = |words: &[&str]| Atom {
            element: Element::from_symbol(words[0]).unwrap(),
            position: [1, 2, 3].map(|k| words[k].parse().unwrap()),
            is_ghost: false,
        };
        let atoms = words.chunks(4).map(atom).collect();
        let molecule = Molecule { atoms, charge, multiplicity, point_charges: Vec::new() };
        let mut has_followed = false;
        for guess in [Guess::Sad, Guess::Core] {
            let settings = Settings { guess, ..Settings::default() };
            let outcome = solve(&System { molecule: &molecule, basis: &basis }, &settings, Derivative::Energy).unwrap();
            assert!(
                (outcome.energy - expected).abs() < 2e-8,
                "{text} {guess:?}: {} and not {expected}",
                outcome.energy
            );
            has_followed |= outcome.diagnostics.iter().any(|note| matches!(note, Diagnostic::Followed { .. }));
        }
        assert!(has_followed, "{text}: nothing to follow");
    }
}

#[test]
fn a_broken_bond_is_told_and_closed_shells_are_not() {
    let basis = named("6-31g*").unwrap();
    let hydrogen = |distance: f64, reference| {
        let place = |z| Atom { element: Element::from_symbol("H").unwrap(), position: [0.0, 0.0, z], is_ghost: false };
        let atoms = vec![place(0.0), place(distance)];
        let molecule = Molecule { atoms, charge: 0, multiplicity: 1, point_charges: Vec::new() };
        let settings = Settings { reference, ..Settings::default() };
        solve(&System { molecule: &molecule, basis: &basis }, &settings, Derivative::Energy).unwrap()
    };
    let broken = hydrogen(6.0, Reference::Auto);
    assert!(matches!(broken.diagnostics[..], [Diagnostic::Broken { .. }]), "{:?}", broken.diagnostics);
    assert_eq!(hydrogen(1.4, Reference::Auto).diagnostics, []);
    // Unrestricted orbitals are followed to two atoms.
    let unrestricted = hydrogen(6.0, Reference::Uhf);
    assert!(unrestricted.energy < broken.energy - 0.1 && (unrestricted.s_squared - 1.0).abs() < 0.02);
    assert!((unrestricted.energy + 2.0 * 0.4982329107).abs() < 1e-3, "{}", unrestricted.energy);
}
