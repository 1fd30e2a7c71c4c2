//! How are files of columns read: xvg (GROMACS), COLVAR (PLUMED), and plain ones?
//!
//! A row is a line of numbers, separated by blanks or commas; column 0 is the time where the file contains it. Names come from
//! `@ s0 legend "..."`, from `#! FIELDS ...`, or from a first line of words. Rows that a restart repeated count once: a row replaces all
//! earlier ones of its time or later. Lines that were cut off are left out. [`ColumnTable::diagnostics`] reports both, once for each kind.
//! Any other irregularity is an [`Error`] with its line: a guess would be a wrong number in a result.
mod contents;
mod error;
mod header;
mod join;
pub mod legend;
pub(in crate::md) mod line;
mod number;
mod period;
mod reader;
mod restarts;
mod rows;
#[cfg(test)]
mod tests;

pub use contents::{Column, ColumnTable, Diagnostic, NonFiniteRow, Setting};
pub use error::Error;
pub use join::{JoinedTable, join};

pub(super) use error::Location;

use header::Header;
use reader::Reader;
use std::fs;
use std::path::Path;

/// Reads the columns `wanted` of the file at `path`.
///
/// # Errors
/// The file cannot be read, or as [`parse`].
pub fn read(path: &Path, wanted: &[Column]) -> Result<ColumnTable, Error> {
    parse(path, &bytes(path)?, wanted)
}

/// As [`read`], but keeps values that are not finite: for columns that are stored, not computed with. Times must be finite.
///
/// # Errors
/// As [`read`].
pub fn read_as_written(path: &Path, wanted: &[Column]) -> Result<ColumnTable, Error> {
    parse_as_written(path, &bytes(path)?, wanted)
}

/// Reads the columns `wanted` of `bytes`; `path` is only used in messages.
///
/// # Errors
/// A column is unknown, a value is not a finite number, rows differ in length, or there is no row.
pub fn parse(path: &Path, bytes: &[u8], wanted: &[Column]) -> Result<ColumnTable, Error> {
    Reader::new(path, wanted, false).read(bytes)
}

/// As [`parse`], but keeps rows whose time is not later than that of the row before, as rows of several walkers in one file.
///
/// # Errors
/// As [`parse`].
pub fn parse_all_rows(path: &Path, bytes: &[u8], wanted: &[Column]) -> Result<ColumnTable, Error> {
    Reader::new(path, wanted, false).with_repeated().read(bytes)
}

/// As [`parse`], but keeps values that are not finite, as [`read_as_written`].
///
/// # Errors
/// As [`read_as_written`].
pub fn parse_as_written(path: &Path, bytes: &[u8], wanted: &[Column]) -> Result<ColumnTable, Error> {
    Reader::new(path, wanted, true).read(bytes)
}

/// Names of the columns according to the headers before the first row; empty without headers.
pub fn header_names(bytes: &[u8]) -> Vec<String> {
    let mut header = Header::default();
    for line in line::split(bytes).filter(|line| !line.text.is_empty() && line.text[0] != b'&') {
        let at = Location { path: Path::new(""), line: line.number };
        let is_header = matches!(line.text[0], b'#' | b'@');
        if is_header && header.read(&at, line.text).is_err() {
            break;
        }
        if !is_header && !header.accept_names(line.text) {
            let width = number::words(line.text, memchr::memchr(b',', line.text).is_some()).count();
            return header.column_names(width).into_iter().map(str::to_owned).collect();
        }
    }
    header.names
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::read(path, source))
}
