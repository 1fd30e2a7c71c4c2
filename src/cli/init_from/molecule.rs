//! A file of a molecule.
use super::many_body::written;
use super::{Written, refused};
use crate::campaigns::{Kind, from_molecule};
use crate::config::Inputs;
use crate::run::exit::{Exit, Stop};
use crate::run::load::load_text;
use std::path::Path;

/// A configuration of an expansion of the molecule in its fragments, with the first model chemistry that has its elements.
///
/// # Errors
/// All faults of the file.
pub fn molecule(kinds: &[&'static dyn Kind], path: &Path) -> Result<Written, Stop> {
    let is_known =
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xyz") || extension == "json");
    let choices = from_molecule(path).map_err(|faults| refused(path, &faults, is_known))?;
    let mut last = Stop::new(Exit::Input, format!("no model chemistry suits `{}`", path.display()));
    for choice in choices {
        match load_text(Path::new("init.json"), choice.config.to_string(), Inputs::default(), kinds) {
            Ok(_) => return written(kinds, choice),
            Err(stop) => last = stop,
        }
    }
    Err(last)
}
