//! Which values do rows have in the wanted columns?
use super::header::Header;
use super::restarts::Descent;
use super::{Column, Diagnostic, Error, Location, NonFiniteRow, number, restarts};

/// Reads rows and keeps their wanted columns.
pub struct RowReader {
    /// Columns of every row in the file.
    pub width: usize,
    has_commas: bool,
    /// Columns of the file, ascending, each with its index in `values`; column 0 is always read, into the last.
    targets: Vec<(usize, usize)>,
    /// The kept rows, `[wanted columns, then column 0][rows]`.
    pub values: Vec<Vec<f64>>,
    /// The row that was read last, `[wanted columns, then column 0]`.
    row: Vec<f64>,
    /// Rows whose first column does not exceed that of the row before.
    pub descents: Vec<Descent>,
    keeps_non_finite: bool,
    /// Whether the first column may be a time.
    has_time: bool,
    /// Kept rows with a value that is not finite.
    pub not_finite: Vec<NonFiniteRow>,
}

impl RowReader {
    /// A reader of rows with the columns of the `first` one.
    ///
    /// # Errors
    /// A column is unknown, or the header names another number of columns.
    pub fn new(
        at: &Location,
        header: &Header,
        wanted: &[Column],
        first: &[u8],
        keeps_non_finite: bool,
    ) -> Result<Self, Error> {
        let has_commas = memchr::memchr(b',', first).is_some();
        let width = number::words(first, has_commas).count();
        if header.is_colvar && header.names.len() != width {
            return Err(at.column_count(width, header.names.len()));
        }
        let mut targets = Vec::with_capacity(wanted.len() + 1);
        for (target, column) in wanted.iter().enumerate() {
            targets.push((header.index_of(at, column, width)?, target));
        }
        targets.push((0, wanted.len()));
        targets.sort_unstable();
        let values = vec![Vec::new(); wanted.len() + 1];
        let row = vec![0.0; wanted.len() + 1];
        let (descents, not_finite) = (Vec::new(), Vec::new());
        let has_time = header.time_units_per_ps(width).is_some();
        Ok(Self { width, has_commas, targets, values, row, descents, keeps_non_finite, has_time, not_finite })
    }

    pub fn is_empty(&self) -> bool {
        self.values.iter().any(Vec::is_empty)
    }

    /// Reads a line into `row`.
    ///
    /// # Errors
    /// A wanted value is not a finite number, or the number of columns differs.
    pub fn read(&mut self, at: &Location, text: &[u8]) -> Result<(), Error> {
        let mut targets = self.targets.iter().copied().peekable();
        let mut found = 0;
        for word in number::words(text, self.has_commas) {
            while let Some((_, target)) = targets.next_if(|(column, _)| *column == found) {
                self.row[target] = self.number(target, word).ok_or_else(|| at.invalid_number(found, word))?;
            }
            found += 1;
        }
        if found == self.width { Ok(()) } else { Err(at.column_count(found, self.width)) }
    }

    /// The value of a word for index `target` of the row; times must be finite.
    fn number(&self, target: usize, word: &[u8]) -> Option<f64> {
        let is_time = self.has_time && target + 1 == self.row.len();
        if self.keeps_non_finite && !is_time { number::parse_any(word) } else { number::parse(word) }
    }

    /// Drops rows that a restart repeated.
    pub fn drop_repeated(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let times = self.values.last().map_or(&[][..], Vec::as_slice);
        let Some(kept) = restarts::rows_to_keep(times, &self.descents, diagnostics) else { return };
        for column in &mut self.values {
            *column = kept.iter().flat_map(|rows| &column[rows.clone()]).copied().collect();
        }
        let (mut before, mut not_finite) = (0, Vec::new());
        for rows in kept {
            let first = self.not_finite.partition_point(|found| found.row < rows.start);
            let of_range = self.not_finite[first..].iter().take_while(|found| found.row < rows.end);
            let shifted = |found: &NonFiniteRow| NonFiniteRow { row: before + found.row - rows.start, ..*found };
            not_finite.extend(of_range.map(shifted));
            before += rows.len();
        }
        self.not_finite = not_finite;
    }

    /// Reads the row at the end of a line that begins with a row that was cut off, if time goes back there; whether it does.
    pub fn read_after_cut_row(&mut self, at: &Location, text: &[u8]) -> bool {
        let words = number::words(text, self.has_commas).count();
        if words <= self.width {
            return false;
        }
        let mut last = number::words(text, self.has_commas).skip(words - self.width);
        let begin = last.next().map_or(0, |word| word.as_ptr() as usize - text.as_ptr() as usize);
        let (cut, whole) = text.split_at(begin);
        let latest = self.last_time().max(self.leading_number(cut).unwrap_or(f64::NEG_INFINITY));
        self.read(at, whole).is_ok() && self.time() <= latest
    }

    /// The first number of a line.
    pub fn leading_number(&self, text: &[u8]) -> Option<f64> {
        number::words(text, self.has_commas).next().and_then(number::parse)
    }

    /// The first column of the row that was read last.
    pub fn time(&self) -> f64 {
        self.row.last().copied().unwrap_or(f64::NAN)
    }

    /// The first column of the last kept row.
    pub fn last_time(&self) -> f64 {
        self.values.last().and_then(|times| times.last()).copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Whether a first column without a name can be a time: it descends rarely, or it interleaves two ascending sequences.
    pub fn looks_like_times(&self) -> bool {
        let times = self.values.last().map_or(&[][..], Vec::as_slice);
        let (few, some) = (2 + times.len() / 1000, times.len() / 10);
        self.descents.len() <= few || (self.descents.len() <= some && are_two_ascents(times))
    }

    /// Keeps the row that was read last.
    pub fn keep(&mut self, line: usize, is_after_header: bool) {
        if let Some(times) = self.values.last()
            && times.last().is_some_and(|last| Some(last) >= self.row.last())
        {
            self.descents.push(Descent { row: times.len(), line, is_after_header });
        }
        if self.keeps_non_finite && self.row.iter().any(|value| !value.is_finite()) {
            self.not_finite.push(NonFiniteRow { row: self.values.last().map_or(0, Vec::len), line });
        }
        self.values.iter_mut().zip(&self.row).for_each(|(column, value)| column.push(*value));
    }
}

/// Whether the values are two interleaved ascending sequences.
fn are_two_ascents(values: &[f64]) -> bool {
    let (mut high, mut low) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    values.iter().all(|value| {
        let end = if *value > high { &mut high } else { &mut low };
        let is_above = *value > *end;
        *end = *value;
        is_above
    })
}
