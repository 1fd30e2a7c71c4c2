//! Which job runs which range of a stage's tasks?
//!
//! The first lease starts at task 0 and every other one where the one before ends, so that free tasks are found without listing the
//! folder. A lease is a file that only one job can create: `FIRST.0` for the first holder of the range from task FIRST on, `FIRST.1` for the
//! one that takes it over, and so on; `FIRST.N.done` says that its holder has recorded all of it.
use super::jobs::Jobs;
use crate::journal::{Error, create_once, read_complete};
use crate::task::{TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// A range of tasks and the job that runs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    pub tasks: Tasks,
    pub job: String,
    /// How often the range was taken over.
    pub generation: u32,
    #[serde(skip)]
    pub is_done: bool,
}

/// The leases of a stage, as far as this job knows them.
pub struct Leases {
    folder: PathBuf,
    /// The name of this job.
    job: String,
    total: TaskId,
    /// In the order of tasks, without a gap.
    known: Vec<Lease>,
}

impl Leases {
    /// The leases of the stage called `stage`, of `total` tasks, in the folder `journal`.
    ///
    /// # Errors
    /// Their folder cannot be created.
    pub fn open(journal: &Path, stage: u64, job: &str, total: TaskId) -> Result<Self, Error> {
        let folder = journal.join("leases").join(format!("{stage:016x}"));
        fs::create_dir_all(&folder).map_err(|source| Error::Create { path: folder.clone(), source })?;
        Ok(Self { folder, job: job.to_owned(), total, known: Vec::new() })
    }

    fn path(&self, first: TaskId, generation: u32) -> PathBuf {
        self.folder.join(format!("{first:012}.{generation}"))
    }

    fn read(&self, first: TaskId, generation: u32) -> Result<Option<Lease>, Error> {
        let path = self.path(first, generation);
        let read = read_complete::<Lease>(&path).map_err(|source| Error::Read { path, source })?;
        Ok(read.map(|lease| Lease { is_done: self.done_path(&lease).exists(), ..lease }))
    }

    fn done_path(&self, lease: &Lease) -> PathBuf {
        self.path(lease.tasks.first, lease.generation).with_extension(format!("{}.done", lease.generation))
    }

    /// Reads what has changed: leases that were added, taken over before they were done, or done.
    ///
    /// # Errors
    /// A lease cannot be read.
    pub fn refresh(&mut self) -> Result<&[Lease], Error> {
        for k in 0..self.known.len() {
            let mut lease = self.known[k].clone();
            if lease.is_done {
                continue;
            }
            while let Some(next) = self.read(lease.tasks.first, lease.generation + 1)? {
                lease = next;
            }
            lease.is_done = lease.is_done || self.done_path(&lease).exists();
            self.known[k] = lease;
        }
        while let Some(lease) = self.read(self.first_free(), 0)? {
            self.known.push(lease);
        }
        Ok(&self.known)
    }

    /// The first task that no lease covers.
    fn first_free(&self) -> TaskId {
        self.known.last().map_or(0, |lease| lease.tasks.end)
    }

    /// Number of tasks that no known lease covers.
    pub fn free(&self) -> u64 {
        self.total.saturating_sub(self.first_free())
    }

    /// Leases the next free tasks, at most `most`; none where all are leased.
    ///
    /// # Errors
    /// The lease cannot be written.
    pub fn acquire(&mut self, most: u64) -> Result<Option<Lease>, Error> {
        loop {
            while let Some(lease) = self.read(self.first_free(), 0)? {
                self.known.push(lease);
            }
            let first = self.first_free();
            if first >= self.total {
                return Ok(None);
            }
            let tasks = Tasks::new(first, self.total.min(first + most.max(1)));
            let lease = Lease { tasks, job: self.job.clone(), generation: 0, is_done: false };
            if self.create(&lease)? {
                self.known.push(lease.clone());
                return Ok(Some(lease));
            }
        }
    }

    /// Takes over a lease; none where another job has been faster.
    ///
    /// # Errors
    /// The lease cannot be written.
    pub fn take_over(&mut self, lease: &Lease) -> Result<Option<Lease>, Error> {
        let mine = Lease { job: self.job.clone(), generation: lease.generation + 1, is_done: false, ..lease.clone() };
        let is_mine = self.create(&mine)?;
        let next = if is_mine { Some(mine) } else { self.read(lease.tasks.first, lease.generation + 1)? };
        if let Some(next) = &next
            && let Some(known) = self.known.iter_mut().find(|known| known.tasks.first == next.tasks.first)
        {
            *known = next.clone();
        }
        Ok(next.filter(|_| is_mine))
    }

    /// Whether every task is leased and all leases are done.
    ///
    /// # Errors
    /// A lease cannot be read.
    pub fn are_done(&mut self) -> Result<bool, Error> {
        Ok(self.refresh()?.iter().all(|lease| lease.is_done) && self.free() == 0)
    }

    /// The lease of a task.
    pub fn of_task(&self, task: TaskId) -> Option<&Lease> {
        self.known.iter().find(|lease| lease.tasks.first <= task && task < lease.tasks.end)
    }

    /// A lease of a job that is gone before it was done.
    ///
    /// # Errors
    /// A lease cannot be read.
    pub fn abandoned(&mut self, jobs: &mut Jobs) -> Result<Option<Lease>, Error> {
        let open = self.refresh()?.iter().filter(|lease| !lease.is_done);
        let mut open: Vec<Lease> = open.cloned().collect();
        open.retain(|lease| jobs.is_gone(&lease.job));
        Ok(open.into_iter().next())
    }

    /// Marks a lease of this job as done.
    ///
    /// # Errors
    /// The mark cannot be written.
    pub fn complete(&mut self, lease: &Lease) -> Result<(), Error> {
        let path = self.done_path(lease);
        fs::write(&path, &self.job).map_err(|source| Error::Write { path, source })?;
        if let Some(known) = self.known.iter_mut().find(|known| known.tasks.first == lease.tasks.first) {
            known.is_done = true;
        }
        Ok(())
    }

    fn create(&self, lease: &Lease) -> Result<bool, Error> {
        let path = self.path(lease.tasks.first, lease.generation);
        let part = self.folder.join(format!("{}.part", self.job));
        let contents = serde_json::to_vec(lease).unwrap_or_default();
        create_once(&path, &part, &contents).map_err(|source| Error::Create { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Holder;

    fn leases(journal: &Path, job: &str) -> Leases {
        Leases::open(journal, 7, job, 10).unwrap()
    }

    #[test]
    fn two_jobs_lease_all_tasks_and_none_twice() {
        let journal = tempfile::tempdir().unwrap();
        let (mut a, mut b) = (leases(journal.path(), "a"), leases(journal.path(), "b"));
        let mut claimed = Vec::new();
        loop {
            let next = [a.acquire(3).unwrap(), b.acquire(2).unwrap()];
            claimed.extend(next.iter().flatten().map(|lease| (lease.tasks.first, lease.tasks.end, lease.job.clone())));
            if next.contains(&None) {
                break;
            }
        }
        let expected = [(0, 3, "a"), (3, 5, "b"), (5, 8, "a"), (8, 10, "b")];
        assert_eq!(claimed, expected.map(|(first, end, job)| (first, end, job.to_owned())));
        assert_eq!((a.refresh().unwrap().len(), a.free()), (4, 0));
    }

    #[test]
    fn a_lease_of_a_job_that_is_gone_is_taken_over_once() {
        let journal = tempfile::tempdir().unwrap();
        let mut gone = leases(journal.path(), "gone");
        let (first, second) = (gone.acquire(5).unwrap().unwrap(), gone.acquire(5).unwrap().unwrap());
        gone.complete(&first).unwrap();
        let (mut a, mut b) = (leases(journal.path(), "a"), leases(journal.path(), "b"));
        let mut jobs = Jobs::new(journal.path(), Holder::this_process("here"));
        assert_eq!(a.abandoned(&mut jobs).unwrap(), Some(second.clone()));
        b.refresh().unwrap();
        let taken = a.take_over(&second).unwrap().unwrap();
        assert_eq!((taken.tasks, taken.generation), (Tasks::new(5, 10), 1));
        assert_eq!(b.take_over(&second).unwrap(), None);
        a.complete(&taken).unwrap();
        assert!(b.refresh().unwrap().iter().all(|lease| lease.is_done));
        assert_eq!(b.abandoned(&mut jobs).unwrap(), None);
    }
}
