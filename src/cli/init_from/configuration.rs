//! A configuration of simmpi in any format.
use super::Written;
use crate::campaigns::Kind;
use crate::config::Inputs;
use crate::run::exit::Stop;
use crate::run::load::load_text;
use std::path::Path;

/// The configuration in `text`.
///
/// # Errors
/// All of its faults.
pub fn configuration(kinds: &[&'static dyn Kind], path: &Path, text: String) -> Result<Written, Stop> {
    let loaded = load_text(path, text, Inputs::default(), kinds)?;
    let mut notes = vec![format!("{}: {}", loaded.kind.name(), loaded.kind.about())];
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    notes.extend(folder.map(|folder| {
        format!("Paths are relative to the folder of that file: save this one in {}, too.", folder.display())
    }));
    Ok(Written { config: loaded.config, notes, warnings: Default::default() })
}
