//! Which records of a journal file are valid?
use super::error::Error;
use super::fingerprint::Fingerprint;
use super::record::{self, FILE_HEADER, FileHeader, RecordHeader};
use super::window::Window;
use std::fs::File;
use std::path::Path;

/// So much of a file is read at a time, bytes.
const BUFFER: usize = 1 << 20;

/// A valid record and its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub header: RecordHeader,
    /// Offset of the record in its file, bytes.
    pub offset: u64,
}

/// The contents of a journal file.
#[derive(Debug, Default)]
pub struct Scan {
    pub entries: Vec<Entry>,
    /// End of the last valid record, where a writer continues; 0 if the file must be started anew. Bytes.
    pub end: u64,
    /// What was lost: messages of one line each.
    pub damage: Vec<String>,
}

/// Reads the journal file `path` and skips what is damaged: an incomplete last record, or single records before it.
///
/// # Errors
/// The file cannot be read, or has another format.
pub fn scan(path: &Path, fingerprint: Fingerprint) -> Result<Scan, Error> {
    let mut entries = Vec::new();
    let scan = scan_from(path, fingerprint, 0, &mut |entry| entries.push(entry))?;
    Ok(Scan { entries, ..scan })
}

/// As [`scan`], for the records that were appended to a file after byte `start`, where an earlier scan ended. The entries are handed to
/// `visit` one by one instead: a journal may have millions, and be larger than the memory.
///
/// # Errors
/// As [`scan`].
pub fn scan_from(
    path: &Path,
    fingerprint: Fingerprint,
    start: u64,
    visit: &mut dyn FnMut(Entry),
) -> Result<Scan, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && start == 0 => return Ok(Scan::default()),
        Err(source) => return Err(failed(source)),
    };
    let mut window = Window::new(file, BUFFER).map_err(failed)?;
    let name = path.display().to_string();
    let mut scan = Scan { end: start, ..Scan::default() };
    if start < FILE_HEADER as u64 {
        let header = window.bytes_at(0, FILE_HEADER).map_err(failed)?.map(record::parse_file_header);
        match header.unwrap_or(FileHeader::Damaged) {
            FileHeader::Valid { format, .. } if format != record::FORMAT => {
                return Err(Error::Format { path: path.to_owned(), found: format, known: record::FORMAT });
            }
            FileHeader::Valid { fingerprint: found, .. } if found != fingerprint => {
                let damage = vec![format!("{name}: belongs to another campaign and is ignored")];
                return Ok(Scan { damage, ..Scan::default() });
            }
            FileHeader::Valid { .. } => scan.end = FILE_HEADER as u64,
            FileHeader::Damaged if window.size > 0 => {
                scan.damage.push(format!("{name}: damaged file header; its records are checked one by one"));
            }
            FileHeader::Damaged => {}
        }
    }
    let first = start.max(FILE_HEADER as u64).min(window.size);
    scan.read_records(&mut window, (first, fingerprint), &name, visit).map_err(failed)?;
    Ok(scan)
}

impl Scan {
    /// Reads the records of a file from byte `offset` on.
    fn read_records(
        &mut self,
        window: &mut Window,
        (mut offset, fingerprint): (u64, Fingerprint),
        name: &str,
        visit: &mut dyn FnMut(Entry),
    ) -> std::io::Result<()> {
        while offset < window.size {
            if let Some((header, length)) = window.record(offset, fingerprint)? {
                visit(Entry { header, offset });
                offset += length as u64;
                self.end = offset;
                continue;
            }
            // The next marker that starts a valid record; without one the rest is incomplete.
            let next = window.next_record(offset + 1, fingerprint)?;
            let lost = next.unwrap_or(window.size) - offset;
            let state = if next.is_some() { "damaged" } else { "incomplete" };
            self.damage
                .push(format!("{name}: {lost} bytes from byte {offset} on are {state}; their tasks are run again"));
            offset = next.unwrap_or(window.size);
        }
        Ok(())
    }
}
