//! Which values do rows have in the columns that are wanted?
use super::error::{At, Error};
use super::header::Header;
use super::restart::{self, Descent};
use super::{Column, NotFinite, Note, number};

/// What rows look like, and those that were read.
pub struct Rows {
    /// Columns of every row.
    pub width: usize,
    has_commas: bool,
    /// Which column of the file is which of `values`, by ascending column; column 0 is always read, into the last.
    places: Vec<(usize, usize)>,
    /// `[wanted columns, then column 0][rows]`.
    pub values: Vec<Vec<f64>>,
    /// A row while it is read.
    row: Vec<f64>,
    /// Where the first column is not above that of the row before.
    pub descents: Vec<Descent>,
    keeps_all: bool,
    /// Whether the first column may be one of times.
    has_time: bool,
    /// Rows with a value that is not finite.
    pub not_finite: Vec<NotFinite>,
}

impl Rows {
    /// Rows like the first one.
    ///
    /// # Errors
    /// A column is unknown, or the header names another number of columns.
    pub fn new(at: &At, header: &Header, wanted: &[Column], first: &[u8], keeps_all: bool) -> Result<Self, Error> {
        let has_commas = memchr::memchr(b',', first).is_some();
        let width = number::words(first, has_commas).count();
        if header.is_colvar && header.names.len() != width {
            return Err(at.width(width, header.names.len()));
        }
        let mut places = Vec::with_capacity(wanted.len() + 1);
        for (place, column) in wanted.iter().enumerate() {
            places.push((header.find(at, column, width)?, place));
        }
        places.push((0, wanted.len()));
        places.sort_unstable();
        let values = vec![Vec::new(); wanted.len() + 1];
        let row = vec![0.0; wanted.len() + 1];
        let (descents, not_finite) = (Vec::new(), Vec::new());
        let has_time = header.time_unit(width).is_some();
        Ok(Self { width, has_commas, places, values, row, descents, keeps_all, has_time, not_finite })
    }

    pub fn is_empty(&self) -> bool {
        self.values.iter().any(Vec::is_empty)
    }

    /// Reads a line into `row`.
    ///
    /// # Errors
    /// A wanted value is no finite number, or the row is of another length.
    pub fn read(&mut self, at: &At, text: &[u8]) -> Result<(), Error> {
        let mut places = self.places.iter().copied().peekable();
        let mut found = 0;
        for word in number::words(text, self.has_commas) {
            while let Some((_, place)) = places.next_if(|(column, _)| *column == found) {
                self.row[place] = self.number(place, word).ok_or_else(|| at.number(found, word))?;
            }
            found += 1;
        }
        if found == self.width { Ok(()) } else { Err(at.width(found, self.width)) }
    }

    /// The number for a place of the row; times are always finite.
    fn number(&self, place: usize, word: &[u8]) -> Option<f64> {
        let is_time = self.has_time && place + 1 == self.row.len();
        if self.keeps_all && !is_time { number::parse_any(word) } else { number::parse(word) }
    }

    /// Leaves out what a restart wrote again.
    pub fn drop_repeated(&mut self, notes: &mut Vec<Note>) {
        let times = self.values.last().map_or(&[][..], Vec::as_slice);
        let Some(kept) = restart::kept(times, &self.descents, notes) else { return };
        for column in &mut self.values {
            *column = kept.iter().flat_map(|rows| &column[rows.clone()]).copied().collect();
        }
        let (mut before, mut not_finite) = (0, Vec::new());
        for rows in kept {
            let first = self.not_finite.partition_point(|odd| odd.row < rows.start);
            let of_range = self.not_finite[first..].iter().take_while(|odd| odd.row < rows.end);
            not_finite.extend(of_range.map(|odd| NotFinite { row: before + odd.row - rows.start, line: odd.line }));
            before += rows.len();
        }
        self.not_finite = not_finite;
    }

    /// Reads the row at the end of a line, where one that was cut off stands before it: then time goes back.
    pub fn read_behind_cut(&mut self, at: &At, text: &[u8]) -> bool {
        let words = number::words(text, self.has_commas).count();
        if words <= self.width {
            return false;
        }
        let mut behind = number::words(text, self.has_commas).skip(words - self.width);
        let begin = behind.next().map_or(0, |word| word.as_ptr() as usize - text.as_ptr() as usize);
        let (cut, whole) = text.split_at(begin);
        let latest = self.latest().max(self.time_of_cut(cut).unwrap_or(f64::NEG_INFINITY));
        self.read(at, whole).is_ok() && self.time() <= latest
    }

    /// The first number of a row that was cut off.
    pub fn time_of_cut(&self, text: &[u8]) -> Option<f64> {
        number::words(text, self.has_commas).next().and_then(number::parse)
    }

    /// The first column of the row that was read.
    pub fn time(&self) -> f64 {
        self.row.last().copied().unwrap_or(f64::NAN)
    }

    /// The first column of the last row that was kept.
    pub fn latest(&self) -> f64 {
        self.values.last().and_then(|times| times.last()).copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Whether the first column, of which no header says so, can be one of times: restarts are few, or leave two ascending parts at most.
    pub fn looks_like_times(&self) -> bool {
        let times = self.values.last().map_or(&[][..], Vec::as_slice);
        let (few, some) = (2 + times.len() / 1000, times.len() / 10);
        self.descents.len() <= few || (self.descents.len() <= some && are_two_ascents(times))
    }

    /// Keeps the row that was read.
    pub fn keep(&mut self, line: usize, is_announced: bool) {
        if let Some(times) = self.values.last()
            && times.last().is_some_and(|last| Some(last) >= self.row.last())
        {
            self.descents.push(Descent { row: times.len(), line, is_announced });
        }
        if self.keeps_all && self.row.iter().any(|value| !value.is_finite()) {
            self.not_finite.push(NotFinite { row: self.values.last().map_or(0, Vec::len), line });
        }
        self.values.iter_mut().zip(&self.row).for_each(|(column, value)| column.push(*value));
    }
}

/// Whether values are two ascending sequences, shuffled into one another.
fn are_two_ascents(values: &[f64]) -> bool {
    let (mut high, mut low) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    values.iter().all(|value| {
        let end = if *value > high { &mut high } else { &mut low };
        let is_above = *value > *end;
        *end = *value;
        is_above
    })
}
