//! How do errors of selections and files become problems of the section's keys?
use crate::md::Error;
use crate::problem::Problem;
use crate::science::selection::{Atom, select};

/// The indices of the atoms that a phrase selects, for a key of the section.
///
/// # Errors
/// The phrase is invalid, or selects no atom.
pub fn select_atoms(key: &str, phrase: &str, atoms: &[Atom]) -> Result<Vec<usize>, Problem> {
    select(phrase, atoms).map_err(|error| {
        let help = "see docs/umbrella.md for the selection language";
        Problem::at_key(key, format!("selection \"{phrase}\": {error}"), help)
    })
}

/// The problem of a file that a key of the section names.
pub fn file_problem(key: &str, error: &Error) -> Problem {
    let cause = std::error::Error::source(error).map_or(String::new(), |cause| format!(": {cause}"));
    let Problem { message, help, .. } = error.problem();
    Problem::at_key(key, message + &cause, help)
}
