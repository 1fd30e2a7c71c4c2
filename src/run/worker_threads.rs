//! The threads of a rank that run its batches.
//!
//! A worker thread runs tasks and appends every finished batch to the journal; it never calls MPI. Where tasks are short programs
//! there are two: while one program runs, the other thread reads what the one before has left and prepares the next one.
use super::batch::{Batch, BatchEvent};
use super::batch_runner::BatchRunner;
use super::panic::COMPUTE;
use super::stop_flags::StopFlags;
use super::task_environment::TaskEnvironment;
use crate::journal;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The worker threads, seen from the main thread.
pub struct WorkerThreads {
    batches: Sender<Batch>,
    events: Receiver<BatchEvent>,
    pub flags: Arc<StopFlags>,
    runner: Arc<BatchRunner>,
    outbox: Sender<BatchEvent>,
    threads: Vec<JoinHandle<()>>,
    /// Number of batches that were submitted and not reported.
    pub pending: usize,
}

impl WorkerThreads {
    /// Starts the first thread.
    pub fn start(environment: TaskEnvironment, writer: journal::Writer) -> Self {
        let (batches, inbox) = channel();
        let (outbox, events) = channel();
        let supervisor = environment.programs.as_ref().map(|programs| Arc::clone(&programs.supervisor));
        let flags = Arc::new(StopFlags::new(supervisor));
        let runner = Arc::new(BatchRunner::new(environment, writer, Arc::clone(&flags), inbox));
        let mut workers = Self { batches, events, flags, runner, outbox, threads: Vec::new(), pending: 0 };
        workers.start_thread();
        workers
    }

    fn start_thread(&mut self) {
        let (runner, outbox) = (Arc::clone(&self.runner), self.outbox.clone());
        let thread = thread::Builder::new().name(COMPUTE.into()).spawn(move || runner.run_inbox(&outbox));
        self.threads.push(thread.expect("the system lets a rank have two threads"));
    }

    /// Ends the threads, if they have nothing to do, and with them the supervisor of programs and their scratch files.
    pub fn join(self) {
        drop(self.batches);
        if self.pending == 0 {
            // A panic there has been reported.
            self.threads.into_iter().for_each(|thread| drop(thread.join()));
        }
    }

    /// Submits a batch.
    pub fn submit(&mut self, batch: Batch) {
        self.pending += 1;
        if batch.current.spec().may_overlap && self.threads.len() == 1 {
            self.start_thread();
        }
        // Threads that are gone have reported why; that report ends the run.
        let _ = self.batches.send(batch);
    }

    /// The next report, waited for at most `wait`.
    pub fn next_event(&mut self, wait: Duration) -> Option<BatchEvent> {
        let event = self.events.recv_timeout(wait).ok()?;
        if matches!(event, BatchEvent::Ran { .. }) {
            self.pending -= 1;
        }
        Some(event)
    }

    /// The progress of the task that runs, where it publishes any.
    pub fn progress(&self) -> Option<String> {
        self.runner.progress()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::stage::{Computed, Context, Error, Stage, StageSpec, Workload};
    use crate::journal::{Fingerprint, codec};
    use crate::run::current_stage::CurrentStage;
    use crate::science::memory::OwnMemory;
    use crate::seed::CampaignSeed;
    use crate::task::Tasks;
    use std::sync::atomic::Ordering;

    /// Counts its tasks; task 2 is given up in the middle.
    #[derive(Clone)]
    struct Counting;

    impl Workload for Counting {
        type Value = u64;
        fn empty(&self) -> u64 {
            0
        }
        fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<u64> {
            if tasks.contains(2) {
                context.halt.store(true, Ordering::Relaxed);
            }
            Computed { value: tasks.count(), failed: Vec::new() }
        }
        fn merge(&self, into: &mut u64, from: u64) -> Result<(), Error> {
            *into += from;
            Ok(())
        }
    }

    #[test]
    fn a_record_holds_the_value_of_its_tasks_alone_when_the_rank_is_halted() {
        let folder = tempfile::tempdir().unwrap();
        let (path, fingerprint) = (folder.path().join("0.jnl"), Fingerprint::of_text("test"));
        let writer = journal::Writer::open(&path, fingerprint, &journal::scan(&path, fingerprint).unwrap()).unwrap();
        let environment = TaskEnvironment {
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
        let mut workers = WorkerThreads::start(environment, writer);
        let stage = Stage::new(StageSpec { chunk: 1, ..StageSpec::new("counting", 8) }, Counting);
        workers.submit(Batch { current: CurrentStage::new(stage), tasks: Tasks::new(0, 4), attempts: 0 });
        let Some(BatchEvent::Ran { record: Some((offset, head)), .. }) = workers.next_event(Duration::from_secs(20))
        else {
            panic!("there is no record")
        };
        assert_eq!(head.tasks, Tasks::new(0, 2));
        let value = journal::read_value(&path, offset, fingerprint).unwrap();
        assert_eq!(codec::decode::<u64>(&value).unwrap(), 2);
    }
}
