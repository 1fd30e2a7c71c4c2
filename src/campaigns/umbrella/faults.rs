//! How do errors of selections and files become faults of a configuration?
use crate::config::{Config, Fault};
use crate::md::Error;
use crate::science::selection::{Atom, select};

/// The indices of the atoms that a phrase selects, for a key of the section.
///
/// # Errors
/// The phrase is invalid, or selects no atom.
pub fn select_atoms(config: &Config, key: &str, phrase: &str, atoms: &[Atom]) -> Result<Vec<usize>, Box<Fault>> {
    select(phrase, atoms).map_err(|error| {
        let help = "see docs/umbrella.md for the selection language";
        Box::new(config.fault(&format!("umbrella.{key}"), format!("selection \"{phrase}\": {error}"), help))
    })
}

/// The fault of a file that a key of the section names.
pub fn file_fault(config: &Config, key: &str, error: &Error) -> Fault {
    let cause = std::error::Error::source(error).map_or(String::new(), |cause| format!(": {cause}"));
    config.fault(&format!("umbrella.{key}"), error.problem() + &cause, error.help())
}
