//! Which records of a journal file are good?
use super::record::{self, FRAME, HEADER, Head, Header};
use super::{Error, Fingerprint};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A good record and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub head: Head,
    /// Where the record starts in its file.
    pub offset: u64,
}

/// What a journal file holds.
#[derive(Debug, Default)]
pub struct Scan {
    pub entries: Vec<Entry>,
    /// Where the last good record ends: a writer goes on from here. 0 where the file has no place to go on from.
    pub end: u64,
    /// What was lost, one line each.
    pub damage: Vec<String>,
}

/// Reads the whole of `path`, dropping what is damaged: a torn last record, or single records in between.
///
/// # Errors
/// The file cannot be read, or is of another format.
pub fn scan(path: &Path, fingerprint: Fingerprint) -> Result<Scan, Error> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Scan::default()),
        Err(source) => return Err(Error::Read { path: path.to_owned(), source }),
    };
    match record::parse_header(&bytes) {
        Header::Whole { format, .. } if format != record::FORMAT => {
            Err(Error::Format { path: path.to_owned(), found: format, known: record::FORMAT })
        }
        Header::Whole { fingerprint: found, .. } if found != fingerprint => {
            let damage = vec![format!("{}: belongs to another campaign, ignored", path.display())];
            Ok(Scan { damage, ..Scan::default() })
        }
        _ => Ok(scan_bytes(&bytes, fingerprint, &path.display().to_string())),
    }
}

fn scan_bytes(bytes: &[u8], fingerprint: Fingerprint, name: &str) -> Scan {
    let mut scan = Scan::default();
    if !bytes.is_empty() && record::parse_header(bytes) == Header::Damaged {
        scan.damage.push(format!("{name}: damaged header, its records are checked one by one"));
    } else if bytes.len() >= HEADER {
        scan.end = HEADER as u64;
    }
    let mut at = HEADER.min(bytes.len());
    while at < bytes.len() {
        match good_record(&bytes[at..], fingerprint) {
            Some((head, length)) => {
                scan.entries.push(Entry { head, offset: at as u64 });
                at += length;
                scan.end = at as u64;
            }
            None => {
                // The next marker that starts a good record; none means that the rest is torn.
                let markers = memchr::memmem::find_iter(&bytes[at + 1..], &record::MARKER).map(|k| at + 1 + k);
                let next = markers.into_iter().find(|&k| good_record(&bytes[k..], fingerprint).is_some());
                let lost = next.unwrap_or(bytes.len()) - at;
                let what = if next.is_some() { "damaged" } else { "cut short" };
                scan.damage.push(format!("{name}: {lost} bytes from byte {at} on are {what}; their tasks run again"));
                at = next.unwrap_or(bytes.len());
            }
        }
    }
    scan
}

/// The record that `bytes` start with, if it is good, and its length.
fn good_record(bytes: &[u8], fingerprint: Fingerprint) -> Option<(Head, usize)> {
    let (length, crc) = record::parse_frame(bytes)?;
    let payload = bytes.get(FRAME..FRAME + length)?;
    if record::checksum(fingerprint, &bytes[4..8], payload) != crc {
        return None;
    }
    let (head, _) = record::decode(payload)?;
    Some((head, FRAME + length))
}

/// Reads the value of the record at `offset` of `path`, checking it again.
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
            // `take` grows the buffer by what is there: a damaged length allocates nothing.
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
