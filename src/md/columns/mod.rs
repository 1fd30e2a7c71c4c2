//! What do files of columns say: xvg (GROMACS), COLVAR (PLUMED), and plain ones?
//!
//! A row is a line of numbers between blanks or commas; column 0 is the time where the file has one. Names come from `@ s0 legend "..."`,
//! from `#! FIELDS ...`, or from a first line of words. What a restart wrote again counts once: a row replaces every
//! earlier one of its time or a later one. Lines that were cut off are left out. [`Table::notes`] says so, once for each kind. Anything
//! else that is odd is an [`Error`] with its line: a guess would be a wrong number in a result.
mod damage;
mod error;
mod header;
pub mod legend;
pub(in crate::md) mod lines;
mod number;
mod period;
mod restart;
mod rows;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use period::PeriodError;

use damage::Damage;
use error::At;
use header::Header;
use lines::{End, Line};
use rows::Rows;
use std::fmt;
use std::fs;
use std::path::Path;

/// Which column is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// By its place; 0 is the first.
    Index(usize),
    /// By its name in the header.
    Name(String),
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => write!(f, "`{name}`"),
        }
    }
}

/// Something that is no fault, but that one should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Counted from 1.
    pub line: usize,
    pub text: String,
}

/// What a line `#! SET name value` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: String,
    /// Counted from 1.
    pub line: usize,
}

/// Columns of a file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The names of all columns of the file, in their order; empty where it has none.
    pub names: Vec<String>,
    /// The time of every row in ps `[rows]`; none where the first column is something else.
    pub time_ps: Option<Vec<f64>>,
    /// The columns that were asked for, in that order, in the file's own units `[columns][rows]`.
    pub values: Vec<Vec<f64>>,
    /// What `#! SET name value` said, in its order; what a later header repeats stands here once.
    pub settings: Vec<Setting>,
    /// What `@ yaxis label` said.
    pub axis: Option<String>,
    pub notes: Vec<Note>,
    /// Rows with a value that is not finite, in ascending order; none but of [`read_as_written`].
    pub not_finite: Vec<NotFinite>,
}

/// A row in which a value is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFinite {
    /// Its place in [`Table::values`].
    pub row: usize,
    /// Its line in the file, counted from 1.
    pub line: usize,
}

impl Table {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.first().map_or_else(|| self.time_ps.as_ref().map_or(0, Vec::len), Vec::len)
    }
}

/// The columns `wanted` of the file at `path`.
///
/// # Errors
/// The file cannot be read, or as [`parse`].
pub fn read(path: &Path, wanted: &[Column]) -> Result<Table, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    parse(path, &bytes, wanted)
}

/// As [`read`], but values that are not finite are kept: for columns that are stored, not computed with. Times are finite all the same.
///
/// # Errors
/// As [`read`].
pub fn read_as_written(path: &Path, wanted: &[Column]) -> Result<Table, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Reader::new(path, wanted, true).read_whole(&bytes)
}

/// The columns `wanted` of `bytes`, which messages call `path`.
///
/// # Errors
/// A column is unknown, a value is no finite number, rows differ in length, or there is no row.
pub fn parse(path: &Path, bytes: &[u8], wanted: &[Column]) -> Result<Table, Error> {
    Reader::new(path, wanted, false).read_whole(bytes)
}

/// A file that is being read.
struct Reader<'a> {
    path: &'a Path,
    wanted: &'a [Column],
    header: Header,
    /// Whether values may be other than finite.
    keeps_all: bool,
    /// From the first row on.
    rows: Option<Rows>,
    damage: Damage,
    /// Whether a header stands behind the last row.
    is_announced: bool,
    /// The line of the `&` that ended the set of data.
    ended: Option<usize>,
    /// A row that is too short or no row of numbers: cut off, if time goes back behind it.
    doubtful: Option<Doubtful>,
}

/// A row that may have been cut off.
struct Doubtful {
    line: usize,
    /// Its time, as far as it can be read.
    time: f64,
    error: Error,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, wanted: &'a [Column], keeps_all: bool) -> Self {
        let (header, damage) = (Header::default(), Damage::default());
        Self { path, wanted, header, keeps_all, rows: None, damage, is_announced: false, ended: None, doubtful: None }
    }

    fn read_whole(mut self, bytes: &[u8]) -> Result<Table, Error> {
        lines::lines(bytes).try_for_each(|line| self.read(line))?;
        self.finish()
    }

    fn read(&mut self, line: Line) -> Result<(), Error> {
        match (line.end, line.text.first()) {
            (End::Zeros, _) => self.damage.zeros(line.number),
            (_, None) => {}
            // A header that was cut off has no rows, and stands again behind.
            (End::Torn, Some(b'#')) => {}
            (End::Torn, _) => self.damage.torn(line.number),
            (End::File, Some(b'#')) if line.text.starts_with(b"#!") => self.damage.last(line.number),
            (_, Some(b'&')) if self.rows.is_some() => self.ended = self.ended.or(Some(line.number)),
            (_, Some(b'&')) => {}
            (_, Some(b'#' | b'@')) => return self.read_header(line),
            _ => return self.read_row(line),
        }
        Ok(())
    }

    fn read_header(&mut self, line: Line) -> Result<(), Error> {
        let at = At { path: self.path, line: line.number };
        let before = self.header.names.len();
        self.header.read(&at, line.text)?;
        self.is_announced = true;
        if self.header.is_colvar && line.text.starts_with(b"#!") {
            self.settle(f64::NEG_INFINITY)?;
        }
        match &self.rows {
            // Fields of a later block are checked by the header; more legends than columns would be no header of these rows.
            Some(rows) if self.header.is_colvar && before == 0 && self.header.names.len() > rows.width => {
                Err(at.fields())
            }
            _ => Ok(()),
        }
    }

    /// Whether the doubtful row before was cut off: behind it time goes back to `time`, or a header begins.
    fn settle(&mut self, time: f64) -> Result<(), Error> {
        match self.doubtful.take() {
            Some(row) if time <= row.time => self.damage.torn(row.line),
            Some(row) => return Err(row.error),
            None => {}
        }
        Ok(())
    }

    fn read_row(&mut self, line: Line) -> Result<(), Error> {
        let at = At { path: self.path, line: line.number };
        if let Some(line) = self.ended {
            return Err(At { line, ..at }.second_set());
        }
        let mut rows = match self.rows.take() {
            Some(rows) => rows,
            None if self.header.takes_names(line.text) => return Ok(()),
            None => Rows::new(&at, &self.header, self.wanted, line.text, self.keeps_all)?,
        };
        let read = rows.read(&at, line.text);
        let is_cut = line.end == End::File;
        match read {
            // Only a whole line ends with its end; other writers than GROMACS and PLUMED may leave out the very last one.
            Ok(()) if is_cut && self.header.is_program() => self.damage.last(line.number),
            Ok(()) => {
                self.settle(rows.time())?;
                rows.keep(line.number, self.is_announced);
            }
            Err(_) if is_cut && !rows.is_empty() => self.damage.last(line.number),
            Err(error) if rows.is_empty() || !self.header.has_named_time() => return Err(error),
            Err(error) => match rows.read_behind_cut(&at, line.text) {
                true => {
                    self.settle(rows.time())?;
                    self.damage.torn(line.number);
                    rows.keep(line.number, self.is_announced);
                }
                false => self.doubt(&rows, line, error)?,
            },
        }
        self.is_announced = false;
        self.rows = Some(rows);
        Ok(())
    }

    /// Keeps the fault of a row until the next one says whether it was cut off.
    fn doubt(&mut self, rows: &Rows, line: Line, error: Error) -> Result<(), Error> {
        let own = rows.time_of_cut(line.text);
        self.settle(own.unwrap_or(f64::INFINITY))?;
        let time = rows.latest().max(own.unwrap_or(f64::NEG_INFINITY));
        self.doubtful = Some(Doubtful { line: line.number, time, error });
        Ok(())
    }

    fn finish(mut self) -> Result<Table, Error> {
        self.settle(f64::INFINITY)?;
        let path = self.path.to_owned();
        let Some(mut rows) = self.rows.filter(|rows| !rows.is_empty()) else {
            return Err(Error::Empty { path });
        };
        let mut notes = self.damage.notes();
        let unit = self.header.time_unit(rows.width);
        let per_ps = unit.filter(|_| self.header.has_named_time() || rows.looks_like_times());
        if per_ps.is_some() {
            restart::check_one_program(&rows.values, &rows.descents).map_err(|mixed| Error::mixed(path, mixed))?;
            rows.drop_repeated(&mut notes);
        }
        let first = rows.values.pop().unwrap_or_default();
        let time_ps = per_ps.map(|per_ps| first.iter().map(|t| t / per_ps).collect());
        let names = self.header.names_of(rows.width).into_iter().map(str::to_owned).collect();
        let Header { settings, axis, .. } = self.header;
        Ok(Table { names, time_ps, values: rows.values, settings, axis, notes, not_finite: rows.not_finite })
    }
}
