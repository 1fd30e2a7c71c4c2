//! What does the number field of one atom contain, and which number is it?
use crate::science::selection::AmbiguousNumber;
use std::sync::Arc;

/// The number field of one atom, as written in the file.
#[derive(Clone, Debug, Default)]
pub(in crate::md) struct NumberField {
    /// Without surrounding blanks.
    pub text: String,
    /// The character in the column of insertion codes; none in formats without that column.
    pub code: Option<char>,
    /// Whether the chain differs from that of the atom before.
    pub begins_chain: bool,
}

/// The number that a field stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::md) struct DecodedNumber {
    /// One of the possible numbers where it is ambiguous.
    pub value: i64,
    pub code: Option<char>,
    pub ambiguity: Option<Arc<AmbiguousNumber>>,
}

impl DecodedNumber {
    pub fn known(value: i64, code: Option<char>) -> Self {
        Self { value, code, ambiguity: None }
    }

    pub fn ambiguous(ambiguity: AmbiguousNumber, code: Option<char>) -> Self {
        let value = ambiguity.values.first().copied().unwrap_or(-1);
        Self { value, code, ambiguity: Some(Arc::new(ambiguity)) }
    }
}
