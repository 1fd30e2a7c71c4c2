//! Which period does a column have, according to the header of its file?
//!
//! PLUMED writes `#! SET min_phi -pi` and `#! SET max_phi pi` for a periodic variable, as spelled in its input, and again after every
//! restart. Files of grids also have `#! SET periodic_phi false`.
use super::{Column, ColumnTable, Setting};
use crate::md::expression;

/// Bounds that differ relatively by less are equal: one may be `pi`, the other 3.14159.
const TOLERANCE: f64 = 1e-5;

/// Why the period that a file sets cannot be determined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error(
        "cannot parse `{name} {value}`, so the period of the column is unknown: write the bound as a number, or set `period`"
    )]
    InvalidBound { line: usize, name: String, value: String },
    #[error("`{present}` is set, but not `{absent}`, so the period of the column is unknown: add it, or set `period`")]
    MissingBound { line: usize, present: String, absent: String },
    #[error(
        "`{name}` is {value} here and {earlier} in line {earlier_line}: split the file there, or set `period` if both are the same variable"
    )]
    Contradiction { line: usize, name: String, value: String, earlier: String, earlier_line: usize },
    #[error("the column goes from {low} to {high}, which is not a period: correct the bounds, or set `period`")]
    NotPositive { line: usize, low: String, high: String },
}

impl PeriodError {
    /// The line of the file, counted from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::InvalidBound { line, .. }
            | Self::MissingBound { line, .. }
            | Self::Contradiction { line, .. }
            | Self::NotPositive { line, .. } => *line,
        }
    }
}

impl ColumnTable {
    /// The period of a column in the unit of the file; none where the file sets none.
    /// Errors: a bound cannot be parsed or is missing, or bounds contradict each other.
    pub fn period(&self, column: &Column) -> Result<Option<f64>, PeriodError> {
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
                width if width > 0.0 && width.is_finite() => Ok(Some(width)),
                _ => Err(PeriodError::NotPositive {
                    line: at.line.max(other.line),
                    low: at.value.clone(),
                    high: other.value.clone(),
                }),
            },
            (Some((_, at)), None) => Err(PeriodError::MissingBound { line: at.line, present: min, absent: max }),
            (None, Some((_, at))) => Err(PeriodError::MissingBound { line: at.line, present: max, absent: min }),
        }
    }

    fn is_set_aperiodic(&self, name: &str) -> bool {
        let key = format!("periodic_{name}");
        self.settings.iter().any(|setting| setting.name == key && setting.value == "false")
    }

    /// The number that all headers set for `name`, with the first of the settings.
    fn bound(&self, name: &str) -> Result<Option<(f64, &Setting)>, PeriodError> {
        let mut first: Option<(f64, &Setting)> = None;
        for setting in self.settings.iter().filter(|setting| setting.name == name) {
            let Setting { name, value, line } = setting;
            let invalid = || PeriodError::InvalidBound { line: *line, name: name.clone(), value: value.clone() };
            let number = expression::evaluate(value).ok_or_else(invalid)?;
            match first {
                None => first = Some((number, setting)),
                Some((known, _)) if (number - known).abs() <= TOLERANCE * known.abs() => {}
                Some((_, Setting { value: earlier, line: earlier_line, .. })) => {
                    return Err(PeriodError::Contradiction {
                        line: *line,
                        name: name.clone(),
                        value: value.clone(),
                        earlier: earlier.clone(),
                        earlier_line: *earlier_line,
                    });
                }
            }
        }
        Ok(first)
    }
}
