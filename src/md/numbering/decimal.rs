//! Have decimal numbers begun again because their field is full, or because a chain begins?
use super::scheme::{fitting, full};
use std::ops::RangeInclusive;

/// Follows decimal numbers through a file.
pub(super) struct Decimals {
    width: u32,
    /// The number before, as it is written; none where that was none of these.
    last: Option<i64>,
    /// What is left out in front may be any of these.
    offsets: Vec<i64>,
    /// It may be something else too.
    is_lost: bool,
}

/// Numbers that one may be, and the range outside of which it may be any.
pub(super) type Meanings = (Vec<i64>, Option<RangeInclusive<i64>>);

impl Decimals {
    pub fn new(width: u32) -> Self {
        Self { width, last: None, offsets: vec![0], is_lost: false }
    }

    /// Another way of writing was used.
    pub fn leave(&mut self) {
        self.restart();
        self.last = None;
    }

    fn restart(&mut self) {
        (self.offsets, self.is_lost) = (vec![0], false);
    }

    /// The number that the next text means.
    ///
    /// # Errors
    /// It may mean several.
    pub fn next(&mut self, written: i64, begins_chain: bool) -> Result<i64, Meanings> {
        match self.last.replace(written) {
            None => self.restart(),
            Some(last) if begins_chain => self.begin_chain(last, written),
            Some(last) if written < last => self.go_back(last, written),
            Some(_) => {}
        }
        match self.offsets[..] {
            [offset] if !self.is_lost => Ok(written + offset),
            _ => {
                let values = self.offsets.iter().map(|offset| written + offset).collect();
                Err((values, self.is_lost.then(|| fitting(self.width))))
            }
        }
    }

    /// Of another chain numbers begin anew, or go on.
    fn begin_chain(&mut self, last: i64, written: i64) {
        let is_plain = self.offsets == [0] && !self.is_lost;
        if is_plain || written <= 1 {
            self.restart();
        } else if written != last + 1 {
            self.widen(0);
        }
    }

    /// Within a chain a number is smaller than the one before.
    fn go_back(&mut self, last: i64, written: i64) {
        let (full, round) = (full(self.width), full(self.width) + 1);
        let is_plain = self.offsets == [0] && !self.is_lost;
        let is_nearly_full = last >= full - full / 10;
        if last == full && written == 0 {
            self.offsets.iter_mut().for_each(|offset| *offset += round);
        } else if written < 0 || written <= 1 && last != full {
            self.restart();
        } else if is_nearly_full {
            self.is_lost = true;
            self.widen(round);
        } else if !is_plain {
            self.widen(round);
        }
    }

    /// The offsets may also be larger by `more`, or there may be none.
    fn widen(&mut self, more: i64) {
        let larger: Vec<i64> = self.offsets.iter().map(|offset| offset + more).collect();
        self.offsets.extend(larger);
        self.offsets.push(0);
        self.offsets.sort_unstable();
        self.offsets.dedup();
    }
}
