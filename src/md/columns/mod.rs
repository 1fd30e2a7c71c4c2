//! What do files of columns say: xvg (GROMACS), COLVAR (PLUMED), and plain ones?
//!
//! A row is a line of numbers between blanks or commas; column 0 is the time where the file has one. Names come from `@ s0 legend "..."`,
//! from `#! FIELDS ...`, or from a first line of words. What a restart wrote again counts once: a row replaces every
//! earlier one of its time or a later one. A last line that was cut is left out. Both are told in [`Table::notes`]. Anything else
//! that is odd is an [`Error`] with its line: a guess would be a wrong number in a result.
mod error;
mod header;
mod number;
mod restart;
#[cfg(test)]
mod tests;

pub use error::Error;

use error::At;
use header::Header;
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

/// Columns of a file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The names of all columns of the file, in their order; empty where it has none.
    pub names: Vec<String>,
    /// The time of every row in ps `[rows]`; none where the first column is something else.
    pub time_ps: Option<Vec<f64>>,
    /// The columns that were asked for, in that order, in the file's own units `[columns][rows]`.
    pub values: Vec<Vec<f64>>,
    /// What `#! SET name value` said, in its order.
    pub settings: Vec<(String, String)>,
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
    let reader = Reader { path, bytes: &bytes, wanted, header: Header::default(), rows: None, keeps_all: true };
    reader.read_whole()
}

/// The columns `wanted` of `bytes`, which messages call `path`.
///
/// # Errors
/// A column is unknown, a value is no finite number, rows differ in length, or there is no row.
pub fn parse(path: &Path, bytes: &[u8], wanted: &[Column]) -> Result<Table, Error> {
    Reader { path, bytes, wanted, header: Header::default(), rows: None, keeps_all: false }.read_whole()
}

/// A file that is being read.
struct Reader<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    wanted: &'a [Column],
    header: Header,
    /// From the first row on.
    rows: Option<Rows>,
    /// Whether values may be other than finite.
    keeps_all: bool,
}

/// What rows look like, and those that were read.
struct Rows {
    /// Columns of every row.
    width: usize,
    has_commas: bool,
    /// Which column of the file is which of `values`, by ascending column; column 0 is always read, into the last.
    places: Vec<(usize, usize)>,
    /// `[wanted columns, then column 0][rows]`.
    values: Vec<Vec<f64>>,
    /// A row while it is read.
    row: Vec<f64>,
    /// Rows whose first column is not above that of the row before, with their lines.
    descents: Vec<(usize, usize)>,
    notes: Vec<Note>,
    keeps_all: bool,
    /// Whether the first column may be one of times.
    has_time: bool,
    /// Rows with a value that is not finite.
    not_finite: Vec<NotFinite>,
}

impl Reader<'_> {
    fn read_whole(mut self) -> Result<Table, Error> {
        self.read_lines()?;
        self.finish()
    }

    fn read_lines(&mut self) -> Result<(), Error> {
        let mut begin = 0;
        for (line, end) in (1..).zip(memchr::memchr_iter(b'\n', self.bytes).chain([self.bytes.len()])) {
            let text = self.bytes[begin..end].trim_ascii();
            begin = end + 1;
            let is_cut = end == self.bytes.len();
            match text.first() {
                None => {}
                Some(b'#' | b'@' | b'&') => self.read_header(line, text)?,
                Some(_) => self.read_row(line, text, is_cut)?,
            }
        }
        Ok(())
    }

    fn read_header(&mut self, line: usize, text: &[u8]) -> Result<(), Error> {
        let before = self.header.names.len();
        self.header.read(&At { path: self.path, line }, text)?;
        match &self.rows {
            // Fields of a later block are checked by the header; more legends than columns would be no header of these rows.
            Some(rows) if self.header.is_colvar && before == 0 && self.header.names.len() > rows.width => {
                Err(At { path: self.path, line }.fields())
            }
            _ => Ok(()),
        }
    }

    fn read_row(&mut self, line: usize, text: &[u8], is_cut: bool) -> Result<(), Error> {
        let at = At { path: self.path, line };
        let rows = match &mut self.rows {
            Some(rows) => rows,
            None if self.header.takes_names(text) => return Ok(()),
            None => self.rows.insert(Rows::new(&at, &self.header, self.wanted, text, self.keeps_all)?),
        };
        match rows.read(&at, text) {
            // Only a whole line ends with its end; other writers than GROMACS and PLUMED may leave out the very last one.
            Ok(()) if is_cut && self.header.is_program() => rows.note(line, CUT),
            Ok(()) => {
                rows.keep(line);
                Ok(())
            }
            Err(_) if is_cut && rows.values.iter().any(|column| !column.is_empty()) => rows.note(line, CUT),
            Err(error) => Err(error),
        }
    }

    fn finish(self) -> Result<Table, Error> {
        let path = self.path.to_owned();
        let Some(mut rows) = self.rows.filter(|rows| rows.values.iter().all(|column| !column.is_empty())) else {
            return Err(Error::Empty { path });
        };
        let unit = self.header.time_unit(rows.width);
        let per_ps = unit.filter(|_| self.header.has_named_time() || rows.looks_like_times());
        if per_ps.is_some() {
            rows.drop_repeated();
        }
        let first = rows.values.pop().unwrap_or_default();
        let time_ps = per_ps.map(|per_ps| first.iter().map(|t| t / per_ps).collect());
        let names = self.header.names_of(rows.width).into_iter().map(str::to_owned).collect();
        let Header { settings, axis, .. } = self.header;
        Ok(Table {
            names,
            time_ps,
            values: rows.values,
            settings,
            axis,
            notes: rows.notes,
            not_finite: rows.not_finite,
        })
    }
}

const CUT: &str = "the last line is cut off: it is left out";

impl Rows {
    /// Rows like the first one.
    fn new(at: &At, header: &Header, wanted: &[Column], first: &[u8], keeps_all: bool) -> Result<Self, Error> {
        let has_commas = memchr::memchr(b',', first).is_some();
        let width = number::words(first, has_commas).count();
        if header.is_colvar && header.names.len() != width {
            return Err(at.width(width, header.names.len()));
        }
        let mut places = Vec::with_capacity(wanted.len() + 1);
        for (place, column) in wanted.iter().enumerate() {
            places.push((header.find(at, column, width)?, place));
        }
        places.push((0, wanted.len()));
        places.sort_unstable();
        let values = vec![Vec::new(); wanted.len() + 1];
        let row = vec![0.0; wanted.len() + 1];
        let (descents, notes, not_finite) = (Vec::new(), Vec::new(), Vec::new());
        let has_time = header.time_unit(width).is_some();
        Ok(Self { width, has_commas, places, values, row, descents, notes, keeps_all, has_time, not_finite })
    }

    /// Reads a line into `row`.
    fn read(&mut self, at: &At, text: &[u8]) -> Result<(), Error> {
        let mut places = self.places.iter().copied().peekable();
        let mut found = 0;
        for word in number::words(text, self.has_commas) {
            while let Some((_, place)) = places.next_if(|(column, _)| *column == found) {
                self.row[place] = self.number(place, word).ok_or_else(|| at.number(found, word))?;
            }
            found += 1;
        }
        if found == self.width { Ok(()) } else { Err(at.width(found, self.width)) }
    }

    /// The number for a place of the row; times are always finite.
    fn number(&self, place: usize, word: &[u8]) -> Option<f64> {
        let is_time = self.has_time && place + 1 == self.row.len();
        if self.keeps_all && !is_time { number::parse_any(word) } else { number::parse(word) }
    }

    /// Leaves out what a restart wrote again.
    fn drop_repeated(&mut self) {
        let rows = self.values.last().map_or(0, Vec::len);
        // Which line each of these rows is in, as a column, which loses the same rows as others do.
        if !self.not_finite.is_empty() {
            let mut lines = vec![0.0; rows];
            self.not_finite.iter().for_each(|odd| lines[odd.row] = odd.line as f64);
            self.values.insert(0, lines);
        }
        restart::drop_repeated(&mut self.values, &self.descents, &mut self.notes);
        if !self.not_finite.is_empty() {
            let lines = self.values.remove(0).into_iter().enumerate().filter(|(_, line)| *line > 0.0);
            self.not_finite = lines.map(|(row, line)| NotFinite { row, line: line as usize }).collect();
        }
    }

    /// Whether the first column, of which no header says so, can be one of times: restarts are few.
    fn looks_like_times(&self) -> bool {
        self.descents.len() <= 2 + self.values.last().map_or(0, Vec::len) / 1000
    }

    fn keep(&mut self, line: usize) {
        if let Some(times) = self.values.last()
            && times.last().is_some_and(|last| Some(last) >= self.row.last())
        {
            self.descents.push((times.len(), line));
        }
        if self.keeps_all && self.row.iter().any(|value| !value.is_finite()) {
            self.not_finite.push(NotFinite { row: self.values.last().map_or(0, Vec::len), line });
        }
        self.values.iter_mut().zip(&self.row).for_each(|(column, value)| column.push(*value));
    }

    fn note(&mut self, line: usize, text: &str) -> Result<(), Error> {
        self.notes.push(Note { line, text: text.to_owned() });
        Ok(())
    }
}
