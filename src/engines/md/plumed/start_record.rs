//! How long were PLUMED's files when a simulation started?
//!
//! An input with RESTART makes PLUMED append to the files of another simulation. Their lengths are recorded at the first start, so that the
//! rows of that simulation are distinguished from those of this one.
use super::input::Input;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// PLUMED's files have changed since an input with RESTART was started for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the PLUMED input says RESTART, but its files have changed since the simulation started: remove the replica's folder, then rerun with --retry-failed"
)]
pub struct ChangedFiles;

fn record(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.plumed_begin"))
}

/// Records the lengths of PLUMED's files when the simulation `name` with the PLUMED input `file` starts from the beginning, if the input
/// says RESTART.
///
/// # Errors
/// The record cannot be written; inside: the simulation started before, and the files have changed since.
pub fn record_start(folder: &Path, name: &str, file: &str) -> io::Result<Result<(), ChangedFiles>> {
    let Ok(input) = Input::read(folder, file) else { return Ok(Ok(())) };
    if !input.restarts() {
        return Ok(Ok(()));
    }
    let length = |file: &str| fs::metadata(folder.join(file)).map_or(0, |file| file.len());
    let now: Vec<(String, u64)> = input.appended().into_iter().map(|a| (a.file.clone(), length(&a.file))).collect();
    let path = record(folder, name);
    if !path.is_file() {
        let lines: String = now.iter().map(|(file, length)| format!("{length} {file}\n")).collect();
        return fs::write(path, lines).map(Ok);
    }
    let recorded = recorded_lengths(folder, name);
    Ok(match now.iter().all(|(file, length)| recorded.get(file) == Some(length)) {
        true => Ok(()),
        false => Err(ChangedFiles),
    })
}

/// The recorded length of each file, bytes.
pub fn recorded_lengths(folder: &Path, name: &str) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(record(folder, name)).unwrap_or_default();
    let entry = |line: &str| {
        let (length, file) = line.split_once(' ')?;
        Some((file.to_owned(), length.parse().ok()?))
    };
    text.lines().filter_map(entry).collect()
}
