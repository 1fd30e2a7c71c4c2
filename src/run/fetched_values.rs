//! How does the thread that writes results get the values of single batches, which only the main thread can fetch from other ranks?
use super::exit::{Exit, Stop};
use super::ledger::Ledger;
use super::message::{ToRoot, ToWorker};
use super::rank::Rank;
use super::record_table::Record;
use crate::campaigns::campaign::{RecordedBatch, RecordedValues, Visit};
use crate::campaigns::stage::Error;
use crate::task::{Failure, Tasks};
use std::sync::mpsc::{Receiver, Sender, channel};

/// The most records that are requested at a time.
const MAX_REQUESTED: usize = 256;

/// What the writing thread asks for.
enum Request {
    /// Values of records that a rank serves, as many as make one message and at least one.
    Values(ValueRequest),
    /// Whether the result may be published.
    Publication,
}

struct ValueRequest {
    rank: usize,
    /// The key of their stage.
    stage: u64,
    /// Their numbers on that rank, and their tasks.
    records: Vec<(u64, Tasks)>,
}

/// The recorded values of `stages`, as the writing thread sees them.
pub struct FetchedValues<'a> {
    pub stages: &'a [Ledger],
    pub requests: Requests,
}

/// The writing thread's end.
pub struct Requests {
    requests: Sender<Request>,
    answers: Receiver<Vec<Vec<u8>>>,
}

/// The main thread's end.
pub struct ValueServer {
    requests: Receiver<Request>,
    answers: Sender<Vec<Vec<u8>>>,
    /// A request that another rank has been sent.
    pending: Option<ValueRequest>,
}

/// Both ends.
pub fn value_channel() -> (Requests, ValueServer) {
    let ((requests, requested), (answers, answered)) = (channel(), channel());
    (Requests { requests, answers: answered }, ValueServer { requests: requested, answers, pending: None })
}

impl Requests {
    /// Asks whether the result may be published.
    ///
    /// # Errors
    /// The main thread has met an error, which it reports.
    pub fn await_permission(&self) -> Result<(), Error> {
        self.ask(Request::Publication).map(drop)
    }

    fn ask(&self, request: Request) -> Result<Vec<Vec<u8>>, Error> {
        let answer = self.requests.send(request).ok().and_then(|()| self.answers.recv().ok());
        answer.ok_or_else(|| Error::Outcome("the run has ended".into()))
    }
}

impl RecordedValues for FetchedValues<'_> {
    fn for_each(&mut self, stage: usize, visit: &mut Visit) -> Result<(), Error> {
        let stage = &self.stages[stage];
        let mut records = stage.records().peekable();
        while let Some(first) = records.next() {
            let mut group = vec![first];
            while group.len() < MAX_REQUESTED
                && let Some(next) = records.next_if(|record| record.location.rank == first.location.rank)
            {
                group.push(next);
            }
            let mut rest = &group[..];
            while !rest.is_empty() {
                let records = rest.iter().map(|record| (record.location.record, record.tasks)).collect();
                let request = ValueRequest { rank: first.location.rank, stage: stage.current.key, records };
                let values = self.requests.ask(Request::Values(request))?;
                for (Record { tasks, failed, .. }, bytes) in rest.iter().zip(&values) {
                    // What failed at first may have a value in another record.
                    let failed: Vec<Failure> = failed.iter().filter(|failure| stage.stands(failure)).cloned().collect();
                    visit(RecordedBatch { tasks: *tasks, failed: &failed, bytes })?;
                }
                rest = &rest[values.len()..];
            }
        }
        Ok(())
    }
}

impl ValueServer {
    /// Answers what the writing thread has asked for, as far as that is possible now; returns whether anything was to be done.
    ///
    /// # Errors
    /// A value cannot be read.
    pub fn answer_requests(&mut self, rank: &mut Rank) -> Result<bool, Stop> {
        let request = match self.pending.take() {
            Some(request) => return self.follow(rank, request).map(|()| true),
            None => self.requests.try_recv(),
        };
        match request {
            Ok(Request::Values(request)) => self.begin(rank, request)?,
            Ok(Request::Publication) => self.answer(Vec::new()),
            Err(_) => return Ok(false),
        }
        Ok(true)
    }

    fn begin(&mut self, rank: &mut Rank, request: ValueRequest) -> Result<(), Stop> {
        let numbers = || request.records.iter().map(|(record, _)| *record).collect::<Vec<_>>();
        match request.rank {
            0 => self.answer_own(rank, &numbers()),
            other if rank.comm.is_lost(other) => self.answer_recovered(rank, &request),
            other => {
                rank.send(other, &ToWorker::Pull(numbers()))?;
                self.pending = Some(request);
                Ok(())
            }
        }
    }

    /// Looks whether the rank that was asked has answered. One that is lost never will.
    fn follow(&mut self, rank: &mut Rank, request: ValueRequest) -> Result<(), Stop> {
        if rank.comm.is_lost(request.rank) {
            return self.answer_recovered(rank, &request);
        }
        while let Some((from, message)) = rank.receive()? {
            match message {
                ToRoot::Values(values) if from == request.rank && !values.is_empty() => {
                    self.answer(values.into_iter().map(|(_, value)| value).collect());
                    return Ok(());
                }
                ToRoot::Broken { exit, message } => return Err(Stop::new(exit, message)),
                // A drain that is asked for now changes nothing: the campaign is done.
                _ => {}
            }
        }
        self.pending = Some(request);
        Ok(())
    }

    fn answer_own(&mut self, rank: &mut Rank, records: &[u64]) -> Result<(), Stop> {
        self.answer(rank.values(records)?.into_iter().map(|(_, value)| value).collect());
        Ok(())
    }

    /// Answers with what a lost rank had journalled.
    fn answer_recovered(&mut self, rank: &mut Rank, request: &ValueRequest) -> Result<(), Stop> {
        let found = request.records.iter().map(|&(_, tasks)| rank.recovered.record(request.stage, tasks));
        let records: Vec<u64> = found.map_while(|record| record).collect();
        if records.is_empty() {
            let text =
                format!("records of rank {}, which is lost, cannot be read: their tasks are run again", request.rank);
            return Err(Stop::new(Exit::Resumable, text));
        }
        self.answer_own(rank, &records)
    }

    fn answer(&self, values: Vec<Vec<u8>>) {
        // The thread waits for it, or has failed, which is reported when it ends.
        let _ = self.answers.send(values);
    }
}
