//! Which columns does an output of GROMACS' pull code have?
use crate::md::columns::legend::{self, Meaning};
use crate::units::CoordinateUnit;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// The header of a pullx or pullf file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PullHeader {
    /// Legends of the columns after the time, in their order; empty where the file has none.
    pub legends: Vec<String>,
    /// The unit in the label of the axis: `Position (nm)`.
    pub unit: Option<CoordinateUnit>,
    /// Number of columns with the time; 0 without a row.
    pub width: usize,
}

impl PullHeader {
    /// Reads the header of the file at `path`, to its first row.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut header = Self::default();
        let mut lines = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.read_until(b'\n', &mut line)? == 0 {
                return Ok(header);
            }
            let text = String::from_utf8_lossy(&line);
            match text.trim().split_at_checked(1) {
                Some(("@", rest)) => header.read_setting(rest.trim()),
                Some(("#", _)) | None => {}
                Some(_) => {
                    header.width = text.split_whitespace().count();
                    return Ok(header);
                }
            }
        }
    }

    fn read_setting(&mut self, setting: &str) {
        let Some((key, value)) = setting.split_once('"') else { return };
        let value = value.split('"').next().unwrap_or_default();
        let mut words = key.split_whitespace();
        match (words.next(), words.next()) {
            (Some("yaxis"), Some("label")) => {
                let unit = value.strip_prefix("Position (").and_then(|rest| rest.strip_suffix(')'));
                self.unit = unit.and_then(|unit| unit.parse().ok());
            }
            (Some(set), Some("legend")) if set.starts_with('s') => self.legends.push(value.to_owned()),
            _ => {}
        }
    }

    /// The numbers of the pull coordinates whose values the file has, by its legends.
    pub fn coordinates(&self) -> Vec<String> {
        let number = |legend: &String| match legend::meaning(legend) {
            Some(Meaning::Coordinate(number)) => Some(number),
            _ => None,
        };
        self.legends.iter().filter_map(number).collect()
    }

    /// Whether the file has the reference of a coordinate.
    pub fn has_reference(&self, coordinate: &str) -> bool {
        self.legends.contains(&format!("{coordinate} ref"))
    }
}
