//! What is read of the files that a finished replica left?
//!
//! A function of the files and of the configuration: reading runs nothing and changes nothing, and may be repeated.
use super::inputs::{Collect, FreeEnergy, Setup};
use super::periods::{self, Period};
use super::render;
use super::write::name_of;
use crate::md::columns::{self, Table};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What was read.
#[derive(Debug, Default)]
pub struct Read {
    /// `[collected file][column][row]`
    pub series: Vec<Vec<Vec<f64>>>,
    /// `[collected file][column]`
    pub periods: Vec<Vec<Period>>,
    pub odd: Odd,
    /// What is odd in the files though it could be read: one of a kind for each file.
    pub notes: Vec<String>,
}

/// Values that are not finite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Odd {
    pub count: u64,
    /// Which is the first: its column, value, file and line.
    pub first: String,
}

/// Reads what is wanted of a replica's `folder`.
///
/// # Errors
/// A file is not there or cannot be read as columns, has no such column, or a value that is computed with is not finite.
pub fn replica(setup: &Setup, replica: usize, folder: &Path) -> Result<Read, String> {
    setup.engine.check_left(folder, &setup.label(replica))?;
    let mut read = Read::default();
    for (place, collect) in setup.collect.iter().enumerate() {
        let path = path_of(setup, replica, folder, collect)?;
        let table = columns::read_as_written(&path, &collect.wanted()).map_err(|error| {
            let source = std::error::Error::source(&error).map_or(String::new(), |source| format!(": {source}"));
            format!("{error}{source}")
        })?;
        let mut uses = setup.free_energies.iter().filter(|wanted| wanted.file == place);
        uses.try_for_each(|wanted| check_used(wanted, collect, &table, &path))?;
        read.odd.add(&table, collect, &path);
        read.periods.push(periods::of(setup, place, &path, &table)?);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        read.notes.extend(table.notes.iter().map(|note| format!("{file}:{}: {}", note.line, note.text)));
        read.series.push(table.values);
    }
    Ok(read)
}

/// Whether a file that is to be read is not there.
pub fn lacks_files(setup: &Setup, replica: usize, folder: &Path) -> bool {
    let path = |collect: &Collect| path_of(setup, replica, folder, collect);
    let is_there = |collect: &Collect| path(collect).is_ok_and(|path| path.is_file());
    !setup.collect.iter().all(is_there) || setup.engine.check_left(folder, "").is_err()
}

fn path_of(setup: &Setup, replica: usize, folder: &Path, collect: &Collect) -> Result<PathBuf, String> {
    let file = render::word(&collect.file, &setup.names(replica)).map_err(|error| error.to_string())?;
    Ok(folder.join(file))
}

/// Refuses values that a free energy would be computed with and that are not finite; rows that it discards may hold any.
fn check_used(wanted: &FreeEnergy, collect: &Collect, table: &Table, path: &Path) -> Result<(), String> {
    for odd in table.not_finite.iter().filter(|odd| wanted.uses(&table.values, odd.row)) {
        let is_odd = |column: &&usize| !table.values[**column][odd.row].is_finite();
        let Some(&column) = wanted.cvs.iter().chain([&wanted.bias]).find(is_odd) else { continue };
        let (name, value) = (name_of(&collect.columns[column]), table.values[column][odd.row]);
        return Err(format!(
            "{}:{}: `{name}` is {value}, and the free energy `{}` is computed with it: discard these rows by discard_ps, name another \
             column, or correct the row",
            path.display(),
            odd.line,
            wanted.name
        ));
    }
    Ok(())
}

impl Odd {
    fn add(&mut self, table: &Table, collect: &Collect, path: &Path) {
        for odd in &table.not_finite {
            for (column, values) in collect.columns.iter().zip(&table.values).filter(|(_, v)| !v[odd.row].is_finite()) {
                if self.count == 0 {
                    let (name, value) = (name_of(column), values[odd.row]);
                    self.first = format!("`{name}` is {value} at {}:{}", path.display(), odd.line);
                }
                self.count += 1;
            }
        }
    }
}
