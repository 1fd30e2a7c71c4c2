//! Energies and gradients of the embedded engine against PySCF, psi4 and themselves.
#![allow(clippy::unwrap_used)]
use serde_json::Value;
use simmpi::science::basis::{BasisSet, named};
use simmpi::science::chemistry::{Atom, Element, Molecule};
use simmpi::science::scf::{Derivative, Integrals, Method, Settings, System, solve, solve_with};
use std::collections::HashMap;
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
        let (mut worst, mut worst_mp2) = (0.0_f64, 0.0_f64);
        for task in reference["tasks"].as_array().unwrap() {
            let molecule = molecule(&reference, task);
            let system = System { molecule: &molecule, basis: &basis };
            let settings = Settings { method: Method::Mp2, ..Settings::default() };
            let outcome = solve(&system, &settings, Derivative::Energy).unwrap();
            let (rhf, mp2) = (number(&task["rhf_energy"]), number(&task["mp2_energy"]));
            worst = worst.max((outcome.scf_energy - rhf).abs());
            worst_mp2 = worst_mp2.max((outcome.energy - mp2).abs());
        }
        eprintln!("{file}: RHF within {worst:.1e}, MP2 within {worst_mp2:.1e}");
        assert!(worst < 1e-8 && worst_mp2 < 1e-7);
    }
}
