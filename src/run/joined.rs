//! How does rank 0 run a stage together with other jobs?
use super::cost_history::costs_of;
use super::current_stage::CurrentStage;
use super::exit::{Exit, Stop};
use super::join::{JoinedStage, OutputLock, Step};
use super::message::{RecordSummary, ToWorker};
use super::rank::Rank;
use super::record_table::{Record, RecordLocation};
use super::root::Root;
use super::stage_run::StageRun;
use crate::journal;
use crate::plan;
use crate::task::{TaskId, Tasks};

impl Root {
    /// The leases of a stage, where other jobs may run it too.
    ///
    /// # Errors
    /// Their folder cannot be created.
    pub fn join_stage(&self, current: &CurrentStage) -> Result<Option<JoinedStage>, Stop> {
        match (&self.lock, &self.settings.join) {
            (OutputLock::Joined(job), Some((_, wait))) => {
                let journal = journal::folder_of(&self.settings.output);
                Ok(Some(JoinedStage::open(job, &journal, current.key, current.spec().tasks, *wait)?))
            }
            _ => Ok(None),
        }
    }

    /// Leases more tasks where a rank has none, or reads what other jobs have recorded.
    ///
    /// # Errors
    /// The leases or journals of other jobs cannot be read, or MPI fails.
    pub fn follow_joined(&mut self, rank: &mut Rank, stage: &mut StageRun) -> Result<(), Stop> {
        if stage.stopping.is_some() {
            return Ok(());
        }
        let Some(mut joined) = stage.joined.take() else { return Ok(()) };
        let slots = rank.comm.size() as u64 * self.settings.partition.batch_size.unwrap_or(1);
        let step = joined.step(|| stage.left_of_all_jobs(), stage.has_idle_rank(), slots);
        stage.joined = Some(joined);
        match step? {
            Step::Wait => Ok(()),
            Step::Over => {
                stage.is_joined_over = true;
                Ok(())
            }
            Step::Run(tasks) => self.run_leased(rank, stage, tasks),
            Step::ReadOthers => {
                stage.reading = rank.comm.living().chain([0]).collect();
                (1..rank.comm.size()).try_for_each(|to| rank.send(to, &ToWorker::ReadOthers))?;
                let records = rank.read_others()?;
                self.accept_others(stage, 0, records, true);
                Ok(())
            }
            Step::GiveUp => {
                let text = "no tasks of this stage are free, and other jobs work on the rest";
                let remedy = "wait for the other jobs, or run the same command again to join them";
                stage.stop(rank, Stop::new(Exit::Resumable, text).with_remedy(remedy))
            }
        }
    }

    /// Runs what is left of leased tasks.
    fn run_leased(&self, rank: &mut Rank, stage: &mut StageRun, tasks: Tasks) -> Result<(), Stop> {
        let ranks = rank.comm.size() as u64;
        // Some may have been begun by a job that is gone.
        let resumed = stage.retries.resume_within(&mut stage.ledger, tasks);
        stage.assignments.reopen(resumed);
        let mut left = stage.ledger.left();
        stage.retries.remove_open(&mut left);
        left.remove(Tasks::new(0, tasks.first));
        left.remove(Tasks::new(tasks.end, TaskId::MAX));
        if !left.is_empty() {
            let spec = stage.ledger.current.spec();
            let resolved = plan::resolve(&left, ranks, self.settings.partition, spec.needs(), false)?;
            let costs = costs_of(spec, stage.ledger.heads());
            stage.assignments.extend(resolved.policy(|tasks| spec.weigh(tasks), costs));
        }
        let active: Vec<usize> = stage.assignments.active().collect();
        active.into_iter().try_for_each(|to| stage.deal(rank, to))
    }

    /// Accepts records of other jobs, which `from` serves.
    pub fn accept_others(&mut self, stage: &mut StageRun, from: usize, records: Vec<RecordSummary>, is_last: bool) {
        for summary in records {
            if summary.head.stage == stage.ledger.current.key {
                stage.ledger.accept(from, summary);
            } else {
                let location = RecordLocation { rank: from, record: summary.record };
                let of_stage = self.earlier.journalled.entry(summary.head.stage).or_default();
                of_stage.push(&Record::new(location, &summary.head));
            }
        }
        stage.retries.forget_done(&stage.ledger);
        if stage.joined.is_none() {
            let resumed = stage.retries.resume_within(&mut stage.ledger, Tasks::new(0, TaskId::MAX));
            stage.assignments.reopen(resumed);
        }
        stage.progress.add(from, 0, stage.ledger.counts());
        if is_last {
            self.record_others_read(stage, from);
        }
    }
}
