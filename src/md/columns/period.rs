//! Which period does a column have, according to the header of its file?
//!
//! PLUMED writes `#! SET min_phi -pi` and `#! SET max_phi pi` for a periodic variable, as spelled in its input, and again after every
//! restart. Files of grids also have `#! SET periodic_phi false`.
use super::{Column, ColumnTable, Setting};
use crate::md::expression;
use crate::problem::LineProblem;

/// Bounds that differ relatively by less are equal: one may be `pi`, the other 3.14159.
const TOLERANCE: f64 = 1e-5;

fn missing_bound(line: usize, present: &str, absent: &str) -> LineProblem {
    let message = format!("`{present}` is set, but not `{absent}`, so the period of the column is unknown");
    LineProblem::new(line, message, "add it, or set `period`")
}

impl ColumnTable {
    /// The period of a column in the unit of the file; none where the file sets none.
    ///
    /// # Errors
    /// A bound cannot be parsed or is missing, or bounds contradict each other.
    pub fn period(&self, column: &Column) -> Result<Option<f64>, LineProblem> {
        Ok(self.domain(column)?.map(|[low, high]| high - low))
    }

    /// The ends of the period of a column in the unit of the file; none where the file sets none.
    ///
    /// # Errors
    /// As [`period`](Self::period).
    pub fn domain(&self, column: &Column) -> Result<Option<[f64; 2]>, LineProblem> {
        let name = match column {
            Column::Index(index) => self.names.get(*index).map_or("", String::as_str),
            Column::Name(name) => name,
        };
        if name.is_empty() || self.is_set_aperiodic(name) {
            return Ok(None);
        }
        let (min, max) = (format!("min_{name}"), format!("max_{name}"));
        match (self.bound(&min)?, self.bound(&max)?) {
            (None, None) => Ok(None),
            (Some((low, at)), Some((high, other))) => match high - low {
                // PLUMED's value for no domain.
                _ if low == 0.0 && high == 0.0 => Ok(None),
                width if width > 0.0 && width.is_finite() => Ok(Some([low, high])),
                _ => {
                    let message =
                        format!("the column goes from {} to {}, which is not a period", at.value, other.value);
                    Err(LineProblem::new(at.line.max(other.line), message, "correct the bounds, or set `period`"))
                }
            },
            (Some((_, at)), None) => Err(missing_bound(at.line, &min, &max)),
            (None, Some((_, at))) => Err(missing_bound(at.line, &max, &min)),
        }
    }

    fn is_set_aperiodic(&self, name: &str) -> bool {
        let key = format!("periodic_{name}");
        self.settings.iter().any(|setting| setting.name == key && setting.value == "false")
    }

    /// The number that all headers set for `name`, with the first of the settings.
    fn bound(&self, name: &str) -> Result<Option<(f64, &Setting)>, LineProblem> {
        let mut first: Option<(f64, &Setting)> = None;
        for setting in self.settings.iter().filter(|setting| setting.name == name) {
            let Setting { name, value, line } = setting;
            let invalid = || {
                let message = format!("cannot parse `{name} {value}`, so the period of the column is unknown");
                LineProblem::new(*line, message, "write the bound as a number, or set `period`")
            };
            let number = expression::evaluate(value).ok_or_else(invalid)?;
            match first {
                None => first = Some((number, setting)),
                Some((known, _)) if (number - known).abs() <= TOLERANCE * known.abs() => {}
                Some((_, Setting { value: earlier, line: earlier_line, .. })) => {
                    let message = format!("`{name}` is {value} here and {earlier} in line {earlier_line}");
                    let help = "split the file there, or set `period` if both are the same variable";
                    return Err(LineProblem::new(*line, message, help));
                }
            }
        }
        Ok(first)
    }
}
