//! Do decimal numbers restart because their field is full, or because a chain begins?
use super::scheme::{decimal_range, max_decimal};
use std::ops::RangeInclusive;

/// Restores the leading digits of decimal numbers that are written modulo their field.
pub(super) struct DecimalDecoder {
    width: u32,
    /// The previous number as written; none where that was not decimal.
    last: Option<i64>,
    /// Candidates for the part of the number that is not written.
    offsets: Vec<i64>,
    /// Whether that part may also be none of the candidates.
    is_unknown: bool,
}

/// Candidates for a number, and the range outside of which it may be any.
pub(super) type Candidates = (Vec<i64>, Option<RangeInclusive<i64>>);

impl DecimalDecoder {
    pub fn new(width: u32) -> Self {
        Self { width, last: None, offsets: vec![0], is_unknown: false }
    }

    /// Forgets earlier numbers: the last one was not decimal.
    pub fn reset(&mut self) {
        self.reset_offsets();
        self.last = None;
    }

    fn reset_offsets(&mut self) {
        (self.offsets, self.is_unknown) = (vec![0], false);
    }

    /// The number that is `written` next.
    ///
    /// # Errors
    /// It is ambiguous.
    pub fn next(&mut self, written: i64, begins_chain: bool) -> Result<i64, Candidates> {
        match self.last.replace(written) {
            None => self.reset_offsets(),
            Some(last) if begins_chain => self.begin_chain(last, written),
            Some(last) if written < last => self.go_back(last, written),
            Some(_) => {}
        }
        match self.offsets[..] {
            [offset] if !self.is_unknown => Ok(written + offset),
            _ => {
                let values = self.offsets.iter().map(|offset| written + offset).collect();
                Err((values, self.is_unknown.then(|| decimal_range(self.width))))
            }
        }
    }

    /// A new chain restarts its numbers or continues them.
    fn begin_chain(&mut self, last: i64, written: i64) {
        let is_plain = self.offsets == [0] && !self.is_unknown;
        if is_plain || written <= 1 {
            self.reset_offsets();
        } else if written != last + 1 {
            self.add_offsets(0);
        }
    }

    /// A number is smaller than the one before in the same chain.
    fn go_back(&mut self, last: i64, written: i64) {
        let (full, modulus) = (max_decimal(self.width), max_decimal(self.width) + 1);
        let is_plain = self.offsets == [0] && !self.is_unknown;
        let is_nearly_full = last >= full - full / 10;
        if last == full && written == 0 {
            self.offsets.iter_mut().for_each(|offset| *offset += modulus);
        } else if written < 0 || written <= 1 && last != full {
            self.reset_offsets();
        } else if is_nearly_full {
            self.is_unknown = true;
            self.add_offsets(modulus);
        } else if !is_plain {
            self.add_offsets(modulus);
        }
    }

    /// Adds the candidates that offsets are larger by `more`, and that there is none.
    fn add_offsets(&mut self, more: i64) {
        let larger: Vec<i64> = self.offsets.iter().map(|offset| offset + more).collect();
        self.offsets.extend(larger);
        self.offsets.push(0);
        self.offsets.sort_unstable();
        self.offsets.dedup();
    }
}
