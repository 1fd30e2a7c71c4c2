//! Which numbers may be meant where a file leaves that open?
use std::fmt;
use std::ops::RangeInclusive;

/// A number that cannot be known from the file: its field is too narrow, and how its writer went on cannot be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// What is written there.
    pub text: String,
    /// Numbers that it may mean.
    pub values: Vec<i64>,
    /// It may also mean any number outside of this range; none where it does not.
    pub outside: Option<RangeInclusive<i64>>,
}

impl Doubt {
    /// A text that says nothing about the number.
    #[expect(clippy::reversed_empty_ranges, reason = "outside of the empty range is every number")]
    pub fn of_any(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new(), outside: Some(1..=0) }
    }

    /// Whether some number that it may mean is in `range`.
    pub(super) fn may_be_in(&self, range: &RangeInclusive<i64>) -> bool {
        let reaches_out = |fits: &RangeInclusive<i64>| !(fits.contains(range.start()) && fits.contains(range.end()));
        self.values.iter().any(|value| range.contains(value)) || self.outside.as_ref().is_some_and(reaches_out)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut meanings: Vec<String> = self.values.iter().map(i64::to_string).collect();
        match &self.outside {
            Some(fits) if fits.is_empty() => meanings.push("any number".into()),
            Some(fits) => {
                meanings.push(format!("one that does not fit the field ({} to {})", fits.start(), fits.end()))
            }
            None => {}
        }
        match &*self.text {
            "" => write!(f, "a blank may mean ")?,
            text => write!(f, "`{text}` may mean ")?,
        }
        match meanings.split_last() {
            Some((last, [])) => write!(f, "{last}"),
            Some((last, rest)) => write!(f, "{} or {last}", rest.join(", ")),
            None => write!(f, "nothing"),
        }
    }
}
