//! Which number does a field stand for when numbers outgrow their field?
//!
//! Programs continue differently after the largest decimal number of a field of w columns (9999 for residues and 99999 for atoms in .pdb,
//! 99999 in .gro). The sequence of numbers in a file shows which scheme it uses:
//!
//! | written after 9999 | by |
//! |---|---|
//! | 0, 1, 2: the number modulo 10^w | GROMACS, AMBER |
//! | A000, A001, ... A00F, A010: hexadecimal, from 10^w on | OpenMM; 0 after FFFF |
//! | 2710, 2711, ... 271a: hexadecimal | VMD |
//! | A000, A001, ... A00Z, A010: hybrid-36 (cci.lbl.gov/hybrid_36) | cctbx, Phenix, Chimera |
//! | 10000: the column of the insertion code is used too | VMD's and CHARMM's extended PDB |
//! | ****: no number | Fortran, VMD after ffff |
//!
//! Chains that restart their numbers, at 0 or 1 or elsewhere, keep them. A number that cannot be determined is an [`AmbiguousNumber`].
mod decimal;
mod scheme;

pub(super) use scheme::{DecodedNumber, NumberField};

use crate::science::selection::AmbiguousNumber;
use decimal::DecimalDecoder;
use scheme::Scheme;

/// Whether a text can be a number field: decimal, with letters, asterisks or blank.
pub(super) fn is_plausible(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.bytes().all(|c| c.is_ascii_alphanumeric()) || text.bytes().all(|c| c == b'*')
}

/// The numbers of `fields` of `width` columns, in the order of the file.
pub(super) fn decode(fields: &[NumberField], width: u32) -> Vec<DecodedNumber> {
    let schemes = scheme::candidates(fields, width);
    let mut readings: Vec<(usize, Vec<DecodedNumber>)> =
        schemes.into_iter().map(|scheme| Decoder::new(scheme, width).decode(fields)).collect();
    // Keep the schemes by which most large numbers are one more than the number before.
    let most = readings.iter().map(|(steps, _)| *steps).max().unwrap_or(0);
    readings.retain(|(steps, _)| *steps == most);
    let mut readings = readings.into_iter().map(|(_, numbers)| numbers);
    let Some(mut numbers) = readings.next() else { return Vec::new() };
    for others in readings {
        for ((number, other), field) in numbers.iter_mut().zip(&others).zip(fields) {
            merge(number, other, &field.text);
        }
    }
    numbers
}

/// Makes `number` ambiguous where `other`, read from the same `text`, differs.
fn merge(number: &mut DecodedNumber, other: &DecodedNumber, text: &str) {
    if number == other {
        return;
    }
    let candidates = |number: &DecodedNumber| match &number.ambiguity {
        Some(ambiguity) => (ambiguity.values.clone(), ambiguity.outside.clone()),
        None => (vec![number.value], None),
    };
    let ((mut values, outside), (others, other_outside)) = (candidates(number), candidates(other));
    values.extend(others);
    values.sort_unstable();
    values.dedup();
    let outside = outside.or(other_outside);
    *number = DecodedNumber::ambiguous(AmbiguousNumber { text: text.to_owned(), values, outside }, number.code);
}

/// Decodes consecutive fields by one scheme.
struct Decoder {
    scheme: Scheme,
    /// The previous number, where it is known.
    last: Option<i64>,
    /// The last known number of the chain.
    last_known: Option<i64>,
    decimals: DecimalDecoder,
    width: u32,
}

impl Decoder {
    fn new(scheme: Scheme, width: u32) -> Self {
        Self { scheme, last: None, last_known: None, decimals: DecimalDecoder::new(width), width }
    }

    /// All numbers, and how many of those too large for the field are one more than the number before.
    fn decode(mut self, fields: &[NumberField]) -> (usize, Vec<DecodedNumber>) {
        let max_decimal = scheme::max_decimal(self.width);
        let is_decimal = scheme::before_hexadecimal(fields, self.width);
        let mut numbers: Vec<DecodedNumber> = Vec::with_capacity(fields.len());
        let mut steps = 0;
        for (index, field) in fields.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &fields[before]);
            let begins_chain = field.begins_chain || before.is_none();
            if begins_chain {
                (self.last, self.last_known) = (None, None);
            }
            let is_same = before.is_some_and(|before| before.text == field.text && before.code == field.code);
            let number = match numbers.last() {
                Some(last) if is_same && !begins_chain => last.clone(),
                _ => self.next(field, begins_chain, is_decimal[index]),
            };
            let known = number.ambiguity.is_none().then_some(number.value);
            let follows = self.last.zip(known).is_some_and(|(last, value)| value == last + 1 && value > max_decimal);
            steps += usize::from(follows);
            (self.last, self.last_known) = (known, known.or(self.last_known));
            numbers.push(number);
        }
        (steps, numbers)
    }

    fn next(&mut self, field: &NumberField, begins_chain: bool, is_decimal: bool) -> DecodedNumber {
        let NumberField { text, code, .. } = field;
        if let Some(number) = self.five_columns(field) {
            return number;
        }
        if !text.is_empty() && text.bytes().all(|c| c == b'*') {
            self.decimals.reset();
            let outside = Some(scheme::decimal_range(self.width));
            let ambiguity = AmbiguousNumber { text: text.clone(), values: Vec::new(), outside };
            return DecodedNumber::ambiguous(ambiguity, *code);
        }
        if let Some(value) = self.scheme.decode_large(text, self.width, self.last) {
            self.decimals.reset();
            return DecodedNumber::known(value, *code);
        }
        let Ok(decimal) = text.parse::<i64>() else {
            return DecodedNumber::ambiguous(AmbiguousNumber::any(text), *code);
        };
        if !begins_chain
            && !is_decimal
            && decimal > 1
            && self.scheme.is_uncertain(decimal, self.width, self.last_known, self.last)
        {
            return DecodedNumber::ambiguous(AmbiguousNumber::any(text), *code);
        }
        match self.decimals.next(decimal, begins_chain) {
            Ok(value) => DecodedNumber::known(value, *code),
            Err((values, outside)) => {
                DecodedNumber::ambiguous(AmbiguousNumber { text: text.clone(), values, outside }, *code)
            }
        }
    }

    /// A number whose last digit is in the column of insertion codes; known where it continues the number before.
    fn five_columns(&mut self, field: &NumberField) -> Option<DecodedNumber> {
        let digit = field.code.filter(char::is_ascii_digit)?;
        if field.text.len() != self.width as usize || !field.text.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let value: i64 = format!("{}{digit}", field.text).parse().ok()?;
        let short: i64 = field.text.parse().ok()?;
        let known = self.last;
        if known == Some(short) {
            return None;
        }
        self.decimals.reset();
        if known.is_some_and(|last| last == value || last + 1 == value) {
            return Some(DecodedNumber::known(value, None));
        }
        let text = format!("{}{digit}", field.text);
        Some(DecodedNumber::ambiguous(AmbiguousNumber::any(&text), None))
    }
}

#[cfg(test)]
mod tests;
