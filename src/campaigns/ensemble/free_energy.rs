//! What is the free energy along collected columns?
use super::inputs::{FreeEnergy, Setup};
use super::stage::Values;
use crate::campaigns::campaign::RecordedValues;
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

/// The samples of all replicas that have some, by number, and those that are left out.
#[derive(Default)]
struct Gathered {
    samples: BTreeMap<u64, Samples>,
    /// Replicas that have none behind what is discarded.
    without: Vec<Without>,
    /// Replicas with values that are not finite, since they were read before the free energy was asked for.
    not_finite: Vec<u64>,
}

/// A replica all of whose samples are discarded.
struct Without {
    task: u64,
    /// Its first and its last time, ps.
    times: (f64, f64),
}

/// Writes `/results/free_energy`, one at a time: rank 0 holds the columns of one of them. What is worth a line on the terminal is returned.
/// `periods` are those of `[free energies][variables]`.
///
/// # Errors
/// The file cannot be written, or an outcome not be read.
pub fn write(
    setup: &Setup,
    periods: &[Vec<Option<f64>>],
    recorded: &mut dyn RecordedValues,
    out: &mut Writer,
) -> Result<Vec<String>, Error> {
    let mut said = Vec::new();
    for (wanted, periods) in setup.free_energies.iter().zip(periods) {
        let Gathered { samples, without, not_finite } = gather(setup, wanted, recorded)?;
        let replicas: Vec<Replica> = samples.values().map(replica).collect();
        let numbers: Vec<u64> = samples.keys().copied().collect();
        let fault = write_one(wanted, periods, &replicas, &numbers, out)?;
        if !not_finite.is_empty() {
            let group = format!("/results/free_energy/{}", super::write::escaped(&wanted.name));
            out.list_attribute(&group, "left_out", &not_finite)?;
        }
        let all = numbers.len() + without.len() + not_finite.len();
        let warnings =
            [warn_of_short(setup, wanted, &without, all), warn_of_not_finite(setup, wanted, &not_finite, all)];
        let warnings: Vec<String> = warnings.into_iter().flatten().collect();
        // Where all replicas failed, that has been said.
        if let (Some(fault), true) = (fault, warnings.is_empty() && all > 0) {
            said.push(format!("warning: the free energy `{}` is NaN: {fault}", wanted.name));
        }
        said.extend(warnings);
    }
    Ok(said)
}

fn replica(samples: &Samples) -> Replica<'_> {
    Replica { coordinates: samples.coordinates.iter().map(Vec::as_slice).collect(), bias: &samples.bias }
}

/// The samples of every replica that has some, and the replicas that are left out.
fn gather(setup: &Setup, wanted: &FreeEnergy, recorded: &mut dyn RecordedValues) -> Result<Gathered, Error> {
    let mut all = Gathered::default();
    recorded.for_each(0, &mut |batch| {
        let values: Values = batch.value()?;
        for replica in &values.replicas {
            let columns = replica.columns(setup, wanted.file);
            let rows: Vec<usize> = (0..columns[wanted.bias].len()).filter(|row| wanted.uses(&columns, *row)).collect();
            let of = |column: usize| -> Vec<f64> { rows.iter().map(|&row| columns[column][row]).collect() };
            let samples =
                Samples { coordinates: wanted.cvs.iter().map(|&column| of(column)).collect(), bias: of(wanted.bias) };
            if !samples.is_finite() {
                all.not_finite.push(replica.task);
            } else if !rows.is_empty() {
                all.samples.insert(replica.task, samples);
            } else if let Some(times) = wanted.time.map(|time| &columns[time])
                && let (Some(first), Some(last)) = (times.first(), times.last())
            {
                all.without.push(Without { task: replica.task, times: (*first, *last) });
            }
        }
        Ok(())
    })?;
    Ok(all)
}

/// Which replicas have no samples left.
fn warn_of_short(setup: &Setup, wanted: &FreeEnergy, without: &[Without], all: usize) -> Option<String> {
    let Without { task, times: (from, to) } = without.first()?;
    let which = which(setup, *task, without.len());
    let (count, name, until) = (without.len(), &wanted.name, wanted.discard_ps);
    Some(format!(
        "warning: {count} of {all} replicas ({which}) have no samples in the free energy `{name}`: times go from {from} to {to} ps, and \
         discard_ps = {until} leaves out all before {until} ps; discard less, or sample longer"
    ))
}

/// Which replicas are left out because of values that are not finite.
fn warn_of_not_finite(setup: &Setup, wanted: &FreeEnergy, left_out: &[u64], all: usize) -> Option<String> {
    let which = which(setup, *left_out.first()?, left_out.len());
    let (count, name) = (left_out.len(), &wanted.name);
    Some(format!(
        "warning: {count} of {all} replicas ({which}) are left out of the free energy `{name}`: values that it is computed with are not \
         finite; discard these rows by discard_ps, or name another column"
    ))
}

/// The first of `count` replicas, as messages name it.
fn which(setup: &Setup, first: u64, count: usize) -> String {
    let label = setup.label(first as usize);
    if count == 1 { label } else { format!("{label} is the first") }
}

/// Datasets of one free energy; what cannot be computed is NaN, and the group's attribute `fault` says why, as does what is returned.
fn write_one(
    wanted: &FreeEnergy,
    periods: &[Option<f64>],
    replicas: &[Replica],
    numbers: &[u64],
    out: &mut Writer,
) -> Result<Option<String>, Error> {
    let group = format!("/results/free_energy/{}", super::write::escaped(&wanted.name));
    let (units, kt) = (wanted.units, wanted.thermal_energy);
    let axes: Vec<Axis> =
        (0..wanted.cvs.len()).map(|variable| axis(wanted, variable, periods[variable], replicas)).collect();
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
    let lengths: Vec<f64> = periods.iter().map(|period| period.unwrap_or(0.0)).collect();
    out.list_attribute(&group, "period", &lengths)?;
    let fault = found.as_ref().err().map(ToString::to_string);
    if let Ok(found) = found {
        out.list_attribute(&group, "effective_samples", &found.effective_samples)?;
        out.attribute(&group, "parts", found.parts as u64)?;
    }
    if let Some(fault) = &fault {
        out.text_attribute(&group, "fault", fault)?;
    }
    if let Some([first, second]) = &wanted.regions {
        let found = reweighting::difference(replicas, kt, (first, second), periods, BLOCKS);
        write_difference(&group, found.ok(), replicas.len(), units, out)?;
    }
    Ok(fault)
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

fn axis(wanted: &FreeEnergy, variable: usize, period: Option<f64>, replicas: &[Replica]) -> Axis {
    let samples = replicas.iter().flat_map(|replica| replica.coordinates[variable].iter());
    let around = Axis::around(samples, wanted.grid, period);
    let [lower, upper] = match &wanted.ranges {
        Some(ranges) => ranges[variable],
        None => [around.lower, around.upper],
    };
    Axis { lower, upper, bandwidth: wanted.bandwidths.as_ref().map(|all| all[variable]), ..around }
}
