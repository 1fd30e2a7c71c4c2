//! Which jobs work on a campaign, and which of them are gone?
use crate::journal::{Holder, Lock, LockError};
use crate::run::exit::{Exit, Stop};
use crate::run::live::Written;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A job whose heartbeat does not advance for this long, by this process's clock, is gone.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(120);
/// The files of jobs are read no more often than this.
const PAUSE: Duration = Duration::from_secs(1);

/// A job that works on a campaign together with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub holder: Holder,
    pub ranks: usize,
}

/// The file of this job, removed when dropped.
#[derive(Debug)]
pub struct JobFile {
    pub name: String,
    job: Job,
    path: PathBuf,
}

/// The name of the job of which `holder` is rank 0.
pub fn name_of(holder: &Holder) -> String {
    format!("job-{}-{}-{}", holder.host, holder.pid, holder.started_ticks)
}

fn folder_of(journal: &Path) -> PathBuf {
    journal.join("jobs")
}

impl JobFile {
    /// Enters a job among those that work on the campaign with the folder `journal`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(journal: &Path, holder: Holder, ranks: usize) -> Result<Self, Stop> {
        let (name, folder) = (name_of(&holder), folder_of(journal));
        let path = folder.join(format!("{name}.json"));
        let file = Self { name, job: Job { holder, ranks }, path };
        let written = fs::create_dir_all(&folder).and_then(|()| file.write());
        written.map_err(|error| Stop::new(Exit::Output, format!("cannot write `{}`: {error}", file.path.display())))?;
        Ok(file)
    }

    /// The process that is rank 0 of this job.
    pub fn holder(&self) -> &Holder {
        &self.job.holder
    }

    /// Advances the heartbeat. A disk that is full for a while does no harm.
    pub fn beat(&mut self) {
        self.job.holder.heartbeat += 1;
        let _ = self.write();
    }

    /// Takes this job from among those that work on the campaign.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// The file in which this job writes its progress.
    pub fn progress_path(&self) -> PathBuf {
        self.path.with_extension("running")
    }

    fn write(&self) -> std::io::Result<()> {
        let part = self.path.with_extension("part");
        fs::write(&part, serde_json::to_vec(&self.job)?).and_then(|()| fs::rename(&part, &self.path))
    }
}

impl Drop for JobFile {
    fn drop(&mut self) {
        self.remove();
    }
}

/// What keeps the output for this run: its lock, or, where others may join, its entry among the jobs.
#[derive(Debug)]
pub enum OutputLock {
    Exclusive(Lock),
    Joined(JobFile),
}

impl OutputLock {
    /// Advances the heartbeat.
    ///
    /// # Errors
    /// Another run has taken over the lock.
    pub fn beat(&mut self) -> Result<(), LockError> {
        match self {
            Self::Exclusive(lock) => lock.beat(),
            Self::Joined(job) => {
                job.beat();
                Ok(())
            }
        }
    }
}

/// The jobs entered in the folder `journal`, by name, whether they live or not.
fn jobs_of(journal: &Path) -> BTreeMap<String, Job> {
    let entries = fs::read_dir(folder_of(journal)).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let named = files.filter_map(|path| {
        let job = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        Some((path.file_stem()?.to_string_lossy().into_owned(), job))
    });
    named.collect()
}

/// A job that works on a campaign, as it is seen from outside.
#[derive(Debug, Serialize)]
pub struct LivingJob {
    pub name: String,
    #[serde(flatten)]
    pub job: Job,
    /// Its progress, where it has written any.
    pub progress: Option<Written>,
}

/// The jobs that work on the campaign with the folder `journal`, as far as `host` can tell without waiting.
pub fn living(journal: &Path, host: &str) -> Vec<LivingJob> {
    let path = |name: &str, extension| folder_of(journal).join(name).with_extension(extension);
    let beats = |name: &str| {
        let written = fs::metadata(path(name, "json")).and_then(|file| file.modified()).ok();
        written.is_some_and(|at| at.elapsed().is_ok_and(|age| age < HEARTBEAT_TIMEOUT))
    };
    let jobs = jobs_of(journal).into_iter();
    let living = jobs.filter(|(name, job)| job.holder.lives_on(host).unwrap_or_else(|| beats(name)));
    let progress = |name: &str| serde_json::from_str(&fs::read_to_string(path(name, "running")).ok()?).ok();
    living.map(|(name, job)| LivingJob { progress: progress(&name), name, job }).collect()
}

/// What is known of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    Lives,
    /// It is on another host, and its heartbeat has neither advanced yet nor stood still for long.
    Unknown,
    Gone,
}

/// The other jobs of a campaign, as this process observes them.
pub struct Jobs {
    journal: PathBuf,
    own: Holder,
    /// The heartbeat of each when it was first seen and as it was last seen, and since when it stands.
    seen: HashMap<String, (u64, u64, Instant)>,
    states: BTreeMap<String, Liveness>,
    read: Option<Instant>,
}

impl Jobs {
    /// The jobs of the campaign with the folder `journal`, observed by the process `own`.
    pub fn new(journal: &Path, own: Holder) -> Self {
        let (seen, states) = (HashMap::new(), BTreeMap::new());
        Self { journal: journal.to_owned(), own, seen, states, read: None }
    }

    /// What is known of each job other than this one, as of about a second ago.
    pub fn states(&mut self) -> &BTreeMap<String, Liveness> {
        if self.read.is_none_or(|read| read.elapsed() > PAUSE) {
            self.read = Some(Instant::now());
            let mut jobs = jobs_of(&self.journal);
            jobs.remove(&name_of(&self.own));
            self.states = jobs.iter().map(|(name, job)| (name.clone(), self.observe(name, &job.holder))).collect();
        }
        &self.states
    }

    fn observe(&mut self, name: &str, holder: &Holder) -> Liveness {
        let now = Instant::now();
        let (first, last, since) =
            self.seen.entry(name.to_owned()).or_insert((holder.heartbeat, holder.heartbeat, now));
        if *last != holder.heartbeat {
            (*last, *since) = (holder.heartbeat, now);
        }
        match holder.lives_on(&self.own.host) {
            Some(true) => Liveness::Lives,
            Some(false) => Liveness::Gone,
            None if since.elapsed() > HEARTBEAT_TIMEOUT => Liveness::Gone,
            None if first == last => Liveness::Unknown,
            None => Liveness::Lives,
        }
    }

    /// Waits until it is known of every other job whether it lives, and returns those that do.
    pub fn wait_for_living(&mut self) -> Vec<String> {
        loop {
            let states = self.states();
            if states.values().all(|state| *state != Liveness::Unknown) {
                let living = states.iter().filter(|(_, state)| **state == Liveness::Lives);
                return living.map(|(name, _)| name.clone()).collect();
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Whether the job called `name` no longer works on anything.
    pub fn is_gone(&mut self, name: &str) -> bool {
        name != name_of(&self.own) && self.states().get(name).is_none_or(|state| *state == Liveness::Gone)
    }

    /// The number of jobs that work on the campaign, this one included.
    pub fn count(&mut self) -> usize {
        1 + self.states().values().filter(|state| **state != Liveness::Gone).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_lives_while_its_process_does_and_is_gone_with_its_file() {
        let journal = tempfile::tempdir().unwrap();
        let mine = Holder::this_process("here");
        let other = Holder { pid: 1, started_ticks: 0, ..mine.clone() };
        let elsewhere = Holder { host: "there".into(), ..other.clone() };
        let killed = JobFile::create(journal.path(), other, 2).unwrap();
        let mut unknown = JobFile::create(journal.path(), elsewhere, 1).unwrap();
        let own = JobFile::create(journal.path(), mine.clone(), 1).unwrap();
        let mut jobs = Jobs::new(journal.path(), mine);
        assert!(jobs.is_gone(&killed.name) && !jobs.is_gone(&unknown.name) && !jobs.is_gone(&own.name));
        assert_eq!((jobs.count(), jobs.states()[&unknown.name]), (2, Liveness::Unknown));
        unknown.beat();
        jobs.read = None;
        assert_eq!(jobs.wait_for_living(), [unknown.name.clone()]);
        let name = unknown.name.clone();
        drop(unknown);
        jobs.read = None;
        assert!(jobs.is_gone(&name));
    }
}
