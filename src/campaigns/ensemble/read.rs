//! What do the files that a finished replica left contain?
//!
//! The result depends on the files and the configuration alone: reading runs nothing, changes nothing and may be repeated.
use super::periods;
use super::replica::{ColumnPeriod, NonFiniteValues};
use super::section::CollectSection;
use super::setup::{FreeEnergy, Setup};
use crate::md::columns::{self, ColumnTable};
use std::path::{Path, PathBuf};

/// The collected columns of a replica.
#[derive(Debug, Default)]
pub struct CollectedColumns {
    /// `[collected file][column][row]`
    pub series: Vec<Vec<Vec<f64>>>,
    /// `[collected file][column]`
    pub periods: Vec<Vec<ColumnPeriod>>,
    pub not_finite: NonFiniteValues,
    /// Irregularities that do not prevent reading, at most one of a kind for each file.
    pub notes: Vec<String>,
}

/// Reads the collected files in the `folder` of a replica.
///
/// # Errors
/// A file is missing or is not a valid file of columns, a column is missing, or a value needed by a free energy is not finite.
pub fn collected_columns(setup: &Setup, replica: usize, folder: &Path) -> Result<CollectedColumns, String> {
    setup.engine.check_products(folder, &setup.label(replica))?;
    let mut read = CollectedColumns::default();
    for (index, collect) in setup.collect.iter().enumerate() {
        let path = path(setup, replica, folder, collect)?;
        let table = columns::read_as_written(&path, &collect.selection()).map_err(|error| {
            let source = std::error::Error::source(&error).map_or(String::new(), |source| format!(": {source}"));
            format!("{error}{source}")
        })?;
        let mut uses = setup.free_energies.iter().filter(|wanted| wanted.file == index);
        uses.try_for_each(|wanted| check_finite(wanted, collect, &table, &path))?;
        add_not_finite(&mut read.not_finite, &table, collect, &path);
        read.periods.push(periods::in_file(setup, index, &path, &table)?);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        read.notes.extend(table.diagnostics.iter().map(|one| format!("{file}:{}: {}", one.line, one.text)));
        read.series.push(table.values);
    }
    Ok(read)
}

/// Whether a file is missing that is collected or that the program must leave.
pub fn lacks_files(setup: &Setup, replica: usize, folder: &Path) -> bool {
    let exists = |collect: &CollectSection| path(setup, replica, folder, collect).is_ok_and(|path| path.is_file());
    !setup.collect.iter().all(exists) || setup.engine.check_products(folder, "").is_err()
}

fn path(setup: &Setup, replica: usize, folder: &Path, collect: &CollectSection) -> Result<PathBuf, String> {
    let file = setup.renderer.word(&collect.file, &setup.names(replica)).map_err(|error| error.to_string())?;
    Ok(folder.join(file))
}

/// Rejects values that a free energy needs and that are not finite; rows that it discards may contain any.
fn check_finite(wanted: &FreeEnergy, collect: &CollectSection, table: &ColumnTable, path: &Path) -> Result<(), String> {
    for found in table.not_finite.iter().filter(|found| wanted.uses(&table.values, found.row)) {
        let is_not_finite = |column: &&usize| !table.values[**column][found.row].is_finite();
        let Some(&column) = wanted.cvs.iter().chain([&wanted.bias]).find(is_not_finite) else { continue };
        let (name, value) = (&collect.columns[column], table.values[column][found.row]);
        return Err(format!(
            "{}:{}: `{name}` is {value}, and the free energy `{}` is computed with it: discard these rows by discard_ps, select \
             another column, or correct the row",
            path.display(),
            found.line,
            wanted.name
        ));
    }
    Ok(())
}

/// Adds the values of a file that are not finite.
fn add_not_finite(total: &mut NonFiniteValues, table: &ColumnTable, collect: &CollectSection, path: &Path) {
    for found in &table.not_finite {
        for (name, values) in collect.columns.iter().zip(&table.values).filter(|(_, v)| !v[found.row].is_finite()) {
            if total.count == 0 {
                total.first = format!("`{name}` is {} at {}:{}", values[found.row], path.display(), found.line);
            }
            total.count += 1;
        }
    }
}
