//! How are windows and their free energy written and drawn?
use super::setup::WindowSetup;
use super::stage::WindowResult;
use super::state::UmbrellaState;
use crate::campaigns::stage::Error;
use crate::figure::Chart;
use crate::results::{Writer, or_nan, write_usage};

/// Writes `/results/windows`, `/results/pmf` and `/run/windows`.
///
/// # Errors
/// The file cannot be written.
pub fn write(setup: &WindowSetup, state: &UmbrellaState, out: &mut Writer) -> Result<(), Error> {
    let Some(analysis) = state.analysis() else { return Ok(()) };
    analysis.write_results(out)?;
    let indices: Vec<usize> = state.sampled.keys().copied().collect();
    let count = indices.len();
    let numbers = |value: &dyn Fn(usize) -> u64| indices.iter().map(|index| value(*index)).collect::<Vec<u64>>();
    let mut array = |name: &str, values: &[u64], about: &str| {
        out.array(&format!("/results/windows/{name}"), &[count], values, "none", about)
    };
    let about = "the window, as its folder is called; those that failed are missing";
    array("index", &numbers(&|index| index as u64), about)?;
    let about = "1 at the beginning, more for windows that were added";
    array("round", &numbers(&|index| state.rounds[index] as u64), about)?;
    array("start_frame", &numbers(&|index| state.planned[index].frame as u64), "frame that it started from")?;
    write_samples(setup, state, out)?;
    let failed: Vec<u64> = state.failed.keys().map(|index| *index as u64).collect();
    if !failed.is_empty() {
        out.list_attribute("/results/windows", "missing", &failed)?;
        let centers: Vec<f64> = state.failed.keys().map(|index| state.planned[*index].center).collect();
        out.list_attribute("/results/windows", "missing_centers", &centers)?;
    }
    let remarks = state.remarks(setup, &analysis);
    if !remarks.is_empty() {
        out.strings("/results/windows/remarks", &remarks, "windows that failed, and neighbours that do not overlap")?;
    }
    write_run(setup, state, out)
}

/// Writes the coordinate in all windows, equilibration included.
fn write_samples(setup: &WindowSetup, state: &UmbrellaState, out: &mut Writer) -> Result<(), Error> {
    let mut offsets = vec![0_u64];
    state.sampled.values().for_each(|one| offsets.push(offsets[offsets.len() - 1] + one.series.values.len() as u64));
    let values: Vec<f64> = state.sampled.values().flat_map(|one| one.series.values.iter().copied()).collect();
    let about = "the coordinate in every window, one after another, before equilibrium too";
    out.array("/results/windows/series/values", &[values.len()], &values, setup.scale.unit.name(), about)?;
    let about = "window i has values[offsets[i]..offsets[i + 1]]";
    out.array("/results/windows/series/offsets", &[offsets.len()], &offsets, "none", about)?;
    let steps: Vec<f64> = state.sampled.values().map(|one| one.series.step_ps).collect();
    Ok(out.array("/results/windows/series/step", &[steps.len()], &steps, "ps", "time between samples")?)
}

/// Writes what depends on this run, not on the campaign alone.
fn write_run(setup: &WindowSetup, state: &UmbrellaState, out: &mut Writer) -> Result<(), Error> {
    let mut numbers = |name: &str, value: fn(&WindowResult) -> Option<f64>, units: &str, about: &str| {
        let values = or_nan(state.sampled.values().map(value));
        out.array(&format!("/run/windows/{name}"), &[values.len()], &values, units, about)
    };
    numbers("seconds", |one| Some(one.usage.seconds), "s", "time that it took in the run that finished it")?;
    numbers("cpu_s", |one| Some(one.usage.cpu_s), "s", "processor time of its programs in the run that finished it")?;
    numbers("ns_per_day", |one| one.ns_per_day, "ns/day", "speed of its simulation")?;
    let together: Vec<_> = state.sampled.values().map(|one| Some(one.usage.together.clone())).collect();
    write_usage(out, "/run/windows", &together)?;
    let notes: Vec<String> = state.sampled.values().map(|one| one.notes.join("; ")).collect();
    out.strings("/run/windows/notes", &notes, "what happened on the way")?;
    let folders: Vec<String> = state.sampled.keys().map(|index| setup.folder(*index).display().to_string()).collect();
    Ok(out.strings("/run/windows/folder", &folders, "where its files are")?)
}

/// Charts of the free energy and the histograms; none before the last stage.
pub fn charts(state: &UmbrellaState) -> Vec<(&'static str, Chart)> {
    let Some(analysis) = state.analysis() else { return Vec::new() };
    vec![("pmf", analysis.profile_chart()), ("histograms", analysis.histogram_chart())]
}
