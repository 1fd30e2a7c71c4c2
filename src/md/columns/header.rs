//! What do header lines, before and between rows, say about columns?
use super::{Column, Error, Location, Setting, number};

/// The content of the headers so far.
#[derive(Default)]
pub struct Header {
    pub names: Vec<String>,
    /// A name may have several settings, where headers differ.
    pub settings: Vec<Setting>,
    /// The label of the y axis.
    pub axis: Option<String>,
    /// The label of the first column in an xvg.
    time_label: Option<String>,
    pub is_colvar: bool,
    is_xvg: bool,
    /// The words of the last comment, which may be column names.
    comment: Vec<String>,
}

impl Header {
    /// Whether GROMACS or PLUMED wrote the file.
    pub fn is_from_program(&self) -> bool {
        self.is_colvar || self.is_xvg
    }

    /// Reads a line that begins with `#` or `@`.
    ///
    /// # Errors
    /// Fields differ from those of an earlier block.
    pub fn read(&mut self, at: &Location, line: &[u8]) -> Result<(), Error> {
        let text = String::from_utf8_lossy(line);
        match text.split_at(1) {
            ("@", rest) => self.read_xvg(rest.trim()),
            (_, rest) => match rest.strip_prefix('!') {
                Some(rest) => self.read_colvar(at, rest.trim())?,
                None => {
                    self.comment = rest.split([' ', '\t', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect()
                }
            },
        }
        Ok(())
    }

    /// Accepts the first line of a file without a header as column names, if it consists of words; whether it did.
    pub fn accept_names(&mut self, line: &[u8]) -> bool {
        let has_commas = memchr::memchr(b',', line).is_some();
        let is_name = |word: &[u8]| number::parse(word).is_none() && !is_value(word);
        if self.is_from_program() || !self.names.is_empty() || !number::words(line, has_commas).all(is_name) {
            return false;
        }
        let unquoted = |word: &[u8]| String::from_utf8_lossy(word).trim_matches(['"', '\'']).to_owned();
        self.names = number::words(line, has_commas).map(unquoted).collect();
        true
    }

    /// Reads `xaxis label "..."`, `yaxis label "..."` and `s0 legend "..."`; other lines concern the appearance.
    fn read_xvg(&mut self, line: &str) {
        self.is_xvg = true;
        let quoted = || line.split_once('"').and_then(|(_, rest)| Some(rest.rsplit_once('"')?.0.to_owned()));
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            // Files of xmgrace also set the appearance of a label, without a text.
            (Some("xaxis"), Some("label")) => {
                if let Some(label) = quoted() {
                    self.time_label = Some(label.clone());
                    self.name(0, label);
                }
            }
            (Some("yaxis"), Some("label")) => self.axis = quoted().or(self.axis.take()),
            (Some(set), Some("legend")) => {
                let index = set.strip_prefix('s').and_then(|index| index.parse::<usize>().ok());
                // No file has more columns; an absurd index must not allocate that many names.
                if let (Some(index @ 0..100_000), Some(name)) = (index, quoted()) {
                    self.name(index + 1, name);
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, index: usize, name: String) {
        if self.names.len() <= index {
            self.names.resize(index + 1, String::new());
        }
        self.names[index] = name;
    }

    /// Reads `FIELDS time phi ...` and `SET min_phi -pi`.
    fn read_colvar(&mut self, at: &Location, line: &str) -> Result<(), Error> {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("FIELDS") => {
                let names: Vec<String> = words.map(str::to_owned).collect();
                if self.is_colvar && names != self.names {
                    return Err(at.fields_change());
                }
                (self.names, self.is_colvar) = (names, true);
            }
            Some("SET") => {
                if let Some(name) = words.next() {
                    let value = words.collect::<Vec<_>>().join(" ");
                    let known = self.settings.iter().rfind(|setting| setting.name == name);
                    if known.is_none_or(|setting| setting.value != value) {
                        self.settings.push(Setting { name: name.to_owned(), value, line: at.line });
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The names of `width` columns; words of a comment are names where their number agrees.
    pub fn column_names(&self, width: usize) -> Vec<&str> {
        let is_comment = self.names.is_empty() && self.comment.len() == width && !self.is_from_program();
        let names = if is_comment { &self.comment } else { &self.names };
        names.iter().map(String::as_str).collect()
    }

    /// The index of `column` among `width` columns.
    ///
    /// # Errors
    /// No column or several columns have its name.
    pub fn index_of(&self, at: &Location, column: &Column, width: usize) -> Result<usize, Error> {
        let names = self.column_names(width);
        let unknown = || at.unknown_column(column, &names, width);
        let name = match column {
            Column::Index(index) => return if *index < width { Ok(*index) } else { Err(unknown()) },
            Column::Name(name) => name,
        };
        let mut of_name = names.iter().enumerate().filter(|(index, known)| *known == name && *index < width);
        match (of_name.next(), of_name.next()) {
            (Some((index, _)), None) => Ok(index),
            (Some((first, _)), Some((second, _))) => Err(at.ambiguous_column(name, first, second)),
            // The first column of an xvg has a label with its unit.
            (None, _) if name.eq_ignore_ascii_case("time") && self.time_units_per_ps(width).is_some() => Ok(0),
            (None, _) => Err(unknown()),
        }
    }

    /// Whether a header calls the first column a time.
    pub fn has_named_time(&self) -> bool {
        self.is_from_program() || !self.names.is_empty()
    }

    /// One picosecond in the unit of the first column; none where that is not a time.
    pub fn time_units_per_ps(&self, width: usize) -> Option<f64> {
        let label = self.time_label.as_deref().or_else(|| self.column_names(width).first().copied());
        let Some(label) = label.map(str::to_ascii_lowercase) else { return (width > 1).then_some(1.0) };
        let is_time = label.starts_with("time") || label == "t" || label.starts_with("t (");
        is_time.then(|| {
            let unit = label.split_once(['(', '[']).map_or("ps", |(_, unit)| unit.trim_end_matches([')', ']']).trim());
            match unit {
                "fs" => 1e3,
                "ns" => 1e-3,
                "us" | "\u{b5}s" | "\\xm\\f{}s" => 1e-6,
                "s" => 1e-12,
                _ => 1.0,
            }
        })
    }
}

/// Whether a word is a value that [`number::parse`] rejects, empty or not finite: a row of such words is not a header.
fn is_value(word: &[u8]) -> bool {
    word.is_empty() || number::parse_any(word).is_some()
}
