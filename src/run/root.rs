//! What does rank 0 do besides its own tasks: who runs what, what is recorded, what is folded?
use super::exit::{Exit, Stop};
use super::ledger::{Ledger, SavedStage};
use super::live::Live;
use super::message::{Notice, ToRoot, ToWorker};
use super::open::Orders;
use super::past::costs_of;
use super::progress::Progress;
use super::rank::{Present, Rank, Report};
use super::say;
use super::signals::Wish;
use super::unread::Unread;
use crate::campaigns::stage::StageResult;
use crate::journal::Lock;
use crate::plan::{self, Dynamic, Partition, Policy, Static};
use crate::task::{Cause, Tasks};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Records asked for in one message; small values travel together.
const PULLED_AT_ONCE: usize = 256;
/// Rank 0 folds its own records in turns of this length, to hear its workers in between.
const FOLDING_TURN: Duration = Duration::from_millis(2);
/// A lock's heartbeat, well within the two minutes after which it counts as dead.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Rank 0's part of a run.
pub struct Root {
    pub orders: Orders,
    pub lock: Lock,
    /// Records found at the start, by stage.
    pub found: HashMap<u64, Vec<(usize, Notice)>>,
    /// Stages that the result file of an earlier run keeps.
    pub saved: HashMap<u64, SavedStage>,
    /// The accounts of stages that are done.
    pub closed: Vec<Ledger>,
    pub beat: Instant,
}

/// A stage while it is run.
struct Conduct {
    ledger: Ledger,
    policy: Box<dyn Policy>,
    /// Batches that each rank holds.
    held: Vec<usize>,
    /// Whether values were asked for and have not come yet.
    is_pulling: bool,
    progress: Progress,
    /// Why no further task starts, if so.
    stopping: Option<Stop>,
    drained: Vec<bool>,
    /// How the first task of each rank ended: its cause, or none where it has a value.
    first: Vec<Option<Option<Cause>>>,
    unread: Unread,
}

impl Root {
    /// The account of a stage at its start, and what it leaves to be run, dealt out: the policy and every rank's first
    /// batches.
    ///
    /// # Errors
    /// The tasks do not divide evenly.
    fn open(&mut self, present: &Present, ranks: usize) -> Result<(Ledger, Box<dyn Policy>), Stop> {
        let mut ledger = Ledger::new(present.clone());
        let notices = self.found.remove(&present.key).unwrap_or_default();
        let journalled: u64 = notices.iter().map(|(_, notice)| notice.head.tasks.count()).sum();
        if let Some(saved) = self.saved.remove(&present.key)
            && (journalled == 0 || !self.orders.needs_outcomes)
        {
            ledger.restore(saved)?;
        }
        for (rank, notice) in notices {
            ledger.hear(rank, notice);
        }
        let to_read = self.only_to_be_read(&mut ledger)?;
        let mut left = ledger.left(self.orders.retry_failed);
        to_read.iter().for_each(|&task| left.insert(Tasks::new(task, task + 1)));
        if let Some(only) = self.orders.only {
            left = ledger.left(true);
            left.remove(Tasks::new(0, only));
            left.remove(Tasks::new(only + 1, u64::MAX));
        }
        if left.is_empty() {
            return Ok((ledger, Box::new(Static::none(ranks))));
        }
        present.stage.occasion().iter().for_each(|line| say::line(line));
        let is_fresh = self.closed.is_empty() && left.count() == present.stage.tasks();
        let idle = self.orders.idle || self.orders.dynamic || !is_fresh;
        let dynamic = self.orders.dynamic && !present.stage.stays();
        let most = present.stage.largest_batch();
        let choose = || plan::choose_batch_size(left.count(), ranks as u64, dynamic, idle, most);
        let batch_size = self.orders.batch_size.unwrap_or_else(choose);
        let plan = plan::lay_out(&left, Partition { ranks: ranks as u64, batch_size, idle })?;
        let (done, failed) = ledger.counts();
        let failed = if self.orders.retry_failed { 0 } else { failed };
        let again = ledger.unread().filter(|task| to_read.contains(task)).count() as u64;
        let failed = failed.saturating_sub(again);
        let before = match done + failed {
            0 => String::new(),
            done => format!(", {done} done before"),
        };
        say::line(&format!(
            "{}: {} tasks in {} batches of {batch_size} on {ranks} ranks, {} rounds, {} idle slots{before}",
            present.stage.name(),
            left.count(),
            plan.batches.len(),
            plan.rounds(),
            plan.idle_slots,
        ));
        let ended = to_read.iter().filter(|&&task| left.contains(task)).count();
        if ended > 0 {
            let name = present.stage.name();
            say::line(&format!(
                "{name}: {ended} of these have run before: their files are read, nothing of them runs again"
            ));
        }
        let policy: Box<dyn Policy> = match dynamic {
            true => {
                let weigh = |tasks| present.stage.weigh(tasks);
                let costs = costs_of(present.stage.as_ref(), ledger.heads());
                Box::new(Dynamic::new(&plan, weigh, costs))
            }
            false => Box::new(Static::new(&plan)),
        };
        Ok((ledger, policy))
    }

    /// Faults of what tasks left, of all stages that are done.
    pub fn unread_lines(&self) -> Vec<String> {
        let of_stage = |ledger: &Ledger| Unread::of(ledger.present.stage.as_ref(), &ledger.failures()).lines();
        self.closed.iter().flat_map(of_stage).collect()
    }

    /// Runs a stage on all ranks, this one too. `is_first` says that the workers wait for their first batches in a scatter.
    ///
    /// # Errors
    /// The stage was stopped early, or cannot be run.
    pub fn run(&mut self, rank: &mut Rank, present: &Present, is_first: bool) -> Result<StageResult, Stop> {
        let ranks = rank.comm.size();
        let opened = self.open(present, ranks);
        if is_first && let Err(stop) = &opened {
            let refusal = crate::journal::codec::encode(&Err::<Vec<Tasks>, Exit>(stop.exit))?;
            rank.comm.scatter(Some(vec![refusal; ranks]))?;
        }
        let (ledger, mut policy) = opened?;
        let mut held = vec![0; ranks];
        let first: Vec<Vec<Tasks>> = (0..ranks).map(|r| deal(policy.as_mut(), r, &mut held[r])).collect();
        if is_first {
            let parts: Result<Vec<_>, _> =
                first.iter().map(|batches| crate::journal::codec::encode(&Ok::<_, Exit>(batches))).collect();
            rank.comm.scatter(Some(parts?))?;
        } else {
            for (to, batches) in first.iter().enumerate().skip(1) {
                rank.send(to, &ToWorker::Assign(batches.clone()))?;
            }
        }
        rank.submit(present, &first[0]);
        let (done, failed) = ledger.counts();
        // What is read again is done once.
        let failed = failed - ledger.readable_again();
        let progress =
            Progress::new(self.orders.progress, present.stage.name(), present.stage.tasks(), done + failed, ranks);
        let mut live = Live::of(&self.orders.output);
        let mut conduct = Conduct {
            ledger,
            policy,
            held,
            is_pulling: false,
            progress,
            stopping: None,
            drained: vec![false; ranks],
            first: vec![None; ranks],
            unread: Unread::default(),
        };
        loop {
            self.listen(rank, &mut conduct)?;
            let failed = conduct.ledger.counts().1;
            conduct.progress.tell(failed);
            live.tell(|| conduct.progress.standing(failed));
            if conduct.is_over() {
                conduct.progress.close(failed);
                return self.close(rank, conduct);
            }
        }
    }

    /// One look around: signals, messages, own reports, the next values to fold, the lock.
    fn listen(&mut self, rank: &mut Rank, conduct: &mut Conduct) -> Result<(), Stop> {
        if rank.wish() == Wish::Drain {
            conduct.stop(rank, Stop::new(Exit::Resumable, "asked to stop"))?;
        }
        while let Some((from, message)) = rank.receive()? {
            match message {
                ToRoot::Recorded(notices) => {
                    notices.into_iter().try_for_each(|notice| self.hear(rank, conduct, from, notice))?
                }
                ToRoot::Values(values) => {
                    conduct.is_pulling = false;
                    conduct.ledger.fold(from, &values)?;
                }
                ToRoot::Doing(doing) => conduct.progress.note(from, doing),
                ToRoot::Drained => conduct.drained[from] = true,
                ToRoot::DrainWanted => conduct.stop(rank, Stop::new(Exit::Resumable, "asked to stop"))?,
                ToRoot::Broken { exit, message } => conduct.stop(rank, Stop { exit, message })?,
                // Nobody has been told to leave yet.
                ToRoot::Bye => {}
            }
        }
        match rank.reports() {
            Ok(reports) => {
                for Report { notice, is_cut_short } in reports {
                    if let Some(notice) = notice {
                        self.hear(rank, conduct, 0, notice)?;
                    }
                    if is_cut_short {
                        conduct.stop(rank, Stop::new(Exit::Resumable, "no further task fits into the time slot"))?;
                    }
                }
            }
            Err(stop) => {
                conduct.stop(rank, stop)?;
                conduct.drained[0] = true;
            }
        }
        if conduct.stopping.is_some() && rank.compute.pending == 0 {
            conduct.drained[0] = true;
        }
        if let Some(doing) = rank.look(&conduct.ledger.present) {
            conduct.progress.note(0, doing);
        }
        conduct.fold_some(rank)?;
        if self.beat.elapsed() > HEARTBEAT {
            self.beat = Instant::now();
            self.lock.beat()?;
        }
        Ok(())
    }

    /// Takes in a record of `from` and gives that rank more to do.
    fn hear(&self, rank: &mut Rank, conduct: &mut Conduct, from: usize, notice: Notice) -> Result<(), Stop> {
        let head = &notice.head;
        conduct.progress.add(from, head.tasks.count());
        conduct.held[from] = conduct.held[from].saturating_sub(1);
        conduct.policy.hear(head.tasks, head.seconds);
        conduct.first[from].get_or_insert_with(|| {
            let first = head.failed.iter().find(|failure| failure.task == head.tasks.first);
            first.map(|failure| failure.cause.clone())
        });
        for failure in &head.failed {
            let message = conduct.unread.first_of_kind(conduct.ledger.present.stage.as_ref(), failure);
            message.iter().for_each(|message| say::error(message));
        }
        conduct.ledger.hear(from, notice);
        let failed = conduct.ledger.counts().1;
        if self.orders.max_failures > 0 && failed >= self.orders.max_failures {
            let text = format!("{failed} tasks failed, as many as limits.max_failures allows");
            conduct.stop(rank, Stop::new(Exit::Resumable, text))?;
        }
        if let Some(cause) = conduct.common_cause() {
            let text = format!(
                "the first task of every rank failed alike: {cause}\nmend that, then run the same command with --retry-failed"
            );
            conduct.stop(rank, Stop::new(Exit::Resumable, text))?;
        }
        if conduct.stopping.is_none() {
            let batches = deal(conduct.policy.as_mut(), from, &mut conduct.held[from]);
            match from {
                _ if batches.is_empty() => {}
                0 => rank.submit(&conduct.ledger.present, &batches),
                _ => rank.send(from, &ToWorker::Assign(batches))?,
            }
        }
        Ok(())
    }

    fn close(&mut self, rank: &mut Rank, conduct: Conduct) -> Result<StageResult, Stop> {
        let left = conduct.ledger.left(false).count();
        if let Some(stop) = conduct.stopping
            && (left > 0 || stop.exit != Exit::Resumable)
        {
            let (done, failed) = conduct.ledger.counts();
            let total = conduct.ledger.present.stage.tasks();
            let message =
                format!("{}; {done} of {total} tasks are done, {failed} failed, {left} are left", stop.message);
            return Err(Stop { exit: stop.exit, message });
        }
        if left > 0 {
            return Err(Stop::new(Exit::Resumable, format!("{left} tasks are left; run again without --only")));
        }
        let result = conduct.ledger.finish()?;
        for to in 1..rank.comm.size() {
            rank.send(to, &ToWorker::StageDone(result.clone()))?;
        }
        self.closed.push(conduct.ledger);
        Ok(result)
    }
}

impl Conduct {
    /// Lets all ranks drain, for the first reason given; a worse one replaces it.
    fn stop(&mut self, rank: &mut Rank, stop: Stop) -> Result<(), Stop> {
        if let Some(standing) = &self.stopping {
            if standing.exit == Exit::Resumable && stop.exit != Exit::Resumable {
                self.stopping = Some(stop);
            }
            return Ok(());
        }
        let running = match self.ledger.present.stage.can_be_interrupted() {
            true => "stopped where it can go on",
            false => "finished and journalled",
        };
        say::line(&format!("stopping: {}; what runs is {running}", stop.message));
        self.stopping = Some(stop);
        rank.drain();
        (1..rank.comm.size()).try_for_each(|to| rank.send(to, &ToWorker::Drain))
    }

    /// The cause that the first task of every rank failed with, where there is more left to run.
    fn common_cause(&self) -> Option<&Cause> {
        if self.stopping.is_some() || self.held.iter().all(|&held| held == 0) {
            return None;
        }
        let causes: Option<Vec<&Cause>> = self.first.iter().map(|first| first.as_ref()?.as_ref()).collect();
        let (first, others) = causes.as_deref()?.split_first()?;
        // What ran is not lost, and is read again when that has been corrected: so is what runs meanwhile.
        if first.is_of_reading() {
            return None;
        }
        let alike = |other: &&Cause| std::mem::discriminant(*other) == std::mem::discriminant(*first);
        others.iter().all(alike).then_some(first)
    }

    /// Folds own records for a while, or asks a worker for its next ones.
    fn fold_some(&mut self, rank: &mut Rank) -> Result<(), Stop> {
        let started = Instant::now();
        while !self.is_pulling && started.elapsed() < FOLDING_TURN {
            match self.ledger.next_to_fold(PULLED_AT_ONCE) {
                None => return Ok(()),
                Some((0, records)) => {
                    let values = rank.values(&records[..records.len().min(16)])?;
                    self.ledger.fold(0, &values)?;
                    rank.hurry();
                }
                Some((from, records)) => {
                    self.is_pulling = true;
                    rank.send(from, &ToWorker::Pull(records))?;
                }
            }
        }
        Ok(())
    }

    /// Whether nothing more will happen in this stage.
    fn is_over(&self) -> bool {
        match &self.stopping {
            // A campaign that happens to be done when it is asked to stop is completed.
            Some(stop) => {
                let may_complete = stop.exit == Exit::Resumable && self.ledger.left(false).is_empty();
                self.drained.iter().all(|&drained| drained) && (!may_complete || self.ledger.is_folded())
            }
            None => self.held.iter().all(|&held| held == 0) && self.ledger.is_folded(),
        }
    }
}

/// Batches for a rank, up to the depth that the policy wants it to hold.
fn deal(policy: &mut dyn Policy, rank: usize, held: &mut usize) -> Vec<Tasks> {
    let mut batches = Vec::new();
    while *held < policy.depth() {
        let Some(batch) = policy.next(rank) else { break };
        *held += 1;
        batches.push(batch);
    }
    batches
}
