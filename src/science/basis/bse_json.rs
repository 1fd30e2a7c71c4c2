//! How is a basis set in the JSON of the Basis Set Exchange read?
use super::{BasisSet, ParseError};

/// Reads a basis set.
///
/// # Errors
/// Names where and what is wrong.
pub fn parse_bse_json(_text: &str) -> Result<BasisSet, ParseError> {
    unimplemented!()
}
