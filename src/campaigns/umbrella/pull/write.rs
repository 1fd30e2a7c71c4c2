//! Writes and draws a distance or angle.
use super::definition::Definition;
use crate::campaigns::stage::Error;
use crate::figure::Chart;
use crate::results::{Writer, or_nan};

/// Writes `/results/coordinate`.
///
/// # Errors
/// The file cannot be written.
pub fn write(definition: &Definition, masses: &[f64], along: &[f64], out: &mut Writer) -> Result<(), Error> {
    let (unit, frames) = (definition.scale.unit.name(), along.len());
    let about = format!("the {} in every frame", definition.kind.name());
    out.array("/results/coordinate/values", &[frames], along, unit, &about)?;
    let about = "times of the frames; NaN where the file has none";
    out.array("/results/coordinate/time", &[frames], &or_nan(definition.frames.times()), "ps", about)?;
    let indices: Vec<u64> = definition.groups.iter().flatten().map(|atom| *atom as u64).collect();
    let n = indices.len();
    let about = "atoms of the groups, one group after another, counted from 0 in the structure";
    out.array("/results/coordinate/atoms/index", &[n], &indices, "none", about)?;
    let of_group = |(group, atoms): (usize, &Vec<usize>)| vec![group as u64; atoms.len()];
    let group_numbers: Vec<u64> = definition.groups.iter().enumerate().flat_map(of_group).collect();
    out.array("/results/coordinate/atoms/group", &[n], &group_numbers, "none", "the group, counted from 0")?;
    out.array("/results/coordinate/atoms/mass", &[n], masses, "u", "masses, with which groups have their centres")?;
    Ok(out.text_attribute("/results/coordinate", "kind", definition.kind.name())?)
}

/// The coordinate along the frames.
pub fn chart(definition: &Definition, along: &[f64]) -> Chart {
    let (label, x) = definition.frames.chart_axis();
    let (name, unit) = (definition.kind.name(), definition.scale.unit.name());
    let title = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let chart = Chart::new(&title, label, &format!("{name} / {unit}"));
    // A line would cross the whole chart wherever a circle ends.
    match definition.kind.period() {
        Some(_) => chart.points("", &x, along),
        None => chart.line("", &x, along),
    }
}
