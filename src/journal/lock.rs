//! Does another run work on the same output?
use super::beside;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A holder whose heartbeat stands still this long, by the clock of the one who waits, is gone.
const STILL: Duration = Duration::from_secs(120);

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    pub host: String,
    pub pid: u32,
    /// When the process was started, in clock ticks since its host was: tells it from a later one of the same number.
    pub started_ticks: u64,
    /// Its SLURM job and how often that was restarted.
    pub slurm_job: Option<(String, u32)>,
    /// Counts up while the holder lives.
    pub heartbeat: u64,
}

/// Why a lock was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another run works on this output: process {} on {}{}; wait for it, stop it, or take over with --steal-lock", .0.pid, .0.host, job(.0))]
    Held(Box<Holder>),
    #[error("cannot write into `{folder}`, the folder of campaign.output: make it writable or name another output")]
    Folder { folder: PathBuf, source: io::Error },
    #[error("cannot create the lock `{path}`")]
    Create { path: PathBuf, source: io::Error },
    #[error("the lock `{path}` was taken over by another run: this one stops")]
    Lost { path: PathBuf },
}

fn job(holder: &Holder) -> String {
    holder.slurm_job.as_ref().map_or(String::new(), |(job, _)| format!(" (SLURM job {job})"))
}

impl Holder {
    /// This process on `host`.
    pub fn this_process(host: &str) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let restarts = variable("SLURM_RESTART_COUNT").and_then(|n| n.parse().ok()).unwrap_or(0);
        let pid = std::process::id();
        Self {
            host: host.to_owned(),
            pid,
            started_ticks: started_ticks(pid).unwrap_or(0),
            slurm_job: variable("SLURM_JOB_ID").map(|job| (job, restarts)),
            heartbeat: 0,
        }
    }

    /// Whether this holder can be seen to be gone without waiting. `knows_job` tells whether SLURM still knows a job, or
    /// nothing where SLURM cannot be asked.
    fn is_gone(&self, asking: &Holder, knows_job: &dyn Fn(&str) -> Option<bool>) -> bool {
        if self.host == asking.host {
            return started_ticks(self.pid) != Some(self.started_ticks);
        }
        match (&self.slurm_job, &asking.slurm_job) {
            (Some((job, restarts)), Some((mine, my_restarts))) if job == mine => restarts < my_restarts,
            (Some((job, _)), _) => knows_job(job) == Some(false),
            (None, _) => false,
        }
    }
}

/// Field 22 of /proc/PID/stat, counted after the process name, which may hold anything.
fn started_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // A zombie is a process that is gone.
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// A lock on an output, released when dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    holder: Holder,
}

impl Lock {
    /// Takes the lock of `output` for `holder`. A stale lock is taken over, and `say` hears why; where only the heartbeat
    /// can tell, that is watched for two minutes.
    ///
    /// # Errors
    /// Another run holds it, or the folder is not writable.
    pub fn take(
        output: &Path,
        holder: Holder,
        steal: bool,
        knows_job: &dyn Fn(&str) -> Option<bool>,
        say: &mut dyn FnMut(String),
    ) -> Result<Self, LockError> {
        let path = beside(output, ".lock");
        let create = |source| LockError::Create { path: path.clone(), source };
        loop {
            if link(&path, &holder)? {
                return Ok(Self { path, holder });
            }
            let Some(other) = read(&path) else {
                // Gone in between, or unreadable: a lock is linked in whole, so this one was damaged later.
                remove(&path).map_err(create)?;
                continue;
            };
            let stale = steal || other.is_gone(&holder, knows_job) || {
                let lives = other.slurm_job.as_ref().and_then(|(job, _)| knows_job(job)) == Some(true);
                other.host != holder.host && !lives && stands_still(&path, &other, say)
            };
            if !stale {
                return Err(LockError::Held(Box::new(other)));
            }
            say(format!("taking over the lock of process {} on {}, which is gone", other.pid, other.host));
            if read(&path).is_some_and(|now| now.pid == other.pid && now.host == other.host) {
                remove(&path).map_err(create)?;
            }
        }
    }

    /// Shows that this run lives.
    ///
    /// # Errors
    /// Another run has taken the lock over.
    pub fn beat(&mut self) -> Result<(), LockError> {
        match read(&self.path) {
            Some(found) if (found.pid, &found.host) != (self.holder.pid, &self.holder.host) => {
                return Err(LockError::Lost { path: self.path.clone() });
            }
            _ => {}
        }
        self.holder.heartbeat += 1;
        // A heartbeat that cannot be written (disk full) is no reason to stop.
        let part = beside(&self.path, ".part");
        if write(&part, &self.holder).is_ok() {
            let _ = fs::rename(&part, &self.path);
        }
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if read(&self.path).is_some_and(|found| found.pid == self.holder.pid && found.host == self.holder.host) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Who works on `output` now, as far as can be seen from `host` at once: elsewhere the lock of a process that was killed counts for two
/// minutes after its last heartbeat.
pub fn holder_of(output: &Path, host: &str) -> Option<Holder> {
    let path = beside(output, ".lock");
    let holder = read(&path)?;
    let lives = match holder.host == host {
        true => started_ticks(holder.pid) == Some(holder.started_ticks),
        false => fs::metadata(&path).and_then(|file| file.modified()).ok()?.elapsed().is_ok_and(|age| age < STILL),
    };
    lives.then_some(holder)
}

/// Makes the lock with its contents in one step; false where there is one already. A hard link does that on NFS too.
fn link(path: &Path, holder: &Holder) -> Result<bool, LockError> {
    let create = |source| LockError::Create { path: path.to_owned(), source };
    let part = beside(path, &format!(".{}.{}", holder.host, holder.pid));
    // Whether a folder can be written into shows here: its permission bits prove nothing for root or on a read-only mount.
    write(&part, holder).map_err(|source| LockError::Folder { folder: super::around(path), source })?;
    let linked = fs::hard_link(&part, path);
    fs::remove_file(&part).map_err(create)?;
    match linked {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(create(e)),
    }
}

/// Writes the whole holder, or leaves no file.
fn write(path: &Path, holder: &Holder) -> io::Result<()> {
    let text = serde_json::to_vec(holder)?;
    fs::File::create(path)?.write_all(&text).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

fn read(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Watches a heartbeat until it moves (false) or has stood still long enough (true).
fn stands_still(path: &Path, holder: &Holder, say: &mut dyn FnMut(String)) -> bool {
    say(format!("waiting up to {} s for a sign of life of process {} on {}", STILL.as_secs(), holder.pid, holder.host));
    let since = Instant::now();
    while since.elapsed() < STILL {
        std::thread::sleep(Duration::from_secs(1));
        if read(path).is_none_or(|now| now != *holder) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(output: &Path, holder: Holder, knows: Option<bool>) -> Result<Lock, LockError> {
        Lock::take(output, holder, false, &|_| knows, &mut |_| {})
    }

    #[test]
    fn a_lock_is_held_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("results.h5");
        let mine = Holder::this_process("here");
        let lock = take(&output, mine.clone(), None).unwrap();
        assert!(matches!(take(&output, mine.clone(), None), Err(LockError::Held(_))));
        assert_eq!(holder_of(&output, "here"), Some(mine.clone()));
        drop(lock);
        assert_eq!(holder_of(&output, "here"), None);
        take(&output, mine, None).unwrap();
    }

    #[test]
    fn the_lock_of_a_process_that_is_gone_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("results.h5");
        let mine = Holder::this_process("here");
        let gone = Holder { started_ticks: mine.started_ticks + 1, ..mine.clone() };
        std::mem::forget(take(&output, gone, None).unwrap());
        assert_eq!(holder_of(&output, "here"), None);
        let mut lock = take(&output, mine, None).unwrap();
        lock.beat().unwrap();
    }

    #[test]
    fn slurm_tells_whether_a_job_elsewhere_lives() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("results.h5");
        let there = Holder { host: "there".into(), slurm_job: Some(("12".into(), 0)), ..Holder::this_process("x") };
        let mine = Holder { slurm_job: Some(("13".into(), 0)), ..Holder::this_process("here") };
        std::mem::forget(take(&output, there.clone(), None).unwrap());
        assert!(matches!(take(&output, mine.clone(), Some(true)), Err(LockError::Held(_))));
        let restarted = Holder { slurm_job: Some(("12".into(), 1)), ..mine.clone() };
        assert!(there.is_gone(&restarted, &|_| Some(true)));
        let mut lock = take(&output, mine, Some(false)).unwrap();
        fs::write(beside(&output, ".lock"), serde_json::to_vec(&there).unwrap()).unwrap();
        assert!(matches!(lock.beat(), Err(LockError::Lost { .. })));
    }
}
