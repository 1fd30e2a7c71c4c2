//! How does a stage go on when a rank is lost?
//!
//! Its journal tells what it had done: rank 0 serves these records from now on. What it had not recorded, other ranks run.
use super::exit::Stop;
use super::message::RecordSummary;
use super::rank::Rank;
use super::record_table::{Record, RecordLocation};
use super::recovered::LostRank;
use super::root::Root;
use super::stage_run::StageRun;
use crate::task::Tasks;
use std::collections::HashMap;

impl Root {
    /// Lets the stage go on without ranks that were lost since this was last called.
    ///
    /// # Errors
    /// MPI fails.
    pub fn follow_losses(&mut self, rank: &mut Rank, stage: &mut StageRun) -> Result<(), Stop> {
        for LostRank { rank: lost, records } in rank.recovered.take_new() {
            self.retired.insert(lost);
            stage.lose(lost);
            self.relocate(stage, lost, records);
            self.record_others_read(stage, lost);
            let others: Vec<usize> = stage.assignments.active().collect();
            if others.is_empty() {
                stage.stop_without_ranks(rank)?;
            }
            others.into_iter().try_for_each(|other| stage.deal(rank, other))?;
        }
        Ok(())
    }

    /// Has rank 0 serve the records that `lost` served, of this stage and of those that have not started. What it had reported and is not
    /// there (its node may have crashed before that was written) is run again, as far as its value is still needed for the total.
    fn relocate(&mut self, stage: &mut StageRun, lost: usize, records: Vec<RecordSummary>) {
        let key = stage.ledger.current.key;
        let (current, others): (Vec<_>, Vec<_>) = records.into_iter().partition(|summary| summary.head.stage == key);
        for records in self.earlier.journalled.values_mut() {
            records.extract(|record| record.location.rank == lost);
        }
        for summary in others {
            let is_closed = self.closed.iter().any(|ledger| ledger.current.key == summary.head.stage);
            if !is_closed {
                let location = RecordLocation { rank: 0, record: summary.record };
                let of_stage = self.earlier.journalled.entry(summary.head.stage).or_default();
                of_stage.push(&Record::new(location, &summary.head));
            }
        }
        let found: HashMap<(u64, u64), u64> = current
            .iter()
            .map(|summary| ((summary.head.tasks.first, summary.head.tasks.end), summary.record))
            .collect();
        let mut known = stage.ledger.records_at(lost);
        stage.ledger.relocate(lost, |tasks: Tasks| {
            let record = *found.get(&(tasks.first, tasks.end))?;
            Some(RecordLocation { rank: 0, record })
        });
        for summary in current {
            // What it had reported is accounted for, also where tasks that failed there are tried again elsewhere.
            if let Some(count) = known.get_mut(&summary.head.tasks).filter(|count| **count > 0) {
                *count -= 1;
                continue;
            }
            self.state.add_labels(&stage.ledger.current, &summary.head.failed);
            stage.accept_of_lost(lost, summary);
        }
        for tasks in stage.ledger.forget_unreduced(lost) {
            stage.assignments.run_again(tasks);
        }
    }

    /// A rank that is lost, or has said so, reads no more records of other jobs.
    pub fn record_others_read(&mut self, stage: &mut StageRun, by: usize) {
        let was_last = stage.reading.remove(&by) && stage.reading.is_empty();
        if let Some(joined) = stage.joined.as_mut().filter(|_| was_last) {
            joined.others_were_read();
        }
    }
}
