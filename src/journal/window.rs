//! How is a journal file read that may be larger than the memory?
use super::fingerprint::Fingerprint;
use super::record::{self, FRAME, RecordHeader};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// A part of a file in memory, which moves through it.
pub struct Window {
    file: File,
    /// What the file had when it was opened: another process may be appending to it.
    pub size: u64,
    part: usize,
    bytes: Vec<u8>,
    /// Where `bytes` begins in the file.
    start: u64,
}

impl Window {
    /// A window on `file`, of which at least `part` bytes are read at a time.
    pub fn new(file: File, part: usize) -> std::io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size, part, bytes: Vec::new(), start: 0 })
    }

    /// Forgets what was read, and looks how large the file is now.
    pub fn refresh(&mut self) -> std::io::Result<()> {
        self.bytes.clear();
        self.size = self.file.metadata()?.len();
        Ok(())
    }

    /// The `length` bytes from `offset` on; none where the file ends before. What stands before `offset` may be forgotten.
    pub fn bytes_at(&mut self, offset: u64, length: usize) -> std::io::Result<Option<&[u8]>> {
        let end = offset + length as u64;
        if end > self.size {
            return Ok(None);
        }
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            self.move_to(offset, length.max(self.part))?;
        }
        let from = (offset - self.start) as usize;
        Ok(self.bytes.get(from..from + length))
    }

    /// Reads so many bytes from `offset` on, or what is there. What is known of them already stays.
    fn move_to(&mut self, offset: u64, length: usize) -> std::io::Result<()> {
        let passed = offset.checked_sub(self.start).map_or(usize::MAX, |passed| passed as usize);
        self.bytes.drain(..passed.min(self.bytes.len()));
        self.bytes.shrink_to(2 * self.part);
        self.start = offset;
        let known = self.bytes.len();
        self.file.seek(SeekFrom::Start(offset + known as u64))?;
        let wanted = (length as u64).min(self.size - offset).saturating_sub(known as u64);
        (&self.file).take(wanted).read_to_end(&mut self.bytes)?;
        if ((self.bytes.len() - known) as u64) < wanted {
            // The file has been cut meanwhile.
            self.size = offset + self.bytes.len() as u64;
        }
        Ok(())
    }

    /// The header of the record at `offset`, if it is valid, and the length of the record.
    pub fn record(&mut self, offset: u64, fingerprint: Fingerprint) -> std::io::Result<Option<(RecordHeader, usize)>> {
        let payload = self.payload(offset, fingerprint)?;
        Ok(payload.and_then(|payload| Some((record::decode(payload)?.0, FRAME + payload.len()))))
    }

    /// The value of the record at `offset`, if it is valid.
    pub fn value(&mut self, offset: u64, fingerprint: Fingerprint) -> std::io::Result<Option<Vec<u8>>> {
        let payload = self.payload(offset, fingerprint)?;
        Ok(payload.and_then(|payload| Some(payload[record::decode(payload)?.1..].to_vec())))
    }

    /// The payload of the record at `offset`, if its checksum is right.
    fn payload(&mut self, offset: u64, fingerprint: Fingerprint) -> std::io::Result<Option<&[u8]>> {
        let Some((length, crc)) = self.bytes_at(offset, FRAME)?.and_then(record::parse_frame) else { return Ok(None) };
        let bytes = self.bytes_at(offset, FRAME + length)?;
        let payload = bytes.map(|bytes| (&bytes[4..8], &bytes[FRAME..]));
        let valid = payload.filter(|(length, payload)| record::checksum(fingerprint, length, payload) == crc);
        Ok(valid.map(|(_, payload)| payload))
    }

    /// The first valid record at or after `offset`.
    pub fn next_record(&mut self, mut offset: u64, fingerprint: Fingerprint) -> std::io::Result<Option<u64>> {
        while self.bytes_at(offset, FRAME)?.is_some() {
            let bytes = &self.bytes[(offset - self.start) as usize..];
            match memchr::memmem::find(bytes, &record::MARKER) {
                Some(found) => offset += found as u64,
                None => {
                    // One may begin at the end of this part.
                    offset += (bytes.len() - (FRAME - 1)) as u64;
                    continue;
                }
            }
            if self.record(offset, fingerprint)?.is_some() {
                return Ok(Some(offset));
            }
            offset += 1;
        }
        Ok(None)
    }
}
