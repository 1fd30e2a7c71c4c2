//! How are the lines of a file of columns put together?
use super::header::Header;
use super::line::{Line, LineEnd};
use super::rows::RowReader;
use super::{Column, ColumnTable, Diagnostic, Error, Location, line, restarts};
use std::path::Path;

/// Reads a file line by line.
pub struct Reader<'a> {
    path: &'a Path,
    wanted: &'a [Column],
    header: Header,
    /// Whether values that are not finite are kept.
    keeps_non_finite: bool,
    /// Whether rows are kept that later ones repeat.
    keeps_repeated: bool,
    /// None before the first row.
    rows: Option<RowReader>,
    damaged: DamagedLines,
    /// Whether a header follows the last row.
    is_after_header: bool,
    /// The line of the `&` that ends the set of data.
    end_of_set: Option<usize>,
    /// An invalid row that was cut off if time goes back after it.
    suspect: Option<SuspectRow>,
}

/// An invalid row that may have been cut off by a kill.
struct SuspectRow {
    line: usize,
    /// Its time as far as it can be read, at least that of the last row.
    time: f64,
    /// The error, if it was not cut off.
    error: Error,
}

impl<'a> Reader<'a> {
    pub fn new(path: &'a Path, wanted: &'a [Column], keeps_non_finite: bool) -> Self {
        Self {
            path,
            wanted,
            header: Header::default(),
            keeps_non_finite,
            keeps_repeated: false,
            rows: None,
            damaged: DamagedLines::default(),
            is_after_header: false,
            end_of_set: None,
            suspect: None,
        }
    }

    /// A reader that keeps rows whose time is not later than that of the row before.
    pub fn with_repeated(self) -> Self {
        Self { keeps_repeated: true, ..self }
    }

    /// Reads all lines.
    ///
    /// # Errors
    /// As [`parse`](super::parse).
    pub fn read(mut self, bytes: &[u8]) -> Result<ColumnTable, Error> {
        line::split(bytes).try_for_each(|line| self.read_line(line))?;
        self.finish()
    }

    fn read_line(&mut self, line: Line) -> Result<(), Error> {
        match (line.end, line.text.first()) {
            (LineEnd::Zeros, _) => self.damaged.zeros.add(line.number),
            (_, None) => {}
            // A header that was cut off has no rows, and is repeated after it.
            (LineEnd::Header, Some(b'#')) => {}
            (LineEnd::Header, _) => self.damaged.torn.add(line.number),
            (LineEnd::File, Some(b'#')) if line.text.starts_with(b"#!") => self.damaged.last = Some(line.number),
            (_, Some(b'&')) if self.rows.is_some() => self.end_of_set = self.end_of_set.or(Some(line.number)),
            (_, Some(b'&')) => {}
            (_, Some(b'#' | b'@')) => return self.read_header(line),
            _ => return self.read_row(line),
        }
        Ok(())
    }

    fn read_header(&mut self, line: Line) -> Result<(), Error> {
        let at = Location { path: self.path, line: line.number };
        let before = self.header.names.len();
        self.header.read(&at, line.text)?;
        self.is_after_header = true;
        if self.header.is_colvar && line.text.starts_with(b"#!") {
            self.resolve_suspect(f64::NEG_INFINITY)?;
        }
        match &self.rows {
            // The header itself compares the fields of later blocks; here more fields than columns belong to other rows.
            Some(rows) if self.header.is_colvar && before == 0 && self.header.names.len() > rows.width => {
                Err(at.fields_change())
            }
            _ => Ok(()),
        }
    }

    /// Counts the suspect row as cut off, if time goes back to `time` after it, or a header begins.
    ///
    /// # Errors
    /// Its own, if time does not go back.
    fn resolve_suspect(&mut self, time: f64) -> Result<(), Error> {
        match self.suspect.take() {
            Some(row) if time <= row.time => self.damaged.torn.add(row.line),
            Some(row) => return Err(row.error),
            None => {}
        }
        Ok(())
    }

    fn read_row(&mut self, line: Line) -> Result<(), Error> {
        let at = Location { path: self.path, line: line.number };
        if let Some(line) = self.end_of_set {
            return Err(Location { path: self.path, line }.second_set());
        }
        let mut rows = match self.rows.take() {
            Some(rows) => rows,
            None if self.header.accept_names(line.text) => return Ok(()),
            None => RowReader::new(&at, &self.header, self.wanted, line.text, self.keeps_non_finite)?,
        };
        let read = rows.read(&at, line.text);
        let is_cut = line.end == LineEnd::File;
        match read {
            // GROMACS and PLUMED end every row with a line feed; other writers may omit the last one.
            Ok(()) if is_cut && self.header.is_from_program() => self.damaged.last = Some(line.number),
            Ok(()) => {
                self.resolve_suspect(rows.time())?;
                rows.keep(line.number, self.is_after_header);
            }
            Err(_) if is_cut && !rows.is_empty() => self.damaged.last = Some(line.number),
            Err(error) if rows.is_empty() || !self.header.has_named_time() => return Err(error),
            Err(error) => match rows.read_after_cut_row(&at, line.text) {
                true => {
                    self.resolve_suspect(rows.time())?;
                    self.damaged.torn.add(line.number);
                    rows.keep(line.number, self.is_after_header);
                }
                false => self.suspect_row(&rows, line, error)?,
            },
        }
        self.is_after_header = false;
        self.rows = Some(rows);
        Ok(())
    }

    /// Defers the error of a row until the next one shows whether it was cut off.
    fn suspect_row(&mut self, rows: &RowReader, line: Line, error: Error) -> Result<(), Error> {
        let own = rows.leading_number(line.text);
        self.resolve_suspect(own.unwrap_or(f64::INFINITY))?;
        let time = rows.last_time().max(own.unwrap_or(f64::NEG_INFINITY));
        self.suspect = Some(SuspectRow { line: line.number, time, error });
        Ok(())
    }

    fn finish(mut self) -> Result<ColumnTable, Error> {
        self.resolve_suspect(f64::INFINITY)?;
        let Some(mut rows) = self.rows.filter(|rows| !rows.is_empty()) else {
            return Err(Error::empty(self.path));
        };
        let mut diagnostics = self.damaged.diagnostics();
        let unit = self.header.time_units_per_ps(rows.width);
        let per_ps = unit.filter(|_| self.header.has_named_time() || rows.looks_like_times());
        if per_ps.is_some() && !self.keeps_repeated {
            let checked = restarts::check_single_writer(&rows.values, &rows.descents);
            checked.map_err(|found| Error::interleaved(self.path, found))?;
            rows.drop_repeated(&mut diagnostics);
        }
        let first = rows.values.pop().unwrap_or_default();
        let time_ps = per_ps.map(|per_ps| first.iter().map(|t| t / per_ps).collect());
        let names = self.header.column_names(rows.width).into_iter().map(str::to_owned).collect();
        let Header { settings, axis, .. } = self.header;
        let RowReader { values, not_finite, .. } = rows;
        Ok(ColumnTable { names, time_ps, values, settings, axis, diagnostics, not_finite })
    }
}

/// The first of several lines, and their number.
#[derive(Clone, Copy, Debug, Default)]
struct LineCount {
    first: usize,
    count: usize,
}

/// Damaged lines that are left out, by kind of damage.
#[derive(Clone, Copy, Debug, Default)]
struct DamagedLines {
    /// Rows that were cut off where a program was killed that later continued.
    torn: LineCount,
    /// Lines that contain zero bytes.
    zeros: LineCount,
    /// The last line of the file, where it was cut off.
    last: Option<usize>,
}

impl LineCount {
    fn add(&mut self, line: usize) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }

    fn diagnostic(self, one: &str, several: &str) -> Option<Diagnostic> {
        let text = match self.count {
            0 => return None,
            1 => one.to_owned(),
            count => format!("{count} {several}"),
        };
        Some(Diagnostic { line: self.first, text })
    }
}

impl DamagedLines {
    /// One diagnostic for each kind of damage.
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let torn = self.torn.diagnostic(
            "the row is cut off, as a killed program leaves it: it is left out",
            "rows are cut off, as killed programs leave them: they are left out",
        );
        let zeros = self.zeros.diagnostic(
            "the line has bytes of zero, as a crash of the file system leaves them: it is left out",
            "lines have bytes of zero, as a crash of the file system leaves them: they are left out",
        );
        let last = self.last.map(|line| Diagnostic { line, text: LAST_LINE.to_owned() });
        torn.into_iter().chain(zeros).chain(last).collect()
    }
}

pub const LAST_LINE: &str = "the last line is cut off: it is left out";
