//! How does a finished campaign become one HDF5 file?
use super::exit::Stop;
use super::ledger::{Ledger, SavedStage};
use super::message::{ToRoot, ToWorker};
use super::open::Opened;
use super::rank::Rank;
use super::root::Root;
use super::say;
use crate::campaigns::campaign::{Outcomes, Take};
use crate::campaigns::stage::{Error, StageResult};
use crate::comm::Place;
use crate::figure::{self, Chart};
use crate::journal::{Manifest, codec, record::Head};
use crate::results::Writer;
use crate::task::Failure;
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

/// Writes the result file.
///
/// # Errors
/// The disk is full, or an outcome cannot be read.
pub fn publish(
    rank: &mut Rank,
    root: &Root,
    opened: &Opened,
    manifest: &Manifest,
    places: &[Place],
    done: &[StageResult],
) -> Result<Totals, Stop> {
    let mut out = Writer::create(&root.orders.output)?;
    let totals = Totals::of(&root.closed);
    write_attributes(&mut out, opened, manifest, &totals)?;
    opened.campaign.write(done, &mut Pulled { rank, stages: &root.closed }, &mut out)?;
    write_tasks(&mut out, &root.closed)?;
    write_ranks(&mut out, places, &root.closed)?;
    let saved: Result<Vec<SavedStage>, Error> = root.closed.iter().map(Ledger::save).collect();
    let state = if root.orders.needs_outcomes { Vec::new() } else { saved? };
    let state = codec::encode(&state)?;
    out.array("/run/state", &[state.len()], &state, "none", "exact sums from which the campaign can be grown")?;
    let closed = out.close()?;
    // While the disk writes.
    let drawn = opened.campaign.figures(done).map(draw);
    closed.publish()?;
    write_figures(&root.orders.output, drawn?);
    opened.campaign.remarks(done)?.iter().for_each(|line| say::line(line));
    Ok(totals)
}

/// A figure, and what the name of the result is extended by.
type Figure = (&'static str, Result<figure::Figure, figure::Error>);

fn draw(charts: Vec<(&'static str, Chart)>) -> Vec<Figure> {
    charts.into_iter().map(|(name, chart)| (name, chart.draw())).collect()
}

/// Writes figures beside the result. One that cannot be drawn costs nothing else.
fn write_figures(output: &Path, figures: Vec<Figure>) {
    for (name, drawn) in figures {
        if let Err(error) = drawn.and_then(|drawn| drawn.write(&output.with_extension(format!("{name}.svg")))) {
            say::error(&super::exit::causes(&error));
        }
    }
}

/// Tasks of all stages.
pub struct Totals {
    pub tasks: u64,
    pub done: u64,
    pub failed: u64,
    /// Of those that failed: they ran, and what they left lies there and cannot be read.
    pub unread: u64,
}

impl Totals {
    fn of(stages: &[Ledger]) -> Self {
        let add = |sum: Self, stage: &Ledger| {
            let (done, failed) = stage.counts();
            Self {
                tasks: sum.tasks + stage.present.stage.tasks(),
                done: sum.done + done,
                failed: sum.failed + failed,
                unread: sum.unread + stage.readable_again(),
            }
        };
        stages.iter().fold(Self { tasks: 0, done: 0, failed: 0, unread: 0 }, add)
    }
}

fn write_attributes(out: &mut Writer, opened: &Opened, manifest: &Manifest, totals: &Totals) -> Result<(), Stop> {
    let Totals { tasks, done, failed, unread } = *totals;
    out.text_attribute("/", "simmpi_version", env!("CARGO_PKG_VERSION"))?;
    out.text_attribute("/", "campaign_kind", &opened.config.campaign.kind)?;
    out.attribute("/", "seed", opened.config.campaign.seed)?;
    out.text_attribute("/", "fingerprint", &manifest.fingerprint().to_string())?;
    out.text_attribute("/", "manifest", &serde_json::to_string(manifest).unwrap_or_default())?;
    out.text_attribute("/", "config", &opened.config.text)?;
    out.attribute("/", "complete", u8::from(done + failed == tasks))?;
    out.attribute("/", "tasks_total", tasks)?;
    out.attribute("/", "tasks_done", done)?;
    out.attribute("/", "tasks_failed", failed)?;
    out.attribute("/", "tasks_unread", unread)?;
    Ok(out.text_attribute("/", "reproducibility", opened.campaign.reproducibility())?)
}

/// A line of the table below `/run/tasks`.
struct Row<'a> {
    index: u64,
    label: String,
    stage: &'a str,
    head: &'a Head,
    attempts: u32,
    status: &'static str,
    error: String,
}

/// A row for every batch, and one for every task that failed; where tasks have labels one for every task.
fn rows(stages: &[Ledger]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for ledger in stages {
        // A task that failed in several runs has one row, that of the failure which stands.
        let mut failures = HashSet::new();
        let mut stands =
            |failure: &Failure| ledger.failure(failure.task) == Some(failure) && failures.insert(failure.task);
        let stage = ledger.present.stage.name();
        for head in ledger.heads() {
            let failed = head.failed.len() as u64;
            let row =
                |index, label, attempts, status, error| Row { index, label, stage, head, attempts, status, error };
            if ledger.present.stage.label(head.tasks.first).is_some() {
                rows.extend(single_rows(ledger, head, &mut stands).map(|(task, label, attempts, error)| {
                    let status = if error.is_some() { "failed" } else { "done" };
                    row(task, label, attempts, status, error.unwrap_or_default())
                }));
                continue;
            }
            if failed < head.tasks.count() {
                let without = if failed == 0 { String::new() } else { format!("{failed} of its tasks failed") };
                rows.push(row(head.tasks.first, format!("{stage} {}", head.tasks), head.attempts, "done", without));
            }
            let standing = head.failed.iter().filter(|f| stands(f));
            rows.extend(
                standing.map(|f| {
                    row(f.task, format!("{stage} task {}", f.task), f.attempts, "failed", f.cause.to_string())
                }),
            );
        }
    }
    rows
}

/// A line for every task of a record: its number, label, attempts, and why it failed. One whose failure does not stand has none.
fn single_rows<'a>(
    ledger: &'a Ledger,
    head: &'a Head,
    stands: &mut impl FnMut(&Failure) -> bool,
) -> impl Iterator<Item = (u64, String, u32, Option<String>)> {
    head.tasks.iter().filter_map(|task| {
        let label = ledger.present.stage.label(task).unwrap_or_default();
        match head.failed.iter().find(|failure| failure.task == task) {
            None => Some((task, label, head.attempts, None)),
            Some(failure) => stands(failure).then(|| (task, label, failure.attempts, Some(failure.cause.to_string()))),
        }
    })
}

fn write_tasks(out: &mut Writer, stages: &[Ledger]) -> Result<(), Stop> {
    let rows = rows(stages);
    let shape = [rows.len()];
    let numbers = |of: fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    let counts = |of: fn(&Row) -> u64| rows.iter().map(of).collect::<Vec<u64>>();
    let texts = |of: fn(&Row) -> String| rows.iter().map(of).collect::<Vec<String>>();
    out.array("/run/tasks/index", &shape, &counts(|r| r.index), "none", "first task of the batch, or the task")?;
    out.strings("/run/tasks/label", &texts(|r| r.label.clone()), "what was run")?;
    out.strings("/run/tasks/stage", &texts(|r| r.stage.into()), "stage of the campaign")?;
    out.array("/run/tasks/rank", &shape, &counts(|r| r.head.rank.into()), "none", "rank that ran it")?;
    out.strings("/run/tasks/host", &texts(|r| r.head.host.clone()), "host that ran it")?;
    out.array("/run/tasks/attempts", &shape, &counts(|r| r.attempts.into()), "none", "attempts it took")?;
    out.array(
        "/run/tasks/start_s",
        &shape,
        &numbers(|r| r.head.started_s),
        "s",
        "start, since 1970, by the host's clock",
    )?;
    out.array("/run/tasks/seconds", &shape, &numbers(|r| r.head.seconds), "s", "time that its batch took")?;
    out.strings("/run/tasks/status", &texts(|r| r.status.into()), "done, failed, lost or not-started")?;
    Ok(out.strings("/run/tasks/error", &texts(|r| r.error.clone()), "why it failed")?)
}

fn write_ranks(out: &mut Writer, places: &[Place], stages: &[Ledger]) -> Result<(), Stop> {
    let hosts: Vec<&str> = places.iter().map(|place| place.host.as_str()).collect();
    let mut tasks = vec![0u64; places.len()];
    let mut busy_s = vec![0.0; places.len()];
    for head in stages.iter().flat_map(Ledger::heads).filter(|head| (head.rank as usize) < places.len()) {
        tasks[head.rank as usize] += head.tasks.count();
        busy_s[head.rank as usize] += head.seconds;
    }
    out.strings("/run/ranks/host", &hosts, "host of each rank of the last run")?;
    out.array("/run/ranks/tasks", &[tasks.len()], &tasks, "none", "tasks that each rank ran, over all runs")?;
    Ok(out.array(
        "/run/ranks/busy_s",
        &[busy_s.len()],
        &busy_s,
        "s",
        "time that each rank spent in tasks, over all runs",
    )?)
}

/// Single outcomes, read from this rank's journal or pulled from the rank that holds them.
struct Pulled<'a> {
    rank: &'a mut Rank,
    stages: &'a [Ledger],
}

impl Pulled<'_> {
    fn value(&mut self, from: usize, record: u64) -> Result<Vec<u8>, Stop> {
        if from == 0 {
            return Ok(self.rank.values(&[record])?.remove(0).1);
        }
        self.rank.send(from, &ToWorker::Pull(vec![record]))?;
        loop {
            match self.rank.receive()? {
                Some((_, ToRoot::Values(mut values))) if !values.is_empty() => return Ok(values.remove(0).1),
                Some((_, ToRoot::Broken { exit, message })) => return Err(Stop::new(exit, message)),
                // A drain that is asked for now changes nothing: the campaign is done.
                Some(_) => {}
                None => std::thread::sleep(Duration::from_micros(50)),
            }
        }
    }
}

impl Outcomes for Pulled<'_> {
    fn each(&mut self, stage: usize, take: &mut Take) -> Result<(), Error> {
        let ledger = &self.stages[stage];
        for (shelved, head) in ledger.records() {
            let value = self.value(shelved.rank, shelved.record).map_err(|stop| Error::Outcome(stop.message))?;
            take(head.tasks, &head.failed, ledger.present.stage.decode(&value)?)?;
        }
        Ok(())
    }
}
