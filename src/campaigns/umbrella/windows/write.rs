//! How do windows and their free energy become datasets and charts?
use super::{Recipe, Way};
use crate::campaigns::stage::Error;
use crate::campaigns::umbrella::windows::stage::Sampled;
use crate::figure::Chart;
use crate::results::Writer;

/// Writes `/results/windows`, `/results/pmf` and `/run/windows`.
///
/// # Errors
/// The file cannot be written.
pub fn write(recipe: &Recipe, way: &Way, out: &mut Writer) -> Result<(), Error> {
    let Some(analysis) = way.analysis() else { return Ok(()) };
    analysis.write_results(out)?;
    let indices: Vec<usize> = way.sampled.keys().copied().collect();
    let count = indices.len();
    let numbers = |of: &dyn Fn(usize) -> u64| indices.iter().map(|index| of(*index)).collect::<Vec<u64>>();
    let mut array = |name: &str, values: &[u64], about: &str| {
        out.array(&format!("/results/windows/{name}"), &[count], values, "none", about)
    };
    array(
        "index",
        &numbers(&|index| index as u64),
        "the window, as its folder is called; those that failed are missing",
    )?;
    array(
        "round",
        &numbers(&|index| way.rounds[index] as u64),
        "1 at the beginning, more for windows that were added",
    )?;
    array("start_frame", &numbers(&|index| way.planned[index].frame as u64), "frame that it started from")?;
    write_samples(recipe, way, out)?;
    let failed: Vec<u64> = way.failed.keys().map(|index| *index as u64).collect();
    if !failed.is_empty() {
        out.list_attribute("/results/windows", "missing", &failed)?;
        let centers: Vec<f64> = way.failed.keys().map(|index| way.planned[*index].center).collect();
        out.list_attribute("/results/windows", "missing_centers", &centers)?;
    }
    let remarks = way.remarks(recipe, &analysis);
    if !remarks.is_empty() {
        out.strings("/results/windows/remarks", &remarks, "windows that failed, and neighbours that do not overlap")?;
    }
    write_run(recipe, way, out)
}

/// The coordinate in all windows, before equilibrium too.
fn write_samples(recipe: &Recipe, way: &Way, out: &mut Writer) -> Result<(), Error> {
    let mut offsets = vec![0_u64];
    way.sampled.values().for_each(|one| offsets.push(offsets[offsets.len() - 1] + one.series.values.len() as u64));
    let values: Vec<f64> = way.sampled.values().flat_map(|one| one.series.values.iter().copied()).collect();
    let about = "the coordinate in every window, one after another, before equilibrium too";
    out.array("/results/windows/series/values", &[values.len()], &values, recipe.scale.unit.name(), about)?;
    let about = "window i has values[offsets[i]..offsets[i + 1]]";
    out.array("/results/windows/series/offsets", &[offsets.len()], &offsets, "none", about)?;
    let steps: Vec<f64> = way.sampled.values().map(|one| one.series.step_ps).collect();
    Ok(out.array("/results/windows/series/step", &[steps.len()], &steps, "ps", "time between samples")?)
}

/// What depends on this run.
fn write_run(recipe: &Recipe, way: &Way, out: &mut Writer) -> Result<(), Error> {
    let mut numbers = |name: &str, of: fn(&Sampled) -> f64, units: &str, about: &str| {
        let values: Vec<f64> = way.sampled.values().map(of).collect();
        out.array(&format!("/run/windows/{name}"), &[values.len()], &values, units, about)
    };
    numbers("seconds", |one| one.usage.seconds, "s", "time that it took in the run that finished it")?;
    numbers("cpu_s", |one| one.usage.cpu_s, "s", "processor time of its programs in the run that finished it")?;
    numbers("ns_per_day", |one| one.ns_per_day, "ns/day", "speed of its simulation")?;
    let notes: Vec<String> = way.sampled.values().map(|one| one.notes.join("; ")).collect();
    out.strings("/run/windows/notes", &notes, "what happened on the way")?;
    let folders: Vec<String> = way.sampled.keys().map(|index| recipe.folder(*index).display().to_string()).collect();
    Ok(out.strings("/run/windows/folder", &folders, "where its files are")?)
}

/// The free energy and the histograms; none before the last stage.
pub fn charts(way: &Way) -> Vec<(&'static str, Chart)> {
    let Some(analysis) = way.analysis() else { return Vec::new() };
    vec![("pmf", analysis.profile_chart()), ("histograms", analysis.histogram_chart())]
}
