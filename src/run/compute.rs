//! How does a rank run its batches?
//!
//! A thread of its own runs tasks and appends every finished batch to the journal; it never speaks MPI. Where tasks are short programs
//! there are two: while one program runs, the other thread takes in what the one before has left and makes the next one ready.
use super::lane::Lane;
use super::panic::COMPUTE;
use crate::campaigns::stage::{AnyStage, Error};
use crate::journal::{self, Fingerprint, record::Head};
use crate::process::{Guard, Programs};
use crate::science::memory::Memory;
use crate::seed::CampaignSeed;
use crate::task::{TaskId, Tasks};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a rank needs to know to run tasks.
pub struct Terms {
    pub seed: CampaignSeed,
    pub campaign: Fingerprint,
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
    /// A record of the tasks in `head` stands at `offset`. They may be fewer than were asked for, or none, for the reason `cut`: where there
    /// are none there is no record.
    Ran { record: Option<(u64, Head)>, cut: Option<Cut>, undone: Vec<Undone> },
    /// The journal cannot be written.
    Disk(journal::Error),
    /// The values of two pieces cannot be joined.
    Stage(Error),
    /// A panic outside of any task.
    Panicked(String),
}

/// Why a batch was not run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The run is to stop.
    Stopping,
    /// No further task fits into the time that is left.
    TimeLimit,
    /// First tasks have failed: rank 0 is to know before others are run.
    Failing,
    /// The supervisor of this rank's programs is gone.
    NoSupervisor,
}

/// A task that failed while the run was stopping: it is not recorded, and run again when the campaign goes on.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Undone {
    pub task: TaskId,
    pub why: String,
}

/// The switches that the main thread sets and the compute threads read.
#[derive(Default)]
pub struct Switches {
    /// Start no further task.
    pub drain: AtomicBool,
    /// Give up the task that runs.
    pub halt: AtomicBool,
    /// When the time slot ends.
    pub deadline: Mutex<Option<Instant>>,
    /// Whether the task that runs, and every one after it in its stage, may be interrupted.
    pub is_interruptible: AtomicBool,
    /// What runs the programs of tasks.
    guard: Option<Arc<Guard>>,
}

impl Switches {
    /// How the supervisor of programs ended, if it has.
    pub fn loss(&self) -> Option<String> {
        self.guard.as_ref()?.loss()
    }

    /// Starts no further task, and interrupts the one that runs where it can be.
    pub fn stop(&self) {
        self.drain.store(true, Ordering::SeqCst);
        // A task that is about to begin looks at `drain` after it has said whether it can be interrupted.
        match &self.guard {
            Some(guard) if self.is_interruptible.load(Ordering::SeqCst) => guard.cancel(),
            Some(guard) => guard.withdraw(),
            None => {}
        }
    }
}

/// The compute threads, seen from the main thread.
pub struct Compute {
    jobs: Sender<Job>,
    events: Receiver<Event>,
    pub switches: Arc<Switches>,
    lane: Arc<Lane>,
    outbox: Sender<Event>,
    threads: Vec<JoinHandle<()>>,
    /// Batches handed over and not yet reported.
    pub pending: usize,
}

impl Compute {
    /// Starts the first thread.
    pub fn start(terms: Terms, writer: journal::Writer) -> Self {
        let (jobs, inbox) = channel();
        let (outbox, events) = channel();
        let guard = terms.programs.as_ref().map(|programs| Arc::clone(&programs.guard));
        let switches = Arc::new(Switches { guard, ..Switches::default() });
        let lane = Arc::new(Lane::new(terms, writer, Arc::clone(&switches), inbox));
        let mut compute = Self { jobs, events, switches, lane, outbox, threads: Vec::new(), pending: 0 };
        compute.start_thread();
        compute
    }

    fn start_thread(&mut self) {
        let (lane, outbox) = (Arc::clone(&self.lane), self.outbox.clone());
        let thread = thread::Builder::new().name(COMPUTE.into()).spawn(move || lane.work(&outbox));
        self.threads.push(thread.expect("the system lets a rank have two threads"));
    }

    /// Ends the threads, if they have nothing to do, and with them the guard of programs and their scratch files.
    pub fn end(self) {
        drop(self.jobs);
        if self.pending == 0 {
            // A panic there has been reported.
            self.threads.into_iter().for_each(|thread| drop(thread.join()));
        }
    }

    /// Hands over a batch.
    pub fn submit(&mut self, job: Job) {
        self.pending += 1;
        if job.stage.can_overlap() && self.threads.len() == 1 {
            self.start_thread();
        }
        // Threads that are gone have reported why; that report ends the run.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::stage::{Context, Ran};
    use crate::campaigns::stage::{Stage, StageResult, share};
    use crate::journal::codec;
    use crate::science::memory::OwnMemory;
    use crate::task::Failure;

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
            campaign: fingerprint,
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
