//! How does a finished campaign become one HDF5 file?
use super::console;
use super::exit::Stop;
use super::fetched_values::{FetchedValues, Requests, value_channel};
use super::ledger::Ledger;
use super::rank::Rank;
use super::{resource_usage, task_rows};
use crate::campaigns::campaign::{Campaign, Reproducibility};
use crate::campaigns::stage::Error;
use crate::comm::RankLocation;
use crate::config::Config;
use crate::figure::{self, Chart};
use crate::journal::{Manifest, codec};
use crate::results::Writer;
use std::collections::BTreeMap;
use std::path::Path;

/// All that goes into a result file.
pub struct Publication<'a> {
    pub output: &'a Path,
    pub config: &'a Config,
    pub campaign: &'a mut dyn Campaign,
    /// Whether results are written from the values of single batches.
    pub needs_values: bool,
    pub manifest: &'a Manifest,
    pub reproducibility: Reproducibility,
    pub places: &'a [RankLocation],
    /// The ranks that were lost.
    pub lost: Vec<usize>,
    /// Ranks that were excluded, and why.
    pub excluded: BTreeMap<usize, String>,
    pub stages: &'a mut [Ledger],
}

/// Writes the result file on a thread of its own, while this one stays in contact with the other ranks, fetches values from them, and
/// calls `attend` again and again.
///
/// # Errors
/// The disk is full, a recorded value cannot be read, or `attend` reports an error: then nothing is published.
pub fn publish(
    rank: &mut Rank,
    publication: Publication,
    attend: &mut dyn FnMut() -> Result<(), Stop>,
) -> Result<Totals, Stop> {
    let (requests, mut server) = value_channel();
    let (totals, remarks) = rank.meanwhile(
        move || write(publication, requests),
        move |rank| {
            attend()?;
            server.answer_requests(rank)
        },
    )??;
    remarks.iter().for_each(|line| console::line(line));
    Ok(totals)
}

/// Writes the result file; returns the remarks of the campaign, too.
fn write(publication: Publication, requests: Requests) -> Result<(Totals, Vec<String>), Stop> {
    let output = publication.output;
    let mut out = Writer::create(output)?;
    let totals = Totals::of_stages(publication.stages);
    write_attributes(&mut out, &publication, &totals)?;
    let Publication { campaign, places, lost, excluded, needs_values, .. } = publication;
    let mut values = FetchedValues { stages: publication.stages, requests };
    let report = campaign.write(&mut values, &mut out)?;
    let FetchedValues { stages, requests } = values;
    task_rows::write(&mut out, stages)?;
    let gpu_warnings = resource_usage::write_gpus(&mut out, stages)?;
    write_ranks(&mut out, places, stages)?;
    write_losses(&mut out, places.len(), &lost, &excluded)?;
    let kept = if needs_values { &[][..] } else { stages };
    let saved: Result<Vec<_>, Error> = kept.iter().map(Ledger::save).collect();
    out.bytes("/run/state", &codec::encode(&saved?)?, "exact sums from which the campaign can be grown")?;
    let closed = out.close()?;
    // While the disk writes.
    let drawn = draw(report.charts);
    requests.await_permission()?;
    closed.publish()?;
    write_figures(output, drawn);
    Ok((totals, [report.remarks, gpu_warnings].concat()))
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
    let Publication { config, manifest, reproducibility, .. } = *publication;
    let Totals { tasks, done, failed, unread } = *totals;
    out.text_attribute("/", "simmpi_version", env!("CARGO_PKG_VERSION"))?;
    out.text_attribute("/", "campaign_kind", &config.campaign.kind)?;
    out.attribute("/", "seed", config.campaign.seed)?;
    out.text_attribute("/", "fingerprint", &manifest.fingerprint().to_string())?;
    out.text_attribute("/", "manifest", &serde_json::to_string(manifest).unwrap_or_default())?;
    out.text_attribute("/", "config", &config.text)?;
    out.attribute("/", "complete", u8::from(done + failed == tasks))?;
    out.attribute("/", "tasks_total", tasks)?;
    out.attribute("/", "tasks_done", done)?;
    out.attribute("/", "tasks_failed", failed)?;
    out.attribute("/", "tasks_unread", unread)?;
    Ok(out.text_attribute("/", "reproducibility", reproducibility.name())?)
}

/// Writes which of so many ranks were lost or excluded.
fn write_losses(
    out: &mut Writer,
    ranks: usize,
    lost: &[usize],
    excluded: &BTreeMap<usize, String>,
) -> Result<(), Stop> {
    let is_lost: Vec<u8> = (0..ranks).map(|rank| u8::from(lost.contains(&rank))).collect();
    out.array("/run/ranks/lost", &[ranks], &is_lost, "none", "whether each rank was lost in the last run")?;
    let is_excluded: Vec<u8> = (0..ranks).map(|rank| u8::from(excluded.contains_key(&rank))).collect();
    let reasons: Vec<&str> = (0..ranks).map(|rank| excluded.get(&rank).map_or("", String::as_str)).collect();
    let about = "whether each rank was excluded in the last run because it failed what others could do";
    out.array("/run/ranks/excluded", &[ranks], &is_excluded, "none", about)?;
    Ok(out.strings("/run/ranks/excluded_because", &reasons, "why it was excluded")?)
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
