//! Which periods do the variables of a free energy have?
//!
//! `period` of the section takes precedence; without it the files of all replicas must agree, by `#! SET min_phi -pi` and the like.
use super::replica::{ColumnPeriod, ReplicaResult, ReplicaResults};
use super::setup::{FreeEnergy, Setup};
use crate::campaigns::stage::Error;
use crate::md::columns::ColumnTable;
use crate::problem::Problem;
use std::path::Path;

/// Periods that differ relatively by less are equal: one file may contain `pi`, another 3.14159.
const TOLERANCE: f64 = 1e-5;

/// The periods of the collected columns of file `file`, which is at `path`, `[columns]`.
///
/// # Errors
/// A period that a free energy needs cannot be determined.
pub fn in_file(setup: &Setup, file: usize, path: &Path, table: &ColumnTable) -> Result<Vec<ColumnPeriod>, String> {
    let period = |column| match table.period(column) {
        Ok(period) => period.map_or(ColumnPeriod::None, ColumnPeriod::Known),
        Err(error) => ColumnPeriod::Invalid(format!("{}:{}: {error}", path.display(), error.line)),
    };
    let periods: Vec<ColumnPeriod> = setup.collect[file].selection().iter().map(period).collect();
    let needed = setup.free_energies.iter().filter(|wanted| wanted.file == file && wanted.periods.is_none());
    for column in needed.flat_map(|wanted| &wanted.cvs) {
        if let ColumnPeriod::Invalid(reason) = &periods[*column] {
            return Err(reason.clone());
        }
    }
    Ok(periods)
}

/// The periods of the variables of all free energies, `[free energies][variables]`.
///
/// # Errors
/// Replicas contradict each other, or a period cannot be determined, or is narrower than a range or a region.
pub fn of_variables(setup: &Setup, results: &ReplicaResults) -> Result<Vec<Vec<Option<f64>>>, Error> {
    let of_one = |wanted: &FreeEnergy| match &wanted.periods {
        Some(given) => Ok(given.clone()),
        None => {
            let periods: Vec<_> =
                wanted.cvs.iter().map(|column| agreed(setup, wanted, *column, results)).collect::<Result<_, _>>()?;
            check_width(wanted, &periods).map_err(|error| Error::Unusable(error.to_string()))?;
            Ok(periods)
        }
    };
    setup.free_energies.iter().map(of_one).collect()
}

/// The period of a column on which the files of all replicas agree.
fn agreed(setup: &Setup, wanted: &FreeEnergy, column: usize, results: &ReplicaResults) -> Result<Option<f64>, Error> {
    let collect = &setup.collect[wanted.file];
    let (energy, variable) = (&wanted.name, &collect.columns[column]);
    let label = |replica: &ReplicaResult| setup.label(replica.task as usize);
    let mut first: Option<(&ReplicaResult, Option<f64>)> = None;
    for replica in &results.replicas {
        let found = match replica.periods.get(wanted.file).and_then(|periods| periods.get(column)) {
            None | Some(ColumnPeriod::None) => None,
            Some(ColumnPeriod::Known(period)) => Some(*period),
            Some(ColumnPeriod::Invalid(reason)) => {
                let text = format!("the free energy `{energy}`, {}: {reason}", label(replica));
                return Err(Error::Unusable(text));
            }
        };
        let Some((other, known)) = first else {
            first = Some((replica, found));
            continue;
        };
        let is_same = match (found, known) {
            (Some(found), Some(known)) => (found - known).abs() <= TOLERANCE * known,
            (found, known) => found == known,
        };
        if !is_same {
            let text = |period: Option<f64>| period.map_or("none".to_owned(), |period| period.to_string());
            return Err(Error::Unusable(format!(
                "the free energy `{energy}`: the period of `{variable}` is {} in {} of {}, but {} in that of {}: set `period` in \
                 [[ensemble.free_energy]] and run the same command; no replica is run again",
                text(known),
                collect.file,
                label(other),
                text(found),
                label(replica)
            )));
        }
    }
    Ok(first.and_then(|(_, period)| period))
}

/// Checks that ranges and regions are within one period.
///
/// # Errors
/// One is wider.
pub fn check_width(wanted: &FreeEnergy, periods: &[Option<f64>]) -> Result<(), Problem> {
    let regions = wanted.regions.iter().flatten().map(|region| ("regions", &region.ranges, wanted.section.grid));
    let ranges = wanted.section.range.iter().map(|ranges| ("range", ranges, wanted.section.grid));
    for (key, ranges, bins) in ranges.chain(regions) {
        for (variable, ([low, high], period)) in ranges.iter().zip(periods).enumerate() {
            // A thousandth of a bin allows for ends such as 3.1416.
            if let Some(period) = period.filter(|period| high - low > period + 1e-3 * period / bins as f64) {
                let message = format!(
                    "the free energy `{}`: `{key}` of variable {variable} goes from {low} to {high}, wider than its period of {period}",
                    wanted.name
                );
                return Err(Problem::new(message, "set one period at most"));
            }
        }
    }
    Ok(())
}
