//! How are numbers written that do not fit their field?
use super::Entry;
use std::ops::RangeInclusive;

/// A way to write numbers beyond the field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scheme {
    /// Their last digits alone.
    Modulo,
    /// Hexadecimal: A000 for 10000, and 0 again behind FFFF.
    ShiftedHexadecimal,
    /// Hexadecimal: 2710 for 10000.
    Hexadecimal,
    /// In base 36: A000 for 10000, with small letters behind ZZZZ.
    Hybrid36,
}

/// The largest decimal number of a field.
pub(super) fn full(width: u32) -> i64 {
    10_i64.pow(width) - 1
}

/// The decimal numbers that fit a field.
pub(super) fn fitting(width: u32) -> RangeInclusive<i64> {
    1 - 10_i64.pow(width - 1)..=full(width)
}

/// Ways in which all that `entries` have in letters can be written. One that reads more of the texts than others counts alone.
pub(super) fn candidates(entries: &[Entry], width: u32) -> Vec<Scheme> {
    let mut texts: Vec<&str> = Vec::new();
    for Entry { text, .. } in entries {
        let has_letter = text.bytes().any(|c| c.is_ascii_alphabetic());
        if has_letter && texts.last() != Some(&text.as_str()) {
            texts.push(text);
        }
    }
    if texts.is_empty() {
        return vec![if turns_hexadecimal(entries, width) { Scheme::Hexadecimal } else { Scheme::Modulo }];
    }
    let all = [Scheme::ShiftedHexadecimal, Scheme::Hexadecimal, Scheme::Hybrid36];
    let read = |scheme: &Scheme| texts.iter().filter(|text| scheme.can_be(text, width)).count();
    let most = all.iter().map(read).max().unwrap_or(0);
    match most {
        0 => vec![Scheme::Modulo],
        most => all.into_iter().filter(|scheme| read(scheme) == most).collect(),
    }
}

/// Whether 10^w follows on the largest number of a field in hexadecimal digits: 2710 on 9999.
fn turns_hexadecimal(entries: &[Entry], width: u32) -> bool {
    before_hexadecimal(entries, width).contains(&true)
}

/// For each entry whether that comes later in its chain, so that the entry is decimal.
pub(super) fn before_hexadecimal(entries: &[Entry], width: u32) -> Vec<bool> {
    let (last, next) = (full(width).to_string(), format!("{:x}", full(width) + 1));
    let mut is_before = vec![false; entries.len()];
    for (place, pair) in entries.windows(2).enumerate().rev() {
        let turns = pair[0].text == last && pair[1].text == next;
        is_before[place] = !pair[1].begins_chain && (turns || is_before[place + 1]);
    }
    is_before
}

/// The number that hexadecimal digits are, letters all large or all small.
fn hexadecimal(text: &str) -> Option<i64> {
    let is_mixed = text.bytes().any(|c| c.is_ascii_lowercase()) && text.bytes().any(|c| c.is_ascii_uppercase());
    i64::from_str_radix(text, 16).ok().filter(|_| !is_mixed && !text.starts_with(['+', '-']))
}

/// The number that a text in hybrid-36 with a letter in front is.
fn hybrid36(text: &str, width: u32) -> Option<i64> {
    let first = text.chars().next().filter(char::is_ascii_alphabetic)?;
    let is_large = first.is_ascii_uppercase();
    let is_alike = |c: u8| c.is_ascii_digit() || c.is_ascii_uppercase() == is_large;
    if text.len() != width as usize || !text.bytes().all(is_alike) {
        return None;
    }
    let (power, value) = (36_i64.pow(width - 1), i64::from_str_radix(text, 36).ok()?);
    let from = if is_large { 10 * power } else { -16 * power };
    Some(value - from + full(width) + 1)
}

impl Scheme {
    /// Whether a text with letters can be written so.
    fn can_be(self, text: &str, width: u32) -> bool {
        match self {
            Scheme::Modulo => false,
            Scheme::ShiftedHexadecimal => hexadecimal(text).is_some() && !text.bytes().any(|c| c.is_ascii_lowercase()),
            Scheme::Hexadecimal => text.len() == width as usize && hexadecimal(text).is_some_and(|x| x > full(width)),
            Scheme::Hybrid36 => hybrid36(text, width).is_some(),
        }
    }

    /// The number that a text is beyond the field, where the number before is `last`; none where it is a decimal number or not known.
    pub fn beyond(self, text: &str, width: u32, last: Option<i64>) -> Option<i64> {
        let has_letter = text.bytes().any(|c| c.is_ascii_alphabetic());
        if has_letter && !self.can_be(text, width) {
            return None;
        }
        let follows = |value: &i64| last.is_some_and(|last| *value == last || *value == last + 1);
        match self {
            Scheme::Modulo => None,
            Scheme::Hybrid36 => hybrid36(text, width),
            Scheme::Hexadecimal => {
                hexadecimal(text).filter(|value| *value > full(width) && (has_letter || follows(value)))
            }
            Scheme::ShiftedHexadecimal => {
                let (round, value) = (16_i64.pow(width), shifted(text, width)?);
                let is_first = text.len() == width as usize && text.starts_with(|c: char| c.is_ascii_uppercase());
                // How often the field has been full is seen from the number before.
                let turns = last.map_or(-1, |last| (last + 1 - value).div_euclid(round));
                let later = Some(value + turns * round).filter(|value| turns >= 0 && follows(value));
                later.or_else(|| Some(value).filter(|_| is_first && last.is_none_or(|last| last < value)))
            }
        }
    }

    /// Whether a decimal number may be one beyond the field, where `level` is the last number known in the chain and `last` the one just before.
    pub fn is_uncertain(self, decimal: i64, width: u32, level: Option<i64>, last: Option<i64>) -> bool {
        match self {
            // Behind FFFF.
            Scheme::ShiftedHexadecimal => level.is_some_and(|level| level >= full(width) + 6 * 16_i64.pow(width - 1)),
            Scheme::Hexadecimal => {
                let follows = last.is_some_and(|last| decimal == last || decimal == last + 1);
                !follows && hexadecimal(&decimal.to_string()).is_some_and(|value| value > full(width))
            }
            Scheme::Modulo | Scheme::Hybrid36 => false,
        }
    }
}

/// The number of a hexadecimal text of which A000 is the first, where it is the first time that the field is full.
fn shifted(text: &str, width: u32) -> Option<i64> {
    let round = 16_i64.pow(width);
    Some((hexadecimal(text)? - 10 * round / 16).rem_euclid(round) + full(width) + 1)
}
