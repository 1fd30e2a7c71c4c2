//! Which values can an ambiguous number in a file have?
use std::fmt;
use std::ops::RangeInclusive;

/// A residue or atom number that cannot be determined from the file: its field is too narrow, and how the writing program continued is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct AmbiguousNumber {
    pub text: String,
    pub values: Vec<i64>,
    /// Any value outside of this range is possible too, if it is set.
    pub outside: Option<RangeInclusive<i64>>,
}

impl AmbiguousNumber {
    /// A text from which nothing is known about the number.
    #[expect(clippy::reversed_empty_ranges, reason = "outside of the empty range is every number")]
    pub fn any(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new(), outside: Some(1..=0) }
    }

    pub(super) fn may_be_in(&self, range: &RangeInclusive<i64>) -> bool {
        let reaches_out = |fits: &RangeInclusive<i64>| !(fits.contains(range.start()) && fits.contains(range.end()));
        self.values.iter().any(|value| range.contains(value)) || self.outside.as_ref().is_some_and(reaches_out)
    }
}

impl fmt::Display for AmbiguousNumber {
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
