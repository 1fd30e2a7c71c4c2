//! How does a distance or angle become datasets and a chart?
use super::Pulled;
use crate::campaigns::stage::Error;
use crate::figure::Chart;
use crate::results::Writer;

/// Writes `/results/coordinate`.
///
/// # Errors
/// The file cannot be written.
pub fn write(pulled: &Pulled, masses: &[f64], along: &[f64], out: &mut Writer) -> Result<(), Error> {
    let (unit, frames) = (pulled.recipe.scale.unit.name(), along.len());
    let about = format!("the {} in every frame", pulled.kind.name());
    out.array("/results/coordinate/values", &[frames], along, unit, &about)?;
    let about = "times of the frames; NaN where the file has none";
    out.array("/results/coordinate/time", &[frames], &pulled.frames.times(), "ps", about)?;
    let indices: Vec<u64> = pulled.groups.iter().flatten().map(|atom| *atom as u64).collect();
    let n = indices.len();
    let about = "atoms of the groups, one group after another, counted from 0 in the structure";
    out.array("/results/coordinate/atoms/index", &[n], &indices, "none", about)?;
    let of_group = |(place, atoms): (usize, &Vec<usize>)| vec![place as u64; atoms.len()];
    let places: Vec<u64> = pulled.groups.iter().enumerate().flat_map(of_group).collect();
    out.array("/results/coordinate/atoms/group", &[n], &places, "none", "the group, counted from 0")?;
    out.array("/results/coordinate/atoms/mass", &[n], masses, "u", "masses, with which groups have their centres")?;
    Ok(out.text_attribute("/results/coordinate", "kind", pulled.kind.name())?)
}

/// The coordinate along the frames.
pub fn chart(pulled: &Pulled, along: &[f64]) -> Chart {
    let (label, x) = pulled.frames.drawn_against();
    let (name, unit) = (pulled.kind.name(), pulled.recipe.scale.unit.name());
    let title = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let chart = Chart::new(&title, label, &format!("{name} / {unit}"));
    // A line would cross the whole chart wherever a circle ends.
    match pulled.kind.period() {
        Some(_) => chart.points("", &x, along),
        None => chart.line("", &x, along),
    }
}
