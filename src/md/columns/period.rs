//! After how much does a column come back to itself, as the header of its file says?
//!
//! PLUMED writes `#! SET min_phi -pi` and `#! SET max_phi pi` for a periodic variable, in the words of its input, and again after every
//! restart. Files of grids also have `#! SET periodic_phi false`.
use super::{Column, Setting, Table};
use crate::md::expression;

/// Two bounds are the same if they differ by less than this part: one may be `pi`, the other 3.14159.
const TOLERANCE: f64 = 1e-5;

/// Why no period is known though the file speaks of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error(
        "`{name} {value}` is not understood, so the period of the column is unknown: write the bound as a number, or give `period`"
    )]
    Unclear { line: usize, name: String, value: String },
    #[error("`{present}` is set, but not `{absent}`, so the period of the column is unknown: add it, or give `period`")]
    Alone { line: usize, present: String, absent: String },
    #[error(
        "`{name}` is {value} here and {earlier} in line {earlier_line}: divide the file there, or give `period` if both are the same variable"
    )]
    Contradiction { line: usize, name: String, value: String, earlier: String, earlier_line: usize },
    #[error("the column goes from {low} to {high}, which is no period: correct the bounds, or give `period`")]
    Empty { line: usize, low: String, high: String },
}

impl PeriodError {
    /// The line of the file, counted from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::Unclear { line, .. }
            | Self::Alone { line, .. }
            | Self::Contradiction { line, .. }
            | Self::Empty { line, .. } => *line,
        }
    }
}

impl Table {
    /// The period of a column, in the file's own unit; none where the file speaks of none.
    ///
    /// # Errors
    /// A bound is not understood, or bounds contradict each other.
    pub fn period(&self, column: &Column) -> Result<Option<f64>, PeriodError> {
        let name = match column {
            Column::Index(index) => self.names.get(*index).map_or("", String::as_str),
            Column::Name(name) => name,
        };
        if name.is_empty() || self.is_said_not_periodic(name) {
            return Ok(None);
        }
        let (min, max) = (format!("min_{name}"), format!("max_{name}"));
        match (self.bound(&min)?, self.bound(&max)?) {
            (None, None) => Ok(None),
            (Some((low, at)), Some((high, other))) => match high - low {
                // What PLUMED takes for no domain.
                _ if low == 0.0 && high == 0.0 => Ok(None),
                width if width > 0.0 && width.is_finite() => Ok(Some(width)),
                _ => Err(PeriodError::Empty {
                    line: at.line.max(other.line),
                    low: at.value.clone(),
                    high: other.value.clone(),
                }),
            },
            (Some((_, at)), None) => Err(PeriodError::Alone { line: at.line, present: min, absent: max }),
            (None, Some((_, at))) => Err(PeriodError::Alone { line: at.line, present: max, absent: min }),
        }
    }

    fn is_said_not_periodic(&self, name: &str) -> bool {
        let key = format!("periodic_{name}");
        self.settings.iter().any(|setting| setting.name == key && setting.value == "false")
    }

    /// The number that every header sets for `name`, and where the first one does.
    fn bound(&self, name: &str) -> Result<Option<(f64, &Setting)>, PeriodError> {
        let mut first: Option<(f64, &Setting)> = None;
        for setting in self.settings.iter().filter(|setting| setting.name == name) {
            let Setting { name, value, line } = setting;
            let unclear = || PeriodError::Unclear { line: *line, name: name.clone(), value: value.clone() };
            let number = expression::evaluate(value).ok_or_else(unclear)?;
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
