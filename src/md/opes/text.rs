//! Which fields, settings and rows are in a text of PLUMED's form?
use super::Error;
use crate::md::columns::lines::{self, End};
use crate::md::expression;
use std::path::Path;

/// A line, for messages.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub path: &'a Path,
    /// Counted from 1.
    pub line: usize,
}

impl At<'_> {
    pub fn missing_field(&self, name: &str) -> Error {
        Error::Field { path: self.path.to_owned(), line: self.line, name: name.to_owned() }
    }

    /// A number as PLUMED prints it: `-pi`, `2pi` and `inf` too.
    fn number(&self, word: &str) -> Result<f64, Error> {
        let plain = word.parse().ok().filter(|value: &f64| !value.is_nan());
        plain.or_else(|| expression::evaluate(word)).ok_or_else(|| self.no_number(word))
    }

    fn no_number(&self, word: &str) -> Error {
        Error::Number { path: self.path.to_owned(), line: self.line, word: word.chars().take(40).collect() }
    }
}

/// Settings and rows that belong to one `#! FIELDS`.
pub struct Block<'a> {
    at: At<'a>,
    pub fields: Vec<&'a str>,
    /// Name, value and line of each.
    settings: Vec<(&'a str, &'a str, usize)>,
    rows: Vec<(usize, &'a str)>,
    /// The line of a row with which the file ends before the row does.
    cut: Option<usize>,
}

impl<'a> Block<'a> {
    /// The last block of a STATE file; of KERNELS, whose header is repeated after a restart, that with the rows of all.
    ///
    /// # Errors
    /// There is none.
    pub fn last(path: &'a Path, text: &'a str) -> Result<Self, Error> {
        let mut found: Option<Self> = None;
        // Rows that a kill cut off, and bytes that a crash left, are no kernels.
        let lines = lines::lines(text.as_bytes()).filter(|line| !matches!(line.end, End::Torn | End::Zeros));
        for lines::Line { number: line, text: row, end } in lines {
            let at = At { path, line };
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
                (Some(_), _, Some(block)) if end == End::File => block.cut = Some(line),
                (Some(_), _, Some(block)) => block.rows.push((line, row)),
                (Some(_), _, None) => break,
            }
        }
        found.ok_or_else(|| Error::NoFields { path: path.to_owned() })
    }

    /// Refuses a file that ends within a row.
    ///
    /// # Errors
    /// It does.
    pub fn check_end(&self) -> Result<(), Error> {
        self.cut.map_or(Ok(()), |line| Err(Error::Cut { path: self.at.path.to_owned(), line }))
    }

    fn is_kernels(&self) -> bool {
        self.setting("action").is_ok_and(|action| action.ends_with("_kernels"))
    }

    /// The line of the fields.
    pub fn at(&self) -> At<'a> {
        self.at
    }

    pub fn has(&self, name: &str) -> bool {
        self.settings.iter().any(|(known, ..)| *known == name)
    }

    fn find(&self, name: &str) -> Result<(&'a str, At<'a>), Error> {
        let found = self.settings.iter().rfind(|(known, ..)| *known == name);
        let missing = || Error::Setting { path: self.at.path.to_owned(), name: name.to_owned() };
        found.map(|(_, value, line)| (*value, At { line: *line, ..self.at })).ok_or_else(missing)
    }

    /// Name and value of each setting, in their order.
    pub fn settings(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.settings.iter().map(|(name, value, _)| (*name, *value))
    }

    pub fn setting(&self, name: &str) -> Result<&'a str, Error> {
        Ok(self.find(name)?.0)
    }

    pub fn number(&self, name: &str) -> Result<f64, Error> {
        let (word, at) = self.find(name)?;
        at.number(word)
    }

    pub fn count(&self, name: &str) -> Result<u64, Error> {
        let (word, at) = self.find(name)?;
        word.parse().map_err(|_| at.no_number(word))
    }

    /// All rows, `[rows][fields]`.
    pub fn rows(&self) -> Result<Vec<Vec<f64>>, Error> {
        self.rows.iter().map(|(line, row)| self.row(At { line: *line, ..self.at }, row)).collect()
    }

    fn row(&self, at: At, row: &str) -> Result<Vec<f64>, Error> {
        let values: Vec<f64> = row.split_whitespace().map(|word| at.number(word)).collect::<Result<_, _>>()?;
        let (found, expected) = (values.len(), self.fields.len());
        match found == expected {
            true => Ok(values),
            false => Err(Error::Width { path: at.path.to_owned(), line: at.line, found, expected }),
        }
    }
}
