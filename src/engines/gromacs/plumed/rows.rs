//! Which rows of a file that PLUMED appends to are not after a step?
//!
//! PLUMED writes through a buffer of 4096 bytes: a kill cuts the last row anywhere, and a simulation that goes on appends its header to
//! what was left of it. It appends to whatever else is there, too: rows of a piece that was discarded would stand there twice, and
//! hills count twice. It prints the step that it goes on from again where that is a multiple of the stride: the first row stays, that of an
//! undisturbed simulation.
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What of a file stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// Bytes that stay, in their order.
    kept: Vec<Range<u64>>,
    length: u64,
    /// The time of the last row that stays, as in the file.
    pub last: Option<f64>,
    /// Whole rows that are after the step.
    pub later: usize,
    /// The line of the first row that is damaged, though it was not the last to be written.
    pub damaged: Option<usize>,
    /// Whether the last line was a header.
    is_header_before: bool,
}

/// Where time stands in a row, and how many columns there are.
#[derive(Clone, Copy)]
struct Columns {
    time: usize,
    count: usize,
}

impl Scan {
    /// Looks at the file `path` from byte `begin` on; none where there is no file, or none whose rows have a time.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(path: &Path, begin: u64, until: f64) -> io::Result<Option<Self>> {
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
            let place = at..at + read;
            at += read;
            if place.end <= begin {
                columns = header(&line).unwrap_or(columns);
                scan.keep(place);
            } else if !scan.take(&line, place, until, number, &mut columns) {
                return Ok(None);
            }
        }
    }

    /// Takes in a line; false where the file has no rows with a time.
    fn take(
        &mut self,
        line: &[u8],
        place: Range<u64>,
        until: f64,
        number: usize,
        columns: &mut Option<Columns>,
    ) -> bool {
        // A header in the middle of a line stands behind what was left of a row that was cut.
        let cut = line.windows(2).position(|pair| pair == b"#!").filter(|cut| *cut > 0 && line[0] != b'#');
        let (row, rest) = line.split_at(cut.unwrap_or(0));
        let is_whole = line.ends_with(b"\n");
        if cut.is_some() || line[0] == b'#' {
            let header_place = place.start + row.len() as u64..place.end;
            match header(rest) {
                Some(None) => return false,
                Some(found) if is_whole => *columns = found,
                _ => {}
            }
            if is_whole {
                self.keep(header_place);
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
            (true, Some(time)) if time > until => self.later += 1,
            (true, Some(time)) => {
                self.last = Some(time);
                self.keep(place);
            }
            (true, None) => {
                self.damaged = self.damaged.or(Some(number));
                self.keep(place);
            }
        }
        true
    }

    fn keep(&mut self, place: Range<u64>) {
        match self.kept.last_mut().filter(|last| last.end == place.start) {
            Some(last) => last.end = place.end,
            None => self.kept.push(place),
        }
    }

    /// The text of what stays.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn text(&self, path: &Path) -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        for part in &self.kept {
            file.seek(SeekFrom::Start(part.start))?;
            (&mut file).take(part.end - part.start).read_to_end(&mut bytes)?;
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Leaves what stays in the file and nothing else.
    ///
    /// # Errors
    /// It cannot be written; it is as it was then.
    pub fn cut(&self, path: &Path) -> io::Result<()> {
        let end = match self.kept[..] {
            [] => 0,
            [Range { start: 0, end }] => end,
            _ => return self.write_anew(path),
        };
        if end == self.length {
            return Ok(());
        }
        let file = File::options().write(true).open(path)?;
        file.set_len(end)?;
        file.sync_all()
    }

    fn write_anew(&self, path: &Path) -> io::Result<()> {
        let made = made_beside(path);
        let (mut from, mut to) = (File::open(path)?, File::create(&made)?);
        for part in &self.kept {
            from.seek(SeekFrom::Start(part.start))?;
            io::copy(&mut (&mut from).take(part.end - part.start), &mut to)?;
        }
        to.flush()?;
        to.sync_all()?;
        fs::rename(made, path)
    }
}

/// Where what takes the place of a file is made.
pub fn made_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// The columns that a header names: none where the line is not one, none within where it names no time.
fn header(line: &[u8]) -> Option<Option<Columns>> {
    let text = String::from_utf8_lossy(line);
    let names = text.trim_start().strip_prefix("#!")?.trim_start().strip_prefix("FIELDS")?;
    let time = names.split_whitespace().position(|name| name == "time");
    Some(time.map(|time| Columns { time, count: names.split_whitespace().count() }))
}

/// The time of a row that has all of its columns.
fn time(line: &[u8], columns: Columns) -> Option<f64> {
    let text = std::str::from_utf8(line).ok()?;
    // What stands behind # is a comment.
    let row = text.split('#').next().unwrap_or_default();
    let time = row.split_whitespace().nth(columns.time)?.parse().ok()?;
    (row.split_whitespace().count() == columns.count).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stays of a text up to time 2.
    fn kept(text: &str) -> (String, Scan) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("COLVAR");
        fs::write(&path, text).unwrap();
        let scan = Scan::of(&path, 0, 2.0).unwrap().unwrap();
        let text = scan.text(&path).unwrap();
        scan.cut(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        (text, scan)
    }

    const HEAD: &str = "#! FIELDS time phi\n#! SET min_phi -pi\n";

    #[test]
    fn later_rows_and_a_cut_one_go_and_all_others_stay() {
        let rows = " 0.0 1.0\n 1.0 1.5\n 2.0 1.7\n";
        let (text, scan) = kept(&format!("{HEAD}{rows}"));
        assert_eq!((text.as_str(), scan.later, scan.last), (format!("{HEAD}{rows}").as_str(), 0, Some(2.0)));
        let (text, scan) = kept(&format!("{HEAD}{rows} 3.0 1.0\n 4.0 1.1"));
        assert_eq!((text, scan.later, scan.damaged), (format!("{HEAD}{rows}"), 1, None));
        let (text, _) = kept(&format!("{HEAD} 0.0 1.0\n 1.0"));
        assert_eq!(
            text,
            format!("{HEAD} 0.0 1.0\n"),
            "a row that is cut is none, even if its time is not after the step"
        );
    }

    #[test]
    fn a_header_behind_a_cut_row_stays_without_it() {
        let (text, scan) = kept(&format!("{HEAD} 0.0 1.0\n 3.0 1.1\n 3.5{HEAD} 1.0 1.5\n 2.0 1.6\n 2.5 1.0\n"));
        assert_eq!(text, format!("{HEAD} 0.0 1.0\n{HEAD} 1.0 1.5\n 2.0 1.6\n"));
        assert_eq!(scan.later, 2);
        let (text, _) = kept(&format!("{HEAD} 0.0 1.0\n#! FIEL"));
        assert_eq!(text, format!("{HEAD} 0.0 1.0\n"));
    }

    #[test]
    fn a_step_that_was_printed_again_stands_there_once() {
        let (text, scan) = kept(&format!("{HEAD} 0.0 1.0\n 1.0 1.5\n{HEAD} 1.0 1.6\n 2.0 1.7\n"));
        assert_eq!((text.as_str(), scan.later), (format!("{HEAD} 0.0 1.0\n 1.0 1.5\n{HEAD} 2.0 1.7\n").as_str(), 0));
        let two = format!("{HEAD} 1.0 1.5\n 1.0 1.6\n");
        assert_eq!(kept(&two).0, two, "rows of one time without a restart between them are meant so");
    }

    #[test]
    fn what_has_no_rows_with_a_time_is_left_alone_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert_eq!(Scan::of(&path, 0, 2.0).unwrap(), None);
        for text in ["22\n box\nC 1 2 3\n", "#! FIELDS phi free\n1 2\n", "1 2\n"] {
            fs::write(&path, text).unwrap();
            assert_eq!(Scan::of(&path, 0, 2.0).unwrap(), None, "{text}");
        }
        let (_, scan) = kept(&format!("{HEAD} 0.0 1.0\n \0\0\0\n 1.0 1.0\n"));
        assert_eq!(scan.damaged, Some(4));
    }

    #[test]
    fn what_was_there_before_the_simulation_began_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("HILLS");
        let before = format!("{HEAD} 5.0 1.0\n 6.0 1.0\n");
        fs::write(&path, format!("{before}{HEAD} 1.0 2.0\n 3.0 2.0\n")).unwrap();
        Scan::of(&path, before.len() as u64, 2.0).unwrap().unwrap().cut(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{before}{HEAD} 1.0 2.0\n"));
    }
}
