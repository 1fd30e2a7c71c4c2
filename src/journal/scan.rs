//! Which records of a journal file are valid?
use super::error::Error;
use super::fingerprint::Fingerprint;
use super::record::{self, FILE_HEADER, FRAME, FileHeader, RecordHeader};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

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
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Scan::default()),
        Err(source) => return Err(Error::Read { path: path.to_owned(), source }),
    };
    match record::parse_file_header(&bytes) {
        FileHeader::Valid { format, .. } if format != record::FORMAT => {
            Err(Error::Format { path: path.to_owned(), found: format, known: record::FORMAT })
        }
        FileHeader::Valid { fingerprint: found, .. } if found != fingerprint => {
            let damage = vec![format!("{}: belongs to another campaign and is ignored", path.display())];
            Ok(Scan { damage, ..Scan::default() })
        }
        _ => Ok(scan_bytes(&bytes, fingerprint, &path.display().to_string())),
    }
}

/// As [`scan`], for the records that were appended to a file after byte `start`, where an earlier scan ended.
///
/// # Errors
/// The file cannot be read.
pub fn scan_from(path: &Path, fingerprint: Fingerprint, start: u64) -> Result<Scan, Error> {
    if start < FILE_HEADER as u64 {
        return scan(path, fingerprint);
    }
    let read = || -> std::io::Result<Vec<u8>> {
        let (mut file, mut bytes) = (File::open(path)?, Vec::new());
        file.seek(SeekFrom::Start(start))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let mut scan = Scan { end: start, ..Scan::default() };
    scan.add_records(&bytes, start as usize, fingerprint, &path.display().to_string());
    Ok(scan)
}

fn scan_bytes(bytes: &[u8], fingerprint: Fingerprint, name: &str) -> Scan {
    let mut scan = Scan::default();
    if !bytes.is_empty() && record::parse_file_header(bytes) == FileHeader::Damaged {
        scan.damage.push(format!("{name}: damaged file header; its records are checked one by one"));
    } else if bytes.len() >= FILE_HEADER {
        scan.end = FILE_HEADER as u64;
    }
    let start = FILE_HEADER.min(bytes.len());
    scan.add_records(&bytes[start..], start, fingerprint, name);
    scan
}

impl Scan {
    /// Adds the records in `bytes`, which stand in the file from byte `start` on.
    fn add_records(&mut self, bytes: &[u8], start: usize, fingerprint: Fingerprint, name: &str) {
        let mut offset = 0;
        while offset < bytes.len() {
            match valid_record(&bytes[offset..], fingerprint) {
                Some((header, length)) => {
                    self.entries.push(Entry { header, offset: (start + offset) as u64 });
                    offset += length;
                    self.end = (start + offset) as u64;
                }
                None => {
                    // The next marker that starts a valid record; without one the rest is incomplete.
                    let markers =
                        memchr::memmem::find_iter(&bytes[offset + 1..], &record::MARKER).map(|k| offset + 1 + k);
                    let next = markers.into_iter().find(|&k| valid_record(&bytes[k..], fingerprint).is_some());
                    let lost = next.unwrap_or(bytes.len()) - offset;
                    let state = if next.is_some() { "damaged" } else { "incomplete" };
                    self.damage.push(format!(
                        "{name}: {lost} bytes from byte {} on are {state}; their tasks are run again",
                        start + offset
                    ));
                    offset = next.unwrap_or(bytes.len());
                }
            }
        }
    }
}

/// The header and length of the record at the start of `bytes`, if it is valid.
fn valid_record(bytes: &[u8], fingerprint: Fingerprint) -> Option<(RecordHeader, usize)> {
    let (length, crc) = record::parse_frame(bytes)?;
    let payload = bytes.get(FRAME..FRAME + length)?;
    if record::checksum(fingerprint, &bytes[4..8], payload) != crc {
        return None;
    }
    let (header, _) = record::decode(payload)?;
    Some((header, FRAME + length))
}

/// Reads the value of the record at `offset` of `path` and checks it again.
///
/// # Errors
/// The file cannot be read, or the record has been damaged since it was scanned.
pub fn read_value(path: &Path, offset: u64, fingerprint: Fingerprint) -> Result<Vec<u8>, Error> {
    let damaged = || Error::Damaged { path: PathBuf::from(path), offset };
    let read = || -> std::io::Result<(Vec<u8>, Vec<u8>)> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut frame = vec![0; FRAME];
        file.read_exact(&mut frame)?;
        let mut payload = Vec::new();
        if let Some((length, _)) = record::parse_frame(&frame) {
            // Allocates as much as is read: a damaged length allocates nothing.
            file.take(length as u64).read_to_end(&mut payload)?;
        }
        Ok((frame, payload))
    };
    let (frame, mut payload) = read().map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let (length, crc) = record::parse_frame(&frame).ok_or_else(damaged)?;
    if payload.len() != length || record::checksum(fingerprint, &frame[4..8], &payload) != crc {
        return Err(damaged());
    }
    let (_, start) = record::decode(&payload).ok_or_else(damaged)?;
    Ok(payload.split_off(start))
}
