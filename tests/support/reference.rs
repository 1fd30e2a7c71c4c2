//! Reference data: what this project computed with other programs lies in `tests/reference`, data of other projects beside the checkout.
#![allow(dead_code, clippy::unwrap_used)]
use super::skip;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file of `tests/reference`; one that is stored compressed (`name.gz`) is unpacked into cargo's folder for tests.
///
/// # Panics
/// The file does not exist.
pub fn file(name: &str) -> PathBuf {
    let stored = folder().join(name);
    if stored.is_file() {
        return stored;
    }
    let unpacked = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference").join(name);
    if !unpacked.is_file() {
        fs::create_dir_all(unpacked.parent().unwrap()).unwrap();
        let packed = folder().join(format!("{name}.gz"));
        let packed = File::open(&packed).unwrap_or_else(|error| panic!("{}: {error}", packed.display()));
        // Tests run at the same time: whoever is last replaces the same contents.
        let mut draft = tempfile::NamedTempFile::new_in(unpacked.parent().unwrap()).unwrap();
        io::copy(&mut GzDecoder::new(packed), &mut draft).unwrap();
        draft.persist(&unpacked).unwrap();
    }
    unpacked
}

/// A JSON file of `tests/reference`.
pub fn json(name: &str) -> Value {
    serde_json::from_slice(&fs::read(file(name)).unwrap()).unwrap()
}

/// The JSON files of a folder of `tests/reference` whose names begin with `prefix`, in the order of their names.
pub fn all_json(group: &str, prefix: &str) -> Vec<(String, Value)> {
    let files = fs::read_dir(folder().join(group)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.map(|name| name.trim_end_matches(".gz").to_owned()).collect();
    names.sort();
    names.retain(|name| name.starts_with(prefix));
    assert!(!names.is_empty(), "no reference {prefix}* in {group}");
    names.into_iter().map(|name| (name.clone(), json(&format!("{group}/{name}")))).collect()
}

/// A file of another project's regression data, which lies beside the checkout; the test is skipped without it.
pub fn foreign(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference").join(name);
    if !path.exists() {
        skip::skip(&format!("{name} belongs to another project and does not lie in ../shared/reference"));
    }
    path.exists().then_some(path)
}

/// A JSON file of another project ([`foreign`]).
pub fn foreign_json(name: &str) -> Option<Value> {
    Some(serde_json::from_slice(&fs::read(foreign(name)?).unwrap()).unwrap())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}
