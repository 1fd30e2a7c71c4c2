//! The Python package in `python/`, installed as its users install it: drivers with QC Lab's own numbers, refusals, results as xarray datasets.
//! The tests themselves are in Python.
#![allow(clippy::unwrap_used)]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::skip::{are_installed, skip};
use support::{mpirun, simmpi};

/// The interpreter with QC Lab, xarray, h5py and mpi4py that `ci/setup.sh --tests` provides.
fn interpreter() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/qclab-venv/bin/python");
    if !python.exists() {
        skip("QC Lab is not installed (ci/setup.sh --tests)");
        return None;
    }
    Some(python)
}

/// A folder with the installed package, which lives as long as the tests.
fn installed(python: &Path) -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        // setuptools leaves its files beside the sources.
        let sources = folder.path().join("python");
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        assert!(Command::new("cp").arg("-r").args([&own, &sources]).status().unwrap().success());
        let target = folder.path().join("installed");
        let mut pip = Command::new(python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--no-build-isolation",
        ]);
        let ended = pip.arg("--target").arg(&target).arg(&sources).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        assert!(target.join("simmpi/qclab/drivers.py").exists());
        folder
    });
    folder.path()
}

/// Runs the tests of a module of `python/tests`.
fn run(module: &str) {
    let Some(python) = interpreter().filter(|_| are_installed(&[&mpirun()])) else { return };
    let mut command = Command::new(&python);
    command
        .args(["-m", "unittest", "-v", module])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/tests"))
        .env("PYTHONPATH", installed(&python).join("installed"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SIMMPI", simmpi());
    let ended = command.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
    // An empty module would succeed too.
    assert!(said.contains("... ok"), "{said}");
    println!("{said}");
}

#[test]
fn replays_are_qc_labs_trajectories() {
    run("test_exact");
}

#[test]
fn drivers_take_simulations_of_qc_lab_and_name_what_they_cannot_run() {
    run("test_drivers");
}

#[test]
fn results_are_xarray_datasets() {
    run("test_results");
}
