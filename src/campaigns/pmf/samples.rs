//! How are the samples of a window read from its file?
use super::column_check::WindowColumn;
use super::origin::Origin;
use super::section::{ColumnSection, Quantity, WindowSection};
use crate::campaigns::window_analysis::Discard;
use crate::config::{Fault, Faults};
use crate::journal::Fingerprint;
use crate::md::columns::{self, Column, ColumnTable, JoinedTable};
use crate::problem::error_chain;
use crate::science::free_energy::{Axis, equilibration};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The time series of a window.
pub struct Series {
    /// The first file.
    pub path: PathBuf,
    /// SHA-256 of the file or files.
    pub digest: String,
    /// The coordinate at all times.
    pub positions: Vec<f64>,
    pub times_ps: Option<Vec<f64>>,
    /// The period of the column according to the file.
    pub period: Option<f64>,
}

/// Reads the time series of window `index`; `kt` is the thermal energy, kJ/mol.
///
/// # Errors
/// The file cannot be read, or its column is missing or is not the restrained coordinate.
pub fn read(
    origin: &Origin,
    index: usize,
    window: &WindowSection,
    kt: f64,
    warnings: &mut Faults,
) -> Result<Series, Box<Fault>> {
    let key = |name: &str| format!("window.{index}.{name}");
    let column = match &window.column {
        ColumnSection::Index(index) => Column::Index(*index as usize),
        ColumnSection::Name(name) => Column::Name(name.clone()),
    };
    let files = origin.files(&window.file).map_err(|error| {
        Box::new(origin.fault(&key("file"), error_chain(&error), "set `file` to the files of this window"))
    })?;
    let is_named = window.file.paths().len() == files.len() && files.len() == 1;
    let (mut parts, mut digests) = (Vec::with_capacity(files.len()), HashMap::new());
    for path in files {
        let name = if is_named { window.file.to_string() } else { path.display().to_string() };
        let bytes = fs::read(&path).map_err(|error| {
            let message = format!("cannot read `{}`: {error}", path.display());
            Box::new(origin.fault(&key("file"), message, "set `file` to a readable file of columns"))
        })?;
        let mut table = columns::parse(&path, &bytes, std::slice::from_ref(&column))
            .map_err(|error| Box::new(origin.fault_of(&format!("window.{index}"), error.problem)))?;
        WindowColumn {
            origin,
            index,
            window,
            column: &column,
            table: &table,
            name: &name,
            path: &path,
            bytes: &bytes,
            kt,
        }
        .check()?;
        period_of(origin, index, window, (&column, &table, &path))?;
        if let (Some(unit), Some(times)) = (window.time_unit_ps, &mut table.time_ps) {
            times.iter_mut().for_each(|time| *time *= unit);
        }
        digests.insert(path.clone(), Fingerprint::of_bytes(&bytes).to_string());
        parts.push((path, table));
    }
    let joined = columns::join(std::slice::from_ref(&column), parts);
    let joined = joined.map_err(|error| Box::new(origin.fault_of(&format!("window.{index}.file"), error.problem)))?;
    for note in &joined.notes {
        let help = "check that the file is complete and from this simulation";
        warnings.push(origin.fault(&key("file"), note, help).warning());
    }
    let JoinedTable { table, paths, .. } = joined;
    // In the order of times, in which the names of the same parts may not be.
    let digests: Vec<String> = paths.iter().filter_map(|path| digests.remove(path)).collect();
    let path = paths.into_iter().next().unwrap_or_default();
    let period = period_of(origin, index, window, (&column, &table, &path))?;
    let ColumnTable { mut values, time_ps, .. } = table;
    let mut positions = values.pop().unwrap_or_default();
    if window.quantity == Quantity::Force {
        // F = -k (x - c).
        positions.iter_mut().for_each(|force| *force = window.center - *force / window.force_constant);
    }
    // That of a single file is the digest of its contents.
    let digest = match &digests[..] {
        [digest] => digest.clone(),
        several => Fingerprint::of_text(&several.join(" ")).to_string(),
    };
    Ok(Series { path, digest, positions, times_ps: time_ps, period })
}

/// The period of a column according to its file; one of the configuration overrides it.
fn period_of(
    origin: &Origin,
    index: usize,
    window: &WindowSection,
    (column, table, path): (&Column, &ColumnTable, &Path),
) -> Result<Option<f64>, Box<Fault>> {
    if window.period.is_some() {
        return Ok(None);
    }
    table.period(column).map_err(|error| {
        let message = format!("{}:{}: {}", path.display(), error.line, error.problem.message);
        Box::new(origin.fault(&format!("window.{index}.file"), message, error.problem.help))
    })
}

impl Series {
    /// Drops the samples after a time, ps; whether times are known.
    pub fn truncate(&mut self, until_ps: f64) -> bool {
        let Some(times) = &mut self.times_ps else { return false };
        let count = times.partition_point(|time| *time <= until_ps);
        times.truncate(count);
        self.positions.truncate(count);
        true
    }
}

/// Number of samples at the beginning to discard; none where times are required but unknown.
pub fn discarded(series: &Series, discard: Discard, center: f64, axis: Axis) -> Option<usize> {
    match (discard, &series.times_ps) {
        (Discard::Until(until), _) if until <= 0.0 => Some(0),
        (Discard::Until(until), Some(times)) => Some(times.partition_point(|time| *time < until)),
        (Discard::Until(_), None) => None,
        (Discard::Auto(_), _) => {
            let displacements: Vec<f64> = series.positions.iter().map(|x| axis.displacement(*x, center)).collect();
            Some(equilibration(&displacements))
        }
    }
}
