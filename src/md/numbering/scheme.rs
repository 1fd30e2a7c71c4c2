//! What does a number field contain, and how are numbers written that are too large for it?
use crate::science::selection::AmbiguousNumber;
use std::ops::RangeInclusive;
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

/// A way to write numbers that are too large for their field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scheme {
    /// The last digits alone.
    Modulo,
    /// Hexadecimal: A000 for 10000, and 0 again after FFFF.
    ShiftedHexadecimal,
    /// Hexadecimal: 2710 for 10000.
    Hexadecimal,
    /// Base 36: A000 for 10000, with lower-case letters after ZZZZ.
    Hybrid36,
}

/// The largest decimal number of a field.
pub(super) fn max_decimal(width: u32) -> i64 {
    10_i64.pow(width) - 1
}

/// The decimal numbers that fit a field.
pub(super) fn decimal_range(width: u32) -> RangeInclusive<i64> {
    1 - 10_i64.pow(width - 1)..=max_decimal(width)
}

/// The schemes that can decode the most of the `fields` with letters.
pub(super) fn candidates(fields: &[NumberField], width: u32) -> Vec<Scheme> {
    let mut texts: Vec<&str> = Vec::new();
    for NumberField { text, .. } in fields {
        let has_letter = text.bytes().any(|c| c.is_ascii_alphabetic());
        if has_letter && texts.last() != Some(&text.as_str()) {
            texts.push(text);
        }
    }
    if texts.is_empty() {
        return vec![if switches_to_hexadecimal(fields, width) { Scheme::Hexadecimal } else { Scheme::Modulo }];
    }
    let all = [Scheme::ShiftedHexadecimal, Scheme::Hexadecimal, Scheme::Hybrid36];
    let decoded = |scheme: &Scheme| texts.iter().filter(|text| scheme.can_encode(text, width)).count();
    let most = all.iter().map(decoded).max().unwrap_or(0);
    match most {
        0 => vec![Scheme::Modulo],
        most => all.into_iter().filter(|scheme| decoded(scheme) == most).collect(),
    }
}

/// Whether the largest decimal number is followed by 10^w in hexadecimal: 9999 by 2710.
fn switches_to_hexadecimal(fields: &[NumberField], width: u32) -> bool {
    before_hexadecimal(fields, width).contains(&true)
}

/// For each field whether its chain switches to hexadecimal later, so that the field itself is decimal.
pub(super) fn before_hexadecimal(fields: &[NumberField], width: u32) -> Vec<bool> {
    let (last, next) = (max_decimal(width).to_string(), format!("{:x}", max_decimal(width) + 1));
    let mut is_before = vec![false; fields.len()];
    for (index, pair) in fields.windows(2).enumerate().rev() {
        let switches = pair[0].text == last && pair[1].text == next;
        is_before[index] = !pair[1].begins_chain && (switches || is_before[index + 1]);
    }
    is_before
}

/// The value of hexadecimal digits, whose letters are all upper-case or all lower-case.
fn hexadecimal(text: &str) -> Option<i64> {
    let is_mixed = text.bytes().any(|c| c.is_ascii_lowercase()) && text.bytes().any(|c| c.is_ascii_uppercase());
    i64::from_str_radix(text, 16).ok().filter(|_| !is_mixed && !text.starts_with(['+', '-']))
}

/// The value of a text in hybrid-36 that begins with a letter.
fn hybrid36(text: &str, width: u32) -> Option<i64> {
    let first = text.chars().next().filter(char::is_ascii_alphabetic)?;
    let is_upper = first.is_ascii_uppercase();
    let has_same_case = |c: u8| c.is_ascii_digit() || c.is_ascii_uppercase() == is_upper;
    if text.len() != width as usize || !text.bytes().all(has_same_case) {
        return None;
    }
    let (power, value) = (36_i64.pow(width - 1), i64::from_str_radix(text, 36).ok()?);
    let from = if is_upper { 10 * power } else { -16 * power };
    Some(value - from + max_decimal(width) + 1)
}

impl Scheme {
    /// Whether the scheme can write a text with letters.
    fn can_encode(self, text: &str, width: u32) -> bool {
        match self {
            Scheme::Modulo => false,
            Scheme::ShiftedHexadecimal => hexadecimal(text).is_some() && !text.bytes().any(|c| c.is_ascii_lowercase()),
            Scheme::Hexadecimal => {
                text.len() == width as usize && hexadecimal(text).is_some_and(|x| x > max_decimal(width))
            }
            Scheme::Hybrid36 => hybrid36(text, width).is_some(),
        }
    }

    /// The value of a number too large for its field, after the number `last`; none where it is decimal or cannot be determined.
    pub fn decode_large(self, text: &str, width: u32, last: Option<i64>) -> Option<i64> {
        let has_letter = text.bytes().any(|c| c.is_ascii_alphabetic());
        if has_letter && !self.can_encode(text, width) {
            return None;
        }
        let follows = |value: &i64| last.is_some_and(|last| *value == last || *value == last + 1);
        match self {
            Scheme::Modulo => None,
            Scheme::Hybrid36 => hybrid36(text, width),
            Scheme::Hexadecimal => {
                hexadecimal(text).filter(|value| *value > max_decimal(width) && (has_letter || follows(value)))
            }
            Scheme::ShiftedHexadecimal => {
                let (modulus, value) = (16_i64.pow(width), shifted_hexadecimal(text, width)?);
                let is_first = text.len() == width as usize && text.starts_with(|c: char| c.is_ascii_uppercase());
                // The number before shows how often the field has overflowed.
                let overflows = last.map_or(-1, |last| (last + 1 - value).div_euclid(modulus));
                let later = Some(value + overflows * modulus).filter(|value| overflows >= 0 && follows(value));
                later.or_else(|| Some(value).filter(|_| is_first && last.is_none_or(|last| last < value)))
            }
        }
    }

    /// Whether decimal digits may stand for a number too large for its field. `last_known` is the last known number of the chain, `last`
    /// the previous number.
    pub fn is_uncertain(self, decimal: i64, width: u32, last_known: Option<i64>, last: Option<i64>) -> bool {
        match self {
            // After FFFF.
            Scheme::ShiftedHexadecimal => {
                last_known.is_some_and(|last| last >= max_decimal(width) + 6 * 16_i64.pow(width - 1))
            }
            Scheme::Hexadecimal => {
                let follows = last.is_some_and(|last| decimal == last || decimal == last + 1);
                !follows && hexadecimal(&decimal.to_string()).is_some_and(|value| value > max_decimal(width))
            }
            Scheme::Modulo | Scheme::Hybrid36 => false,
        }
    }
}

/// The value of a hexadecimal text by the scheme in which A000 is 10^w, before the field overflows again.
fn shifted_hexadecimal(text: &str, width: u32) -> Option<i64> {
    let modulus = 16_i64.pow(width);
    Some((hexadecimal(text)? - 10 * modulus / 16).rem_euclid(modulus) + max_decimal(width) + 1)
}
