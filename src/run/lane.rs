//! How is a batch run?
//!
//! Task by task, or in pieces that its stage chooses. One that panics is tried alone, again, and then recorded with its cause.
use super::compute::{Cut, Event, Job, Switches, Terms, Undone};
use super::first_tasks::OfRank;
use super::{panic, signals};
use crate::campaigns::stage::{Context, Error, Piece, Ran};
use crate::journal::{self, record::Head};
use crate::task::{Cause, Failure, TaskId, Tasks};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A task is not started when it would take this much more than the time left, judged by the longest before.
const SAFETY: f64 = 1.2;
/// Tasks that take longer than this, s, gain nothing from having the next one ready.
const BRISK_S: f64 = 0.1;

/// A batch system sends a signal to all processes of a job, one after another and on one node before another: a program that was ended by
/// one may be the first that is reached.
const SIGNAL_DELAY: Duration = Duration::from_secs(2);
/// So long a rank waits before a program's failure is final: a program that heeds signals ends in its own way.
const LAST_LOOK: Duration = Duration::from_millis(100);
const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// What the compute threads of a rank share.
pub struct Lane {
    terms: Terms,
    writer: Mutex<journal::Writer>,
    switches: Arc<Switches>,
    inbox: Mutex<Receiver<Job>>,
    pace: Mutex<Pace>,
    first_tasks: Mutex<OfRank>,
    /// Held by who runs a batch while no other may.
    turn: Mutex<()>,
    born: Instant,
}

/// How long tasks take.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    /// The longest that a piece took so far, s.
    longest_s: f64,
    /// What the last one took, s; none before the first.
    latest_s: Option<f64>,
    /// When the last batch ended.
    ended: Option<Instant>,
}

/// A panic while a lock was held is reported and ends the run.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lane {
    /// A lane on which nothing runs yet.
    pub fn new(terms: Terms, writer: journal::Writer, switches: Arc<Switches>, inbox: Receiver<Job>) -> Self {
        let (writer, inbox) = (Mutex::new(writer), Mutex::new(inbox));
        let (pace, first_tasks, turn, born) = (Mutex::default(), Mutex::default(), Mutex::default(), Instant::now());
        Self { terms, writer, switches, inbox, pace, first_tasks, turn, born }
    }

    /// The life of a compute thread.
    pub fn work(&self, outbox: &Sender<Event>) {
        let run = || {
            loop {
                let Ok(job) = lock(&self.inbox).recv() else { return };
                let event = self.take_turn(&job);
                let is_last = !matches!(event, Event::Ran { .. });
                if outbox.send(event).is_err() || is_last {
                    return;
                }
            }
        };
        if let Err(message) = panic::outside_of_tasks(run) {
            let _ = outbox.send(Event::Panicked(message));
        }
    }

    /// Runs a batch, alone unless the last was so short that two may overlap.
    fn take_turn(&self, job: &Job) -> Event {
        let is_brisk = lock(&self.pace).latest_s.is_some_and(|latest_s| latest_s < BRISK_S);
        let _turn = (!job.stage.can_overlap() || !is_brisk).then(|| lock(&self.turn));
        self.run(job)
    }

    /// Runs a batch piece by piece and journals what was done.
    fn run(&self, job: &Job) -> Event {
        let (clock, started) = (SystemTime::now(), Instant::now());
        self.switches.is_interruptible.store(job.stage.can_be_interrupted(), Ordering::SeqCst);
        let mut batch = Done::nothing(job);
        let (end, cut) = match self.run_pieces(job, &mut batch) {
            Ok(ended) => ended,
            Err(error) => return Event::Stage(error),
        };
        let undone = std::mem::take(&mut batch.undone);
        let tasks = Tasks::new(job.tasks.first, end);
        if tasks.is_empty() {
            return Event::Ran { record: None, cut, undone };
        }
        let waited = self.end_batch(started);
        let head = Head {
            stage: job.key,
            tasks,
            failed: batch.failed,
            rank: self.terms.rank,
            host: self.terms.host.clone(),
            attempts: batch.attempts,
            started_s: (clock + waited).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
            seconds: (started.elapsed().saturating_sub(waited)).as_secs_f64(),
        };
        let value = match job.stage.encode(&batch.value) {
            Ok(value) => value,
            Err(error) => return Event::Stage(error),
        };
        match lock(&self.writer).append(&head, &value) {
            Ok(offset) => Event::Ran { record: Some((offset, head)), cut, undone },
            Err(error) => Event::Disk(error),
        }
    }

    /// Runs the pieces of a batch: where what was done ends, and why before the end of the batch, if so.
    fn run_pieces(&self, job: &Job, batch: &mut Done) -> Result<(TaskId, Option<Cut>), Error> {
        let mut end = job.tasks.first;
        // What is left of the batch, front first, and in how large pieces it is run.
        let mut left = vec![(job.tasks, job.stage.grain())];
        while let Some((tasks, grain)) = left.pop() {
            let Some(tasks_now) = tasks.pieces(grain).next() else { continue };
            left.push((Tasks::new(tasks_now.end, tasks.end), grain));
            if let Some(cut) = self.reason_to_stop(job) {
                return Ok((end, Some(cut)));
            }
            let before = Instant::now();
            let Some(piece) = self.run_piece(job, tasks_now)? else {
                // Which task of the piece panicked is found by running each alone; that is its first attempt.
                left.push((tasks_now, 1));
                continue;
            };
            // A piece that was given up is not what it says: nothing of it may come into the record.
            if self.switches.halt.load(Ordering::Relaxed) || piece.is_interrupted() {
                batch.undone = piece.undone;
                return Ok((end, Some(self.reason_to_stop(job).unwrap_or(Cut::TimeLimit))));
            }
            end = tasks_now.end;
            let is_telling = lock(&self.first_tasks).note(job.key, tasks_now, piece.failed.len());
            batch.add(job, piece)?;
            self.note_pace(before);
            if is_telling && end < job.tasks.end {
                return Ok((end, Some(Cut::Failing)));
            }
        }
        Ok((end, None))
    }

    /// Takes note of a piece that began at `began`.
    fn note_pace(&self, began: Instant) {
        let mut pace = lock(&self.pace);
        let own = pace.ended.map_or(began, |ended| ended.max(began)).elapsed().as_secs_f64();
        (pace.longest_s, pace.latest_s) = (pace.longest_s.max(own), Some(own));
    }

    /// Takes note of a batch's end, and says for how long after its own beginning the one before was still under way.
    fn end_batch(&self, started: Instant) -> Duration {
        let before = lock(&self.pace).ended.replace(Instant::now());
        before.map_or(Duration::ZERO, |ended| ended.saturating_duration_since(started))
    }

    fn deadline(&self) -> Option<Instant> {
        self.switches.deadline.lock().map_or(None, |deadline| *deadline)
    }

    /// When the next task must have begun at the latest, to be done within the time slot.
    fn begin_by(&self, job: &Job) -> Option<Instant> {
        let needed_s = if job.stage.can_be_interrupted() { 0.0 } else { SAFETY * lock(&self.pace).longest_s };
        // Where so much time never was, it is too late.
        Some(self.deadline()?.checked_sub(Duration::from_secs_f64(needed_s)).unwrap_or(self.born))
    }

    /// Why no further task may start, if so. A signal counts before the main thread has passed it on.
    fn reason_to_stop(&self, job: &Job) -> Option<Cut> {
        if self.terms.programs.as_ref().is_some_and(|programs| programs.guard.loss().is_some()) {
            return Some(Cut::NoSupervisor);
        }
        if self.switches.drain.load(Ordering::SeqCst) || signals::request().is_some() {
            return Some(Cut::Stopping);
        }
        self.begin_by(job).filter(|latest| *latest <= Instant::now()).map(|_| Cut::TimeLimit)
    }

    /// Runs a piece; what failed in it is tried again, task by task. None where several tasks were run and one panicked.
    fn run_piece(&self, job: &Job, piece: Tasks) -> Result<Option<Done>, Error> {
        let mut done = Done::nothing(job);
        let open = match self.attempt(job, piece) {
            Ok(ran) => {
                job.stage.merge(&mut done.value, ran.value)?;
                ran.failed
            }
            Err(cause) if piece.count() == 1 => vec![(piece.first, cause)],
            Err(_) => return Ok(None),
        };
        for (task, cause) in open {
            self.retry(job, task, cause, &mut done)?;
        }
        Ok(Some(done))
    }

    fn retry(&self, job: &Job, task: TaskId, mut cause: Cause, done: &mut Done) -> Result<(), Error> {
        let mut attempts = 1;
        while !matches!(cause, Cause::Interrupted(_)) {
            let is_last = !cause.is_worth_retrying() || attempts > self.terms.max_retries;
            if let Some(cut) = self.await_stop(job, is_last)
                && self.leaves_undone(cut, &cause)
            {
                if cut != Cut::NoSupervisor {
                    done.undone.push(Undone { task, why: cause.to_string() });
                }
                cause = Cause::Interrupted(cause.to_string());
                break;
            }
            if is_last {
                break;
            }
            attempts += 1;
            done.attempts = done.attempts.max(attempts);
            match self.attempt(job, Tasks::new(task, task + 1)) {
                Ok(ran) if ran.failed.is_empty() => return job.stage.merge(&mut done.value, ran.value),
                Ok(ran) => cause = ran.failed.into_iter().next().map_or(cause, |(_, cause)| cause),
                Err(panicked) => cause = panicked,
            }
        }
        done.failed.push(Failure { task, cause, attempts });
        Ok(())
    }

    /// Whether a task that failed is neither recorded nor has used up attempts: it is run again when the campaign goes on.
    fn leaves_undone(&self, cut: Cut, cause: &Cause) -> bool {
        match cut {
            Cut::Stopping => self.terms.programs.is_some() || cause.is_worth_retrying(),
            // What ends by itself before the time is over would fail in the same way again and again.
            Cut::TimeLimit | Cut::Failing => cause.is_worth_retrying(),
            Cut::NoSupervisor => true,
        }
    }

    /// Why the run is to stop, after a task has failed. The signal that ends a program may reach this rank, or the one that passes it on, a
    /// moment later.
    fn await_stop(&self, job: &Job, is_last: bool) -> Option<Cut> {
        let guard = self.terms.programs.as_ref().map(|programs| &programs.guard);
        let wait = match guard.map(|guard| guard.since_stop_signal()) {
            Some(Some(since)) if since < SIGNAL_DELAY => SIGNAL_DELAY - since,
            Some(_) if is_last => LAST_LOOK,
            _ => Duration::ZERO,
        };
        let began = Instant::now();
        loop {
            let cut = self.reason_to_stop(job);
            if cut.is_some() || began.elapsed() >= wait || self.switches.halt.load(Ordering::Relaxed) {
                return cut;
            }
            std::thread::sleep(LOOK_PAUSE);
        }
    }

    /// One attempt; a panic in a task is a cause, not the end.
    fn attempt(&self, job: &Job, tasks: Tasks) -> Result<Ran<Piece>, Cause> {
        let context = Context {
            seed: self.terms.seed,
            campaign: self.terms.campaign,
            memory_mb: self.terms.memory_mb,
            memory: self.terms.memory.as_ref(),
            task_timeout: self.terms.task_timeout,
            deadline: self.deadline(),
            begin_by: self.begin_by(job),
            programs: self.terms.programs.as_ref(),
            started: Instant::now(),
            halt: &self.switches.halt,
        };
        panic::of_task(|| job.stage.run(tasks, &context)).map_err(Cause::Panicked)
    }
}

/// What has been run: a batch, or a piece of one.
struct Done {
    value: Piece,
    failed: Vec<Failure>,
    undone: Vec<Undone>,
    attempts: u32,
}

impl Done {
    fn nothing(job: &Job) -> Self {
        Self { value: job.stage.empty(), failed: Vec::new(), undone: Vec::new(), attempts: 1 }
    }

    fn is_interrupted(&self) -> bool {
        self.failed.iter().any(|failure| matches!(failure.cause, Cause::Interrupted(_)))
    }

    fn add(&mut self, job: &Job, mut piece: Done) -> Result<(), Error> {
        self.failed.append(&mut piece.failed);
        self.attempts = self.attempts.max(piece.attempts);
        job.stage.merge(&mut self.value, piece.value)
    }
}
