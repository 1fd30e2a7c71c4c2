//! What do earlier runs tell of the costs of tasks?
use super::ledger::SavedStage;
use super::open::{Loaded, manifest_of};
use crate::campaigns::stage::AnyStage;
use crate::journal::{self, Manifest, codec, record::Head};
use crate::plan::Costs;
use crate::results::Reader;

/// What the batches of `stage` in these records did cost.
pub fn costs_of<'a>(stage: &dyn AnyStage, heads: impl Iterator<Item = &'a Head>) -> Costs {
    let mut costs = Costs::default();
    for head in heads.filter(|head| head.tasks.end <= stage.tasks()) {
        costs.learn(stage.weigh(head.tasks).cost, head.seconds);
    }
    costs
}

/// The records that a campaign has left so far, in its journal and in its result file. What cannot be read tells nothing here; a run says so.
pub fn records(loaded: &Loaded) -> Vec<Head> {
    let output = loaded.config.resolve(&loaded.config.campaign.output);
    let folder = journal::folder_of(&output);
    let fingerprint = manifest_of(loaded).fingerprint();
    let is_ours = |there: Option<Manifest>| there.is_some_and(|there| there.fingerprint() == fingerprint);
    let mut heads = Vec::new();
    if is_ours(Manifest::load(&folder).ok().flatten()) {
        let scans =
            journal::files(&folder).unwrap_or_default().into_iter().map(|file| journal::scan(&file, fingerprint));
        heads.extend(scans.flatten().flat_map(|scan| scan.entries).map(|entry| entry.head));
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
