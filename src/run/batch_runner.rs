//! How is a batch run?
//!
//! Chunk by chunk, in the sizes of its stage. In a chunk that panics every task is tried alone. A task that fails is recorded with its cause;
//! rank 0 decides whether it is tried again, and where.
use super::batch::{Batch, BatchEvent, Cut, UndoneTask};
use super::first_tasks::RankFirstTasks;
use super::stop_flags::StopFlags;
use super::task_environment::TaskEnvironment;
use super::{panic, signals};
use crate::campaigns::stage::{Context, Error, StageSpec, Worker};
use crate::engines::md::Progress;
use crate::journal::{self, record::RecordHeader};
use crate::task::{Cause, Failure, TaskId, TaskUsage, Tasks, add_usage};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A task is not started when it would take this much more than the time left, judged by the longest before.
const SAFETY: f64 = 1.2;
/// Tasks that take longer than this, s, gain nothing from preparing the next one.
const SHORT_S: f64 = 0.1;

/// A batch system sends a signal to all processes of a job one after another, and to one node before another: a program that was killed by
/// one may be the first to get it.
const SIGNAL_DELAY: Duration = Duration::from_secs(2);
/// How long a rank waits for a signal of its own before a program's failure is final: a program that handles signals ends in its own way.
const FINAL_WAIT: Duration = Duration::from_millis(100);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Runs the batches of a rank; shared by its worker threads.
pub struct BatchRunner {
    environment: TaskEnvironment,
    journal: Mutex<journal::Writer>,
    flags: Arc<StopFlags>,
    inbox: Mutex<Receiver<Batch>>,
    pace: Mutex<Pace>,
    first_tasks: Mutex<RankFirstTasks>,
    /// Locked while a batch runs that must not overlap with another.
    alone: Mutex<()>,
    /// Progress of the task that runs, for the main thread.
    progress: Arc<Progress>,
    created: Instant,
}

/// How long tasks take.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    /// The longest time of a chunk so far, s.
    longest_s: f64,
    /// The time of the last chunk, s; none before the first.
    latest_s: Option<f64>,
    /// When the last batch ended.
    ended: Option<Instant>,
}

/// A panic while a lock was held is reported and ends the run.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The worker of one thread for one stage.
struct StageWorker {
    key: u64,
    worker: Box<dyn Worker>,
}

impl BatchRunner {
    /// A runner of the batches in `inbox`.
    pub fn new(
        environment: TaskEnvironment,
        journal: journal::Writer,
        flags: Arc<StopFlags>,
        inbox: Receiver<Batch>,
    ) -> Self {
        Self {
            environment,
            journal: Mutex::new(journal),
            flags,
            inbox: Mutex::new(inbox),
            pace: Mutex::default(),
            first_tasks: Mutex::default(),
            alone: Mutex::default(),
            progress: Arc::default(),
            created: Instant::now(),
        }
    }

    /// The progress of the task that runs, in a few words, where it publishes any.
    pub fn progress(&self) -> Option<String> {
        self.progress.report()
    }

    /// The loop of a worker thread.
    pub fn run_inbox(&self, outbox: &Sender<BatchEvent>) {
        let run = || {
            let mut of_stage: Option<StageWorker> = None;
            loop {
                let Ok(batch) = lock(&self.inbox).recv() else { return };
                let key = batch.current.key;
                let mut worker = of_stage
                    .take()
                    .filter(|worker| worker.key == key)
                    .unwrap_or_else(|| StageWorker { key, worker: batch.current.stage.worker() });
                let event = self.run_in_turn(&batch, worker.worker.as_mut());
                of_stage = Some(worker);
                let is_last = !matches!(event, BatchEvent::Ran { .. });
                if outbox.send(event).is_err() || is_last {
                    return;
                }
            }
        };
        if let Err(message) = panic::outside_of_tasks(run) {
            let _ = outbox.send(BatchEvent::Panicked(message));
        }
    }

    /// Runs a batch, alone unless the last was so short that two may overlap.
    fn run_in_turn(&self, batch: &Batch, worker: &mut dyn Worker) -> BatchEvent {
        let is_short = lock(&self.pace).latest_s.is_some_and(|latest_s| latest_s < SHORT_S);
        let _alone = (!batch.current.spec().may_overlap || !is_short).then(|| lock(&self.alone));
        self.run(batch, worker)
    }

    /// Runs a batch chunk by chunk and records what was done.
    fn run(&self, batch: &Batch, worker: &mut dyn Worker) -> BatchEvent {
        let (clock, started) = (SystemTime::now(), Instant::now());
        self.flags.is_interruptible.store(batch.current.spec().is_resumable, Ordering::SeqCst);
        let mut account = Account::default();
        let ran = self.run_chunks(batch, worker, &mut account);
        let (end, cut, value) = match ran.and_then(|(end, cut)| Ok((end, cut, worker.end_batch()?))) {
            Ok(ran) => ran,
            Err(error) => return BatchEvent::Stage(error),
        };
        let undone = account.undone;
        let tasks = Tasks::new(batch.tasks.first, end);
        if tasks.is_empty() {
            return BatchEvent::Ran { record: None, cut, undone };
        }
        let waited = self.end_batch(started);
        let head = RecordHeader {
            stage: batch.current.key,
            tasks,
            failed: account.failed,
            rank: self.environment.rank,
            host: self.environment.host.clone(),
            attempts: batch.attempts + 1,
            started_s: (clock + waited).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
            seconds: (started.elapsed().saturating_sub(waited)).as_secs_f64(),
            usage: account.usage,
        };
        match lock(&self.journal).append(&head, &value) {
            Ok(offset) => BatchEvent::Ran { record: Some((offset, head)), cut, undone },
            Err(error) => BatchEvent::Disk(error),
        }
    }

    /// Runs the chunks of a batch: the end of what was done, and why it is not the end of the batch, if so.
    fn run_chunks(
        &self,
        batch: &Batch,
        worker: &mut dyn Worker,
        account: &mut Account,
    ) -> Result<(TaskId, Option<Cut>), Error> {
        let (spec, mut end) = (batch.current.spec(), batch.tasks.first);
        // What is left of the batch, front first, and the size of its chunks.
        let mut left = vec![(batch.tasks, spec.chunk)];
        while let Some((tasks, size)) = left.pop() {
            let Some(chunk) = tasks.split(size).next() else { continue };
            left.push((Tasks::new(chunk.end, tasks.end), size));
            if let Some(cut) = self.reason_to_stop(spec) {
                return Ok((end, Some(cut)));
            }
            let before = Instant::now();
            let Some(done) = self.run_chunk(batch, worker, chunk) else {
                // Which task of the chunk panicked is found by running each alone; that is its first attempt.
                left.push((chunk, 1));
                continue;
            };
            // A chunk that was given up is incomplete: nothing of it may enter the record.
            if self.flags.halt.load(Ordering::Relaxed) || done.is_interrupted() {
                account.undone = done.undone;
                return Ok((end, Some(self.reason_to_stop(spec).unwrap_or(Cut::TimeLimit))));
            }
            end = chunk.end;
            let must_report = lock(&self.first_tasks).record(batch.current.key, chunk, &done.failed);
            worker.keep()?;
            account.add(done);
            self.record_pace(before);
            if must_report && end < batch.tasks.end {
                return Ok((end, Some(Cut::Failing)));
            }
        }
        Ok((end, None))
    }

    /// Accounts for a chunk that began at `began`.
    fn record_pace(&self, began: Instant) {
        let mut pace = lock(&self.pace);
        let own = pace.ended.map_or(began, |ended| ended.max(began)).elapsed().as_secs_f64();
        (pace.longest_s, pace.latest_s) = (pace.longest_s.max(own), Some(own));
    }

    /// Accounts for the end of a batch, and returns for how long after its start the one before was still running.
    fn end_batch(&self, started: Instant) -> Duration {
        let before = lock(&self.pace).ended.replace(Instant::now());
        before.map_or(Duration::ZERO, |ended| ended.saturating_duration_since(started))
    }

    fn deadline(&self) -> Option<Instant> {
        self.flags.deadline.lock().map_or(None, |deadline| *deadline)
    }

    /// The latest start of the next task for it to end within the allocation.
    fn begin_by(&self, spec: &StageSpec) -> Option<Instant> {
        let needed_s = if spec.is_resumable { 0.0 } else { SAFETY * lock(&self.pace).longest_s };
        // Where there has never been so much time, it is too late.
        Some(self.deadline()?.checked_sub(Duration::from_secs_f64(needed_s)).unwrap_or(self.created))
    }

    /// Why no further task may start, if so. A signal counts before the main thread has set the flags.
    fn reason_to_stop(&self, spec: &StageSpec) -> Option<Cut> {
        if self.environment.programs.as_ref().is_some_and(|programs| programs.supervisor.loss().is_some()) {
            return Some(Cut::NoSupervisor);
        }
        if self.flags.drain.load(Ordering::SeqCst) || signals::request().is_some() {
            return Some(Cut::Stopping);
        }
        self.begin_by(spec).filter(|latest| *latest <= Instant::now()).map(|_| Cut::TimeLimit)
    }

    /// Runs a chunk. None where several tasks were run and one panicked.
    fn run_chunk(&self, batch: &Batch, worker: &mut dyn Worker, chunk: Tasks) -> Option<Account> {
        let spec = batch.current.spec();
        let mut account = Account::default();
        let failed = match self.attempt(spec, worker, chunk, &mut account.usage) {
            Ok(failed) => failed,
            Err(cause) if chunk.count() == 1 => vec![(chunk.first, cause)],
            Err(_) => return None,
        };
        for (task, cause) in failed {
            let attempts = batch.attempts + 1;
            let cause = self.unless_stopping(spec, Failure { task, cause, attempts }, &mut account);
            account.failed.push(Failure { task, cause, attempts });
        }
        Some(account)
    }

    /// The cause of a failure, or that it was interrupted where it is not to be recorded because the run is to stop.
    fn unless_stopping(&self, spec: &StageSpec, failure: Failure, account: &mut Account) -> Cause {
        let Failure { task, cause, attempts } = failure;
        if matches!(cause, Cause::Interrupted(_)) {
            return cause;
        }
        let is_last = !cause.is_worth_retrying() || attempts > self.environment.max_retries;
        match self.await_stop(spec, is_last) {
            Some(cut) if self.leaves_undone(cut, &cause) => {
                if cut != Cut::NoSupervisor {
                    account.undone.push(UndoneTask { task, reason: cause.to_string() });
                }
                Cause::Interrupted(cause.to_string())
            }
            _ => cause,
        }
    }

    /// Whether a task that failed is neither recorded nor has used up attempts: it runs again when the campaign is resumed.
    fn leaves_undone(&self, cut: Cut, cause: &Cause) -> bool {
        match cut {
            Cut::Stopping => self.environment.programs.is_some() || cause.is_worth_retrying(),
            // What ends by itself before the time is over would fail in the same way again and again.
            Cut::TimeLimit | Cut::Failing => cause.is_worth_retrying(),
            Cut::NoSupervisor => true,
        }
    }

    /// Why the run is to stop, after a task has failed. The signal that ended a program may reach this rank, or the one that passes it on, a
    /// moment later.
    fn await_stop(&self, spec: &StageSpec, is_last: bool) -> Option<Cut> {
        let supervisor = self.environment.programs.as_ref().map(|programs| &programs.supervisor);
        let wait = match supervisor.map(|supervisor| supervisor.since_stop_signal()) {
            Some(Some(since)) if since < SIGNAL_DELAY => SIGNAL_DELAY - since,
            Some(_) if is_last => FINAL_WAIT,
            _ => Duration::ZERO,
        };
        let began = Instant::now();
        loop {
            let cut = self.reason_to_stop(spec);
            if cut.is_some() || began.elapsed() >= wait || self.flags.halt.load(Ordering::Relaxed) {
                return cut;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// One attempt: the tasks without value. A panic in a task is a cause, not the end. What its programs used is added to `usage`.
    fn attempt(
        &self,
        spec: &StageSpec,
        worker: &mut dyn Worker,
        tasks: Tasks,
        usage: &mut Vec<TaskUsage>,
    ) -> Result<Vec<(TaskId, Cause)>, Cause> {
        let context = Context {
            seed: self.environment.seed,
            campaign: self.environment.campaign,
            memory_mb: self.environment.memory_mb,
            memory: self.environment.memory.as_ref(),
            task_timeout: self.environment.task_timeout,
            deadline: self.deadline(),
            begin_by: self.begin_by(spec),
            programs: self.environment.programs.as_ref(),
            progress: Arc::clone(&self.progress),
            started: Instant::now(),
            halt: &self.flags.halt,
        };
        let done = panic::of_task(|| worker.run(tasks, &context)).map_err(Cause::Panicked);
        if let Some(used) = self.environment.programs.as_ref().and_then(|programs| programs.supervisor.take_usage()) {
            add_usage(usage, tasks, used);
        }
        done
    }
}

/// What became of the tasks of a chunk or a batch.
#[derive(Debug, Default)]
struct Account {
    failed: Vec<Failure>,
    undone: Vec<UndoneTask>,
    /// What programs have used.
    usage: Vec<TaskUsage>,
}

impl Account {
    fn is_interrupted(&self) -> bool {
        self.failed.iter().any(|failure| matches!(failure.cause, Cause::Interrupted(_)))
    }

    fn add(&mut self, mut chunk: Account) {
        self.failed.append(&mut chunk.failed);
        self.usage.append(&mut chunk.usage);
    }
}
