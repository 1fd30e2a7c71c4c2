//! What does a rank other than 0 do?
use super::compute::Cut;
use super::exit::{Exit, Stop};
use super::message::{ToRoot, ToWorker};
use super::rank::{Present, Rank};
use super::signals::{self, Request, Wish};
use crate::campaigns::stage::StageResult;

/// How a worker's part in a stage ends.
pub enum End {
    Stage(StageResult),
    Finish(Exit),
}

/// Runs what rank 0 assigns, sends what it pulls, until the stage is done or the run is over. After the last stage,
/// while rank 0 writes, there is no `present` stage.
///
/// # Errors
/// MPI fails. A journal that cannot be written is reported to rank 0, which ends the run.
pub fn serve(rank: &mut Rank, present: Option<&Present>) -> Result<End, Stop> {
    let mut told = Told::default();
    loop {
        if rank.wish() == Wish::Drain
            && let Some(request) = signals::request()
        {
            want_drain(rank, &mut told, request)?;
        }
        while let Some((_, message)) = rank.receive()? {
            match message {
                ToWorker::Assign(batches) => {
                    if let Some(present) = present {
                        rank.submit(present, &batches);
                    }
                }
                ToWorker::Pull(records) => match rank.values(&records) {
                    Ok(values) => rank.send(0, &ToRoot::Values(values))?,
                    Err(stop) => report_broken(rank, &mut told, stop)?,
                },
                ToWorker::Drain => rank.drain(),
                ToWorker::StageDone(result) => return Ok(End::Stage(result)),
                ToWorker::Finish(exit) => {
                    // Nothing of the journal may be lost by what the other ranks do next. A disk that refuses has been
                    // told of, or the record is run again.
                    let _ = rank.sync();
                    rank.send(0, &ToRoot::Bye)?;
                    return Ok(End::Finish(exit));
                }
            }
        }
        match rank.reports() {
            Ok(reports) => {
                let is_out_of_time = reports.iter().any(|report| report.cut == Some(Cut::TimeLimit));
                let (mut notices, mut undone) = (Vec::new(), Vec::new());
                for report in reports {
                    notices.extend(report.notice);
                    undone.extend(report.undone);
                }
                if !notices.is_empty() {
                    rank.send(0, &ToRoot::Recorded(notices))?;
                }
                if !undone.is_empty() {
                    rank.send(0, &ToRoot::Undone(undone))?;
                }
                if is_out_of_time && !rank.is_draining() {
                    want_drain(rank, &mut told, Request::TimeLimit)?;
                }
            }
            Err(stop) => report_broken(rank, &mut told, stop)?,
        }
        if let Some(doing) = present.and_then(|present| rank.look(present)) {
            rank.send(0, &ToRoot::Doing(doing))?;
        }
        if let Some(why) = rank.is_retired().filter(|_| !told.retired) {
            told.retired = true;
            rank.send(0, &ToRoot::Retired(why))?;
        }
        if rank.is_draining() && !told.drained && (rank.compute.pending == 0 || told.broken) {
            told.drained = true;
            rank.send(0, &ToRoot::Drained)?;
        }
    }
}

/// What rank 0 has been told once and need not hear again.
#[derive(Default)]
struct Told {
    wanted: bool,
    drained: bool,
    broken: bool,
    retired: bool,
}

/// Starts nothing more here, and has rank 0 ask the others to do the same.
fn want_drain(rank: &mut Rank, told: &mut Told, request: Request) -> Result<(), Stop> {
    rank.drain();
    if std::mem::replace(&mut told.wanted, true) {
        return Ok(());
    }
    rank.send(0, &ToRoot::DrainWanted(request))
}

fn report_broken(rank: &mut Rank, told: &mut Told, stop: Stop) -> Result<(), Stop> {
    if !told.broken {
        told.broken = true;
        rank.drain();
        let message = format!("rank {}: {}", rank.number(), stop.message);
        rank.send(0, &ToRoot::Broken { exit: stop.exit, message })?;
    }
    Ok(())
}
