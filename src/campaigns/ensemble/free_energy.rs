//! What is the free energy along collected columns?
use super::inputs::{FreeEnergy, Setup};
use super::stage::Values;
use crate::campaigns::campaign::Outcomes;
use crate::campaigns::stage::Error;
use crate::results::Writer;
use crate::science::reweighting::{self, Axis, Difference, Replica};
use std::collections::BTreeMap;

/// Blocks that a single replica is divided into for its error.
const BLOCKS: usize = 10;

/// The samples of one replica behind what is discarded.
#[derive(Clone, Debug, Default)]
struct Samples {
    /// `[variables][samples]`
    coordinates: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

impl Samples {
    fn is_finite(&self) -> bool {
        self.coordinates.iter().chain([&self.bias]).flatten().all(|value| value.is_finite())
    }
}

/// Writes `/results/free_energy`, one at a time: rank 0 holds the columns of one of them. Says which replicas are left out of one, a line for
/// each free energy: those whose values are not finite, since they were read before it was asked for.
///
/// # Errors
/// The file cannot be written, or an outcome not be read.
pub fn write(setup: &Setup, outcomes: &mut dyn Outcomes, out: &mut Writer) -> Result<Vec<String>, Error> {
    let mut said = Vec::new();
    for wanted in &setup.free_energies {
        let (samples, left_out) = gather(setup, wanted, outcomes)?;
        let replicas: Vec<Replica> = samples.values().map(replica).collect();
        let numbers: Vec<u64> = samples.keys().copied().collect();
        write_one(wanted, &replicas, &numbers, out)?;
        if let Some(first) = left_out.first() {
            let group = format!("/results/free_energy/{}", super::write::escaped(&wanted.name));
            out.list_attribute(&group, "left_out", &left_out)?;
            let (label, count) = (setup.label(*first as usize), left_out.len());
            said.push(format!(
                "warning: {count} of {} replicas ({label} is the first) are left out of the free energy `{}`: values that it is computed \
                 with are not finite; discard these rows by discard_ps, or name another column",
                count + numbers.len(),
                wanted.name
            ));
        }
    }
    Ok(said)
}

fn replica(samples: &Samples) -> Replica<'_> {
    Replica { coordinates: samples.coordinates.iter().map(Vec::as_slice).collect(), bias: &samples.bias }
}

/// The samples of every replica that has some, by its number, and the replicas that have some that are not finite.
fn gather(
    setup: &Setup,
    wanted: &FreeEnergy,
    outcomes: &mut dyn Outcomes,
) -> Result<(BTreeMap<u64, Samples>, Vec<u64>), Error> {
    let (mut all, mut left_out) = (BTreeMap::new(), Vec::new());
    outcomes.each(0, &mut |_, _, piece| {
        let values = piece.downcast::<Values>().map_err(|_| Error::Outcome("it is of another stage".into()))?;
        for replica in &values.replicas {
            let columns = replica.columns(setup, wanted.file);
            let rows: Vec<usize> = (0..columns[wanted.bias].len()).filter(|row| wanted.uses(&columns, *row)).collect();
            let of = |column: usize| -> Vec<f64> { rows.iter().map(|&row| columns[column][row]).collect() };
            let samples =
                Samples { coordinates: wanted.cvs.iter().map(|&column| of(column)).collect(), bias: of(wanted.bias) };
            if !samples.is_finite() {
                left_out.push(replica.task);
            } else if !rows.is_empty() {
                all.insert(replica.task, samples);
            }
        }
        Ok(())
    })?;
    Ok((all, left_out))
}

/// Datasets of one free energy; what cannot be computed is NaN, and the group's attribute `fault` says why.
fn write_one(wanted: &FreeEnergy, replicas: &[Replica], numbers: &[u64], out: &mut Writer) -> Result<(), Error> {
    let group = format!("/results/free_energy/{}", super::write::escaped(&wanted.name));
    let (units, kt) = (wanted.units, wanted.thermal_energy);
    let axes: Vec<Axis> = (0..wanted.cvs.len()).map(|variable| axis(wanted, variable, replicas)).collect();
    let found = reweighting::free_energy(replicas, kt, &axes, BLOCKS);
    let mut shape = vec![wanted.grid; wanted.cvs.len()];
    let bins: usize = shape.iter().product();
    let nothing = vec![f64::NAN; bins];
    let (values, errors) =
        found.as_ref().map_or((&nothing, &nothing), |found| (&found.free_energy, &found.standard_error));
    out.array(&format!("{group}/free_energy"), &shape, values, units, "free energy of each bin; the smallest is 0")?;
    let about = "standard error of the free energy, from the spread of replicas, or of blocks of a single one";
    out.array(&format!("{group}/free_energy_stderr"), &shape, errors, units, about)?;
    let centers: Vec<f64> = axes.iter().flat_map(Axis::centers).collect();
    // [bins] of one variable, [variables, bins] of two.
    if shape.len() == 2 {
        shape[0] = 2;
    }
    out.array(
        &format!("{group}/coordinate"),
        &shape,
        &centers,
        "as in the file",
        "middle of each bin of each variable",
    )?;
    out.attribute(&group, "thermal_energy", kt)?;
    out.list_attribute(&group, "replicas", numbers)?;
    match found {
        Ok(found) => {
            out.list_attribute(&group, "effective_samples", &found.effective_samples)?;
            out.attribute(&group, "parts", found.parts as u64)?;
        }
        Err(error) => out.text_attribute(&group, "fault", &error.to_string())?,
    }
    match &wanted.regions {
        None => Ok(()),
        Some([first, second]) => {
            let found = reweighting::difference(replicas, kt, (first, second), &wanted.periods, BLOCKS);
            write_difference(&group, found.ok(), replicas.len(), units, out)
        }
    }
}

/// The free energy of one region less that of another, from the samples themselves.
fn write_difference(
    group: &str,
    found: Option<Difference>,
    replicas: usize,
    units: &str,
    out: &mut Writer,
) -> Result<(), Error> {
    let none =
        || Difference { value: f64::NAN, standard_error: f64::NAN, of_replicas: vec![f64::NAN; replicas], parts: 0 };
    let Difference { value, standard_error, of_replicas, .. } = found.unwrap_or_else(none);
    let about = "free energy of the first region less that of the second";
    out.array(&format!("{group}/difference"), &[1], &[value], units, about)?;
    out.array(&format!("{group}/difference_stderr"), &[1], &[standard_error], units, "its standard error")?;
    let item = format!("{group}/difference_of_replicas");
    Ok(out.array(&item, &[of_replicas.len()], &of_replicas, units, "the same from each replica alone")?)
}

fn axis(wanted: &FreeEnergy, variable: usize, replicas: &[Replica]) -> Axis {
    let samples = replicas.iter().flat_map(|replica| replica.coordinates[variable].iter());
    let around = Axis::around(samples, wanted.grid, wanted.periods[variable]);
    let [lower, upper] = match &wanted.ranges {
        Some(ranges) => ranges[variable],
        None => [around.lower, around.upper],
    };
    Axis { lower, upper, bandwidth: wanted.bandwidths.as_ref().map(|all| all[variable]), ..around }
}
