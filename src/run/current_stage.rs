//! Which stage is running, and where does the journal keep its records?
use crate::campaigns::stage::{Stage, StageSpec};
use crate::journal::digest_of;

/// The stage that is being run, and its key in the journal.
#[derive(Clone)]
pub struct CurrentStage {
    pub stage: Stage,
    pub key: u64,
}

impl CurrentStage {
    /// A stage with the key of what this run reads.
    pub fn new(stage: Stage) -> Self {
        let key = journal_key(&stage.spec, stage.spec.reading.as_deref());
        Self { stage, key }
    }

    /// Its description.
    pub fn spec(&self) -> &StageSpec {
        &self.stage.spec
    }
}

/// The key of a stage's records in the journal: a digest of its name, what it depends on, and what is read of its files.
pub fn journal_key(spec: &StageSpec, reading: Option<&str>) -> u64 {
    let (name, depends_on) = (spec.name.as_str(), spec.depends_on.as_str());
    match reading {
        None => digest_of(&[name, depends_on]),
        Some(reading) => digest_of(&[name, depends_on, reading]),
    }
}
