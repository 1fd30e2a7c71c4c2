//! Why does a selection fail?
use super::ambiguous_number::AmbiguousNumber;
use super::tokens::KEYWORDS;
use std::sync::Arc;

/// Why a selection fails. Columns are counted from 0, in characters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("`{word}` (column {column}) is an unknown keyword of the selection language: {}", suggestion(.nearest))]
    Unknown { word: String, column: usize, nearest: Option<&'static str> },
    #[error("`{word}` (column {column}) must be followed by {wanted}")]
    Incomplete { word: String, column: usize, wanted: &'static str },
    #[error("`{word}` (column {column}) is unexpected: combine conditions with `and` or `or`")]
    Unexpected { word: String, column: usize },
    #[error("`{word}` (column {column}) is neither a number nor a range such as 2-4, 2:4 or 2 to 4")]
    Number { word: String, column: usize },
    #[error("`{word}` (column {column}) is a reversed range: give the lower number first")]
    Reversed { word: String, column: usize },
    #[error("`{word}` (column {column}) has an insertion code, which only `resid` accepts")]
    InsertionCode { word: String, column: usize },
    #[error(
        "the selection depends on {what} that are ambiguous in the file, of {label} (atom {atom}, counted from 0){more}: {number}; \
         select these atoms by name or `index`, or use a structure whose numbers fit their fields"
    )]
    Ambiguous { what: &'static str, label: String, atom: usize, more: String, number: Arc<AmbiguousNumber> },
    #[error("the parenthesis in column {column} is not closed")]
    Unclosed { column: usize },
    #[error("the selection is empty")]
    Empty,
    #[error("the selection matches none of the {atoms} atoms: {hint}")]
    NoMatch { atoms: usize, hint: String },
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    match nearest {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("known keywords: {}", KEYWORDS.join(", ")),
    }
}
