//! Which results were computed earlier, by any program, and recorded in a file?
use super::{Driver, QcResult};
use crate::config::Inputs;
use crate::journal::Fingerprint;
use crate::problem::Problem;
use crate::task::Cause;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

/// What the file must contain.
const HELP: &str =
    "the file must be a JSON list of {level, real, basis, energy, gradient, hessian}, with the name of this level";

/// An entry of the file; fragments are counted from 1 there, frames from 0.
#[derive(Deserialize)]
struct Entry {
    level: String,
    #[serde(default)]
    frame: usize,
    real: Vec<u16>,
    basis: Vec<u16>,
    energy: f64,
    gradient: Option<Vec<[f64; 3]>>,
    hessian: Option<Vec<Vec<f64>>>,
}

/// The frame, the real fragments, and all fragments with basis functions, counted from 0.
type Key = (usize, Vec<u16>, Vec<u16>);

/// The recorded results of one level.
pub struct Recorded {
    results: HashMap<Key, QcResult>,
    digest: String,
}

impl Recorded {
    /// Reads the results of `level` from the JSON list at `path`, one of `inputs`.
    ///
    /// # Errors
    /// The file cannot be read or parsed, has no entry for the level, or has contradictory entries for one task.
    pub fn read(inputs: &Inputs, path: &Path, level: &str) -> Result<Self, Problem> {
        let name = path.display();
        let refused = |message: String| Problem::at_key("file", message, HELP);
        let text = inputs.bytes(path).map_err(|error| refused(format!("cannot read `{name}`: {error}")))?;
        let entries: Vec<Entry> = serde_json::from_slice(&text)
            .map_err(|error| refused(format!("`{name}` is not a list of recorded tasks: {error}")))?;
        let mut known: Vec<String> = entries.iter().map(|entry| format!("\"{}\"", entry.level)).collect();
        let mut results = HashMap::new();
        for (index, entry) in entries.into_iter().enumerate().filter(|(_, entry)| entry.level == level) {
            let invalid = |what: &str| refused(format!("`{name}`: entry {index} (counted from 0) {what}"));
            let key = key_of(&entry).map_err(invalid)?;
            let result = result_of(entry).map_err(invalid)?;
            match results.get(&key) {
                Some(other) if *other != result => {
                    return Err(invalid("contradicts an earlier entry for the same fragments"));
                }
                _ => _ = results.insert(key, result),
            }
        }
        if results.is_empty() {
            known.sort();
            known.dedup();
            let known = known.join(", ");
            return Err(refused(format!("`{name}` has no task of level \"{level}\"; its levels are {known}")));
        }
        Ok(Self { results, digest: Fingerprint::of_bytes(&text).to_string() })
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The result for the fragments `real` in the basis of the fragments `basis`, counted from 0, with `atoms` atoms in all.
    ///
    /// # Errors
    /// There is no such entry, or it lacks the requested derivative.
    pub fn result(
        &self,
        (frame, real, basis): (usize, &[u16], &[u16]),
        atoms: usize,
        driver: Driver,
    ) -> Result<QcResult, Cause> {
        let result = self.results.get(&(frame, real.to_vec(), basis.to_vec()));
        let result = result.ok_or_else(|| Cause::Input("the file has no entry for this task".into()))?;
        let check = |values: &Option<Vec<f64>>, length: usize, is_requested: bool, what: &str| match values {
            None if is_requested => Err(Cause::Input(format!("the recorded entry has no {what}"))),
            Some(values) if is_requested && values.len() != length => Err(Cause::Input(format!(
                "the recorded {what} has {} numbers, but {atoms} atoms need {length}",
                values.len()
            ))),
            _ => Ok(()),
        };
        check(&result.gradient, 3 * atoms, driver == Driver::Gradient, "gradient")?;
        check(&result.hessian, 9 * atoms * atoms, driver == Driver::Hessian, "hessian")?;
        Ok(result.clone())
    }

    /// Whether there is an entry for these fragments.
    pub fn has(&self, (frame, real, basis): (usize, &[u16], &[u16])) -> bool {
        self.results.contains_key(&(frame, real.to_vec(), basis.to_vec()))
    }
}

fn key_of(entry: &Entry) -> Result<Key, &'static str> {
    let from_zero = |fragments: &[u16]| {
        let mut fragments: Vec<u16> =
            fragments.iter().map(|&fragment| fragment.checked_sub(1)).collect::<Option<_>>()?;
        fragments.sort_unstable();
        Some(fragments)
    };
    let numbers = "counts fragments from 0; the first one is 1";
    let real = from_zero(&entry.real).ok_or(numbers)?;
    let basis = from_zero(&entry.basis).ok_or(numbers)?;
    if real.is_empty() || real.iter().any(|fragment| !basis.contains(fragment)) {
        return Err("has no real fragment, or one that is not among those of its basis");
    }
    Ok((entry.frame, real, basis))
}

fn result_of(entry: Entry) -> Result<QcResult, &'static str> {
    let hessian: Option<Vec<f64>> = entry.hessian.map(|rows| rows.into_iter().flatten().collect());
    let gradient: Option<Vec<f64>> = entry.gradient.map(|rows| rows.into_iter().flatten().collect());
    Ok(QcResult { energy: entry.energy, gradient, hessian, ..QcResult::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, level: &str) -> Result<Recorded, Problem> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Recorded::read(&Inputs::default(), file.path(), level)
    }

    #[test]
    fn an_entry_is_found_by_its_fragments() {
        let text = r#"[{"level": "hf", "real": [3], "basis": [3, 1], "energy": -1.5, "gradient": [[0, 1, 2], [3, 4, 5]]},
                       {"level": "mp2", "real": [1], "basis": [1], "energy": -2.5}]"#;
        let recorded = read(text, "hf").unwrap();
        let result = recorded.result((0, &[2], &[0, 2]), 2, Driver::Gradient).unwrap();
        assert_eq!((result.energy, result.gradient.unwrap().len()), (-1.5, 6));
        let cause = recorded.result((0, &[2], &[0, 2]), 3, Driver::Gradient).unwrap_err();
        assert!(cause.to_string().contains("3 atoms need 9"), "{cause}");
        assert!(recorded.result((0, &[2], &[0, 2]), 2, Driver::Hessian).is_err());
        assert!(!recorded.has((0, &[0], &[0])));
    }

    #[test]
    fn faults_of_a_file_are_reported() {
        let message = |text: &str| read(text, "hf").err().map(|refusal| refusal.message).unwrap_or_default();
        assert!(message("{}").contains("not a list of recorded tasks"));
        assert!(message(r#"[{"level": "b3lyp", "real": [1], "basis": [1], "energy": 0}]"#).contains("\"b3lyp\""));
        assert!(
            message(r#"[{"level": "hf", "real": [0], "basis": [0], "energy": 0}]"#).contains("counts fragments from 0")
        );
        assert!(message(r#"[{"level": "hf", "real": [2], "basis": [1], "energy": 0}]"#).contains("not among"));
        let twice = r#"[{"level": "hf", "real": [1], "basis": [1], "energy": 0}, {"level": "hf", "real": [1], "basis": [1], "energy": 1}]"#;
        assert!(message(twice).contains("contradicts"));
    }
}
