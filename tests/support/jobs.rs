//! Molecules to be computed by a program, and what computes them.
#![allow(dead_code, clippy::unwrap_used)]
use serde_json::Value;
use simmpi::engines::qc::{Calculation, Chemistry, Driver, Engine, QcResult, Resources};
use simmpi::process::Supervisor;
use simmpi::science::chemistry::{Atom, Element, Molecule};
use simmpi::task::Cause;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs one job in a folder of its own.
pub fn run(engine: &dyn Engine, molecule: &Molecule, driver: Driver, chemistry: &Chemistry) -> Result<QcResult, Cause> {
    let scratch = tempfile::tempdir().unwrap();
    run_in(scratch.path(), engine, molecule, driver, chemistry)
}

pub fn run_in(
    scratch: &Path,
    engine: &dyn Engine,
    molecule: &Molecule,
    driver: Driver,
    chemistry: &Chemistry,
) -> Result<QcResult, Cause> {
    let supervisor = Supervisor::start().unwrap();
    let time_limit = Some(Duration::from_secs(if engine.name() == "command" { 3 } else { 120 }));
    let site = Resources {
        supervisor: &supervisor,
        scratch,
        threads: 1,
        launcher: None,
        cores: None,
        memory_mb: 800,
        time_limit,
    };
    engine.run(&Calculation { label: "2@1,2", molecule, driver, chemistry }, &site)
}

pub fn molecule(symbols: &[&str], positions: &[[f64; 3]], charge: i32, multiplicity: u32) -> Molecule {
    let atom = |(symbol, &position): (&&str, &[f64; 3])| Atom {
        element: Element::from_symbol(symbol.trim_start_matches('*')).unwrap(),
        position,
        is_ghost: symbol.starts_with('*'),
    };
    let atoms = symbols.iter().zip(positions).map(atom).collect();
    Molecule { atoms, charge, multiplicity, point_charges: Vec::new() }
}

pub const WATERS: [[f64; 3]; 6] = [
    [-2.76373224, -1.24377706, -0.15444566],
    [-1.12357791, -2.0622797, -0.05243799],
    [-3.80792362, -2.08705525, 1.06090407],
    [2.46924614, -1.75437739, -0.17092884],
    [3.7636826, -2.21425403, 1.00846104],
    [2.3059833, 0.07098445, -0.03942473],
];

pub fn water() -> Molecule {
    molecule(&["O", "H", "H"], &WATERS, 0, 1)
}

/// A water molecule in the basis of two.
pub fn water_with_ghosts() -> Molecule {
    molecule(&["*O", "*H", "*H", "O", "H", "H"], &WATERS, 0, 1)
}

pub fn hydroxyl() -> Molecule {
    molecule(&["O", "H"], &[[0.0, 0.1, 0.2], [0.0, 1.2, 1.6]], 0, 2)
}

pub fn level(method: &str, basis: &str) -> Chemistry {
    Chemistry { method: method.into(), basis: Some(basis.into()), ..Chemistry::default() }
}

pub fn with_keywords(chemistry: Chemistry, keywords: Value) -> Chemistry {
    Chemistry { keywords: keywords.as_object().unwrap().clone(), ..chemistry }
}

pub fn assert_close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() < tolerance, "{a} and {b} differ by {:e}", a - b);
}

/// A program in the shell's language in a folder: its path.
pub fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("program");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
