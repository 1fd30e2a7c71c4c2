//! Which job publishes what all have done?
use super::jobs::{JobFile, Jobs};
use crate::journal::{self, Holder, Lock, LockError, Manifest};
use crate::results::Reader;
use crate::run::exit::{Exit, Stop};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the lock is tried, and how often the heartbeat advances meanwhile.
const PAUSE: Duration = Duration::from_millis(200);
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Whose turn it is to publish.
pub enum Publisher {
    /// This job's, which holds the lock while it does.
    ThisJob(Lock),
    /// Another one has published: so many tasks failed.
    AnotherJob { failed: u64 },
}

/// Waits until this job may publish, or another one has, at most for `wait`.
///
/// # Errors
/// Neither was the case, or the lock cannot be written.
pub fn await_publication(
    job: &mut JobFile,
    output: &Path,
    manifest: &Manifest,
    wait: Duration,
) -> Result<Publisher, Stop> {
    let (since, mut beaten) = (Instant::now(), Instant::now());
    loop {
        let tried = Lock::acquire(output, job.holder().clone(), false, &|_| None, &mut |_| {});
        if let Some(failed) = published(output, manifest) {
            return Ok(Publisher::AnotherJob { failed });
        }
        match tried {
            Ok(lock) => return Ok(Publisher::ThisJob(lock)),
            Err(LockError::Held(_)) if since.elapsed() < wait => {}
            Err(LockError::Held(other)) => return Err(is_publishing(&other)),
            Err(error) => return Err(error.into()),
        }
        if beaten.elapsed() > HEARTBEAT {
            beaten = Instant::now();
            job.beat();
        }
        std::thread::sleep(PAUSE);
    }
}

fn is_publishing(other: &Holder) -> Stop {
    let text = format!("all tasks are done, and process {} on {} is writing the result", other.pid, other.host);
    Stop::new(Exit::Resumable, text).with_remedy("wait for its end; or run the same command again")
}

/// The number of failed tasks of a complete result of this campaign, if there is one.
fn published(output: &Path, manifest: &Manifest) -> Option<u64> {
    let reader = Reader::open_results(output).ok().filter(|_| output.exists())?;
    let there: Manifest = serde_json::from_str(&reader.text_attribute("manifest").ok()?).ok()?;
    let is_ours = there.fingerprint() == manifest.fingerprint() && there.requests_the_same(manifest);
    let is_complete = reader.attribute::<u8>("complete").ok()? == 1;
    if is_ours && is_complete { reader.attribute("tasks_failed").ok() } else { None }
}

/// This job leaves; the last one discards the journal, unless it `is_kept`.
///
/// # Errors
/// The journal cannot be removed.
pub fn leave_campaign(job: &JobFile, output: &Path, is_kept: bool) -> Result<(), Stop> {
    job.remove();
    let journal = journal::folder_of(output);
    if !is_kept && Jobs::new(&journal, job.holder().clone()).count() == 1 {
        journal::discard(&journal)?;
    }
    Ok(())
}
