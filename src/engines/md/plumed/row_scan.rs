//! Which rows of a file that PLUMED appends to stay at a restart?
//!
//! PLUMED writes through a buffer of 4096 bytes: a kill truncates the last row anywhere, and the restarted simulation appends its header to
//! the rest of it. Rows after the checkpoint would be there twice, and hills count twice. PLUMED prints the step of the checkpoint again if
//! it is a multiple of the stride; the first of the two rows stays, which is that of an uninterrupted simulation.
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The parts of a file that stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowScan {
    /// Byte ranges that stay, in order.
    ranges: Vec<Range<u64>>,
    /// Length of the whole file, bytes.
    length: u64,
    /// The time of the last row that stays, in PLUMED's unit.
    pub last: Option<f64>,
    /// The line, counted from 1, of the first damaged row; a truncated last row does not count.
    pub damaged: Option<usize>,
    /// Whether the previous line was a header.
    is_header_before: bool,
}

/// The index of the column `time`, and the number of columns.
#[derive(Clone, Copy)]
struct Columns {
    time: usize,
    count: usize,
}

impl RowScan {
    /// Scans the file `path` for rows up to the time `until`; what is before byte `start` stays. None if the file does not exist, or if its
    /// rows have no time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &Path, start: u64, until: f64) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut scan = Self { length: file.metadata()?.len(), ..Self::default() };
        let mut reader = BufReader::new(file);
        let (mut line, mut number, mut at, mut columns) = (Vec::new(), 0, 0u64, None);
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)? as u64;
            if read == 0 {
                return Ok((columns.is_some() || scan.length == 0).then_some(scan));
            }
            number += 1;
            let range = at..at + read;
            at += read;
            if range.end <= start {
                columns = header(&line).unwrap_or(columns);
                scan.keep(range);
            } else if !scan.add_line(&line, range, until, number, &mut columns) {
                return Ok(None);
            }
        }
    }

    /// Adds a line; false if the file turns out to have no rows with a time.
    fn add_line(
        &mut self,
        line: &[u8],
        range: Range<u64>,
        until: f64,
        number: usize,
        columns: &mut Option<Columns>,
    ) -> bool {
        // A header in the middle of a line follows a truncated row.
        let cut = line.windows(2).position(|pair| pair == b"#!").filter(|cut| *cut > 0 && line[0] != b'#');
        let (row, rest) = line.split_at(cut.unwrap_or(0));
        let is_whole = line.ends_with(b"\n");
        if cut.is_some() || line[0] == b'#' {
            let header_range = range.start + row.len() as u64..range.end;
            match header(rest) {
                Some(None) => return false,
                Some(found) if is_whole => *columns = found,
                _ => {}
            }
            if is_whole {
                self.keep(header_range);
            }
            self.is_header_before = true;
            return true;
        }
        let Some(known) = *columns else {
            // Blank lines may come before a header.
            return line.iter().all(u8::is_ascii_whitespace);
        };
        let is_header_before = std::mem::take(&mut self.is_header_before);
        match (is_whole, time(line, known)) {
            (false, _) => {}
            (true, Some(time)) if is_header_before && self.last == Some(time) => {}
            (true, Some(time)) if time > until => {}
            (true, Some(time)) => {
                self.last = Some(time);
                self.keep(range);
            }
            (true, None) => {
                self.damaged = self.damaged.or(Some(number));
                self.keep(range);
            }
        }
        true
    }

    fn keep(&mut self, range: Range<u64>) {
        match self.ranges.last_mut().filter(|last| last.end == range.start) {
            Some(last) => last.end = range.end,
            None => self.ranges.push(range),
        }
    }

    /// The text that stays.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn text(&self, path: &Path) -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        for part in &self.ranges {
            file.seek(SeekFrom::Start(part.start))?;
            (&mut file).take(part.end - part.start).read_to_end(&mut bytes)?;
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Removes the rest from the file.
    ///
    /// # Errors
    /// The file cannot be written; it is then unchanged.
    pub fn cut(&self, path: &Path) -> io::Result<()> {
        let end = match self.ranges[..] {
            [] => 0,
            [Range { start: 0, end }] => end,
            _ => return self.rewrite(path),
        };
        if end == self.length {
            return Ok(());
        }
        let file = File::options().write(true).open(path)?;
        file.set_len(end)?;
        file.sync_all()
    }

    fn rewrite(&self, path: &Path) -> io::Result<()> {
        let new = new_file_beside(path);
        let (mut from, mut to) = (File::open(path)?, File::create(&new)?);
        for part in &self.ranges {
            from.seek(SeekFrom::Start(part.start))?;
            io::copy(&mut (&mut from).take(part.end - part.start), &mut to)?;
        }
        to.flush()?;
        to.sync_all()?;
        fs::rename(new, path)
    }
}

/// The path of a new version of a file, until it replaces the file.
pub fn new_file_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// The columns of a header line: none if the line is no header, `Some(None)` if it has no column `time`.
fn header(line: &[u8]) -> Option<Option<Columns>> {
    let text = String::from_utf8_lossy(line);
    let names = text.trim_start().strip_prefix("#!")?.trim_start().strip_prefix("FIELDS")?;
    let time = names.split_whitespace().position(|name| name == "time");
    Some(time.map(|time| Columns { time, count: names.split_whitespace().count() }))
}

/// The time of a row; none if the number of columns is wrong.
fn time(line: &[u8], columns: Columns) -> Option<f64> {
    let text = std::str::from_utf8(line).ok()?;
    // A comment starts at #.
    let row = text.split('#').next().unwrap_or_default();
    let time = row.split_whitespace().nth(columns.time)?.parse().ok()?;
    (row.split_whitespace().count() == columns.count).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that stays up to time 2, and the scan.
    fn scanned(text: &str) -> (String, RowScan) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("COLVAR");
        fs::write(&path, text).unwrap();
        let scan = RowScan::read(&path, 0, 2.0).unwrap().unwrap();
        let text = scan.text(&path).unwrap();
        scan.cut(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        (text, scan)
    }

    const HEADER: &str = "#! FIELDS time phi\n#! SET min_phi -pi\n";

    #[test]
    fn later_rows_and_a_truncated_one_are_removed() {
        let rows = " 0.0 1.0\n 1.0 1.5\n 2.0 1.7\n";
        let (text, scan) = scanned(&format!("{HEADER}{rows}"));
        assert_eq!((text, scan.last), (format!("{HEADER}{rows}"), Some(2.0)));
        let (text, scan) = scanned(&format!("{HEADER}{rows} 3.0 1.0\n 4.0 1.1"));
        assert_eq!((text, scan.damaged), (format!("{HEADER}{rows}"), None));
        let (text, _) = scanned(&format!("{HEADER} 0.0 1.0\n 1.0"));
        assert_eq!(
            text,
            format!("{HEADER} 0.0 1.0\n"),
            "a truncated row is removed even if its time is before the checkpoint"
        );
    }

    #[test]
    fn a_header_after_a_truncated_row_stays() {
        let (text, _) = scanned(&format!("{HEADER} 0.0 1.0\n 3.0 1.1\n 3.5{HEADER} 1.0 1.5\n 2.0 1.6\n 2.5 1.0\n"));
        assert_eq!(text, format!("{HEADER} 0.0 1.0\n{HEADER} 1.0 1.5\n 2.0 1.6\n"));
        let (text, _) = scanned(&format!("{HEADER} 0.0 1.0\n#! FIEL"));
        assert_eq!(text, format!("{HEADER} 0.0 1.0\n"));
    }

    #[test]
    fn a_step_that_was_printed_twice_stays_once() {
        let (text, _) = scanned(&format!("{HEADER} 0.0 1.0\n 1.0 1.5\n{HEADER} 1.0 1.6\n 2.0 1.7\n"));
        assert_eq!(text, format!("{HEADER} 0.0 1.0\n 1.0 1.5\n{HEADER} 2.0 1.7\n"));
        let two = format!("{HEADER} 1.0 1.5\n 1.0 1.6\n");
        assert_eq!(scanned(&two).0, two, "rows of one time without a restart between them are intended");
    }

    #[test]
    fn files_without_times_are_left_alone_and_damage_is_detected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert_eq!(RowScan::read(&path, 0, 2.0).unwrap(), None);
        for text in ["22\n box\nC 1 2 3\n", "#! FIELDS phi free\n1 2\n", "1 2\n"] {
            fs::write(&path, text).unwrap();
            assert_eq!(RowScan::read(&path, 0, 2.0).unwrap(), None, "{text}");
        }
        let (_, scan) = scanned(&format!("{HEADER} 0.0 1.0\n \0\0\0\n 1.0 1.0\n"));
        assert_eq!(scan.damaged, Some(4));
    }

    #[test]
    fn rows_from_before_the_simulation_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("HILLS");
        let before = format!("{HEADER} 5.0 1.0\n 6.0 1.0\n");
        fs::write(&path, format!("{before}{HEADER} 1.0 2.0\n 3.0 2.0\n")).unwrap();
        RowScan::read(&path, before.len() as u64, 2.0).unwrap().unwrap().cut(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{before}{HEADER} 1.0 2.0\n"));
    }
}
