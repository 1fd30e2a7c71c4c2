//! What did tasks cost in earlier runs?
use super::ledger::SavedStage;
use super::load::Configured;
use super::record_table::{Record, RecordLocation, RecordsByStage};
use crate::campaigns::stage::StageSpec;
use crate::journal::{self, Entry, Manifest, codec};
use crate::plan::Costs;
use crate::results::Reader;
use crate::task::{Failure, Tasks};

/// What the batches of a stage in these records have cost.
pub fn costs_of<'a>(spec: &StageSpec, records: impl Iterator<Item = Record<'a>>) -> Costs {
    let mut costs = Costs::default();
    for record in records.filter(|record| record.tasks.end <= spec.tasks && is_typical(record.tasks, record.failed)) {
        costs.learn(spec.weigh(record.tasks).cost, record.seconds);
    }
    costs
}

/// Whether a record says how long tasks take: how soon they fail says nothing about those that do not.
pub fn is_typical(tasks: Tasks, failed: &[Failure]) -> bool {
    2 * failed.len() as u64 <= tasks.count()
}

/// The records that a campaign has left so far, in its journal and in its result file. What cannot be read is skipped; a run reports it.
pub fn records(configured: &Configured) -> RecordsByStage {
    let output = configured.output();
    let folder = journal::folder_of(&output);
    let fingerprint = configured.manifest().fingerprint();
    let is_ours = |there: Option<Manifest>| there.is_some_and(|there| there.fingerprint() == fingerprint);
    let mut records = RecordsByStage::new();
    if is_ours(Manifest::load(&folder).ok().flatten()) {
        let mut add = |Entry { header, .. }| {
            records.entry(header.stage).or_default().push(&Record::new(RecordLocation::default(), &header));
        };
        for file in journal::files(&folder).unwrap_or_default() {
            let _ = journal::scan_from(&file, fingerprint, 0, &mut add);
        }
    }
    if let Ok(reader) = Reader::open_results(&output)
        && is_ours(reader.text_attribute("manifest").ok().and_then(|text| serde_json::from_str(&text).ok()))
        && let Ok(state) = reader.array::<u8>("/run/state")
        && let Ok(stages) = codec::decode::<Vec<SavedStage>>(&state)
    {
        for stage in stages {
            let all = records.entry(stage.key).or_default();
            stage.records.iter().for_each(|record| all.push(&record));
        }
    }
    records
}
