//! May this job work on the output beside others?
use super::jobs::Jobs;
use crate::journal::{self, Holder, Lock, LockError, Manifest};
use crate::run::exit::{Exit, Stop};
use std::path::Path;
use std::time::{Duration, Instant};

/// A job joins within a moment, and publishes within minutes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Acquires the lock of the output for `holder` by `acquire`. A job that joins waits while another one joins or publishes.
///
/// # Errors
/// Another run holds the lock, or it cannot be written.
pub fn acquire(holder: &Holder, acquire: &dyn Fn() -> Result<Lock, LockError>) -> Result<Lock, LockError> {
    let since = Instant::now();
    loop {
        match acquire() {
            Err(LockError::Held(other)) if holder.is_joined && other.is_joined && since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

/// Refuses a run of its own while jobs work on the campaign together.
///
/// # Errors
/// There are such jobs.
pub fn refuse_beside(jobs: &mut Jobs) -> Result<(), Stop> {
    let living = jobs.wait_for_living();
    let Some(first) = living.first() else { return Ok(()) };
    let others = if living.len() > 1 { format!(" and {} more", living.len() - 1) } else { String::new() };
    let text =
        format!("jobs work on this output together: {first}{others}\njoin them with --join, or wait for their end");
    Err(Stop::new(Exit::Output, text))
}

/// Refuses a job that asks for more or less than those that work on the campaign already.
///
/// # Errors
/// It does.
pub fn refuse_other_requests(jobs: &mut Jobs, output: &Path, manifest: &Manifest) -> Result<(), Stop> {
    let there = Manifest::load(&journal::folder_of(output))?;
    if jobs.count() == 1 || there.is_none_or(|there| there.requests_the_same(manifest)) {
        return Ok(());
    }
    let key = manifest.extensible.as_ref().map_or("what is asked for".to_owned(), |(key, _)| format!("`{key}`"));
    let text = format!(
        "other jobs work on this campaign, for which {key} or what is written afterwards was different\n\
         undo the change, or wait for their end"
    );
    Err(Stop::new(Exit::Configuration, text))
}
