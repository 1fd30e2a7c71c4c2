//! A ManyBodyInput of QCManyBody.
use super::{Written, refused};
use crate::campaigns::{FromFile, Kind, from_many_body_input};
use crate::config::{Config, KindSchema};
use crate::run::exit::{Exit, Stop};
use std::path::Path;

/// The configuration with everything that the file specifies, and with QCManyBody's defaults.
///
/// # Errors
/// All faults of the file.
pub fn many_body(kinds: &[&'static dyn Kind], path: &Path) -> Result<Written, Stop> {
    let from_file = from_many_body_input(path).map_err(|faults| refused(path, &faults, true))?;
    written(kinds, from_file)
}

/// A configuration that is JSON so far.
///
/// # Errors
/// It is not valid.
pub(super) fn written(kinds: &[&'static dyn Kind], from_file: FromFile) -> Result<Written, Stop> {
    let FromFile { config, notes, warnings } = from_file;
    let schemas: Vec<_> = kinds.iter().map(|kind| KindSchema::new(kind.name(), || kind.schema())).collect();
    let parsed = Config::parse(Path::new("init.json"), &format!("{config:#}"), &schemas);
    let config = parsed.map_err(|faults| Stop { exit: Exit::Internal, ..Stop::from(faults) })?;
    Ok(Written { config, notes, warnings })
}
