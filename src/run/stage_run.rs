//! The account of a stage while it runs on all ranks.
use super::assignments::Assignments;
use super::batch::UndoneTask;
use super::console;
use super::cost_history::is_typical;
use super::exit::{Exit, Stop};
use super::first_tasks::AllFirstTasks;
use super::join::JoinedStage;
use super::ledger::Ledger;
use super::message::{RecordSummary, ToWorker};
use super::progress::ProgressReporter;
use super::rank::Rank;
use super::retries::{Outcome, Retries};
use super::unread::Unread;
use crate::plan::TaskSet;
use crate::task::Tasks;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The most records whose values are requested by one message; small values travel together.
const MAX_FETCHED: usize = 1024;
/// The most ranks whose values are requested at a time if these are small, at most so many bytes each; otherwise it is one.
const MAX_REQUESTS: usize = 64;
const SMALL_VALUE: usize = 1 << 14;
/// The most own records that are read between two looks at the clock.
const MAX_READ: usize = 16;
/// Rank 0 reduces its own records in turns of this length, to receive messages in between.
const REDUCTION_TURN: Duration = Duration::from_millis(2);

/// A stage while it runs.
pub struct StageRun {
    pub ledger: Ledger,
    pub assignments: Assignments,
    pub retries: Retries,
    /// The ranks whose values were requested and have not arrived yet, the last of them, and how many there may be.
    fetching: BTreeSet<usize>,
    last_fetched: usize,
    max_requests: usize,
    pub progress: ProgressReporter,
    /// Why no further task starts, if so.
    pub stopping: Option<Stop>,
    /// The ranks that run nothing more.
    pub drained: Vec<bool>,
    /// How the first tasks ended; none where tasks that failed before are retried beside others that succeeded.
    first_tasks: Option<AllFirstTasks>,
    /// The leases, where other jobs work on the stage too, and whether everything is recorded and read.
    pub joined: Option<JoinedStage>,
    pub is_joined_over: bool,
    /// The ranks that are reading what other jobs have recorded.
    pub reading: BTreeSet<usize>,
    /// Tasks that failed while the run was stopping.
    pub undone: Vec<UndoneTask>,
    unread: Unread,
}

impl StageRun {
    /// A stage that starts on `ranks` ranks.
    pub fn new(
        ledger: Ledger,
        (assignments, retries): (Assignments, Retries),
        progress: ProgressReporter,
        ranks: usize,
    ) -> Self {
        let retries_some = ledger.retried() > 0 && ledger.counts().0 > 0;
        Self {
            ledger,
            assignments,
            retries,
            fetching: BTreeSet::new(),
            last_fetched: 0,
            max_requests: 1,
            progress,
            stopping: None,
            drained: vec![false; ranks],
            first_tasks: (!retries_some).then(|| AllFirstTasks::new(ranks)),
            joined: None,
            is_joined_over: false,
            reading: BTreeSet::new(),
            undone: Vec::new(),
            unread: Unread::default(),
        }
    }

    /// Accepts a record of `from`. Tasks that have failed and are tried again count as left.
    pub fn accept(&mut self, from: usize, summary: RecordSummary) {
        let (head, tasks) = (&summary.head, summary.head.tasks);
        let seconds = is_typical(tasks, &head.failed).then_some(head.seconds);
        if !self.assignments.finish(from, tasks, seconds) && !head.failed.is_empty() {
            // It arrives a second time, or late: its tasks have been given to another rank.
            return;
        }
        for failure in &head.failed {
            let message = self.unread.first_of_kind(self.ledger.current.spec(), failure);
            message.iter().for_each(|message| console::error(message));
        }
        if let Some(first_tasks) = &mut self.first_tasks {
            first_tasks.record(from, head);
        }
        let outcome = self.retries.record(from, tasks, &head.failed);
        self.ledger.accept(from, summary);
        self.follow(&outcome);
        self.progress.add(from, tasks.count(), self.ledger.counts());
    }

    /// Makes tasks untried that are tried again.
    pub fn follow(&mut self, outcome: &Outcome) {
        outcome.again.iter().for_each(|&task| self.ledger.retry(Tasks::new(task, task + 1)));
        self.assignments.reopen(outcome.again.len() as u64);
        self.first_tasks.iter_mut().for_each(|first_tasks| first_tasks.add_failed(outcome.failed));
    }

    /// Accepts that a rank is lost: nothing of it is waited for, and it gets nothing more.
    pub fn lose(&mut self, lost: usize) {
        self.drained[lost] = true;
        self.fetching.remove(&lost);
        self.assignments.retire(lost);
        self.retries.retire(lost);
        self.progress.lose(lost);
    }

    /// Accepts a record that a lost rank had journalled and rank 0 serves now.
    pub fn accept_of_lost(&mut self, lost: usize, summary: RecordSummary) {
        let (tasks, failed) = (summary.head.tasks, summary.head.failed.clone());
        let seconds = is_typical(tasks, &failed).then_some(summary.head.seconds);
        if self.ledger.accept(0, summary) {
            self.assignments.finish_lost(tasks, seconds);
            let outcome = self.retries.record(lost, tasks, &failed);
            self.follow(&outcome);
            self.progress.add(lost, tasks.count(), self.ledger.counts());
        }
    }

    /// Lets all ranks drain, for the first reason given; a worse one replaces it.
    ///
    /// # Errors
    /// MPI fails.
    pub fn stop(&mut self, rank: &mut Rank, stop: Stop) -> Result<(), Stop> {
        if let Some(earlier) = &self.stopping {
            if earlier.exit == Exit::Resumable && stop.exit != Exit::Resumable {
                self.stopping = Some(stop);
            }
            return Ok(());
        }
        let running = match self.ledger.current.spec().is_resumable {
            true => "stopped where they can continue",
            false => "finished and journalled",
        };
        console::line(&format!("stopping: {}; running tasks are {running}", stop.message));
        self.stopping = Some(stop);
        rank.drain();
        (1..rank.comm.size()).try_for_each(|to| rank.send(to, &ToWorker::Drain))
    }

    /// Stops, where there is something to run and every rank has lost its supervisor.
    ///
    /// # Errors
    /// MPI fails.
    pub fn stop_without_ranks(&mut self, rank: &mut Rank) -> Result<(), Stop> {
        match self.assignments.is_anything_open() {
            true => self.stop(rank, Stop::new(Exit::Resumable, "no rank is left that can start programs")),
            false => Ok(()),
        }
    }

    /// Gives a rank more to do.
    ///
    /// # Errors
    /// MPI fails.
    pub fn deal(&mut self, rank: &mut Rank, to: usize) -> Result<(), Stop> {
        if self.stopping.is_some() || !self.retries.is_available(to) {
            return Ok(());
        }
        // Retries come first: the longer they wait, the later the stage ends.
        let is_last_rank = self.retries.is_last_rank();
        if !is_last_rank {
            self.deal_retries(rank, to)?;
        }
        let batches = self.assignments.deal(to);
        match to {
            _ if batches.is_empty() => {}
            0 => rank.submit(&self.ledger.current, &batches),
            _ => rank.send(to, &ToWorker::Assign(batches))?,
        }
        if is_last_rank { self.deal_retries(rank, to) } else { Ok(()) }
    }

    fn deal_retries(&mut self, rank: &mut Rank, to: usize) -> Result<(), Stop> {
        while self.assignments.has_room(to)
            && let Some(retry) = self.retries.next_for(to)
        {
            self.assignments.hand_out(to, Tasks::new(retry.task, retry.task + 1));
            match to {
                0 => rank.submit_retry(&self.ledger.current, retry),
                _ => rank.send(to, &ToWorker::Retry(retry))?,
            }
        }
        Ok(())
    }

    /// Gives ranks something to do that hold nothing, where there may be something that they did not get before.
    ///
    /// # Errors
    /// MPI fails.
    pub fn deal_to_idle(&mut self, rank: &mut Rank) -> Result<(), Stop> {
        if !self.retries.take_change() && !self.assignments.has_returned() {
            return Ok(());
        }
        let deal = |stage: &mut Self, rank: &mut Rank| {
            let idle: Vec<usize> = stage.assignments.idle().collect();
            idle.into_iter().try_for_each(|to| stage.deal(rank, to))
        };
        deal(self, rank)?;
        if self.assignments.is_over() && self.retries.has_waiting() {
            // What is left waits for ranks that are suspect.
            self.retries.clear_suspects();
            deal(self, rank)?;
        }
        Ok(())
    }

    /// Whether a rank that should get tasks has none.
    pub fn has_idle_rank(&self) -> bool {
        self.assignments.idle().any(|rank| self.retries.is_available(rank))
    }

    /// The tasks of which no job knows a value, or a failure after which they are not tried again.
    pub fn left_of_all_jobs(&self) -> TaskSet {
        let mut left = self.ledger.left();
        self.retries.unfinished(&self.ledger).for_each(|task| left.insert(Tasks::new(task, task + 1)));
        left
    }

    /// That the first tasks all failed for the same reason, where they did and there are more left to run.
    pub fn common_cause(&self) -> Option<String> {
        let first_tasks = self.first_tasks.as_ref().filter(|_| self.assignments.is_anything_open())?;
        let cause = first_tasks.common_cause(self.assignments.involved())?;
        Some(match self.assignments.involved().count() {
            1 => format!("the first {} tasks failed alike: {cause}", first_tasks.failed()),
            _ => format!("the first task of every rank failed alike: {cause}"),
        })
    }

    /// Reduces values that a worker was asked for.
    ///
    /// # Errors
    /// A value cannot be reduced.
    pub fn reduce(&mut self, from: usize, values: &[(u64, Vec<u8>)]) -> Result<(), Stop> {
        self.fetching.remove(&from);
        let are_small = values.iter().all(|(_, value)| value.len() <= SMALL_VALUE);
        self.max_requests = if are_small { MAX_REQUESTS } else { 1 };
        Ok(self.ledger.reduce(from, values)?)
    }

    /// Reduces own records for a while, or requests the next values from workers.
    ///
    /// # Errors
    /// A value cannot be read or reduced, or MPI fails.
    pub fn reduce_some(&mut self, rank: &mut Rank) -> Result<(), Stop> {
        let started = Instant::now();
        while self.fetching.len() < self.max_requests && started.elapsed() < REDUCTION_TURN {
            let next = self.ledger.next_to_reduce(self.last_fetched, MAX_FETCHED);
            let Some((from, records)) = next.filter(|(from, _)| !self.fetching.contains(from)) else { return Ok(()) };
            self.last_fetched = from;
            match from {
                0 => {
                    let values = rank.values(&records[..records.len().min(MAX_READ)])?;
                    self.ledger.reduce(0, &values)?;
                    rank.skip_pause();
                }
                _ => {
                    self.fetching.insert(from);
                    rank.send(from, &ToWorker::Pull(records))?;
                }
            }
        }
        Ok(())
    }

    /// Whether nothing more will happen in this stage.
    pub fn is_over(&self) -> bool {
        match &self.stopping {
            // A campaign that happens to be complete when it is asked to stop is completed.
            Some(stop) => {
                let may_complete = || stop.exit == Exit::Resumable && self.ledger.left().is_empty();
                self.drained.iter().all(|&drained| drained) && (self.ledger.is_reduced() || !may_complete())
            }
            None if self.joined.is_some() && !self.is_joined_over => false,
            None => self.assignments.is_over() && !self.retries.has_waiting() && self.ledger.is_reduced(),
        }
    }
}
