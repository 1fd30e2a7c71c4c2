//! What did a window sample?
use crate::campaigns::pmf::Discard;
use crate::md::columns::{self, Column};
use crate::md::edi::column;
use crate::science::free_energy::{Axis, equilibration};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Times of rows differ from even ones by less than this part of their distance.
const UNEVEN: f64 = 1e-3;
/// What the energy of a restraint may differ from k/2 dx^2 by: the program computes in single precision and prints six digits.
const ENERGY_PART: f64 = 2e-3;
const ENERGY_KJ_MOL: f64 = 1e-3;

/// The projection over time, evenly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub first_ps: f64,
    pub step_ps: f64,
    /// nm.
    pub values: Vec<f64>,
}

impl Series {
    /// The time of a sample, ps.
    pub fn time_ps(&self, sample: usize) -> f64 {
        self.first_ps + self.step_ps * sample as f64
    }
}

/// What a restraint is expected to leave.
pub struct Expected {
    pub center: f64,
    pub force_constant: f64,
    pub samples: u64,
    pub step_ps: f64,
}

/// The projections that `mdrun -eo` wrote to `path`, if they are those of the restraint.
///
/// # Errors
/// The file cannot be read, rows are missing, or the restraint was another one.
pub fn read(path: &Path, expected: &Expected) -> Result<Series, String> {
    let mut bytes = fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    // The simulation has come to its end, and with it the last line, to which mdrun puts no end.
    bytes.push(b'\n');
    let wanted = [Column::Index(column::PROJECTION), Column::Index(column::ENERGY)];
    let table = columns::parse(path, &bytes, &wanted).map_err(|error| crate::campaigns::stage::told(&error))?;
    let (Some(times), [values, energies]) = (table.time_ps, &table.values[..]) else {
        return Err(format!("`{}` has no times", path.display()));
    };
    let Expected { center, force_constant, samples, step_ps } = *expected;
    let is_even = |(k, time): (usize, &f64)| (time - times[0] - step_ps * k as f64).abs() < UNEVEN * step_ps.max(1.0);
    if values.len() as u64 != samples || !times.iter().enumerate().all(is_even) {
        let text = format!("`{}` has {} rows, not {samples} of one every {step_ps} ps", path.display(), values.len());
        return Err(format!("{text}: something else has written it, or removed lines"));
    }
    for (row, (x, energy)) in values.iter().zip(energies).enumerate() {
        let right = 0.5 * force_constant * (x - center) * (x - center);
        if (energy - right).abs() > ENERGY_PART * right + ENERGY_KJ_MOL {
            let time = times[row];
            return Err(format!(
                "`{}` tells {energy} kJ/mol of restraint at {time} ps, where {right:.6} would be right: this version of GROMACS restrains otherwise",
                path.display()
            ));
        }
    }
    Ok(Series { first_ps: times[0], step_ps, values: values.clone() })
}

/// How many samples at the beginning are left out; one is always left.
pub fn discarded(series: &Series, discard: Discard, center: f64) -> usize {
    let count = series.values.len();
    let found = match discard {
        Discard::Until(until) => {
            (0..count).take_while(|sample| series.time_ps(*sample) + UNEVEN * series.step_ps < until).count()
        }
        Discard::Found(_) => {
            let axis = Axis::default();
            equilibration(&series.values.iter().map(|x| axis.displacement(*x, center)).collect::<Vec<_>>())
        }
    };
    found.min(count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: Expected = Expected { center: -0.1, force_constant: 1000.0, samples: 4, step_ps: 0.1 };

    /// Rows as mdrun writes them, the last one without an end.
    fn text(rows: usize, energy_factor: f64) -> String {
        let mut text = "@    xaxis  label \"Time (ps)\"\n@TYPE xy\n#".to_owned();
        for k in 0..rows {
            let (x, time) = (0.01 * k as f64, 0.1 * k as f64);
            let (energy, force) = (energy_factor * 500.0 * (x + 0.1) * (x + 0.1), -1000.0 * (x + 0.1));
            text += &format!("\n{time:12.6}{:17.6}{x:17.5e}{energy:17.5e}{force:17.5e}{:17.6}", 0.02, 0.02);
        }
        text
    }

    fn read_text(text: &str) -> Result<Series, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xvg");
        fs::write(&path, text).unwrap();
        read(&path, &EXPECTED)
    }

    #[test]
    fn all_rows_are_read_the_last_one_too() {
        let series = read_text(&text(4, 1.0)).unwrap();
        assert_eq!(series.values, [0.0, 0.01, 0.02, 0.03]);
        assert_eq!((series.first_ps, series.step_ps), (0.0, 0.1));
        assert_eq!(discarded(&series, Discard::Until(0.15), 0.0), 2);
        assert_eq!(discarded(&series, Discard::Until(99.0), 0.0), 3, "one is left");
    }

    #[test]
    fn rows_that_are_missing_and_another_restraint_are_noticed() {
        assert!(read_text(&text(3, 1.0)).unwrap_err().contains("has 3 rows, not 4"));
        assert!(read_text(&text(4, 1.01)).unwrap_err().contains("restrains otherwise"));
        assert!(read_text(&text(4, 0.0)).unwrap_err().contains("restrains otherwise"));
        assert!(read_text(&text(4, 1.0).replace("    0.300000", "    0.400000")).unwrap_err().contains("rows"));
    }
}
