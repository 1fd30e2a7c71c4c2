//! How does a finished campaign become one HDF5 file?
use super::console;
use super::exit::Stop;
use super::ledger::Ledger;
use super::message::{ToRoot, ToWorker};
use super::open::Opened;
use super::rank::Rank;
use super::record_table::Record;
use super::task_rows;
use crate::campaigns::campaign::{RecordedBatch, RecordedValues, Reproducibility, Visit};
use crate::campaigns::stage::Error;
use crate::comm::RankLocation;
use crate::figure::{self, Chart};
use crate::journal::{Manifest, codec};
use crate::results::Writer;
use std::path::Path;
use std::time::Duration;

/// All that goes into a result file.
pub struct Publication<'a> {
    pub output: &'a Path,
    pub opened: &'a Opened,
    pub manifest: &'a Manifest,
    pub reproducibility: Reproducibility,
    pub places: &'a [RankLocation],
    pub stages: &'a [Ledger],
}

/// Writes the result file.
///
/// # Errors
/// The disk is full, or a recorded value cannot be read.
pub fn publish(rank: &mut Rank, publication: &Publication) -> Result<Totals, Stop> {
    let Publication { output, opened, places, stages, .. } = *publication;
    let mut out = Writer::create(output)?;
    let totals = Totals::of_stages(stages);
    write_attributes(&mut out, publication, &totals)?;
    let report = opened.campaign.write(&mut FetchedValues { rank, stages }, &mut out)?;
    task_rows::write(&mut out, stages)?;
    write_ranks(&mut out, places, stages)?;
    let kept = if opened.settings.needs_values { &[][..] } else { stages };
    let saved: Result<Vec<_>, Error> = kept.iter().map(Ledger::save).collect();
    out.bytes("/run/state", &codec::encode(&saved?)?, "exact sums from which the campaign can be grown")?;
    let closed = out.close()?;
    // While the disk writes.
    let drawn = draw(report.charts);
    closed.publish()?;
    write_figures(output, drawn);
    report.remarks.iter().for_each(|line| console::line(line));
    Ok(totals)
}

/// The name of a figure, and the figure.
type Figure = (&'static str, Result<figure::Figure, figure::Error>);

fn draw(charts: Vec<(&'static str, Chart)>) -> Vec<Figure> {
    charts.into_iter().map(|(name, chart)| (name, chart.draw())).collect()
}

/// Writes figures beside the result. One that cannot be drawn costs nothing else.
fn write_figures(output: &Path, figures: Vec<Figure>) {
    for (name, drawn) in figures {
        if let Err(error) = drawn.and_then(|drawn| drawn.write(&output.with_extension(format!("{name}.svg")))) {
            console::error(&super::exit::causes(&error));
        }
    }
}

/// Number of tasks of all stages.
pub struct Totals {
    pub tasks: u64,
    pub done: u64,
    pub failed: u64,
    /// Failed tasks that ran, and whose files are there and cannot be read.
    pub unread: u64,
}

impl Totals {
    fn of_stages(stages: &[Ledger]) -> Self {
        let add = |sum: Self, stage: &Ledger| {
            let (done, failed) = stage.counts();
            Self {
                tasks: sum.tasks + stage.current.spec().tasks,
                done: sum.done + done,
                failed: sum.failed + failed,
                unread: sum.unread + stage.readable_again(),
            }
        };
        stages.iter().fold(Self { tasks: 0, done: 0, failed: 0, unread: 0 }, add)
    }
}

fn write_attributes(out: &mut Writer, publication: &Publication, totals: &Totals) -> Result<(), Stop> {
    let Publication { opened, manifest, reproducibility, .. } = *publication;
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
    Ok(out.text_attribute("/", "reproducibility", reproducibility.name())?)
}

fn write_ranks(out: &mut Writer, places: &[RankLocation], stages: &[Ledger]) -> Result<(), Stop> {
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

/// Values of single batches, read from this rank's journal or fetched from the rank that serves them.
struct FetchedValues<'a> {
    rank: &'a mut Rank,
    stages: &'a [Ledger],
}

impl FetchedValues<'_> {
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

impl RecordedValues for FetchedValues<'_> {
    fn for_each(&mut self, stage: usize, visit: &mut Visit) -> Result<(), Error> {
        let stages = self.stages;
        for Record { location, tasks, failed, .. } in stages[stage].records() {
            let bytes = self.value(location.rank, location.record).map_err(|stop| Error::Outcome(stop.message))?;
            visit(RecordedBatch { tasks, failed, bytes: &bytes })?;
        }
        Ok(())
    }
}
