//! What is left of a stage when it starts, and which rank gets its first batches?
use super::assignments::Assignments;
use super::cost_history::costs_of;
use super::current_stage::CurrentStage;
use super::exit::Stop;
use super::join::OutputLock;
use super::ledger::Ledger;
use super::message::{FirstBatches, ToWorker};
use super::rank::Rank;
use super::reread::only_to_be_read;
use super::retries::Retries;
use super::root::Root;
use super::{console, reread};
use crate::journal::codec;
use crate::plan::{self, Resolved, Static, TaskSet};
use crate::task::{TaskId, Tasks};
use std::collections::BTreeSet;

impl Root {
    /// The account of a stage at its start, and its batches: those of earlier runs are accounted for.
    ///
    /// # Errors
    /// The tasks do not divide evenly.
    pub fn start(&mut self, current: &CurrentStage, ranks: usize) -> Result<(Ledger, Assignments, Retries), Stop> {
        let records = self.earlier.journalled.remove(&current.key).unwrap_or_default();
        let journalled: u64 = records.iter().map(|record| record.tasks.count()).sum();
        let saved = self.earlier.saved.remove(&current.key);
        let saved = saved.filter(|_| journalled == 0 || !self.settings.needs_values);
        let mut ledger = Ledger::new(current.clone(), saved)?;
        for record in records.iter() {
            ledger.accept_record(&record);
        }
        drop(records);
        let to_read = only_to_be_read(&mut self.earlier, &self.settings, &mut ledger)?;
        let left = self.to_run(&mut ledger, &to_read);
        let spec = current.spec();
        let is_joined = matches!(self.lock, OutputLock::Joined(_));
        let retries = self.resume_retries(&mut ledger);
        if left.is_empty() || is_joined {
            let mut assignments = Assignments::new(Box::new(Static::none(ranks)), ranks, ledger.left().count());
            self.out_of_use().for_each(|rank| assignments.retire(rank));
            return Ok((ledger, assignments, retries));
        }
        spec.announcements.iter().for_each(|line| console::line(line));
        let is_fresh = self.closed.is_empty() && left.count() == spec.tasks;
        let resolved = plan::resolve(&left, ranks as u64, self.settings.partition, spec.needs(), is_fresh)?;
        announce(&ledger, &resolved, &left, ranks);
        reread::announce(spec, &to_read, &left);
        let policy = resolved.policy(|tasks| spec.weigh(tasks), costs_of(spec, ledger.heads()));
        let mut assignments = Assignments::new(policy, ranks, ledger.left().count());
        self.out_of_use().for_each(|rank| assignments.retire(rank));
        Ok((ledger, assignments, retries))
    }

    /// The tasks that this run has to do, with those that failed and are retried, and those that are only `to_read`.
    fn to_run(&self, ledger: &mut Ledger, to_read: &BTreeSet<TaskId>) -> TaskSet {
        to_read.iter().for_each(|&task| ledger.retry(Tasks::new(task, task + 1)));
        let Some(only) = self.settings.only else {
            if self.settings.retry_failed {
                ledger.retry(Tasks::new(0, u64::MAX));
            }
            return ledger.left();
        };
        let next = only.saturating_add(1);
        ledger.retry(Tasks::new(only, next));
        let mut left = ledger.left();
        left.remove(Tasks::new(0, only));
        left.remove(Tasks::new(next, u64::MAX));
        left
    }

    /// Sends its first batches to every rank.
    ///
    /// # Errors
    /// MPI fails.
    pub fn send_first_batches(
        rank: &mut Rank,
        current: &CurrentStage,
        assignments: &mut Assignments,
        is_first: bool,
    ) -> Result<(), Stop> {
        let first: Vec<Vec<Tasks>> = (0..rank.comm.size()).map(|rank| assignments.deal(rank)).collect();
        if is_first {
            let parts: Result<Vec<_>, _> =
                first.iter().map(|batches| codec::encode(&FirstBatches::Run(batches.clone()))).collect();
            rank.comm.scatter(parts?)?;
        } else {
            for (to, batches) in first.iter().enumerate().skip(1) {
                rank.send(to, &ToWorker::Assign(batches.clone()))?;
            }
        }
        rank.submit(current, &first[0]);
        Ok(())
    }
}

/// Prints the plan of a stage that starts.
fn announce(ledger: &Ledger, resolved: &Resolved, left: &TaskSet, ranks: usize) {
    let (done, failed) = ledger.counts();
    let before = match done + failed {
        0 => String::new(),
        done => format!(", {done} done before"),
    };
    let plan = &resolved.plan;
    console::line(&format!(
        "{}: {} tasks in {} batches of {} on {ranks} ranks, {} rounds, {} idle slots{before}",
        ledger.current.spec().name,
        left.count(),
        plan.batches.len(),
        plan.batch_sizes(),
        plan.rounds(),
        plan.idle_slots,
    ));
}
