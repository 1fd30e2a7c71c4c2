//! What is the free energy along collected columns?
use super::replica::ReplicaResults;
use super::setup::{FreeEnergy, Setup};
use crate::campaigns::campaign::RecordedValues;
use crate::campaigns::reweighting::{BLOCKS, EnergyScale, Reweighting};
use crate::campaigns::stage::Error;
use crate::results::Writer;
use crate::science::reweighting::Replica;
use std::collections::BTreeMap;

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

/// Writes the datasets of one free energy; the reason is returned if it cannot be computed.
fn write_one(
    wanted: &FreeEnergy,
    periods: &[Option<f64>],
    replicas: &[Replica],
    numbers: &[u64],
    out: &mut Writer,
) -> Result<Option<String>, Error> {
    let section = &wanted.section;
    let range = |variable: usize| section.range.as_ref().map_or([None; 2], |ranges| ranges[variable].map(Some));
    let settings = Reweighting {
        thermal_energy: wanted.thermal_energy,
        bins: vec![section.grid; wanted.cvs.len()],
        range: (0..wanted.cvs.len()).map(range).collect(),
        bandwidth: section.bandwidth.as_deref(),
        periods,
        regions: wanted.regions.as_ref(),
        blocks: BLOCKS,
    };
    let energy = EnergyScale { factor: 1.0, name: wanted.units };
    Ok(settings.estimate(replicas).write(&wanted.group(), numbers, energy, out)?)
}
