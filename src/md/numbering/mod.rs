//! Which number does a field mean, where larger numbers than it holds have to be written?
//!
//! Programs go on differently behind the largest decimal number of a field of w columns (9999 of residues and 99999 of atoms in .pdb, 99999
//! in .gro). Which way a file goes is seen from the sequence of its numbers:
//!
//! | written behind 9999 | by |
//! |---|---|
//! | 0, 1, 2: the number modulo 10^w | GROMACS, AMBER |
//! | A000, A001, ... A00F, A010: hexadecimal, from 10^w on | OpenMM; 0 behind FFFF |
//! | 2710, 2711, ... 271a: hexadecimal | VMD |
//! | A000, A001, ... A00Z, A010: hybrid-36 (cci.lbl.gov/hybrid_36) | cctbx, Phenix, Chimera |
//! | 10000: the column of the insertion code is used too | VMD's and CHARMM's extended PDB |
//! | ****: nothing | Fortran, VMD behind ffff |
//!
//! Chains that begin anew, at 0 or 1 or elsewhere, keep their numbers. What cannot be known is in [`AmbiguousNumber`], never taken for a number.
mod decimal;
mod scheme;

use crate::science::selection::AmbiguousNumber;
use decimal::Decimals;
use scheme::Scheme;
use std::sync::Arc;

/// What stands in the field of one atom.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// Without spaces about it.
    pub text: String,
    /// The character of the insertion code; none for what has no such column.
    pub code: Option<char>,
    /// Whether the chain is not that of the entry before.
    pub begins_chain: bool,
}

/// The number that an entry means.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Number {
    /// One of the possible numbers where it is in doubt.
    pub value: i64,
    pub code: Option<char>,
    pub doubt: Option<Arc<AmbiguousNumber>>,
}

impl Number {
    fn known(value: i64, code: Option<char>) -> Self {
        Self { value, code, doubt: None }
    }

    fn doubted(doubt: AmbiguousNumber, code: Option<char>) -> Self {
        let value = doubt.values.first().copied().unwrap_or(-1);
        Self { value, code, doubt: Some(Arc::new(doubt)) }
    }
}

/// Whether a text can stand in a field of numbers: decimal, in letters, asterisks or blank.
pub(super) fn is_plausible(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.bytes().all(|c| c.is_ascii_alphanumeric()) || text.bytes().all(|c| c == b'*')
}

/// The numbers of `entries`, fields of which have `width` columns, in the order of the file.
pub(super) fn decode(entries: &[Entry], width: u32) -> Vec<Number> {
    let schemes = scheme::candidates(entries, width);
    let mut readings: Vec<(usize, Vec<Number>)> =
        schemes.into_iter().map(|scheme| Reader::new(scheme, width).read(entries)).collect();
    // The scheme in which most numbers beyond the field follow on the one before.
    let most = readings.iter().map(|(steps, _)| *steps).max().unwrap_or(0);
    readings.retain(|(steps, _)| *steps == most);
    let mut readings = readings.into_iter().map(|(_, numbers)| numbers);
    let Some(mut numbers) = readings.next() else { return Vec::new() };
    for others in readings {
        for ((number, other), entry) in numbers.iter_mut().zip(&others).zip(entries) {
            merge(number, other, &entry.text);
        }
    }
    numbers
}

/// Makes of a number one that may be another too.
fn merge(number: &mut Number, other: &Number, text: &str) {
    if number == other {
        return;
    }
    let meanings = |number: &Number| match &number.doubt {
        Some(doubt) => (doubt.values.clone(), doubt.outside.clone()),
        None => (vec![number.value], None),
    };
    let ((mut values, outside), (others, other_outside)) = (meanings(number), meanings(other));
    values.extend(others);
    values.sort_unstable();
    values.dedup();
    let outside = outside.or(other_outside);
    *number = Number::doubted(AmbiguousNumber { text: text.to_owned(), values, outside }, number.code);
}

/// Reads one entry after another by one scheme.
struct Reader {
    scheme: Scheme,
    /// The number before, where it is known.
    last: Option<i64>,
    /// The last number that is known in the chain.
    level: Option<i64>,
    decimals: Decimals,
    width: u32,
}

impl Reader {
    fn new(scheme: Scheme, width: u32) -> Self {
        Self { scheme, last: None, level: None, decimals: Decimals::new(width), width }
    }

    /// All numbers, and how many of those beyond the field follow on the one before.
    fn read(mut self, entries: &[Entry]) -> (usize, Vec<Number>) {
        let full = scheme::full(self.width);
        let is_decimal = scheme::before_hexadecimal(entries, self.width);
        let mut numbers: Vec<Number> = Vec::with_capacity(entries.len());
        let mut steps = 0;
        for (place, entry) in entries.iter().enumerate() {
            let before = place.checked_sub(1).map(|before| &entries[before]);
            let begins_chain = entry.begins_chain || before.is_none();
            if begins_chain {
                (self.last, self.level) = (None, None);
            }
            let is_same = before.is_some_and(|before| before.text == entry.text && before.code == entry.code);
            let number = match numbers.last() {
                Some(last) if is_same && !begins_chain => last.clone(),
                _ => self.next(entry, begins_chain, is_decimal[place]),
            };
            let known = number.doubt.is_none().then_some(number.value);
            let follows = self.last.zip(known).is_some_and(|(last, value)| value == last + 1 && value > full);
            steps += usize::from(follows);
            (self.last, self.level) = (known, known.or(self.level));
            numbers.push(number);
        }
        (steps, numbers)
    }

    fn next(&mut self, entry: &Entry, begins_chain: bool, is_decimal: bool) -> Number {
        let Entry { text, code, .. } = entry;
        if let Some(number) = self.five_columns(entry) {
            return number;
        }
        if !text.is_empty() && text.bytes().all(|c| c == b'*') {
            self.decimals.leave();
            let outside = Some(scheme::fitting(self.width));
            return Number::doubted(AmbiguousNumber { text: text.clone(), values: Vec::new(), outside }, *code);
        }
        if let Some(value) = self.scheme.beyond(text, self.width, self.last) {
            self.decimals.leave();
            return Number::known(value, *code);
        }
        let Ok(decimal) = text.parse::<i64>() else { return Number::doubted(AmbiguousNumber::any(text), *code) };
        if !begins_chain
            && !is_decimal
            && decimal > 1
            && self.scheme.is_uncertain(decimal, self.width, self.level, self.last)
        {
            return Number::doubted(AmbiguousNumber::any(text), *code);
        }
        match self.decimals.next(decimal, begins_chain) {
            Ok(value) => Number::known(value, *code),
            Err((values, outside)) => Number::doubted(AmbiguousNumber { text: text.clone(), values, outside }, *code),
        }
    }

    /// A number whose last digit stands in the column of the insertion code, where it follows on the one before.
    fn five_columns(&mut self, entry: &Entry) -> Option<Number> {
        let digit = entry.code.filter(char::is_ascii_digit)?;
        if entry.text.len() != self.width as usize || !entry.text.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let value: i64 = format!("{}{digit}", entry.text).parse().ok()?;
        let short: i64 = entry.text.parse().ok()?;
        let known = self.last;
        if known == Some(short) {
            return None;
        }
        self.decimals.leave();
        if known.is_some_and(|last| last == value || last + 1 == value) {
            return Some(Number::known(value, None));
        }
        let text = format!("{}{digit}", entry.text);
        Some(Number::doubted(AmbiguousNumber::any(&text), None))
    }
}

#[cfg(test)]
mod tests;
