//! Which tasks were computed before, by whatever program?
use super::{Answer, Driver};
use crate::task::Cause;
use serde::Deserialize;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// Why recorded tasks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{path}`")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` is no list of recorded tasks")]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error("`{path}`: entry {entry} (counted from 0) {what}")]
    Entry { path: PathBuf, entry: usize, what: String },
    #[error("`{path}` has no task of level \"{level}\"; its levels are {known}")]
    Level { path: PathBuf, level: String, known: String },
}

/// A task as it stands in the file; fragments are counted from 1 there, frames from 0.
#[derive(Deserialize)]
struct Record {
    level: String,
    #[serde(default)]
    frame: usize,
    real: Vec<u16>,
    basis: Vec<u16>,
    energy: f64,
    gradient: Option<Vec<[f64; 3]>>,
    hessian: Option<Vec<Vec<f64>>>,
}

/// The frame, the real fragments and those whose basis functions are there, counted from 0.
type Key = (usize, Vec<u16>, Vec<u16>);

/// The recorded tasks of one level.
pub struct Recorded {
    answers: HashMap<Key, Answer>,
    digest: String,
}

impl Recorded {
    /// The tasks of `level` in the JSON list at `path`.
    ///
    /// # Errors
    /// The file cannot be read, is of another form, has none of this level, or one twice with different energies.
    pub fn read(path: &Path, level: &str) -> Result<Self, Error> {
        let path = path.to_owned();
        let text = std::fs::read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let records: Vec<Record> =
            serde_json::from_slice(&text).map_err(|source| Error::Parse { path: path.clone(), source })?;
        let mut known: Vec<String> = records.iter().map(|record| format!("\"{}\"", record.level)).collect();
        let mut answers = HashMap::new();
        for (entry, record) in records.into_iter().enumerate().filter(|(_, record)| record.level == level) {
            let wrong = |what: &str| Error::Entry { path: path.clone(), entry, what: what.to_owned() };
            let key = key_of(&record).map_err(wrong)?;
            let answer = answer_of(record).map_err(wrong)?;
            match answers.get(&key) {
                Some(other) if *other != answer => {
                    return Err(wrong("contradicts an earlier one of the same fragments"));
                }
                _ => _ = answers.insert(key, answer),
            }
        }
        if answers.is_empty() {
            known.sort();
            known.dedup();
            return Err(Error::Level { path, level: level.to_owned(), known: known.join(", ") });
        }
        Ok(Self { answers, digest: crate::journal::Fingerprint::of_bytes(&text).to_string() })
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What was recorded of the fragments `real` in the basis of `basis`, counted from 0, with `atoms` atoms in all.
    ///
    /// # Errors
    /// There is no such record, or it lacks what is asked for.
    pub fn answer(
        &self,
        (frame, real, basis): (usize, &[u16], &[u16]),
        atoms: usize,
        driver: Driver,
    ) -> Result<Answer, Cause> {
        let answer = self.answers.get(&(frame, real.to_vec(), basis.to_vec()));
        let answer = answer.ok_or_else(|| Cause::Input("there is no record of it".into()))?;
        let fits = |values: &Option<Vec<f64>>, length: usize, is_wanted: bool, what: &str| match values {
            None if is_wanted => Err(Cause::Input(format!("its record has no {what}"))),
            Some(values) if is_wanted && values.len() != length => Err(Cause::Input(format!(
                "the {what} of its record has {} numbers, but {atoms} atoms need {length}",
                values.len()
            ))),
            _ => Ok(()),
        };
        fits(&answer.gradient, 3 * atoms, driver == Driver::Gradient, "gradient")?;
        fits(&answer.hessian, 9 * atoms * atoms, driver == Driver::Hessian, "hessian")?;
        Ok(answer.clone())
    }

    /// Whether there is a record of these fragments.
    pub fn has(&self, (frame, real, basis): (usize, &[u16], &[u16])) -> bool {
        self.answers.contains_key(&(frame, real.to_vec(), basis.to_vec()))
    }
}

fn key_of(record: &Record) -> Result<Key, &'static str> {
    let from_zero = |fragments: &[u16]| {
        let mut fragments: Vec<u16> =
            fragments.iter().map(|&fragment| fragment.checked_sub(1)).collect::<Option<_>>()?;
        fragments.sort_unstable();
        Some(fragments)
    };
    let numbers = "counts fragments from 0; the first one is 1";
    let real = from_zero(&record.real).ok_or(numbers)?;
    let basis = from_zero(&record.basis).ok_or(numbers)?;
    if real.is_empty() || real.iter().any(|fragment| !basis.contains(fragment)) {
        return Err("has real fragments that are not among those of its basis, or none");
    }
    Ok((record.frame, real, basis))
}

fn answer_of(record: Record) -> Result<Answer, &'static str> {
    let hessian: Option<Vec<f64>> = record.hessian.map(|rows| rows.into_iter().flatten().collect());
    let gradient: Option<Vec<f64>> = record.gradient.map(|rows| rows.into_iter().flatten().collect());
    Ok(Answer { energy: record.energy, gradient, hessian, ..Answer::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, level: &str) -> Result<Recorded, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Recorded::read(file.path(), level)
    }

    #[test]
    fn a_record_is_found_by_its_fragments() {
        let text = r#"[{"level": "hf", "real": [3], "basis": [3, 1], "energy": -1.5, "gradient": [[0, 1, 2], [3, 4, 5]]},
                       {"level": "mp2", "real": [1], "basis": [1], "energy": -2.5}]"#;
        let recorded = read(text, "hf").unwrap();
        let answer = recorded.answer((0, &[2], &[0, 2]), 2, Driver::Gradient).unwrap();
        assert_eq!((answer.energy, answer.gradient.unwrap().len()), (-1.5, 6));
        let cause = recorded.answer((0, &[2], &[0, 2]), 3, Driver::Gradient).unwrap_err();
        assert!(cause.to_string().contains("3 atoms need 9"), "{cause}");
        assert!(recorded.answer((0, &[2], &[0, 2]), 2, Driver::Hessian).is_err());
        assert!(!recorded.has((0, &[0], &[0])));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let message = |text: &str| read(text, "hf").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message("{}").contains("no list of recorded tasks"));
        assert!(message(r#"[{"level": "b3lyp", "real": [1], "basis": [1], "energy": 0}]"#).contains("\"b3lyp\""));
        assert!(
            message(r#"[{"level": "hf", "real": [0], "basis": [0], "energy": 0}]"#).contains("counts fragments from 0")
        );
        assert!(message(r#"[{"level": "hf", "real": [2], "basis": [1], "energy": 0}]"#).contains("not among"));
        let twice = r#"[{"level": "hf", "real": [1], "basis": [1], "energy": 0}, {"level": "hf", "real": [1], "basis": [1], "energy": 1}]"#;
        assert!(message(twice).contains("contradicts"));
    }
}
