//! A folder in which `simmpi pmf` is run on windows that a test writes.
use super::{Ended, simmpi};
use simmpi::results::Reader;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Analysis(tempfile::TempDir);

impl Analysis {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn pmf(&self, args: &[&str]) -> Ended {
        let output = Command::new(simmpi()).arg("pmf").args(args).current_dir(self.0.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ended { code: output.status.code().unwrap(), said }
    }

    /// Analyses the windows of a configuration; the result is in `pmf.h5`.
    pub fn analyze(&self, windows: &str) -> Ended {
        self.write("windows.toml", windows);
        self.pmf(&["windows.toml", "-o", "pmf.h5", "--force"])
    }

    /// A dataset below `/results`.
    pub fn array(&self, item: &str) -> Vec<f64> {
        Reader::open_results(&self.path("pmf.h5")).unwrap().array(&format!("/results/{item}")).unwrap()
    }
}
