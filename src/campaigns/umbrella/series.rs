//! Which samples did a window write?
use crate::campaigns::window_analysis::Discard;
use crate::md::columns::{self, Column};
use crate::problem::error_chain;
use crate::science::free_energy::{Axis, equilibration};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Times of rows may deviate from even ones by this fraction of their distance.
const TIME_TOLERANCE: f64 = 1e-3;

/// The coordinate at even times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub first_ps: f64,
    pub step_ps: f64,
    /// In the coordinate's unit.
    pub values: Vec<f64>,
}

impl Series {
    /// The time of a sample, ps.
    pub fn time_ps(&self, sample: usize) -> f64 {
        self.first_ps + self.step_ps * sample as f64
    }
}

/// The rows that a finished window has written.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedRows {
    pub count: u64,
    pub step_ps: f64,
}

/// Reads the first time (ps) and the columns `wanted` from an output file of `mdrun`.
///
/// # Errors
/// The file cannot be read, or its rows are not the expected ones.
pub fn read(path: &Path, wanted: &[Column], rows: &ExpectedRows) -> Result<(f64, Vec<Vec<f64>>), String> {
    let mut bytes = fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    // The simulation has finished, so the last line is complete; mdrun may omit its line feed.
    bytes.push(b'\n');
    let table = columns::parse(path, &bytes, wanted).map_err(|error| error_chain(&error))?;
    let Some(times) = table.time_ps else { return Err(format!("`{}` has no times", path.display())) };
    let ExpectedRows { count, step_ps } = *rows;
    let is_even =
        |(k, time): (usize, &f64)| (time - times[0] - step_ps * k as f64).abs() < TIME_TOLERANCE * step_ps.max(1.0);
    if times.len() as u64 != count || !times.iter().enumerate().all(is_even) {
        let text = format!("`{}` has {} rows, not {count} at intervals of {step_ps} ps", path.display(), times.len());
        return Err(format!("{text}: another program has written to it, or lines were removed"));
    }
    Ok((times[0], table.values))
}

/// Number of samples at the beginning to discard; at least one is kept.
pub fn discarded(series: &Series, discard: Discard, center: f64, axis: Axis) -> usize {
    let count = series.values.len();
    let found = match discard {
        Discard::Until(until) => {
            (0..count).take_while(|sample| series.time_ps(*sample) + TIME_TOLERANCE * series.step_ps < until).count()
        }
        Discard::Auto(_) => {
            equilibration(&series.values.iter().map(|x| axis.displacement(*x, center)).collect::<Vec<_>>())
        }
    };
    found.min(count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_before_a_time_are_discarded_but_never_all() {
        let series = Series { first_ps: 0.0, step_ps: 0.1, values: vec![0.0, 0.01, 0.02, 0.03] };
        assert_eq!(discarded(&series, Discard::Until(0.15), 0.0, Axis::default()), 2);
        assert_eq!(discarded(&series, Discard::Until(99.0), 0.0, Axis::default()), 3, "one is kept");
    }
}
