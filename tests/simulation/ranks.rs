//! The ranks other than 0: what `run/worker.rs`, `worker_threads.rs` and `batch_runner.rs` do, seen from rank 0.
use super::campaign::Model;
use super::clock::{Nanos, nanos};
use simmpi::journal::{codec, record::RecordHeader};
use simmpi::run::exit::Exit;
use simmpi::run::message::{RecordSummary, Retry, ToRoot, ToWorker};
use simmpi::run::record_table::{Record, RecordLocation, RecordsByStage};
use simmpi::run::signals::DrainReason;
use simmpi::task::{Cause, Failure, TaskId, Tasks};
use std::collections::VecDeque;

/// The pauses of a rank's main thread between its polls, ns: they grow from the first to the last.
pub const SHORTEST_PAUSE: Nanos = 20_000;
pub const LONGEST_PAUSE: Nanos = 2_000_000;
/// What a worker thread needs to journal a batch and to begin the next, ns.
const BATCH_OVERHEAD: Nanos = 30_000;
/// A rank reports so many failures one by one.
const REPORTED_FAILURES: usize = 3;
/// A task that fails does so after this time, s.
pub const FAILS_AFTER_S: f64 = 0.01;
/// Values are sent in messages of at most so many records.
const MAX_VALUES: usize = 4096;

/// How a rank behaves.
#[derive(Clone, Copy, Debug, Default)]
pub enum Behaviour {
    #[default]
    Usual,
    /// All of its tasks fail at once.
    FailsAll,
    /// They do after so many batches.
    FailsAfter(usize),
    /// Every report of it arrives a second time, so much later, s.
    ReportsTwice(f64),
    /// Its messages arrive so much later, s.
    Late(f64),
    /// The supervisor of its programs is lost in its batch of this number.
    Retires(usize),
    /// It asks all ranks to drain when it has run so many batches.
    WantsDrain(usize),
    /// Its journal cannot be written after so many batches.
    Breaks(usize),
    /// It is lost in its batch of this number, and its journal with it.
    IsLost(usize),
}

impl Behaviour {
    /// Whether all tasks fail after so many batches.
    pub fn fails(self, batches: usize) -> bool {
        match self {
            Self::FailsAll => true,
            Self::FailsAfter(after) => batches >= after,
            _ => false,
        }
    }
}

/// The records of a rank.
pub type Journal = Vec<Recorded>;

/// Tasks, those of them that failed, and the number of attempts, with the key of their stage.
#[derive(Clone, Debug)]
pub struct Recorded {
    stage: u64,
    tasks: Tasks,
    failed: Vec<TaskId>,
    attempts: u32,
}

/// The node of a rank.
pub fn host_of(rank: usize) -> String {
    format!("node{:04}", rank / 100)
}

/// Why tasks fail.
pub fn cause() -> Cause {
    Cause::Failed("the program is not installed".into())
}

/// A batch that runs.
struct Running {
    tasks: Tasks,
    attempts: u32,
    /// The end of what will have been run when it ends, and the tasks that fail.
    end: TaskId,
    failed: Vec<TaskId>,
    began: Nanos,
    ends: Nanos,
}

/// A simulated rank.
pub struct SimulatedRank {
    pub rank: usize,
    model: Model,
    behaviour: Behaviour,
    pub journal: Journal,
    /// Batches and the numbers of attempts before.
    queue: VecDeque<(Tasks, u32)>,
    running: Option<Running>,
    is_draining: bool,
    has_drained: bool,
    has_retired: bool,
    is_lost: bool,
    batches: usize,
    /// Failures in this stage: of all tasks until one succeeded, and in a row.
    first_failures: Option<usize>,
    in_a_row: usize,
    /// When its main thread last had something to do.
    active: Nanos,
    /// When it learned that the last stage was complete.
    pub complete: Nanos,
}

impl SimulatedRank {
    pub fn new(rank: usize, model: Model, behaviour: Behaviour, journal: Journal) -> Self {
        Self {
            rank,
            model,
            behaviour,
            journal,
            queue: VecDeque::new(),
            running: None,
            is_draining: false,
            has_drained: false,
            has_retired: false,
            is_lost: false,
            batches: 0,
            first_failures: Some(0),
            in_a_row: 0,
            active: 0,
            complete: 0,
        }
    }

    /// How much later its messages arrive.
    pub fn delay(&self) -> Nanos {
        if let Behaviour::Late(seconds) = self.behaviour { nanos(seconds) } else { 0 }
    }

    /// After which time its reports arrive a second time.
    pub fn repeats(&self) -> Option<Nanos> {
        if let Behaviour::ReportsTwice(seconds) = self.behaviour { Some(nanos(seconds)) } else { None }
    }

    /// When its main thread sees a message that arrives at `now`.
    pub fn polls(&self, now: Nanos) -> Nanos {
        next_poll(self.active, now)
    }

    /// When the batch that runs ends.
    pub fn ends(&self) -> Option<Nanos> {
        self.running.as_ref().map(|running| running.ends)
    }

    /// The records of its journal, for the handshake.
    pub fn records(&self) -> RecordsByStage {
        let mut records = RecordsByStage::new();
        for record in 0..self.journal.len() {
            let RecordSummary { record, head } = self.summary(record, 0.0);
            let location = RecordLocation { rank: self.rank, record };
            records.entry(head.stage).or_default().push(&Record::new(location, &head));
        }
        records
    }

    fn summary(&self, record: usize, seconds: f64) -> RecordSummary {
        let Recorded { stage, tasks, ref failed, attempts } = self.journal[record];
        let failed = failed.iter().map(|&task| Failure { task, cause: cause(), attempts }).collect();
        let head = RecordHeader {
            stage,
            tasks,
            failed,
            rank: self.rank as u32,
            host: host_of(self.rank),
            attempts,
            // In the order of the journal.
            started_s: 1.7e9 + record as f64,
            seconds,
            usage: Vec::new(),
        };
        RecordSummary { record: record as u64, head }
    }

    /// Follows a message of rank 0; what it sends.
    pub fn receive(&mut self, message: &[u8], now: Nanos) -> Vec<Vec<u8>> {
        self.active = now;
        let mut sent = Vec::new();
        if self.is_lost {
            return sent;
        }
        if message.is_empty() {
            return vec![Vec::new()];
        }
        match codec::decode(message).unwrap() {
            ToWorker::ReadOthers => unreachable!("no other jobs are simulated"),
            ToWorker::Assign(batches) => return self.accept(&batches, now),
            ToWorker::Retry(Retry { task, attempts }) => {
                self.queue.push_back((Tasks::new(task, task + 1), attempts));
                self.rest(now, &mut sent);
            }
            ToWorker::Pull(records) => sent.push(self.values(&records)),
            ToWorker::Drain => {
                self.is_draining = true;
                self.cut(now);
                self.rest(now, &mut sent);
            }
            ToWorker::StageDone(_) => {
                (self.complete, self.has_drained) = (now, false);
                (self.first_failures, self.in_a_row) = (Some(0), 0);
                self.rest(now, &mut sent);
            }
            ToWorker::Part { .. } => {}
            ToWorker::Finish(_) => sent.push(codec::encode(&ToRoot::Bye).unwrap()),
        }
        sent
    }

    /// Takes batches, the first ones too.
    pub fn accept(&mut self, batches: &[Tasks], now: Nanos) -> Vec<Vec<u8>> {
        self.queue.extend(batches.iter().map(|&batch| (batch, 0)));
        let mut sent = Vec::new();
        self.rest(now, &mut sent);
        sent
    }

    /// Starts no task after the one that runs.
    fn cut(&mut self, now: Nanos) {
        let Some(Running { tasks, end, began, ends, failed, .. }) = &mut self.running else { return };
        let mut at = *began;
        for task in tasks.first..*end {
            at += nanos(if failed.contains(&task) { FAILS_AFTER_S } else { self.model.takes(self.rank, task) });
            if at >= now {
                (*end, *ends) = (task + 1, at);
                return;
            }
        }
    }

    /// Starts the next batch where none runs, or says that none will.
    fn rest(&mut self, now: Nanos, sent: &mut Vec<Vec<u8>>) {
        if self.running.is_some() {
            return;
        }
        if self.is_draining || self.has_retired {
            self.queue.clear();
        }
        if let Some((tasks, attempts)) = self.queue.pop_front() {
            let began = now + BATCH_OVERHEAD;
            let (mut end, mut ends, mut failed) = (tasks.first, began, Vec::new());
            let fails = self.behaviour.fails(self.batches);
            while end < tasks.end {
                let task = end;
                end += 1;
                if fails || (self.model.fails)(task) {
                    failed.push(task);
                    ends += nanos(FAILS_AFTER_S);
                    if self.must_report() {
                        break;
                    }
                } else {
                    (self.first_failures, self.in_a_row) = (None, 0);
                    ends += nanos(self.model.takes(self.rank, task));
                }
            }
            self.running = Some(Running { tasks, attempts, end, failed, began, ends });
        } else if self.is_draining && !self.has_drained {
            self.has_drained = true;
            sent.push(codec::encode(&ToRoot::Drained).unwrap());
        }
    }

    /// Counts a failure: whether rank 0 must know before another task is run.
    fn must_report(&mut self) -> bool {
        let is_one_of_the_first = self.first_failures.is_some_and(|failures| failures < REPORTED_FAILURES);
        self.first_failures = self.first_failures.map(|failures| failures + 1);
        self.in_a_row += 1;
        is_one_of_the_first || self.in_a_row >= REPORTED_FAILURES
    }

    /// Ends the batch that runs; what it sends.
    pub fn end_batch(&mut self, now: Nanos) -> Vec<Vec<u8>> {
        let Some(Running { tasks, attempts, end, failed, began, .. }) = self.running.take() else { return Vec::new() };
        self.active = now;
        let mut sent = Vec::new();
        match self.behaviour {
            Behaviour::IsLost(batches) if self.batches == batches => {
                self.is_lost = true;
                self.journal.clear();
                return sent;
            }
            Behaviour::Retires(batches) if self.batches == batches => {
                self.has_retired = true;
                self.queue.clear();
                sent.push(codec::encode(&ToRoot::Retired(format!("rank {} has no supervisor", self.rank))).unwrap());
                self.rest(now, &mut sent);
                return sent;
            }
            Behaviour::Breaks(batches) if self.batches == batches => {
                let message = format!("rank {}: the disk is full", self.rank);
                sent.push(codec::encode(&ToRoot::Broken { exit: Exit::Disk, message }).unwrap());
                self.is_draining = true;
                self.rest(now, &mut sent);
                return sent;
            }
            _ => {}
        }
        self.batches += 1;
        let tasks = Tasks::new(tasks.first, end);
        self.model.count_runs(tasks);
        let failed = failed.into_iter().filter(|&task| task < end).collect();
        let stage = *self.model.key.lock().unwrap();
        self.journal.push(Recorded { stage, tasks, failed, attempts: attempts + 1 });
        let summary = self.summary(self.journal.len() - 1, (now - began) as f64 * 1e-9);
        sent.push(codec::encode(&ToRoot::Recorded(vec![summary])).unwrap());
        if matches!(self.behaviour, Behaviour::WantsDrain(batches) if batches == self.batches) {
            self.is_draining = true;
            sent.push(codec::encode(&ToRoot::DrainWanted(DrainReason::TimeLimit)).unwrap());
        }
        self.rest(now, &mut sent);
        sent
    }

    fn values(&self, records: &[u64]) -> Vec<u8> {
        let value = |&record: &u64| {
            let Recorded { tasks, ref failed, .. } = self.journal[record as usize];
            (record, codec::encode(&self.model.value(tasks, failed)).unwrap())
        };
        codec::encode(&ToRoot::Values(records.iter().take(MAX_VALUES).map(value).collect())).unwrap()
    }
}

/// The first poll at or after `now` of a main thread that has been idle since `active`.
pub fn next_poll(active: Nanos, now: Nanos) -> Nanos {
    let (mut at, mut pause) = (active, SHORTEST_PAUSE);
    while at < now {
        if pause == LONGEST_PAUSE {
            return at + (now - at).div_ceil(pause) * pause;
        }
        at += pause;
        pause = (4 * pause).min(LONGEST_PAUSE);
    }
    at
}
