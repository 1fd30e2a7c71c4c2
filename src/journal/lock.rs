//! Does another run write the same output?
use super::exclusive::{create_once, read_complete};
use super::files::{parent_folder, with_suffix};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A holder whose heartbeat does not advance for this long, by the clock of the process that waits, is considered dead.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(120);

/// The process that holds a lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    pub host: String,
    pub pid: u32,
    /// Start time of the process in clock ticks since boot: distinguishes it from a later process with the same ID.
    pub started_ticks: u64,
    /// ID of its SLURM job and number of restarts of that job.
    pub slurm_job: Option<(String, u32)>,
    /// Its job of another batch system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_job: Option<BatchJob>,
    /// Whether it holds the lock only while it joins other jobs, or publishes what they have done together.
    #[serde(default)]
    pub is_joined: bool,
    /// Counter that advances while the holder lives.
    pub heartbeat: u64,
}

/// A job of a batch system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchJob {
    /// Name of the batch system.
    pub system: String,
    pub id: String,
}

/// The batch system whose jobs were the first to be recorded in locks.
const SLURM: &str = "SLURM";

/// Why a lock could not be acquired or kept.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another run is writing this output: process {} on {}{}; wait for it, stop it, or take over its lock with --steal-lock", .0.pid, .0.host, job(.0))]
    Held(Box<Holder>),
    #[error("cannot write to `{folder}`, the folder of campaign.output: make it writable or choose another output")]
    Folder { folder: PathBuf, source: io::Error },
    #[error("cannot create the lock `{path}`")]
    Create { path: PathBuf, source: io::Error },
    #[error("another run has taken over the lock `{path}`: this run stops")]
    Lost { path: PathBuf },
}

fn job(holder: &Holder) -> String {
    holder.job().map_or(String::new(), |job| format!(" ({} job {})", job.system, job.id))
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
            batch_job: None,
            is_joined: false,
            heartbeat: 0,
        }
    }

    /// The same process, in this job.
    pub fn in_job(self, job: Option<BatchJob>) -> Self {
        Self { batch_job: job.filter(|job| job.system != SLURM), ..self }
    }

    /// Its job, of any batch system.
    pub fn job(&self) -> Option<BatchJob> {
        let slurm_job = self.slurm_job.as_ref().map(|(id, _)| BatchJob { system: SLURM.into(), id: id.clone() });
        slurm_job.or_else(|| self.batch_job.clone())
    }

    /// Whether this process lives, as a process of `host` sees it: none if that is another host.
    pub fn lives_on(&self, host: &str) -> Option<bool> {
        (self.host == host).then(|| started_ticks(self.pid) == Some(self.started_ticks))
    }

    /// Whether this holder is certainly dead, decided without waiting. `knows_job` says whether its batch system still knows a job; none if
    /// that cannot be asked.
    fn is_dead(&self, requester: &Holder, knows_job: &dyn Fn(&BatchJob) -> Option<bool>) -> bool {
        if let Some(lives) = self.lives_on(&requester.host) {
            return !lives;
        }
        let Some(job) = self.job() else { return false };
        if requester.job().is_some_and(|mine| mine == job) {
            let restarts = |holder: &Holder| holder.slurm_job.as_ref().map(|(_, restarts)| *restarts);
            return restarts(self) < restarts(requester);
        }
        knows_job(&job) == Some(false)
    }
}

/// Start time of a process: field 22 of /proc/PID/stat. Counted after the process name, which may contain anything.
fn started_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // A zombie has ended.
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
    /// Acquires the lock of `output` for `holder`. The lock of a dead process is taken over, and `report` receives a message about it; where
    /// only the heartbeat can tell, it is observed for two minutes.
    ///
    /// # Errors
    /// Another run holds the lock, or the folder is not writable.
    pub fn acquire(
        output: &Path,
        holder: Holder,
        steal: bool,
        knows_job: &dyn Fn(&BatchJob) -> Option<bool>,
        report: &mut dyn FnMut(String),
    ) -> Result<Self, LockError> {
        let path = with_suffix(output, ".lock");
        let create = |source| LockError::Create { path: path.clone(), source };
        loop {
            if create_lock(&path, &holder)? {
                return Ok(Self { path, holder });
            }
            let Ok(Some(other)) = read_complete::<Holder>(&path) else {
                // Removed meanwhile, or damaged.
                remove(&path).map_err(create)?;
                continue;
            };
            let stale = steal || other.is_dead(&holder, knows_job) || {
                let is_alive = other.job().and_then(|job| knows_job(&job)) == Some(true);
                other.host != holder.host && !is_alive && heartbeat_stops(&path, &other, report)
            };
            if !stale {
                return Err(LockError::Held(Box::new(other)));
            }
            report(format!("taking over the lock of process {} on {}, which has ended", other.pid, other.host));
            if read(&path).is_some_and(|now| now.pid == other.pid && now.host == other.host) {
                remove(&path).map_err(create)?;
            }
        }
    }

    /// Advances the heartbeat.
    ///
    /// # Errors
    /// Another run has taken over the lock.
    pub fn beat(&mut self) -> Result<(), LockError> {
        match read(&self.path) {
            Some(found) if (found.pid, &found.host) != (self.holder.pid, &self.holder.host) => {
                return Err(LockError::Lost { path: self.path.clone() });
            }
            _ => {}
        }
        self.holder.heartbeat += 1;
        // A run continues if its heartbeat cannot be written (disk full).
        let part = with_suffix(&self.path, ".part");
        let contents = serde_json::to_vec(&self.holder).unwrap_or_default();
        if fs::write(&part, contents).and_then(|()| fs::rename(&part, &self.path)).is_err() {
            let _ = fs::remove_file(&part);
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

/// The process that writes `output` now, as far as `host` can tell without waiting: on other hosts, the lock of a killed process counts for
/// two minutes after its last heartbeat.
pub fn holder_of(output: &Path, host: &str) -> Option<Holder> {
    let path = with_suffix(output, ".lock");
    let holder = read(&path)?;
    let beats = || {
        let written = fs::metadata(&path).and_then(|file| file.modified()).ok();
        written.is_some_and(|at| at.elapsed().is_ok_and(|age| age < HEARTBEAT_TIMEOUT))
    };
    holder.lives_on(host).unwrap_or_else(beats).then_some(holder)
}

/// Creates the lock; false if it exists.
fn create_lock(path: &Path, holder: &Holder) -> Result<bool, LockError> {
    let part = with_suffix(path, &format!(".{}.{}", holder.host, holder.pid));
    let contents = serde_json::to_vec(holder).unwrap_or_default();
    create_once(path, &part, &contents).map_err(|source| LockError::Folder { folder: parent_folder(path), source })
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

/// Observes a heartbeat until it advances (false) or has not advanced for the timeout (true).
fn heartbeat_stops(path: &Path, holder: &Holder, report: &mut dyn FnMut(String)) -> bool {
    report(format!(
        "waiting up to {} s for a heartbeat of process {} on {}",
        HEARTBEAT_TIMEOUT.as_secs(),
        holder.pid,
        holder.host
    ));
    let since = Instant::now();
    while since.elapsed() < HEARTBEAT_TIMEOUT {
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

    fn acquire(output: &Path, holder: Holder, knows: Option<bool>) -> Result<Lock, LockError> {
        Lock::acquire(output, holder, false, &|_| knows, &mut |_| {})
    }

    #[test]
    fn a_lock_is_held_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("results.h5");
        let mine = Holder::this_process("here");
        let lock = acquire(&output, mine.clone(), None).unwrap();
        assert!(matches!(acquire(&output, mine.clone(), None), Err(LockError::Held(_))));
        assert_eq!(holder_of(&output, "here"), Some(mine.clone()));
        drop(lock);
        assert_eq!(holder_of(&output, "here"), None);
        acquire(&output, mine, None).unwrap();
    }

    #[test]
    fn the_lock_of_a_dead_process_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("results.h5");
        let mine = Holder::this_process("here");
        let gone = Holder { started_ticks: mine.started_ticks + 1, ..mine.clone() };
        std::mem::forget(acquire(&output, gone, None).unwrap());
        assert_eq!(holder_of(&output, "here"), None);
        let mut lock = acquire(&output, mine, None).unwrap();
        lock.beat().unwrap();
    }

    #[test]
    fn a_lock_that_is_being_written_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.h5.lock");
        fs::write(&path, "").unwrap();
        let mine = Holder::this_process("here");
        std::thread::scope(|scope| {
            let other = scope.spawn(|| acquire(&folder.path().join("results.h5"), mine.clone(), None));
            std::thread::sleep(Duration::from_millis(200));
            fs::write(&path, serde_json::to_vec(&mine).unwrap()).unwrap();
            assert!(matches!(other.join().unwrap(), Err(LockError::Held(_))));
        });
    }

    #[test]
    fn jobs_of_other_batch_systems_are_recorded_beside_slurms() {
        let job = BatchJob { system: "PBS".into(), id: "12.server".into() };
        let there = Holder { slurm_job: None, ..Holder::this_process("there") }.in_job(Some(job.clone()));
        let mine = Holder { slurm_job: None, ..Holder::this_process("here") };
        assert_eq!(there.job(), Some(job.clone()));
        assert!(LockError::Held(Box::new(there.clone())).to_string().contains("(PBS job 12.server)"));
        assert!(there.is_dead(&mine, &|asked| (*asked == job).then_some(false)));
        assert!(!there.is_dead(&mine, &|_| None));
        // The same job, on another of its nodes.
        assert!(!there.is_dead(&mine.in_job(Some(job)), &|_| Some(false)));
        let older = r#"{"host":"a","pid":1,"started_ticks":2,"slurm_job":["7",0],"heartbeat":3}"#;
        let older: Holder = serde_json::from_str(older).unwrap();
        assert_eq!(older.job(), Some(BatchJob { system: "SLURM".into(), id: "7".into() }));
    }

    #[test]
    fn slurm_decides_whether_a_job_elsewhere_is_alive() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("results.h5");
        let there = Holder { host: "there".into(), slurm_job: Some(("12".into(), 0)), ..Holder::this_process("x") };
        let mine = Holder { slurm_job: Some(("13".into(), 0)), ..Holder::this_process("here") };
        std::mem::forget(acquire(&output, there.clone(), None).unwrap());
        assert!(matches!(acquire(&output, mine.clone(), Some(true)), Err(LockError::Held(_))));
        let restarted = Holder { slurm_job: Some(("12".into(), 1)), ..mine.clone() };
        assert!(there.is_dead(&restarted, &|_| Some(true)));
        let mut lock = acquire(&output, mine, Some(false)).unwrap();
        fs::write(with_suffix(&output, ".lock"), serde_json::to_vec(&there).unwrap()).unwrap();
        assert!(matches!(lock.beat(), Err(LockError::Lost { .. })));
    }
}
