//! What does rank 0 do besides its own tasks: who runs what, what is recorded, what is folded?
use super::assignments::Assignments;
use super::compute::{Cut, Undone};
use super::exit::{Exit, Stop};
use super::failures::{Failed, label_of};
use super::first_tasks::OfAll;
use super::ledger::{Ledger, SavedStage};
use super::live::Live;
use super::message::{Notice, ToRoot, ToWorker};
use super::open::Orders;
use super::past::costs_of;
use super::progress::Progress;
use super::rank::{Present, Rank, Report};
use super::say;
use super::signals::{self, Request, Wish};
use super::state::StateFile;
use super::unread::Unread;
use crate::campaigns::stage::StageResult;
use crate::journal::Lock;
use crate::plan::{self, Dynamic, Partition, Policy, Static, TaskSet};
use crate::task::{Failure, TaskId, Tasks};
use std::collections::{BTreeSet, HashMap};
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
    /// Ranks that take no more batches.
    pub retired: BTreeSet<usize>,
    pub state: StateFile,
    pub beat: Instant,
}

/// A stage while it is run.
struct Conduct {
    ledger: Ledger,
    assignments: Assignments,
    /// Whether values were asked for and have not come yet.
    is_pulling: bool,
    progress: Progress,
    /// Why no further task starts, if so.
    stopping: Option<Stop>,
    drained: Vec<bool>,
    /// How the first tasks ended; none where those that failed before are tried again beside others that succeeded.
    first_tasks: Option<OfAll>,
    /// What failed while the run was stopping.
    undone: Vec<Undone>,
    unread: Unread,
}

impl Root {
    /// The account of a stage at its start, and what it leaves to be run, dealt out: the policy and every rank's first
    /// batches.
    ///
    /// # Errors
    /// The tasks do not divide evenly.
    fn open(&mut self, present: &Present, ranks: usize) -> Result<(Ledger, Assignments), Stop> {
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
        let left = self.to_run(&mut ledger, &to_read);
        if left.is_empty() {
            return Ok((ledger, Assignments::new(Box::new(Static::none(ranks)), ranks, 0)));
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
        let mut assignments = Assignments::new(policy, ranks, left.count());
        self.retired.iter().for_each(|&rank| assignments.retire(rank));
        Ok((ledger, assignments))
    }

    /// Tasks that this run is to do, those that failed and are tried again among them, and those that are only `to_read`.
    fn to_run(&self, ledger: &mut Ledger, to_read: &BTreeSet<TaskId>) -> TaskSet {
        to_read.iter().for_each(|&task| ledger.retry(Tasks::new(task, task + 1)));
        let Some(only) = self.orders.only else {
            if self.orders.retry_failed {
                ledger.retry(Tasks::new(0, u64::MAX));
            }
            return ledger.left();
        };
        let behind = only.saturating_add(1);
        ledger.retry(Tasks::new(only, behind));
        let mut left = ledger.left();
        left.remove(Tasks::new(0, only));
        left.remove(Tasks::new(behind, u64::MAX));
        left
    }

    /// What failed in the stages that are done.
    pub fn failed_tasks(&self) -> Vec<Failed> {
        let of_stage = |ledger: &Ledger| {
            let stage = ledger.present.stage.as_ref();
            let failed = |failure: &Failure| Failed::new(label_of(stage, failure.task), &failure.cause);
            ledger.failures().iter().map(failed).collect::<Vec<_>>()
        };
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
        let (ledger, mut assignments) = opened?;
        self.state.begin(present, &ledger.failures());
        let first: Vec<Vec<Tasks>> = (0..ranks).map(|rank| assignments.deal(rank)).collect();
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
        let (progress, name, tasks) = (self.orders.progress, present.stage.name(), present.stage.tasks());
        let progress = Progress::new(progress, name, tasks, ledger.counts(), ranks);
        let is_mending = ledger.retried() > 0 && ledger.counts().0 > 0;
        let mut live = Live::of(&self.orders.output);
        let mut conduct = Conduct {
            ledger,
            assignments,
            is_pulling: false,
            progress,
            stopping: None,
            drained: vec![false; ranks],
            first_tasks: (!is_mending).then(|| OfAll::new(ranks)),
            undone: Vec::new(),
            unread: Unread::default(),
        };
        if conduct.assignments.active().next().is_none() {
            conduct.stop_without_ranks(rank)?;
        }
        loop {
            self.listen(rank, &mut conduct)?;
            conduct.progress.tell();
            self.state.refresh();
            live.tell(|| conduct.progress.standing());
            if conduct.is_over() {
                conduct.progress.close();
                return self.close(rank, conduct);
            }
        }
    }

    /// One look around: signals, messages, own reports, the next values to fold, the lock.
    fn listen(&mut self, rank: &mut Rank, conduct: &mut Conduct) -> Result<(), Stop> {
        if signals::wish() == Wish::Terminate {
            let text = "ended at once by SIGTERM, or by Ctrl-C twice";
            self.state.end(&Stop::new(Exit::Resumable, text));
        }
        if rank.wish() == Wish::Drain {
            conduct.stop(rank, self.stop_for(signals::request().unwrap_or(Request::Usr1)))?;
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
                ToRoot::DrainWanted(request) => conduct.stop(rank, self.stop_for(request))?,
                ToRoot::Undone(undone) => conduct.undone.extend(undone),
                ToRoot::Retired(why) => self.retire(rank, conduct, from, &why)?,
                ToRoot::Broken { exit, message } => conduct.stop(rank, Stop::new(exit, message))?,
                // No rank has been asked to leave yet.
                ToRoot::Bye => {}
            }
        }
        match rank.reports() {
            Ok(reports) => {
                for Report { notice, cut, undone } in reports {
                    if let Some(notice) = notice {
                        self.hear(rank, conduct, 0, notice)?;
                    }
                    conduct.undone.extend(undone);
                    if cut == Some(Cut::TimeLimit) {
                        conduct.stop(rank, self.stop_for(Request::TimeLimit))?;
                    }
                }
                if !conduct.assignments.is_retired(0)
                    && let Some(why) = rank.is_retired()
                {
                    self.retire(rank, conduct, 0, &why)?;
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
    fn hear(&mut self, rank: &mut Rank, conduct: &mut Conduct, from: usize, notice: Notice) -> Result<(), Stop> {
        let head = &notice.head;
        let tasks = head.tasks;
        self.state.name(&conduct.ledger.present, &head.failed);
        conduct.assignments.finish(from, tasks, head.seconds);
        for failure in &head.failed {
            let message = conduct.unread.first_of_kind(conduct.ledger.present.stage.as_ref(), failure);
            message.iter().for_each(|message| say::error(message));
        }
        if let Some(first_tasks) = &mut conduct.first_tasks {
            first_tasks.note(from, head);
        }
        conduct.ledger.hear(from, notice);
        let (done, failed) = conduct.ledger.counts();
        conduct.progress.add(from, tasks.count(), (done, failed));
        if self.orders.max_failures > 0 && failed >= self.orders.max_failures {
            let text = format!("as many tasks failed as limits.max_failures allows ({failed})");
            let remedy = "fix this, then rerun with --retry-failed; or raise limits.max_failures to go on without them";
            conduct.stop(rank, Stop::new(Exit::Resumable, text).with_remedy(remedy))?;
        }
        if let Some(text) = conduct.common_cause() {
            let remedy = "fix this, then rerun with --retry-failed";
            conduct.stop(rank, Stop::new(Exit::Resumable, text).with_remedy(remedy))?;
        }
        conduct.deal(rank, from)
    }

    /// Has the other ranks run what `from` would have run, which takes no more batches.
    fn retire(&mut self, rank: &mut Rank, conduct: &mut Conduct, from: usize, why: &str) -> Result<(), Stop> {
        self.retired.insert(from);
        conduct.assignments.retire(from);
        let others: Vec<usize> = conduct.assignments.active().collect();
        if others.is_empty() {
            say::note(&format!("warning: {why}; it takes no more tasks, and what it was running is left"));
            return conduct.stop_without_ranks(rank);
        }
        say::note(&format!("warning: {why}; it takes no more tasks, and what it was running is run by others"));
        others.into_iter().try_for_each(|other| conduct.deal(rank, other))
    }

    fn stop_for(&self, request: Request) -> Stop {
        Stop::new(Exit::Resumable, request.describe(self.orders.walltime_s))
    }

    fn close(&mut self, rank: &mut Rank, conduct: Conduct) -> Result<StageResult, Stop> {
        let left = conduct.ledger.left().count();
        if let Some(stop) = conduct.stopping
            && (left > 0 || stop.exit != Exit::Resumable)
        {
            let (done, failed) = conduct.ledger.counts();
            let total = conduct.ledger.present.stage.tasks();
            let mut message =
                format!("{}; {done} of {total} tasks are done, {failed} failed, {left} are left", stop.message);
            if let Some(Undone { task, why }) = conduct.undone.first() {
                let (count, stage) = (conduct.undone.len(), &conduct.ledger.present.stage);
                let label = stage.label(*task).unwrap_or_else(|| format!("task {task}"));
                message += &format!(
                    "\n{count} of these failed while the run was stopping and will be tried again: {label}: {why}"
                );
            }
            return Err(Stop { message, ..stop });
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

    /// Stops, where there is something to run and every rank has lost its supervisor.
    fn stop_without_ranks(&mut self, rank: &mut Rank) -> Result<(), Stop> {
        match self.assignments.is_anything_open() {
            true => self.stop(rank, Stop::new(Exit::Resumable, "no rank is left that can start programs")),
            false => Ok(()),
        }
    }

    /// Gives a rank more to do.
    fn deal(&mut self, rank: &mut Rank, to: usize) -> Result<(), Stop> {
        if self.stopping.is_some() {
            return Ok(());
        }
        let batches = self.assignments.deal(to);
        match to {
            _ if batches.is_empty() => {}
            0 => rank.submit(&self.ledger.present, &batches),
            _ => rank.send(to, &ToWorker::Assign(batches))?,
        }
        Ok(())
    }

    /// That the first tasks failed alike, where they did and there are more left to run.
    fn common_cause(&self) -> Option<String> {
        let first_tasks = self.first_tasks.as_ref().filter(|_| self.assignments.is_anything_open())?;
        let cause = first_tasks.common_cause(self.assignments.involved())?;
        Some(match self.assignments.involved().count() {
            1 => format!("the first {} tasks failed alike: {cause}", first_tasks.failed()),
            _ => format!("the first task of every rank failed alike: {cause}"),
        })
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
                let may_complete = stop.exit == Exit::Resumable && self.ledger.left().is_empty();
                self.drained.iter().all(|&drained| drained) && (!may_complete || self.ledger.is_folded())
            }
            None => self.assignments.is_over() && self.ledger.is_folded(),
        }
    }
}
