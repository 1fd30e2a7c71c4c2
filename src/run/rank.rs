//! What does the main thread of every rank do?
//!
//! It alone calls MPI. It waits with growing pauses, so that an idle rank leaves its core to the
//! worker threads and to child processes, but wakes at once when a worker thread reports.
use super::background_sync::BackgroundSync;
use super::batch::{Batch, BatchEvent, Cut, UndoneTask};
use super::connection::{Connection, Loss};
use super::console;
use super::current_stage::CurrentStage;
use super::exit::{self, Exit, Stop};
use super::message::{RecordSummary, Retry};
use super::record_index::RecordIndex;
use super::recovered::{LostRank, Recovered};
use super::signals::{self, SignalRequest};
use super::worker_threads::WorkerThreads;
use crate::journal::{Syncer, codec};
use crate::task::Tasks;
use serde::{Serialize, de::DeserializeOwned};
use std::panic::resume_unwind;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);
/// Records are synced to the disk after this time...
const SYNC_AFTER: Duration = Duration::from_secs(1);
/// ...or after so many records.
const SYNC_RECORDS: u32 = 1024;
/// The progress of the task that runs is read this often.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);
/// The stack of a thread that works while the main thread attends to messages, bytes: as large as that of the main thread usually is.
const STACK: usize = 8 << 20;
/// A message of values is closed when it has reached this size, bytes.
const VALUES_BYTES: usize = 1 << 20;

/// A rank while a campaign runs.
pub struct Rank {
    pub comm: Connection,
    pub workers: WorkerThreads,
    pub index: RecordIndex,
    /// On rank 0, the records of ranks that are lost.
    pub recovered: Recovered,
    /// On rank 0, the host of each rank.
    hosts: Vec<String>,
    syncer: BackgroundSync,
    synced: Instant,
    unsynced: u32,
    pause: Duration,
    progress_read: Instant,
    /// The progress of the task that runs as it was last read.
    progress: Option<String>,
}

impl Rank {
    /// A rank with its worker threads and journal. Rank 0 knows the `hosts` of all.
    pub fn new(
        comm: Connection,
        workers: WorkerThreads,
        index: RecordIndex,
        syncer: Syncer,
        hosts: Vec<String>,
    ) -> Self {
        let now = Instant::now();
        Self {
            comm,
            workers,
            index,
            recovered: Recovered::default(),
            hosts,
            syncer: BackgroundSync::new(syncer),
            synced: now,
            unsynced: 0,
            pause: SHORTEST_PAUSE,
            progress_read: now,
            progress: None,
        }
    }

    /// The rank's number.
    pub fn number(&self) -> usize {
        self.comm.rank()
    }

    /// Submits batches to the worker threads.
    pub fn submit(&mut self, current: &CurrentStage, batches: &[Tasks]) {
        batches.iter().for_each(|&tasks| self.workers.submit(Batch { current: current.clone(), tasks, attempts: 0 }));
    }

    /// Submits a task that has failed before.
    pub fn submit_retry(&mut self, current: &CurrentStage, retry: Retry) {
        let tasks = Tasks::new(retry.task, retry.task + 1);
        self.workers.submit(Batch { current: current.clone(), tasks, attempts: retry.attempts });
    }

    /// Sends a message to another rank.
    ///
    /// # Errors
    /// MPI reports one.
    pub fn send(&mut self, to: usize, message: &impl Serialize) -> Result<(), Stop> {
        Ok(self.comm.send(to, codec::encode(message)?)?)
    }

    /// The next message, if one has arrived.
    ///
    /// # Errors
    /// MPI reports one, or the other rank is of another version.
    pub fn receive<M: DeserializeOwned>(&mut self) -> Result<Option<(usize, M)>, Stop> {
        match self.comm.receive()? {
            Some((from, bytes)) => {
                self.pause = SHORTEST_PAUSE;
                Ok(Some((from, codec::decode(&bytes)?)))
            }
            None => Ok(None),
        }
    }

    /// Everything that worker threads have reported; waits a little where there is nothing. Their records are added to the index.
    ///
    /// # Errors
    /// The journal cannot be written, or a worker thread has failed.
    pub fn reports(&mut self) -> Result<Vec<Report>, Stop> {
        let mut reports = Vec::new();
        let mut wait = self.pause;
        while let Some(event) = self.workers.next_event(wait) {
            reports.push(self.accept(event)?);
            wait = Duration::ZERO;
        }
        self.pause = if reports.is_empty() { (self.pause * 4).min(LONGEST_PAUSE) } else { SHORTEST_PAUSE };
        if (self.unsynced >= SYNC_RECORDS || self.synced.elapsed() >= SYNC_AFTER) && self.syncer.begin()? {
            (self.synced, self.unsynced) = (Instant::now(), 0);
        }
        Ok(reports)
    }

    /// Skips the pause before the next poll.
    pub fn skip_pause(&mut self) {
        self.pause = SHORTEST_PAUSE;
    }

    fn accept(&mut self, event: BatchEvent) -> Result<Report, Stop> {
        match event {
            BatchEvent::Ran { record, cut, undone, .. } => {
                self.unsynced += u32::from(record.is_some());
                let summary = record.map(|(offset, head)| self.index.add(offset, head));
                Ok(Report { summary, cut, undone })
            }
            BatchEvent::Disk(error) => Err(error.into()),
            BatchEvent::Stage(error) => Err(error.into()),
            BatchEvent::Panicked(text) => {
                super::console::error(&format!("internal fault on rank {}: {text}", self.number()));
                let _ = self.syncer.sync();
                crate::comm::abort(Exit::Internal as i32)
            }
        }
    }

    /// The values of `records`, as many as make one message and at least one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn values(&mut self, records: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, Stop> {
        let (mut values, mut bytes) = (Vec::new(), 0);
        for &record in records {
            let value = self.index.value(record)?;
            bytes += value.len();
            values.push((record, value));
            if bytes > VALUES_BYTES {
                break;
            }
        }
        Ok(values)
    }

    /// What ranks that are not in this run have recorded since, of which this rank serves a part.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read_others(&mut self) -> Result<Vec<RecordSummary>, Stop> {
        // An incomplete record is one that is being written, and a damaged one is run again like one that is missing.
        Ok(self.index.read_others()?.0)
    }

    /// The progress of the task that runs, if it is time to read it and it has changed.
    pub fn changed_progress(&mut self) -> Option<Option<String>> {
        if self.progress_read.elapsed() < PROGRESS_INTERVAL {
            return None;
        }
        self.progress_read = Instant::now();
        let progress = self.workers.progress();
        (progress != self.progress).then(|| {
            self.progress.clone_from(&progress);
            progress
        })
    }

    /// Why this rank accepts no more batches, once nothing runs on it: the supervisor of its programs is gone.
    pub fn retirement(&self) -> Option<String> {
        let loss = self.workers.flags.supervisor_loss().filter(|_| self.workers.pending == 0)?;
        Some(format!(
            "rank {} on {}: the supervisor of its programs (simmpi-guard) was {loss}",
            self.number(),
            self.comm.location().host
        ))
    }

    /// Lets the worker threads start no further task.
    pub fn drain(&self) {
        self.workers.flags.stop();
    }

    /// Whether the worker threads start no further task.
    pub fn is_draining(&self) -> bool {
        self.workers.flags.drain.load(Ordering::SeqCst)
    }

    /// Forces the journal to the disk.
    ///
    /// # Errors
    /// The disk reports one.
    pub fn sync(&mut self) -> Result<(), Stop> {
        (self.synced, self.unsynced) = (Instant::now(), 0);
        Ok(self.syncer.sync()?)
    }

    /// Stays in contact with the other ranks. On rank 0, the records of a rank that is lost are served from here from now on; a rank that
    /// has lost rank 0 ends.
    ///
    /// # Errors
    /// MPI reports one.
    pub fn keep_contact(&mut self) -> Result<(), Stop> {
        self.comm.keep()?;
        for loss in self.comm.take_losses() {
            match self.number() {
                0 => self.take_over(loss),
                _ => self.end_without_root(&format!("rank 0 is lost: {}", loss.reason)),
            }
        }
        Ok(())
    }

    /// Reads what a lost rank had journalled. What cannot be read is run again.
    fn take_over(&mut self, Loss { rank, reason }: Loss) {
        let host = self.hosts.get(rank).map_or("?", String::as_str);
        console::warning(&format!("warning: rank {rank} on {host} is lost: {reason}; the run goes on without it"));
        let records = self.index.take_over(rank).map_or_else(
            |error| {
                console::error(&format!("what rank {rank} had recorded cannot be read: {}", exit::causes(&error)));
                Vec::new()
            },
            |(records, _)| records,
        );
        self.recovered.add(LostRank { rank, records });
    }

    /// Ends this process, and no other: there is nobody to work for. The programs of its tasks end with it.
    pub fn end_without_root(&mut self, reason: &str) -> ! {
        self.workers.flags.halt.store(true, Ordering::Relaxed);
        let _ = self.syncer.sync();
        let place = self.comm.location();
        // One or two lines for each node.
        if place.local_rank < 2 {
            console::error(&format!(
                "rank {} on {} ends: {reason}; what is recorded is kept: run the same command again to resume",
                self.number(),
                place.host
            ));
        }
        std::process::exit(Exit::Resumable as i32)
    }

    /// Lets a thread do long work while this one stays in contact with the other ranks, and calls `attend` again and again, without a pause
    /// where that has something to do. Messages wait until the work is done.
    ///
    /// # Errors
    /// MPI or `attend` reports one: it is dropped then, and the end of the work awaited.
    pub fn meanwhile<T: Send>(
        &mut self,
        work: impl FnOnce() -> T + Send,
        attend: impl FnMut(&mut Self) -> Result<bool, Stop>,
    ) -> Result<T, Stop> {
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("work".into()).stack_size(STACK);
            let no_thread = |error| Stop::new(Exit::Internal, format!("cannot start a thread: {error}"));
            let working = thread.spawn_scoped(scope, work).map_err(no_thread)?;
            let (mut attend, mut kept, mut pause) = (Some(attend), Ok(()), SHORTEST_PAUSE);
            while !working.is_finished() {
                thread::sleep(pause);
                self.signal_request();
                let attended = attend.as_mut().map_or(Ok(false), |attend| self.attend(attend));
                let is_busy = attended.unwrap_or_else(|stop| {
                    (attend, kept) = (None, Err(stop));
                    false
                });
                pause = if is_busy { SHORTEST_PAUSE } else { (2 * pause).min(LONGEST_PAUSE) };
            }
            let value = working.join().unwrap_or_else(|panic| resume_unwind(panic));
            kept.map(|()| value)
        })
    }

    fn attend(&mut self, attend: &mut impl FnMut(&mut Self) -> Result<bool, Stop>) -> Result<bool, Stop> {
        self.comm.defer_messages()?;
        self.keep_contact()?;
        attend(self)
    }

    /// Forces the journal to the disk, in contact with the other ranks meanwhile.
    ///
    /// # Errors
    /// The disk or MPI reports one.
    pub fn sync_in_contact(&mut self) -> Result<(), Stop> {
        while !self.syncer.begin()? || self.syncer.is_running() {
            self.comm.defer_messages()?;
            self.keep_contact()?;
            thread::sleep(LONGEST_PAUSE);
        }
        self.sync()
    }

    /// What signals ask for. The strongest is obeyed here: with a second left the journal is synced and all ranks end.
    pub fn signal_request(&mut self) -> SignalRequest {
        let request = signals::strongest();
        if request == SignalRequest::Terminate {
            self.workers.flags.halt.store(true, Ordering::Relaxed);
            let _ = self.syncer.sync();
            if self.number() == 0 {
                exit::report(Exit::Resumable);
            }
            crate::comm::abort(Exit::Resumable as i32);
        }
        request
    }
}

/// A batch that has been run, or given up.
pub struct Report {
    /// None where none of its tasks was run.
    pub summary: Option<RecordSummary>,
    /// Why fewer tasks were run than assigned, if so.
    pub cut: Option<Cut>,
    pub undone: Vec<UndoneTask>,
}
