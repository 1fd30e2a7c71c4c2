//! What does every rank's main thread do, rank 0's and the others'?
//!
//! It alone speaks MPI. It waits with growing pauses, so that a rank that has nothing to say leaves its core to the
//! compute thread and to child processes, but wakes at once when the compute thread reports.
use super::compute::{Compute, Cut, Event, Job, Undone};
use super::exit::{Exit, Stop};
use super::message::Notice;
use super::shelf::Shelf;
use super::signals::{self, Wish};
use crate::campaigns::stage::AnyStage;
use crate::comm::Comm;
use crate::journal::{Syncer, codec};
use crate::task::Tasks;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);
/// What stands in the journal is forced to the disk after this time...
const SYNC_AFTER: Duration = Duration::from_secs(1);
/// ...or after so many records.
const SYNC_RECORDS: u32 = 1024;
/// What runs is looked at this often.
const LOOK_AFTER: Duration = Duration::from_secs(2);
/// A message of values grows to this size before another one is begun.
const VALUES_BYTES: usize = 1 << 20;

/// A rank while a campaign runs.
pub struct Rank {
    pub comm: Box<dyn Comm>,
    pub compute: Compute,
    pub shelf: Shelf,
    syncer: Syncer,
    synced: Instant,
    unsynced: u32,
    pause: Duration,
    looked: Instant,
    /// What was last seen of the task that runs.
    doing: Option<String>,
}

/// The stage that is being run, and its key in the journal.
#[derive(Clone)]
pub struct Present {
    pub stage: Arc<dyn AnyStage>,
    pub key: u64,
}

impl Rank {
    /// A rank with its thread and journal.
    pub fn new(comm: Box<dyn Comm>, compute: Compute, shelf: Shelf, syncer: Syncer) -> Self {
        let now = Instant::now();
        let (pause, doing) = (SHORTEST_PAUSE, None);
        Self { comm, compute, shelf, syncer, synced: now, unsynced: 0, pause, looked: now, doing }
    }

    /// The rank's number.
    pub fn number(&self) -> usize {
        self.comm.rank()
    }

    /// Hands batches to the compute thread.
    pub fn submit(&mut self, present: &Present, batches: &[Tasks]) {
        for &tasks in batches {
            self.compute.submit(Job { stage: Arc::clone(&present.stage), key: present.key, tasks });
        }
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
        match self.comm.try_receive()? {
            Some((from, bytes)) => {
                self.pause = SHORTEST_PAUSE;
                Ok(Some((from, codec::decode(&bytes)?)))
            }
            None => Ok(None),
        }
    }

    /// Everything the compute thread has reported; waits a little for it where nothing is there. What it wrote to the
    /// journal is taken onto the shelf.
    ///
    /// # Errors
    /// The journal cannot be written, or the compute thread has come to its end.
    pub fn reports(&mut self) -> Result<Vec<Report>, Stop> {
        let mut reports = Vec::new();
        let mut wait = self.pause;
        while let Some(event) = self.compute.next(wait) {
            reports.push(self.take_in(event)?);
            wait = Duration::ZERO;
        }
        self.pause = if reports.is_empty() { (self.pause * 4).min(LONGEST_PAUSE) } else { SHORTEST_PAUSE };
        if self.unsynced >= SYNC_RECORDS || self.synced.elapsed() >= SYNC_AFTER {
            self.sync()?;
        }
        Ok(reports)
    }

    /// Does not pause before the next look around.
    pub fn hurry(&mut self) {
        self.pause = SHORTEST_PAUSE;
    }

    fn take_in(&mut self, event: Event) -> Result<Report, Stop> {
        match event {
            Event::Ran { record, cut, undone, .. } => {
                self.unsynced += u32::from(record.is_some());
                let notice = record.map(|(offset, head)| self.shelf.add(offset, head));
                Ok(Report { notice, cut, undone })
            }
            Event::Disk(error) => Err(error.into()),
            Event::Stage(error) => Err(error.into()),
            Event::Panicked(text) => {
                super::say::error(&format!("internal fault on rank {}: {text}", self.number()));
                let _ = self.syncer.sync();
                crate::comm::abort(Exit::Internal as i32)
            }
        }
    }

    /// The values of `records`, as many as make one message and at least one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn values(&self, records: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, Stop> {
        let (mut values, mut bytes) = (Vec::new(), 0);
        for &record in records {
            let value = self.shelf.value(record)?;
            bytes += value.len();
            values.push((record, value));
            if bytes > VALUES_BYTES {
                break;
            }
        }
        Ok(values)
    }

    /// What the task that runs is at, if it is time to look and that has changed.
    pub fn look(&mut self, present: &Present) -> Option<Option<String>> {
        if self.looked.elapsed() < LOOK_AFTER {
            return None;
        }
        self.looked = Instant::now();
        let doing = present.stage.doing();
        (doing != self.doing).then(|| {
            self.doing.clone_from(&doing);
            doing
        })
    }

    /// Why this rank takes no more batches, once nothing of it runs any more: the supervisor of its programs is gone.
    pub fn is_retired(&self) -> Option<String> {
        let loss = self.compute.switches.loss().filter(|_| self.compute.pending == 0)?;
        Some(format!(
            "rank {} on {}: the supervisor of its programs (simmpi-guard) was {loss}",
            self.number(),
            self.comm.place().host
        ))
    }

    /// Lets the compute thread start no further task.
    pub fn drain(&self) {
        self.compute.switches.stop();
    }

    /// Whether the compute thread starts no further task.
    pub fn is_draining(&self) -> bool {
        self.compute.switches.drain.load(Ordering::SeqCst)
    }

    /// Forces the journal to the disk.
    ///
    /// # Errors
    /// The disk reports one.
    pub fn sync(&mut self) -> Result<(), Stop> {
        (self.synced, self.unsynced) = (Instant::now(), 0);
        Ok(self.syncer.sync()?)
    }

    /// What signals ask for; the strongest is obeyed here: with a second left the journal is synced and all ranks end.
    pub fn wish(&mut self) -> Wish {
        let wish = signals::wish();
        if wish == Wish::Terminate {
            self.compute.switches.halt.store(true, Ordering::Relaxed);
            let _ = self.syncer.sync();
            crate::comm::abort(Exit::Resumable as i32);
        }
        wish
    }
}

/// A batch that the compute thread has done with.
pub struct Report {
    /// None where nothing of it was run.
    pub notice: Option<Notice>,
    /// Why fewer tasks were run than asked for, if so.
    pub cut: Option<Cut>,
    pub undone: Vec<Undone>,
}
