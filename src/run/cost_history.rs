//! What did tasks cost in earlier runs?
use super::ledger::SavedStage;
use super::load::Configured;
use crate::campaigns::stage::StageSpec;
use crate::journal::{self, Manifest, codec, record::RecordHeader};
use crate::plan::Costs;
use crate::results::Reader;

/// What the batches of a stage in these records have cost.
pub fn costs_of<'a>(spec: &StageSpec, heads: impl Iterator<Item = &'a RecordHeader>) -> Costs {
    let mut costs = Costs::default();
    for head in heads.filter(|head| head.tasks.end <= spec.tasks) {
        costs.learn(spec.weigh(head.tasks).cost, head.seconds);
    }
    costs
}

/// The records that a campaign has left so far, in its journal and in its result file. What cannot be read is skipped; a run reports it.
pub fn records(configured: &Configured) -> Vec<RecordHeader> {
    let output = configured.output();
    let folder = journal::folder_of(&output);
    let fingerprint = configured.manifest().fingerprint();
    let is_ours = |there: Option<Manifest>| there.is_some_and(|there| there.fingerprint() == fingerprint);
    let mut heads = Vec::new();
    if is_ours(Manifest::load(&folder).ok().flatten()) {
        let scans =
            journal::files(&folder).unwrap_or_default().into_iter().map(|file| journal::scan(&file, fingerprint));
        heads.extend(scans.flatten().flat_map(|scan| scan.entries).map(|entry| entry.header));
    }
    if let Ok(reader) = Reader::open_results(&output)
        && is_ours(reader.text_attribute("manifest").ok().and_then(|text| serde_json::from_str(&text).ok()))
        && let Ok(state) = reader.array::<u8>("/run/state")
        && let Ok(stages) = codec::decode::<Vec<SavedStage>>(&state)
    {
        heads.extend(stages.into_iter().flat_map(|stage| stage.heads));
    }
    heads
}
