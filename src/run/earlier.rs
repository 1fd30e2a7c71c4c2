//! The records of earlier runs, until their stages are reached.
use super::ledger::SavedStage;
use super::record_table::RecordTable;
use std::collections::HashMap;

/// What earlier runs left of each stage, by its key in the journal.
#[derive(Default)]
pub struct EarlierRecords {
    /// Records in journals, and the ranks that serve them.
    pub journalled: HashMap<u64, RecordTable>,
    /// Stages that the result file keeps.
    pub saved: HashMap<u64, SavedStage>,
}
