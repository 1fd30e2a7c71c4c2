//! What is the free energy along collected columns?
use super::replica::ReplicaResults;
use super::setup::{FreeEnergy, Setup};
use crate::campaigns::campaign::RecordedValues;
use crate::campaigns::stage::Error;
use crate::results::{Writer, or_nan};
use crate::science::reweighting::{self, Axis, Difference, Replica};
use std::collections::BTreeMap;

/// Blocks into which a single replica is divided to estimate its error.
const BLOCKS: usize = 10;

/// The samples of one replica after the discarded time.
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

/// The samples of all replicas.
#[derive(Default)]
struct GatheredSamples {
    /// By replica.
    samples: BTreeMap<u64, Samples>,
    /// Replicas without samples after the discarded time.
    without: Vec<DiscardedReplica>,
    /// Replicas with values that are not finite: they were read before the free energy was requested.
    not_finite: Vec<u64>,
}

/// A replica all of whose samples are discarded.
struct DiscardedReplica {
    task: u64,
    /// Its first and last time, ps.
    times: (f64, f64),
}

/// Writes `/results/free_energy` and returns warnings. Free energies are computed one by one, so that memory holds the columns of one only.
/// `periods` are `[free energies][variables]`.
///
/// # Errors
/// The file cannot be written, or a recorded result cannot be read.
pub fn write(
    setup: &Setup,
    periods: &[Vec<Option<f64>>],
    recorded: &mut dyn RecordedValues,
    out: &mut Writer,
) -> Result<Vec<String>, Error> {
    let mut all_warnings = Vec::new();
    for (wanted, periods) in setup.free_energies.iter().zip(periods) {
        let GatheredSamples { samples, without, not_finite } = gather(setup, wanted, recorded)?;
        let replicas: Vec<Replica> = samples.values().map(replica).collect();
        let numbers: Vec<u64> = samples.keys().copied().collect();
        let fault = write_one(wanted, periods, &replicas, &numbers, out)?;
        if !not_finite.is_empty() {
            out.list_attribute(&wanted.group(), "left_out", &not_finite)?;
        }
        let all = numbers.len() + without.len() + not_finite.len();
        let warnings =
            [discarded_warning(setup, wanted, &without, all), not_finite_warning(setup, wanted, &not_finite, all)];
        let warnings: Vec<String> = warnings.into_iter().flatten().collect();
        // Where all replicas failed, that has been reported.
        if let (Some(fault), true) = (fault, warnings.is_empty() && all > 0) {
            all_warnings.push(format!("warning: the free energy `{}` is NaN: {fault}", wanted.name));
        }
        all_warnings.extend(warnings);
    }
    Ok(all_warnings)
}

fn replica(samples: &Samples) -> Replica<'_> {
    Replica { coordinates: samples.coordinates.iter().map(Vec::as_slice).collect(), bias: &samples.bias }
}

/// Gathers the samples of all replicas.
fn gather(setup: &Setup, wanted: &FreeEnergy, recorded: &mut dyn RecordedValues) -> Result<GatheredSamples, Error> {
    let mut all = GatheredSamples::default();
    recorded.for_each(0, &mut |batch| {
        let results: ReplicaResults = batch.value()?;
        for replica in &results.replicas {
            let columns = replica.columns(setup, wanted.file);
            let rows: Vec<usize> = (0..columns[wanted.bias].len()).filter(|row| wanted.uses(&columns, *row)).collect();
            let selected = |column: usize| -> Vec<f64> { rows.iter().map(|&row| columns[column][row]).collect() };
            let coordinates = wanted.cvs.iter().map(|&column| selected(column)).collect();
            let samples = Samples { coordinates, bias: selected(wanted.bias) };
            if !samples.is_finite() {
                all.not_finite.push(replica.task);
            } else if !rows.is_empty() {
                all.samples.insert(replica.task, samples);
            } else if let Some(times) = wanted.time.map(|time| &columns[time])
                && let (Some(first), Some(last)) = (times.first(), times.last())
            {
                all.without.push(DiscardedReplica { task: replica.task, times: (*first, *last) });
            }
        }
        Ok(())
    })?;
    Ok(all)
}

/// The warning of replicas that have no samples left.
fn discarded_warning(setup: &Setup, wanted: &FreeEnergy, without: &[DiscardedReplica], all: usize) -> Option<String> {
    let DiscardedReplica { task, times: (from, to) } = without.first()?;
    let which = which(setup, *task, without.len());
    let (count, name, until) = (without.len(), &wanted.name, wanted.section.discard_ps);
    Some(format!(
        "warning: {count} of {all} replicas ({which}) have no samples in the free energy `{name}`: times go from {from} to {to} ps, and \
         discard_ps = {until} discards all before {until} ps; discard less, or sample longer"
    ))
}

/// The warning of replicas that are left out because of values that are not finite.
fn not_finite_warning(setup: &Setup, wanted: &FreeEnergy, left_out: &[u64], all: usize) -> Option<String> {
    let which = which(setup, *left_out.first()?, left_out.len());
    let (count, name) = (left_out.len(), &wanted.name);
    Some(format!(
        "warning: {count} of {all} replicas ({which}) are left out of the free energy `{name}`: values that it is computed with are not \
         finite; discard these rows by discard_ps, or select another column"
    ))
}

/// How messages name `count` replicas: by the first.
fn which(setup: &Setup, first: u64, count: usize) -> String {
    let label = setup.label(first as usize);
    if count == 1 { label } else { format!("{label} is the first") }
}

/// Writes the datasets of one free energy. What cannot be computed is NaN; the reason is returned, and written as the attribute `fault`.
fn write_one(
    wanted: &FreeEnergy,
    periods: &[Option<f64>],
    replicas: &[Replica],
    numbers: &[u64],
    out: &mut Writer,
) -> Result<Option<String>, Error> {
    let group = wanted.group();
    let (units, kt) = (wanted.units, wanted.thermal_energy);
    let axes: Vec<Axis> =
        (0..wanted.cvs.len()).map(|variable| axis(wanted, variable, periods[variable], replicas)).collect();
    let found = reweighting::free_energy(replicas, kt, &axes, BLOCKS);
    let mut shape = vec![wanted.section.grid; wanted.cvs.len()];
    let bins: usize = shape.iter().product();
    let nothing = vec![None; bins];
    let (values, errors) =
        found.as_ref().map_or((&nothing, &nothing), |found| (&found.free_energy, &found.standard_error));
    let (values, errors) = (or_nan(values.iter().copied()), or_nan(errors.iter().copied()));
    out.array(&format!("{group}/free_energy"), &shape, &values, units, "free energy of each bin; the smallest is 0")?;
    let about = "standard error of the free energy, from the spread of replicas, or of blocks of a single one";
    out.array(&format!("{group}/free_energy_stderr"), &shape, &errors, units, about)?;
    let centers: Vec<f64> = axes.iter().flat_map(Axis::centers).collect();
    // [bins] of one variable, [variables, bins] of two.
    if shape.len() == 2 {
        shape[0] = 2;
    }
    let about = "middle of each bin of each variable";
    out.array(&format!("{group}/coordinate"), &shape, &centers, "as in the file", about)?;
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

/// Writes the free energy difference of two regions, computed from the samples themselves.
fn write_difference(
    group: &str,
    found: Option<Difference>,
    replicas: usize,
    units: &str,
    out: &mut Writer,
) -> Result<(), Error> {
    let value = found.as_ref().map_or(f64::NAN, |found| found.value);
    let standard_error = found.as_ref().and_then(|found| found.standard_error).unwrap_or(f64::NAN);
    let of_replicas = found.map_or(vec![f64::NAN; replicas], |found| found.of_replicas);
    let about = "free energy of the first region less that of the second";
    out.array(&format!("{group}/difference"), &[1], &[value], units, about)?;
    out.array(&format!("{group}/difference_stderr"), &[1], &[standard_error], units, "its standard error")?;
    let item = format!("{group}/difference_of_replicas");
    Ok(out.array(&item, &[of_replicas.len()], &of_replicas, units, "the same from each replica alone")?)
}

fn axis(wanted: &FreeEnergy, variable: usize, period: Option<f64>, replicas: &[Replica]) -> Axis {
    let samples = replicas.iter().flat_map(|replica| replica.coordinates[variable].iter());
    let around = Axis::around(samples, wanted.section.grid, period);
    let [lower, upper] = match &wanted.section.range {
        Some(ranges) => ranges[variable],
        None => [around.lower, around.upper],
    };
    Axis { lower, upper, bandwidth: wanted.section.bandwidth.as_ref().map(|all| all[variable]), ..around }
}
