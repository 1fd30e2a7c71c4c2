//! Which campaign does a journal belong to?
use super::error::Error;
use super::fingerprint::Fingerprint;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What determines the results of a campaign, key by key, so that a changed key can be named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Dotted configuration keys and their values, including defaults, and digests of input files.
    pub identity: BTreeMap<String, serde_json::Value>,
    /// The key whose value may increase, and its value; not part of the fingerprint.
    #[serde(rename = "grows")]
    pub extensible: Option<(String, u64)>,
    /// Further values that may change and may require more work; not part of the fingerprint.
    #[serde(rename = "asks", default)]
    pub requests: serde_json::Value,
    /// What determines how recorded values are processed into the result file; not part of the fingerprint.
    #[serde(rename = "afterwards", default)]
    pub post_processing: serde_json::Value,
    /// Digests of what each run so far has read from the files of finished tasks, without repetition; the last is that of this run.
    #[serde(default)]
    pub readings: Vec<String>,
}

impl Manifest {
    /// SHA-256 of the identity in canonical form: JSON with sorted keys, without white space.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_text(&serde_json::to_string(&self.identity).unwrap_or_default())
    }

    /// Whether `other`, of the same campaign, asks for the same tasks, readings and processing.
    pub fn requests_the_same(&self, other: &Manifest) -> bool {
        (&self.extensible, &self.requests, &self.post_processing, self.readings.last())
            == (&other.extensible, &other.requests, &other.post_processing, other.readings.last())
    }

    /// Adds the readings of earlier runs, from the `recorded` manifest.
    pub fn add_earlier_readings(&mut self, recorded: &Manifest) {
        let is_new = |reading: &&String| !self.readings.contains(reading);
        let mut all: Vec<String> = recorded.readings.iter().filter(is_new).cloned().collect();
        all.append(&mut self.readings);
        self.readings = all;
    }

    /// The keys whose values differ from the `recorded` manifest, each with the recorded and the present value ("nothing" if a key is missing).
    pub fn changes(&self, recorded: &Manifest) -> Vec<(String, String, String)> {
        let keys: std::collections::BTreeSet<_> = self.identity.keys().chain(recorded.identity.keys()).collect();
        let show = |value: Option<&serde_json::Value>| value.map_or("nothing".to_owned(), ToString::to_string);
        let pairs = keys.into_iter().map(|key| (key, recorded.identity.get(key), self.identity.get(key)));
        pairs.filter(|(_, a, b)| a != b).map(|(key, a, b)| (key.clone(), show(a), show(b))).collect()
    }

    /// Loads the manifest in the journal's `folder`, if there is one. An empty one is left by a crash of the machine before it was on disk;
    /// [`Syncer`](super::Syncer) writes no record of rank 0 to disk before it.
    ///
    /// # Errors
    /// It exists and cannot be read.
    pub fn load(folder: &Path) -> Result<Option<Self>, Error> {
        let path = Self::path(folder);
        match fs::read_to_string(&path) {
            Ok(text) if text.is_empty() => Ok(None),
            Ok(text) => match serde_json::from_str(&text) {
                Ok(manifest) => Ok(Some(manifest)),
                Err(e) => Err(Error::Read { path, source: e.into() }),
            },
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Writes the manifest into the journal's `folder`, completely or not at all. It is safely on disk after the first
    /// [`sync`](super::Syncer::sync) of the journal.
    ///
    /// # Errors
    /// The disk is full or the folder not writable.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        let path = Self::path(folder);
        let part = folder.join("manifest.json.part");
        let write = || {
            fs::create_dir_all(folder)?;
            fs::write(&part, serde_json::to_vec_pretty(self)?)?;
            fs::rename(&part, &path)
        };
        write().map_err(|source| Error::Create { path: path.clone(), source })
    }

    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("manifest.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(step: f64, count: u64) -> Manifest {
        let identity = [("a.step".to_owned(), step.into()), ("campaign.seed".to_owned(), 7.into())].into();
        let nothing = serde_json::Value::Null;
        Manifest {
            identity,
            extensible: Some(("a.count".into(), count)),
            requests: nothing.clone(),
            post_processing: nothing,
            readings: Vec::new(),
        }
    }

    #[test]
    fn changed_keys_are_named_and_an_extension_is_no_change() {
        let (old, new) = (manifest(0.1, 10), manifest(0.2, 10));
        assert_eq!(new.changes(&old), [("a.step".to_owned(), "0.1".to_owned(), "0.2".to_owned())]);
        assert_ne!(new.fingerprint(), old.fingerprint());
        assert_eq!(manifest(0.1, 20).fingerprint(), old.fingerprint());
    }

    #[test]
    fn readings_of_earlier_runs_come_first() {
        let with = |readings: &[&str]| {
            let readings = readings.iter().map(|&one| one.to_owned()).collect();
            Manifest { readings, ..manifest(0.1, 10) }
        };
        let mut now = with(&["b"]);
        now.add_earlier_readings(&with(&["b", "a"]));
        now.add_earlier_readings(&with(&["c", "a"]));
        assert_eq!(now.readings, ["c", "a", "b"]);
    }

    #[test]
    fn a_saved_manifest_is_loaded_and_an_empty_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), None);
        manifest(0.1, 10).save(folder.path()).unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), Some(manifest(0.1, 10)));
        fs::write(Manifest::path(folder.path()), "").unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), None);
    }
}
