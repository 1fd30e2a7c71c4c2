//! What does a configuration say, and what is wrong with it?
//!
//! The only module that reads TOML. A configuration's structure is checked against the JSON schema that its typed sections
//! derive, so that all faults are found at once and each on its line; what only the science can judge, the kinds of campaign
//! add as further [`Fault`]s.
mod document;
mod fault;
mod names;
mod sections;
mod structure;

pub use fault::{Fault, Faults, Severity};
pub use names::nearest;
pub use sections::{CampaignSection, KindSchema, Limits, Partition, Schedule, Uneven, full_schema};

use document::Document;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A configuration is written by hand; a file larger than this is something else.
const LARGEST: u64 = 64 << 20;

/// Why a file cannot be read as text at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the configuration `{path}`: check its name")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{path}` is a folder: name the configuration in it")]
    Folder { path: PathBuf },
    #[error("`{path}` is not text in UTF-8 (byte {offset} is not): save it as UTF-8")]
    Encoding { path: PathBuf, offset: usize },
    #[error("`{path}` has more than {} MiB: that is no configuration", LARGEST >> 20)]
    TooLarge { path: PathBuf },
}

/// A configuration whose structure has no fault.
#[derive(Clone, Debug)]
pub struct Config {
    pub path: PathBuf,
    /// The text as it was given.
    pub text: String,
    pub campaign: CampaignSection,
    pub partition: Partition,
    pub limits: Limits,
    document: Document,
}

impl Config {
    /// The text of the file at `path`.
    ///
    /// # Errors
    /// It is missing, a folder, no UTF-8 or far too large.
    pub fn read(path: &Path) -> Result<String, Error> {
        let read = |source| Error::Read { path: path.to_owned(), source };
        if path.is_dir() {
            return Err(Error::Folder { path: path.to_owned() });
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path).map_err(read)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(read)?;
        if bytes.len() as u64 > LARGEST {
            return Err(Error::TooLarge { path: path.to_owned() });
        }
        String::from_utf8(bytes)
            .map_err(|e| Error::Encoding { path: path.to_owned(), offset: e.utf8_error().valid_up_to() })
    }

    /// Parses `text`, which stands in the file `path`, against the common sections and those of `kinds`.
    ///
    /// # Errors
    /// Every fault of its structure.
    pub fn parse(path: &Path, text: &str, kinds: &[KindSchema]) -> Result<Self, Faults> {
        let document = Document::parse(path, text)?;
        let faults = structure::check(&document, &full_schema(kinds), kinds);
        faults.into_result()?;
        Ok(Self {
            path: path.to_owned(),
            text: text.to_owned(),
            campaign: document.section("campaign")?,
            partition: document.section("partition")?,
            limits: document.section("limits")?,
            document,
        })
    }

    /// The section `name` in its own type; an absent one is read as empty.
    ///
    /// # Errors
    /// The type refuses what its schema allowed.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, Faults> {
        self.document.section(name)
    }

    /// A fault at `key`, dotted and with indices (`fragments.level.0.method`); a key that is not there is told at the
    /// section that lacks it.
    pub fn fault(&self, key: &str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        self.document.fault(key, message.into(), help.into(), Severity::Error)
    }

    /// A warning at `key`.
    pub fn warning(&self, key: &str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        self.document.fault(key, message.into(), help.into(), Severity::Warning)
    }

    /// A path that the configuration names, relative to the configuration's own folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// The values below `value` by dotted key; lists count as values.
pub fn flatten(value: &Value) -> BTreeMap<String, Value> {
    fn walk(key: String, value: &Value, found: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                walk(key, member, found);
            }),
            _ => drop(found.insert(key, value.clone())),
        }
    }
    let mut found = BTreeMap::new();
    walk(String::new(), value, &mut found);
    found
}
