//! What does this job do next in a stage that it runs together with others?
use super::jobs::{JobFile, Jobs};
use super::leases::{Lease, Leases};
use crate::journal::Error;
use crate::plan::TaskSet;
use crate::task::{TaskId, Tasks};
use std::time::{Duration, Instant};

/// A lease is about so long.
const LEASE: Duration = Duration::from_secs(60);
/// A lease has at most so many times as many tasks as the one before: the first ones only show how long tasks take.
const GROWTH: u64 = 8;
/// The folder is read again after this time where there was nothing to do.
const PAUSE: Duration = Duration::from_secs(1);
/// So long nothing is done after there was nothing to do, while a rank is idle and while all are busy.
const IDLE_PAUSE: Duration = Duration::from_millis(20);
const BUSY_PAUSE: Duration = Duration::from_millis(250);
/// Every rank has synced its journal so long after a record at the latest.
const SYNCED_AFTER: Duration = Duration::from_millis(1500);
/// How long records of leases that are done may take to appear: network file systems take a while.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a job does next in a stage.
#[derive(Debug, PartialEq)]
pub enum Step {
    Wait,
    /// Run what is left of these tasks.
    Run(Tasks),
    /// All ranks read what other jobs have recorded; [`JoinedStage::others_were_read`] says that they have.
    ReadOthers,
    /// Everything is recorded and read.
    Over,
    /// There has been nothing to do for as long as this job may wait.
    GiveUp,
}

/// A stage that this job runs together with others.
pub struct JoinedStage {
    leases: Leases,
    jobs: Jobs,
    /// The leases of this job that are not done, and since when all their tasks are recorded.
    own: Vec<(Lease, Option<Instant>)>,
    /// A lease that was taken over, until it is known what of it is recorded.
    taken: Option<Lease>,
    is_reading: bool,
    /// Since when all leases are done and records are missing.
    incomplete: Option<Instant>,
    looked: Option<Instant>,
    idle_since: Option<Instant>,
    paused: Option<(Instant, bool)>,
    /// How long this job waits for others.
    wait: Duration,
    /// When this job began to run tasks, their number, and that of the last lease.
    began: Option<Instant>,
    ran: u64,
    last: u64,
}

impl JoinedStage {
    /// The stage with the key `stage` of the campaign with the folder `journal`, of `total` tasks.
    ///
    /// # Errors
    /// The folder of its leases cannot be created.
    pub fn open(
        own: &JobFile,
        journal: &std::path::Path,
        stage: u64,
        total: TaskId,
        wait: Duration,
    ) -> Result<Self, Error> {
        Ok(Self {
            leases: Leases::open(journal, stage, &own.name, total)?,
            jobs: Jobs::new(journal, own.holder().clone()),
            own: Vec::new(),
            taken: None,
            is_reading: false,
            incomplete: None,
            looked: None,
            idle_since: None,
            paused: None,
            wait,
            began: None,
            ran: 0,
            last: 0,
        })
    }

    /// What to do next. `left` gives the tasks of which this job knows no record; `is_idle` says that a rank has nothing to run, and `slots`
    /// how many tasks keep all ranks busy.
    ///
    /// # Errors
    /// The leases cannot be read or written.
    pub fn step(&mut self, left: impl FnOnce() -> TaskSet, is_idle: bool, slots: u64) -> Result<Step, Error> {
        if self.paused.is_some_and(|(until, was_idle)| was_idle == is_idle && Instant::now() < until) {
            return Ok(Step::Wait);
        }
        let step = self.next_step(&left(), is_idle, slots)?;
        let pause = if is_idle { IDLE_PAUSE } else { BUSY_PAUSE };
        self.paused = (step == Step::Wait).then(|| (Instant::now() + pause, is_idle));
        Ok(step)
    }

    fn next_step(&mut self, left: &TaskSet, is_idle: bool, slots: u64) -> Result<Step, Error> {
        self.complete_own(left)?;
        if self.is_reading || !is_idle {
            return Ok(Step::Wait);
        }
        if let Some(lease) = self.taken.take() {
            return Ok(self.run(lease, left));
        }
        while self.leases.free() > 0 {
            let size = self.size(slots);
            if let Some(lease) = self.leases.acquire(size)? {
                return Ok(self.run(lease, left));
            }
        }
        if self.looked.is_some_and(|looked| looked.elapsed() < PAUSE) {
            return Ok(Step::Wait);
        }
        self.looked = Some(Instant::now());
        if let Some(lease) = self.leases.abandoned(&mut self.jobs)? {
            self.taken = self.leases.take_over(&lease)?;
            return Ok(if self.taken.is_some() { self.read_others() } else { Step::Wait });
        }
        if self.leases.are_done()? {
            return self.finish(left);
        }
        let since = *self.idle_since.get_or_insert_with(Instant::now);
        Ok(if self.own.is_empty() && since.elapsed() > self.wait { Step::GiveUp } else { Step::Wait })
    }

    /// All ranks have read what other jobs had recorded.
    pub fn others_were_read(&mut self) {
        (self.is_reading, self.looked) = (false, None);
    }

    fn read_others(&mut self) -> Step {
        self.is_reading = true;
        Step::ReadOthers
    }

    fn run(&mut self, lease: Lease, left: &TaskSet) -> Step {
        let tasks = lease.tasks;
        self.own.push((lease, None));
        self.began.get_or_insert_with(Instant::now);
        (self.ran, self.last, self.idle_since) = (self.ran + tasks.count(), tasks.count(), None);
        if left.overlaps(tasks) { Step::Run(tasks) } else { Step::Wait }
    }

    /// All leases are done: the stage is over once the records of all tasks are read.
    fn finish(&mut self, left: &TaskSet) -> Result<Step, Error> {
        let Some(first) = left.ranges().next().map(|tasks| tasks.first) else {
            return Ok(Step::Over);
        };
        let since = *self.incomplete.get_or_insert_with(Instant::now);
        if since.elapsed() > PATIENCE
            && let Some(lease) = self.leases.of_task(first).cloned()
            && let Some(taken) = self.leases.take_over(&lease)?
        {
            return Ok(self.run(taken, left));
        }
        Ok(self.read_others())
    }

    /// Marks leases as done whose tasks are all recorded and safely on disk.
    fn complete_own(&mut self, left: &TaskSet) -> Result<(), Error> {
        let mut open = Vec::new();
        for (lease, since) in std::mem::take(&mut self.own) {
            let since = (!left.overlaps(lease.tasks)).then(|| since.unwrap_or_else(Instant::now));
            match since {
                Some(since) if since.elapsed() > SYNCED_AFTER => self.leases.complete(&lease)?,
                _ => open.push((lease, since)),
            }
        }
        self.own = open;
        Ok(())
    }

    /// The number of tasks of the next lease: as many as this job runs in a minute, and a fair part of those that are free.
    fn size(&mut self, slots: u64) -> u64 {
        let elapsed = self.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
        let in_a_minute = (self.ran as f64 / elapsed.max(1e-3) * LEASE.as_secs_f64()) as u64;
        let fair = self.leases.free() / (2 * self.jobs.count() as u64);
        let wanted = in_a_minute.min(fair).min(self.last * GROWTH);
        wanted.next_multiple_of(slots).max(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Holder;

    /// A job of its own, with the tasks that it knows to be left.
    struct TestJob {
        stage: JoinedStage,
        left: TaskSet,
        _file: JobFile,
    }

    impl TestJob {
        fn new(journal: &std::path::Path, pid: u32, total: u64) -> Self {
            let holder = Holder { pid, ..Holder::this_process("here") };
            let file = JobFile::create(journal, holder, 1).unwrap();
            let stage = JoinedStage::open(&file, journal, 1, total, Duration::ZERO).unwrap();
            Self { stage, left: TaskSet::all(total), _file: file }
        }

        fn step(&mut self) -> Step {
            self.stage.looked = None;
            self.stage.own.iter_mut().for_each(|(_, since)| *since = since.map(|since| since - SYNCED_AFTER * 2));
            self.stage.next_step(&self.left.clone(), true, 2).unwrap()
        }
    }

    #[test]
    fn a_job_runs_what_is_free_then_what_another_left_and_ends_when_all_is_read() {
        let journal = tempfile::tempdir().unwrap();
        let own = std::process::id();
        let mut job = TestJob::new(journal.path(), own, 6);
        // Its process does not exist.
        let mut killed = TestJob::new(journal.path(), u32::MAX, 6);
        assert_eq!(killed.step(), Step::Run(Tasks::new(0, 2)));
        assert_eq!(job.step(), Step::Run(Tasks::new(2, 4)));
        job.left.remove(Tasks::new(2, 4));
        assert_eq!(job.step(), Step::Run(Tasks::new(4, 6)));
        job.left.remove(Tasks::new(4, 6));
        assert_eq!(job.step(), Step::ReadOthers);
        assert_eq!(job.step(), Step::Wait);
        // Task 0 was recorded.
        job.left.remove(Tasks::new(0, 1));
        job.stage.others_were_read();
        assert_eq!(job.step(), Step::Run(Tasks::new(0, 2)));
        job.left.remove(Tasks::new(1, 2));
        while job.step() != Step::Over {}
    }

    #[test]
    fn records_that_are_lost_are_run_again_after_a_while() {
        let journal = tempfile::tempdir().unwrap();
        let mut job = TestJob::new(journal.path(), std::process::id(), 2);
        assert_eq!(job.step(), Step::Run(Tasks::new(0, 2)));
        job.left = TaskSet::default();
        while job.step() != Step::Over {}
        job.left = TaskSet::all(2);
        assert_eq!(job.step(), Step::ReadOthers);
        job.stage.others_were_read();
        job.stage.incomplete = job.stage.incomplete.map(|since| since - 2 * PATIENCE);
        assert_eq!(job.step(), Step::Run(Tasks::new(0, 2)));
    }
}
