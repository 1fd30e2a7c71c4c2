//! What does a rank other than 0 do?
use super::exit::{Exit, Stop};
use super::message::{ToRoot, ToWorker};
use super::rank::{Present, Rank};
use super::signals::Wish;
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
        if rank.wish() == Wish::Drain && !told.wanted {
            told.wanted = true;
            rank.drain();
            rank.send(0, &ToRoot::DrainWanted)?;
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
                if reports.iter().any(|report| report.is_cut_short) && !rank.is_draining() {
                    // The time slot is too short for the next task.
                    rank.drain();
                    rank.send(0, &ToRoot::DrainWanted)?;
                }
                let notices: Vec<_> = reports.into_iter().filter_map(|report| report.notice).collect();
                if !notices.is_empty() {
                    rank.send(0, &ToRoot::Recorded(notices))?;
                }
            }
            Err(stop) => report_broken(rank, &mut told, stop)?,
        }
        if let Some(doing) = present.and_then(|present| rank.look(present)) {
            rank.send(0, &ToRoot::Doing(doing))?;
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
