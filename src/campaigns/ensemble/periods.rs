//! After how much do the variables of a free energy come back to themselves?
//!
//! What `period` of the section says holds; without it, what every replica's file says in `#! SET min_phi -pi`.
use super::inputs::{FreeEnergy, Setup};
use super::stage::{Replica, Values};
use super::write::name_of;
use crate::campaigns::stage::Error;
use crate::md::columns::Table;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Files say the same if their periods differ by less than this part: one may say `pi`, another 3.14159.
const TOLERANCE: f64 = 1e-5;

/// The period of a column as the file says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Period {
    /// The file speaks of none.
    None,
    Of(f64),
    /// It speaks of one, but not so that it is understood: why, with the line.
    Unclear(String),
}

/// The period of each column that is collected of the file at `path`, by number `file` of those that are collected, `[columns]`.
///
/// # Errors
/// One that a free energy needs is not clear.
pub fn of(setup: &Setup, file: usize, path: &Path, table: &Table) -> Result<Vec<Period>, String> {
    let period = |column| match table.period(column) {
        Ok(period) => period.map_or(Period::None, Period::Of),
        Err(error) => Period::Unclear(format!("{}:{}: {error}", path.display(), error.line())),
    };
    let periods: Vec<Period> = setup.collect[file].wanted().iter().map(period).collect();
    let asked = setup.free_energies.iter().filter(|wanted| wanted.file == file && wanted.periods.is_none());
    for column in asked.flat_map(|wanted| &wanted.cvs) {
        if let Period::Unclear(why) = &periods[*column] {
            return Err(why.clone());
        }
    }
    Ok(periods)
}

/// The period of each variable of each free energy, `[free energies][variables]`.
///
/// # Errors
/// Replicas contradict each other, or a period is not clear, or narrower than a range or a region.
pub fn of_variables(setup: &Setup, values: &Values) -> Result<Vec<Vec<Option<f64>>>, Error> {
    let of_one = |wanted: &FreeEnergy| match &wanted.periods {
        Some(given) => Ok(given.clone()),
        None => {
            let periods: Vec<_> =
                wanted.cvs.iter().map(|column| agreed(setup, wanted, *column, values)).collect::<Result<_, _>>()?;
            check_width(wanted, &periods).map_err(Error::Unusable)?;
            Ok(periods)
        }
    };
    setup.free_energies.iter().map(of_one).collect()
}

/// What all replicas say of a column.
fn agreed(setup: &Setup, wanted: &FreeEnergy, column: usize, values: &Values) -> Result<Option<f64>, Error> {
    let collect = &setup.collect[wanted.file];
    let (energy, variable) = (&wanted.name, name_of(&collect.columns[column]));
    let label = |replica: &Replica| setup.label(replica.task as usize);
    let mut first: Option<(&Replica, Option<f64>)> = None;
    for replica in &values.replicas {
        let found = match replica.periods.get(wanted.file).and_then(|periods| periods.get(column)) {
            None | Some(Period::None) => None,
            Some(Period::Of(period)) => Some(*period),
            Some(Period::Unclear(why)) => {
                let text = format!("the free energy `{energy}`, {}: {why}", label(replica));
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
            let told = |period: Option<f64>| period.map_or("none".to_owned(), |period| period.to_string());
            return Err(Error::Unusable(format!(
                "the free energy `{energy}`: the period of `{variable}` is {} in {} of {}, but {} in that of {}: give `period` in \
                 [[ensemble.free_energy]] and run the same command; no replica is run again",
                told(known),
                collect.file,
                label(other),
                told(found),
                label(replica)
            )));
        }
    }
    Ok(first.and_then(|(_, period)| period))
}

/// Whether ranges and regions lie within one period.
///
/// # Errors
/// One is wider: it names the free energy, the variable and the key.
pub fn check_width(wanted: &FreeEnergy, periods: &[Option<f64>]) -> Result<(), String> {
    let regions = wanted.regions.iter().flatten().map(|region| ("regions", &region.ranges, wanted.grid));
    let ranges = wanted.ranges.iter().map(|ranges| ("range", ranges, wanted.grid));
    for (key, ranges, bins) in ranges.chain(regions) {
        for (variable, ([low, high], period)) in ranges.iter().zip(periods).enumerate() {
            // One bin's thousandth is for ends such as 3.1416.
            if let Some(period) = period.filter(|period| high - low > period + 1e-3 * period / bins as f64) {
                return Err(format!(
                    "the free energy `{}`: `{key}` of variable {variable} goes from {low} to {high}, wider than its period of {period}: \
                     give one period at most",
                    wanted.name
                ));
            }
        }
    }
    Ok(())
}
