//! How is a journal synced without keeping the main thread from its messages? A file system may take a minute for it.
use crate::journal::{Error, Syncer};
use std::thread::{self, JoinHandle};

/// What syncs a rank's journal.
pub struct BackgroundSync {
    /// None while a thread has it.
    syncer: Option<Syncer>,
    running: Option<JoinHandle<(Syncer, Result<(), Error>)>>,
}

impl BackgroundSync {
    /// Nothing is being synced yet.
    pub fn new(syncer: Syncer) -> Self {
        Self { syncer: Some(syncer), running: None }
    }

    /// Begins to sync what was appended before; false, and nothing begins, while an earlier sync runs.
    ///
    /// # Errors
    /// The disk has reported a failure of the last sync.
    pub fn begin(&mut self) -> Result<bool, Error> {
        if self.is_running() {
            return Ok(false);
        }
        self.end_running()?;
        if let Some(mut syncer) = self.syncer.take_if(|syncer| syncer.is_needed()) {
            self.running = Some(thread::spawn(move || {
                let synced = syncer.sync();
                (syncer, synced)
            }));
        }
        Ok(true)
    }

    /// Whether a sync runs.
    pub fn is_running(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.is_finished())
    }

    /// Returns when all that was appended before is on disk.
    ///
    /// # Errors
    /// The disk reports a failure.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.end_running()?;
        self.syncer.as_mut().map_or(Ok(()), Syncer::sync)
    }

    /// Waits for the thread that syncs.
    fn end_running(&mut self) -> Result<(), Error> {
        let Some(Ok((syncer, synced))) = self.running.take().map(JoinHandle::join) else { return Ok(()) };
        self.syncer = Some(syncer);
        synced
    }
}
