//! What does a rank other than 0 do?
use super::batch::Cut;
use super::current_stage::CurrentStage;
use super::exit::{Exit, Stop};
use super::message::{RecordSummary, ToRoot, ToWorker};
use super::rank::Rank;
use super::signals::{self, DrainReason, SignalRequest};
use crate::campaigns::stage::StageResult;

/// A message has at most so many records of other ranks.
const RECORDS_IN_MESSAGE: usize = 10_000;

/// How a worker's part in a stage ends.
pub enum StageEnd {
    Complete(StageResult),
    /// The run is over.
    Finish(Exit),
}

/// Runs what rank 0 assigns and sends the values that it requests, until the stage is complete or the run is over. After the last stage,
/// while rank 0 writes, there is no `current` stage.
///
/// # Errors
/// MPI fails. A journal that cannot be written is reported to rank 0, which ends the run.
pub fn run_worker(rank: &mut Rank, current: Option<&CurrentStage>) -> Result<StageEnd, Stop> {
    let mut sent = Sent::default();
    loop {
        if rank.signal_request() == SignalRequest::Drain
            && let Some(reason) = signals::request()
        {
            request_drain(rank, &mut sent, reason)?;
        }
        if let Some(ended) = receive_messages(rank, current, &mut sent)? {
            return Ok(ended);
        }
        rank.keep_contact()?;
        send_reports(rank, &mut sent)?;
        if let Some(progress) = rank.changed_progress().filter(|_| current.is_some()) {
            rank.send(0, &ToRoot::Progress(progress))?;
        }
        if let Some(reason) = rank.retirement().filter(|_| !sent.retired) {
            sent.retired = true;
            rank.send(0, &ToRoot::Retired(reason))?;
        }
        if rank.is_draining() && !sent.drained && (rank.workers.pending == 0 || sent.broken) {
            sent.drained = true;
            rank.send(0, &ToRoot::Drained)?;
        }
    }
}

/// What has been sent to rank 0 once and need not be sent again.
#[derive(Default)]
struct Sent {
    drain_wanted: bool,
    drained: bool,
    broken: bool,
    retired: bool,
}

/// Follows the messages of rank 0 that have arrived.
fn receive_messages(
    rank: &mut Rank,
    current: Option<&CurrentStage>,
    sent: &mut Sent,
) -> Result<Option<StageEnd>, Stop> {
    while let Some((_, message)) = rank.receive()? {
        match message {
            ToWorker::Assign(batches) => {
                if let Some(current) = current {
                    rank.submit(current, &batches);
                }
            }
            ToWorker::Retry(retry) => {
                if let Some(current) = current {
                    rank.submit_retry(current, retry);
                }
            }
            ToWorker::Pull(records) => match rank.values(&records) {
                Ok(values) => rank.send(0, &ToRoot::Values(values))?,
                Err(stop) => report_broken(rank, sent, stop)?,
            },
            ToWorker::ReadOthers => match rank.read_others() {
                Ok(records) => send_others(rank, records)?,
                Err(stop) => report_broken(rank, sent, stop)?,
            },
            ToWorker::Drain => rank.drain(),
            ToWorker::StageDone(result) => return Ok(Some(StageEnd::Complete(result))),
            ToWorker::Finish(exit) => {
                // Nothing of the journal may be lost by what the other ranks do next. A disk that fails has been
                // reported, or the record is run again.
                let _ = rank.sync_in_contact();
                rank.send(0, &ToRoot::Bye)?;
                return Ok(Some(StageEnd::Finish(exit)));
            }
            ToWorker::Part { .. } => {
                rank.end_without_root("rank 0 has gone on without it, since it did not answer for 45 s")
            }
        }
    }
    Ok(None)
}

/// Sends what the worker threads have reported.
fn send_reports(rank: &mut Rank, sent: &mut Sent) -> Result<(), Stop> {
    let reports = match rank.reports() {
        Ok(reports) => reports,
        Err(stop) => return report_broken(rank, sent, stop),
    };
    let is_out_of_time = reports.iter().any(|report| report.cut == Some(Cut::TimeLimit));
    let (mut summaries, mut undone) = (Vec::new(), Vec::new());
    for report in reports {
        summaries.extend(report.summary);
        undone.extend(report.undone);
    }
    if !summaries.is_empty() {
        rank.send(0, &ToRoot::Recorded(summaries))?;
    }
    if !undone.is_empty() {
        rank.send(0, &ToRoot::Undone(undone))?;
    }
    if is_out_of_time && !rank.is_draining() {
        request_drain(rank, sent, DrainReason::TimeLimit)?;
    }
    Ok(())
}

/// Starts no further task here, and has rank 0 ask the others to do the same.
fn request_drain(rank: &mut Rank, sent: &mut Sent, reason: DrainReason) -> Result<(), Stop> {
    rank.drain();
    if std::mem::replace(&mut sent.drain_wanted, true) {
        return Ok(());
    }
    rank.send(0, &ToRoot::DrainWanted(reason))
}

/// Sends the records of ranks that are not in this run, in messages that are not too long.
fn send_others(rank: &mut Rank, mut records: Vec<RecordSummary>) -> Result<(), Stop> {
    loop {
        let rest = records.split_off(records.len().min(RECORDS_IN_MESSAGE));
        let is_last = rest.is_empty();
        rank.send(0, &ToRoot::Others { records, is_last })?;
        if is_last {
            return Ok(());
        }
        records = rest;
    }
}

fn report_broken(rank: &mut Rank, sent: &mut Sent, stop: Stop) -> Result<(), Stop> {
    if !sent.broken {
        sent.broken = true;
        rank.drain();
        let message = format!("rank {}: {}", rank.number(), stop.message);
        rank.send(0, &ToRoot::Broken { exit: stop.exit, message })?;
    }
    Ok(())
}
