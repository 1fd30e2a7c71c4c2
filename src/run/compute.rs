//! How does a rank run its batches?
//!
//! One thread per rank runs tasks and appends every finished batch to the journal; it never speaks MPI. A task that panics
//! is tried alone, again, and then recorded with its cause.
use crate::campaigns::stage::{AnyStage, Context, Error, Piece, Ran};
use crate::journal::{self, record::Head};
use crate::process::{Guard, Programs};
use crate::science::memory::Memory;
use crate::seed::CampaignSeed;
use crate::task::{Cause, Failure, TaskId, Tasks};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A task is not started when it would take this much more than the time left, judged by the longest before.
const SAFETY: f64 = 1.2;

/// What a rank needs to know to run tasks.
pub struct Terms {
    pub seed: CampaignSeed,
    pub memory_mb: u64,
    pub memory: Box<dyn Memory>,
    pub task_timeout: Option<Duration>,
    pub max_retries: u32,
    pub programs: Option<Programs>,
    pub rank: u32,
    pub host: String,
}

/// A batch to run.
pub struct Job {
    pub stage: Arc<dyn AnyStage>,
    pub key: u64,
    pub tasks: Tasks,
}

/// What the compute thread reports.
pub enum Event {
    /// A record of the tasks in `head` stands at `offset`. After a drain they may be fewer than were asked for, or none:
    /// then there is no record.
    Ran { asked: Tasks, record: Option<(u64, Head)> },
    /// The journal cannot be written.
    Disk(journal::Error),
    /// The values of two pieces cannot be joined.
    Stage(Error),
    /// A panic outside of any task.
    Panicked(String),
}

/// The switches that the main thread sets and the compute thread reads.
#[derive(Default)]
pub struct Switches {
    /// Start no further task.
    pub drain: AtomicBool,
    /// Give up the task that runs.
    pub halt: AtomicBool,
    /// When the time slot ends.
    pub deadline: Mutex<Option<Instant>>,
    /// What runs the program of a task that may be interrupted.
    interruptible: Mutex<Option<Arc<Guard>>>,
}

impl Switches {
    /// Starts no further task, and interrupts the one that runs where it can be.
    pub fn stop(&self) {
        self.drain.store(true, Ordering::SeqCst);
        // A task that is about to begin looks at `drain` after it has put its guard here.
        if let Some(guard) = self.interruptible.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            guard.cancel();
        }
    }
}

/// The compute thread, seen from the main thread.
pub struct Compute {
    jobs: Sender<Job>,
    events: Receiver<Event>,
    pub switches: Arc<Switches>,
    thread: JoinHandle<()>,
    /// Batches handed over and not yet reported.
    pub pending: usize,
}

impl Compute {
    /// Starts the thread.
    pub fn start(terms: Terms, writer: journal::Writer) -> Self {
        let (jobs, inbox) = channel();
        let (outbox, events) = channel();
        let switches = Arc::new(Switches::default());
        let mut worker = Worker { terms, writer, switches: Arc::clone(&switches), longest_s: 0.0 };
        let thread = thread::Builder::new()
            .name("compute".into())
            .spawn(move || worker.work(&inbox, &outbox))
            .expect("the system lets a rank have one thread");
        Self { jobs, events, switches, thread, pending: 0 }
    }

    /// Ends the thread, if it has nothing to do, and with it the guard of programs and their scratch files.
    pub fn end(self) {
        drop(self.jobs);
        if self.pending == 0 {
            // A panic there has been reported.
            let _ = self.thread.join();
        }
    }

    /// Hands over a batch.
    pub fn submit(&mut self, job: Job) {
        self.pending += 1;
        // A thread that is gone has reported why; that report ends the run.
        let _ = self.jobs.send(job);
    }

    /// The next report, waited for at most `wait`.
    pub fn next(&mut self, wait: Duration) -> Option<Event> {
        let event = self.events.recv_timeout(wait).ok()?;
        if matches!(event, Event::Ran { .. }) {
            self.pending -= 1;
        }
        Some(event)
    }
}

struct Worker {
    terms: Terms,
    writer: journal::Writer,
    switches: Arc<Switches>,
    /// The longest that a piece took so far.
    longest_s: f64,
}

impl Worker {
    fn work(&mut self, inbox: &Receiver<Job>, outbox: &Sender<Event>) {
        let run = AssertUnwindSafe(|| {
            for job in inbox {
                let event = self.run(&job);
                let is_last = !matches!(event, Event::Ran { .. });
                if outbox.send(event).is_err() || is_last {
                    return;
                }
            }
        });
        if catch_unwind(run).is_err() {
            let _ = outbox.send(Event::Panicked(take_panic()));
        }
    }

    /// Runs a batch piece by piece and journals what was done.
    fn run(&mut self, job: &Job) -> Event {
        let (clock, started) = (SystemTime::now(), Instant::now());
        self.show_guard(job);
        let mut batch = Done::nothing(job);
        let mut end = job.tasks.first;
        for tasks in job.tasks.pieces(job.stage.grain()) {
            if self.must_stop(job) {
                break;
            }
            let before = Instant::now();
            let mut piece = Done::nothing(job);
            let joined = self.run_piece(job, tasks, &mut piece).and_then(|()| {
                // A piece that was given up is not what it says: nothing of it may come into the record.
                if self.switches.halt.load(Ordering::Relaxed) || piece.is_interrupted() {
                    return Ok(false);
                }
                batch.add(job, piece).map(|()| true)
            });
            match joined {
                Ok(true) => end = tasks.end,
                Ok(false) => break,
                Err(error) => return Event::Stage(error),
            }
            self.longest_s = self.longest_s.max(before.elapsed().as_secs_f64());
        }
        let tasks = Tasks::new(job.tasks.first, end);
        if tasks.is_empty() {
            return Event::Ran { asked: job.tasks, record: None };
        }
        let head = Head {
            stage: job.key,
            tasks,
            failed: batch.failed,
            rank: self.terms.rank,
            host: self.terms.host.clone(),
            attempts: batch.attempts,
            started_s: clock.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
            seconds: started.elapsed().as_secs_f64(),
        };
        let recorded = job.stage.encode(&batch.value).map_err(Event::Stage).and_then(|value| {
            let offset = self.writer.append(&head, &value).map_err(Event::Disk)?;
            Ok(Event::Ran { asked: job.tasks, record: Some((offset, head)) })
        });
        recorded.unwrap_or_else(|event| event)
    }

    /// Lets the main thread interrupt the programs of tasks that can go on later.
    fn show_guard(&self, job: &Job) {
        let programs = self.terms.programs.as_ref().filter(|_| job.stage.can_be_interrupted());
        let mut shown = self.switches.interruptible.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = programs.map(|programs| Arc::clone(&programs.guard));
    }

    fn deadline(&self) -> Option<Instant> {
        self.switches.deadline.lock().map_or(None, |deadline| *deadline)
    }

    fn must_stop(&self, job: &Job) -> bool {
        let needed_s = if job.stage.can_be_interrupted() { 0.0 } else { SAFETY * self.longest_s };
        let fits = |at: Instant| Instant::now() + Duration::from_secs_f64(needed_s) < at;
        self.switches.drain.load(Ordering::SeqCst) || !self.deadline().is_none_or(fits)
    }

    /// Runs a piece; what failed in it is tried again, task by task.
    fn run_piece(&self, job: &Job, piece: Tasks, done: &mut Done) -> Result<(), Error> {
        let open = match self.attempt(job, piece) {
            Ok(ran) => {
                job.stage.merge(&mut done.value, ran.value)?;
                ran.failed
            }
            Err(cause) if piece.count() == 1 => vec![(piece.first, cause)],
            // Which task of the piece it was is found by running each alone; that is its first attempt.
            Err(_) => return piece.pieces(1).try_for_each(|one| self.run_piece(job, one, done)),
        };
        for (task, cause) in open {
            self.retry(job, task, cause, done)?;
        }
        Ok(())
    }

    fn retry(&self, job: &Job, task: TaskId, mut cause: Cause, done: &mut Done) -> Result<(), Error> {
        let mut attempts = 1;
        let is_open = |cause: &Cause| cause.is_worth_retrying() && !matches!(cause, Cause::Interrupted(_));
        while attempts <= self.terms.max_retries && is_open(&cause) {
            if self.must_stop(job) {
                // The attempts that are left are made when the campaign goes on.
                if job.stage.can_be_interrupted() {
                    cause = Cause::Interrupted(cause.to_string());
                }
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

    /// One attempt; a panic in a task is a cause, not the end.
    fn attempt(&self, job: &Job, tasks: Tasks) -> Result<Ran<Piece>, Cause> {
        let context = Context {
            seed: self.terms.seed,
            memory_mb: self.terms.memory_mb,
            memory: self.terms.memory.as_ref(),
            task_timeout: self.terms.task_timeout,
            deadline: self.deadline(),
            programs: self.terms.programs.as_ref(),
            started: Instant::now(),
            halt: &self.switches.halt,
        };
        IN_TASK.with(|panic| *panic.borrow_mut() = Some(String::new()));
        let ran = catch_unwind(AssertUnwindSafe(|| job.stage.run(tasks, &context)));
        let panic = IN_TASK.with(|panic| panic.borrow_mut().take());
        ran.map_err(|_| Cause::Panicked(panic.unwrap_or_default()))
    }
}

/// What has been run: a batch, or a piece of one.
struct Done {
    value: Piece,
    failed: Vec<Failure>,
    attempts: u32,
}

impl Done {
    fn nothing(job: &Job) -> Self {
        Self { value: job.stage.empty(), failed: Vec::new(), attempts: 1 }
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

thread_local! {
    /// Some while a task runs on this thread: a panic then leaves its message here and says nothing.
    static IN_TASK: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Message of a panic outside of any task.
    static OUTSIDE: RefCell<String> = const { RefCell::new(String::new()) };
}

fn take_panic() -> String {
    OUTSIDE.with(|panic| panic.take())
}

/// Installs the rule for panics: in a task a panic is that task's failure; on the compute thread outside of one it is
/// reported to the main thread; anywhere else it ends all ranks at once, since a rank that unwinds into `MPI_Finalize`
/// hangs the job.
pub fn install_panic_rule() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload().downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| panic.payload().downcast_ref::<String>().cloned());
        let place = panic.location().map_or(String::new(), |place| format!(" at {}:{}", place.file(), place.line()));
        let message = format!("{}{place}", text.unwrap_or_else(|| "no message".into()));
        let in_task = IN_TASK.with(|panic| match panic.borrow_mut().as_mut() {
            Some(slot) => {
                slot.clone_from(&message);
                true
            }
            None => false,
        });
        if in_task {
            return;
        }
        if thread::current().name() == Some("compute") {
            OUTSIDE.with(|slot| *slot.borrow_mut() = message);
            return;
        }
        super::say::error(&format!("internal fault: {message}\nall ranks end; what was journalled is kept"));
        crate::comm::abort(super::exit::Exit::Internal as i32);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::stage::{Stage, StageResult, share};
    use crate::journal::{Fingerprint, codec};
    use crate::science::memory::OwnMemory;

    /// Counts its tasks; task 2 is given up in the middle.
    struct Counting;

    impl Stage for Counting {
        type Value = u64;
        fn name(&self) -> &str {
            "counting"
        }
        fn tasks(&self) -> u64 {
            8
        }
        fn grain(&self) -> u64 {
            1
        }
        fn run(&self, tasks: Tasks, context: &Context) -> Ran<u64> {
            if tasks.contains(2) {
                context.halt.store(true, Ordering::Relaxed);
            }
            Ran { value: tasks.count(), failed: Vec::new() }
        }
        fn empty(&self) -> u64 {
            0
        }
        fn merge(&self, into: &mut u64, from: u64) -> Result<(), Error> {
            *into += from;
            Ok(())
        }
        fn finish(&self, total: &u64, failed: &[Failure]) -> Result<StageResult, Error> {
            StageResult::new(self, failed, total)
        }
    }

    #[test]
    fn a_record_holds_the_value_of_its_tasks_alone_when_the_rank_is_told_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let (path, fingerprint) = (folder.path().join("0.jnl"), Fingerprint::of("test"));
        let writer = journal::Writer::open(&path, fingerprint, &journal::scan(&path, fingerprint).unwrap()).unwrap();
        let terms = Terms {
            seed: CampaignSeed(0),
            memory_mb: 1,
            memory: Box::new(OwnMemory),
            task_timeout: None,
            max_retries: 0,
            programs: None,
            rank: 0,
            host: "host".into(),
        };
        let mut compute = Compute::start(terms, writer);
        compute.submit(Job { stage: share(Counting), key: 1, tasks: Tasks::new(0, 4) });
        let Some(Event::Ran { record: Some((offset, head)), .. }) = compute.next(Duration::from_secs(20)) else {
            panic!("there is no record")
        };
        assert_eq!(head.tasks, Tasks::new(0, 2));
        let value = journal::read_value(&path, offset, fingerprint).unwrap();
        assert_eq!(codec::decode::<u64>(&value).unwrap(), 2);
    }
}
