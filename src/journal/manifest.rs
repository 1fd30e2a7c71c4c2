//! Which campaign does a journal belong to?
use super::{Error, Fingerprint};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What determines a campaign's results, key by key, so that a changed key can be named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Dotted keys of the configuration and their values, defaults included; digests of input files.
    pub identity: BTreeMap<String, serde_json::Value>,
    /// The key that may grow, and its value: not part of the fingerprint.
    pub grows: Option<(String, u64)>,
    /// What may change otherwise and may ask for more work.
    #[serde(default)]
    pub asks: serde_json::Value,
    /// What is made of outcomes when they are written.
    #[serde(default)]
    pub afterwards: serde_json::Value,
    /// What was read of finished tasks' files in each run so far, as digests without repetition: the last one is that of this run.
    #[serde(default)]
    pub readings: Vec<String>,
}

impl Manifest {
    /// SHA-256 of the identity in canonical form: keys sorted, no white space.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&serde_json::to_string(&self.identity).unwrap_or_default())
    }

    /// Takes in what earlier runs read, as `there` has it.
    pub fn add_earlier_readings(&mut self, there: &Manifest) {
        let is_new = |reading: &&String| !self.readings.contains(reading);
        let mut all: Vec<String> = there.readings.iter().filter(is_new).cloned().collect();
        all.append(&mut self.readings);
        self.readings = all;
    }

    /// The keys whose values differ, each with the value there and here ("nothing" where a key is missing).
    pub fn changes(&self, there: &Manifest) -> Vec<(String, String, String)> {
        let keys: std::collections::BTreeSet<_> = self.identity.keys().chain(there.identity.keys()).collect();
        let show = |value: Option<&serde_json::Value>| value.map_or("nothing".to_owned(), ToString::to_string);
        let pairs = keys.into_iter().map(|key| (key, there.identity.get(key), self.identity.get(key)));
        pairs.filter(|(_, a, b)| a != b).map(|(key, a, b)| (key.clone(), show(a), show(b))).collect()
    }

    /// The manifest in the journal's `folder`, or none: one without contents was lost with the machine before the disk had it, and
    /// [`Syncer`](super::Syncer) lets no record of rank 0 come before it.
    ///
    /// # Errors
    /// It is there and cannot be read.
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

    /// Writes the manifest into the journal's `folder`, whole or not at all. On the disk it is after the first
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
            grows: Some(("a.count".into(), count)),
            asks: nothing.clone(),
            afterwards: nothing,
            readings: Vec::new(),
        }
    }

    #[test]
    fn a_changed_key_is_named_and_growth_is_no_change() {
        let (old, new) = (manifest(0.1, 10), manifest(0.2, 10));
        assert_eq!(new.changes(&old), [("a.step".to_owned(), "0.1".to_owned(), "0.2".to_owned())]);
        assert_ne!(new.fingerprint(), old.fingerprint());
        assert_eq!(manifest(0.1, 20).fingerprint(), old.fingerprint());
    }

    #[test]
    fn earlier_readings_come_before_that_of_this_run() {
        let of = |readings: &[&str]| {
            let readings = readings.iter().map(|&one| one.to_owned()).collect();
            Manifest { readings, ..manifest(0.1, 10) }
        };
        let mut now = of(&["b"]);
        now.add_earlier_readings(&of(&["b", "a"]));
        now.add_earlier_readings(&of(&["c", "a"]));
        assert_eq!(now.readings, ["c", "a", "b"]);
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), None);
        manifest(0.1, 10).save(folder.path()).unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), Some(manifest(0.1, 10)));
        fs::write(Manifest::path(folder.path()), "").unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), None);
    }
}
