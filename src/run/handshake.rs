//! What does every rank tell rank 0 at the start?
use super::console;
use super::earlier::EarlierRecords;
use super::exit::{Exit, Stop};
use super::record_table::RecordsByStage;
use crate::comm::RankLocation;
use crate::journal::codec;
use serde::{Deserialize, Serialize};

/// The first message of a rank.
#[derive(Serialize, Deserialize)]
pub struct Handshake {
    pub place: RankLocation,
    /// The records that the rank serves and the damage of its journal, or why it cannot run.
    pub journal: Result<(RecordsByStage, Vec<String>), (Exit, String)>,
}

/// Reads the handshakes of all ranks: adds their records to `earlier`, reports damage, and returns the places of the ranks.
///
/// # Errors
/// A rank cannot run.
pub fn accept_all(handshakes: Vec<Vec<u8>>, earlier: &mut EarlierRecords) -> Result<Vec<RankLocation>, Stop> {
    let mut places = Vec::new();
    for (from, handshake) in handshakes.into_iter().enumerate() {
        let Handshake { place, journal } = codec::decode(&handshake)?;
        let (records, damage) = journal.map_err(|(exit, message)| Stop::new(exit, message))?;
        damage.iter().for_each(|line| console::line(&format!("journal: {line}")));
        for (stage, records) in records {
            let all = earlier.journalled.entry(stage).or_default();
            records.iter().for_each(|record| all.push(&record.served_by(from)));
        }
        places.push(place);
    }
    Ok(places)
}
