//! Which fields, settings and rows does a file in PLUMED's format contain?
use super::Error;
use crate::md::columns::Location;
use crate::md::columns::line::{self, LineEnd};
use crate::md::expression;
use std::path::Path;

/// Parses a number as PLUMED prints it: `-pi`, `2pi` and `inf` too.
fn number(at: Location, word: &str) -> Result<f64, Error> {
    let plain = word.parse().ok().filter(|value: &f64| !value.is_nan());
    plain.or_else(|| expression::evaluate(word)).ok_or_else(|| not_a_number(at, word))
}

fn not_a_number(at: Location, word: &str) -> Error {
    Error::InvalidNumber { path: at.path.to_owned(), line: at.line, word: word.chars().take(40).collect() }
}

/// The settings and rows after a line `#! FIELDS`.
pub struct Block<'a> {
    /// That line.
    at: Location<'a>,
    pub fields: Vec<&'a str>,
    /// (name, value, line)
    settings: Vec<(&'a str, &'a str, usize)>,
    /// (line, text)
    rows: Vec<(usize, &'a str)>,
    /// The line of a row within which the file ends.
    cut: Option<usize>,
}

impl<'a> Block<'a> {
    /// The last block of a STATE file; the last block of a KERNELS file with the rows of all, as restarts repeat its header.
    ///
    /// # Errors
    /// There is none.
    pub fn last(path: &'a Path, text: &'a str) -> Result<Self, Error> {
        let mut found: Option<Self> = None;
        // Skip rows that were cut off by a kill, and zero bytes from a crash.
        let lines = line::split(text.as_bytes()).filter(|line| !matches!(line.end, LineEnd::Header | LineEnd::Zeros));
        for line::Line { number: line, text: row, end } in lines {
            let at = Location { path, line };
            let row = std::str::from_utf8(row).unwrap_or_default();
            let mut words = row.split_whitespace();
            match (words.next(), words.next(), &mut found) {
                (None, ..) => {}
                (Some("#!"), Some("FIELDS"), _) => {
                    let before = found.take().filter(Self::is_kernels);
                    let rows = before.map(|block| block.rows).unwrap_or_default();
                    found = Some(Self { at, fields: words.collect(), settings: Vec::new(), rows, cut: None });
                }
                (Some("#!"), Some("SET"), Some(block)) => {
                    if let (Some(name), Some(value)) = (words.next(), words.next()) {
                        block.settings.push((name, value, line));
                    }
                }
                (Some(first), _, _) if first.starts_with('#') => {}
                (Some(_), _, Some(block)) if end == LineEnd::File => block.cut = Some(line),
                (Some(_), _, Some(block)) => block.rows.push((line, row)),
                (Some(_), _, None) => break,
            }
        }
        found.ok_or_else(|| Error::NoFields { path: path.to_owned() })
    }

    /// Checks that the file does not end within a row.
    ///
    /// # Errors
    /// It does.
    pub fn check_end(&self) -> Result<(), Error> {
        self.cut.map_or(Ok(()), |line| Err(Error::Truncated { path: self.at.path.to_owned(), line }))
    }

    fn is_kernels(&self) -> bool {
        self.setting("action").is_ok_and(|action| action.ends_with("_kernels"))
    }

    /// The names of the biased variables: the fields between `time` and the first `sigma_...`.
    ///
    /// # Errors
    /// There are none.
    pub fn variables(&self) -> Result<Vec<String>, Error> {
        let names = self.fields.iter().skip_while(|name| **name != "time").skip(1);
        let found: Vec<String> =
            names.take_while(|name| !name.starts_with("sigma_")).map(|name| (*name).to_owned()).collect();
        if found.is_empty() || found.len() == self.fields.len() {
            return Err(self.missing_field("time, a variable and its sigma_"));
        }
        Ok(found)
    }

    /// The error that a field is missing.
    pub fn missing_field(&self, name: &str) -> Error {
        Error::MissingField { path: self.at.path.to_owned(), line: self.at.line, name: name.to_owned() }
    }

    /// Whether a setting exists.
    pub fn has(&self, name: &str) -> bool {
        self.settings.iter().any(|(known, ..)| *known == name)
    }

    fn find(&self, name: &str) -> Result<(&'a str, Location<'a>), Error> {
        let found = self.settings.iter().rfind(|(known, ..)| *known == name);
        let missing = || Error::MissingSetting { path: self.at.path.to_owned(), name: name.to_owned() };
        found.map(|(_, value, line)| (*value, Location { line: *line, ..self.at })).ok_or_else(missing)
    }

    /// Names and values of all settings, in their order.
    pub fn settings(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.settings.iter().map(|(name, value, _)| (*name, *value))
    }

    pub fn setting(&self, name: &str) -> Result<&'a str, Error> {
        Ok(self.find(name)?.0)
    }

    pub fn number(&self, name: &str) -> Result<f64, Error> {
        let (word, at) = self.find(name)?;
        number(at, word)
    }

    pub fn count(&self, name: &str) -> Result<u64, Error> {
        let (word, at) = self.find(name)?;
        word.parse().map_err(|_| not_a_number(at, word))
    }

    /// All rows, `[rows][fields]`.
    pub fn rows(&self) -> Result<Vec<Vec<f64>>, Error> {
        self.rows.iter().map(|(line, row)| self.row(Location { line: *line, ..self.at }, row)).collect()
    }

    fn row(&self, at: Location, row: &str) -> Result<Vec<f64>, Error> {
        let values: Vec<f64> = row.split_whitespace().map(|word| number(at, word)).collect::<Result<_, _>>()?;
        let (found, expected) = (values.len(), self.fields.len());
        match found == expected {
            true => Ok(values),
            false => Err(Error::FieldCount { path: at.path.to_owned(), line: at.line, found, expected }),
        }
    }
}
