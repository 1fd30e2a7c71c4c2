//! What is the format of a journal file, byte by byte?
//!
//! ```text
//! file   = header record*
//! header = "simmpi\x1aj" | format: u32 | fingerprint: 32 bytes | crc32c of the 44 bytes before: u32
//! record = "\xf5rec" | length: u32 | crc32c: u32 | payload: length bytes
//! payload = length of record header: u32 | record header | value
//! ```
//! All numbers are little endian. The checksum of a record covers fingerprint, length and payload: a record is valid in its own campaign
//! only, and a damaged file header loses no record. After a damaged record the next one is found by its marker. Record header and value are
//! encoded by [`super::codec`]; a golden file in the tests freezes the format.
use super::codec;
use super::fingerprint::Fingerprint;
use crate::task::{Failure, TaskUsage, Tasks};
use serde::{Deserialize, Serialize};

/// The format described above.
pub const FORMAT: u32 = 2;
pub(super) const MAGIC: [u8; 8] = *b"simmpi\x1aj";
pub(super) const MARKER: [u8; 4] = *b"\xf5rec";
/// Length of a file's header, bytes.
pub(super) const FILE_HEADER: usize = 48;
/// Length of a record before its payload, bytes.
pub(super) const FRAME: usize = 12;
/// Maximum length of a record's payload, bytes; a longer one is damage.
pub(super) const LONGEST: usize = 1 << 30;

/// What a record says about its batch, besides the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordHeader {
    /// Digest of the stage's name and of what it depends on.
    pub stage: u64,
    pub tasks: Tasks,
    /// The tasks that failed: they do not contribute to the value.
    pub failed: Vec<Failure>,
    pub rank: u32,
    pub host: String,
    /// Largest number of attempts of any of the tasks.
    pub attempts: u32,
    /// Start time of the batch, seconds since 1970 by the clock of `host`.
    pub started_s: f64,
    /// Wall-clock time of the batch, seconds, by a monotonic clock.
    pub seconds: f64,
    /// What programs have used, of those tasks that started any; not with earlier attempts of other runs.
    pub usage: Vec<TaskUsage>,
}

/// A file header that was read.
#[derive(Debug, PartialEq)]
pub(super) enum FileHeader {
    Valid { format: u32, fingerprint: Fingerprint },
    Damaged,
}

/// The bytes of a file header.
pub(super) fn file_header(fingerprint: Fingerprint) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &FORMAT.to_le_bytes(), &fingerprint.0].concat();
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

pub(super) fn parse_file_header(bytes: &[u8]) -> FileHeader {
    let Some((before, crc)) = bytes.get(..FILE_HEADER).map(|header| header.split_at(FILE_HEADER - 4)) else {
        return FileHeader::Damaged;
    };
    if before[..8] != MAGIC || crc != crc32c::crc32c(before).to_le_bytes() {
        return FileHeader::Damaged;
    }
    let fingerprint = Fingerprint(std::array::from_fn(|k| before[12 + k]));
    FileHeader::Valid { format: number(&before[8..]), fingerprint }
}

/// The bytes of a record. An error if the value is too long.
pub(super) fn encode(fingerprint: Fingerprint, header: &RecordHeader, value: &[u8]) -> Result<Vec<u8>, codec::Error> {
    let header = codec::encode(header)?;
    let length = 4 + header.len() + value.len();
    if length > LONGEST {
        return Err(codec::Error::TooLong { length, longest: LONGEST });
    }
    let mut payload = Vec::with_capacity(length);
    payload.extend((header.len() as u32).to_le_bytes());
    payload.extend(header);
    payload.extend(value);
    let length = (length as u32).to_le_bytes();
    let crc = checksum(fingerprint, &length, &payload).to_le_bytes();
    Ok([&MARKER[..], &length, &crc, &payload].concat())
}

/// The record header in a payload, and the offset of the value.
pub(super) fn decode(payload: &[u8]) -> Option<(RecordHeader, usize)> {
    let start = 4 + payload.get(..4).map(number)? as usize;
    Some((codec::decode(payload.get(4..start)?).ok()?, start))
}

/// The payload's length and checksum in a record's first bytes, if they are valid.
pub(super) fn parse_frame(frame: &[u8]) -> Option<(usize, u32)> {
    let frame = frame.get(..FRAME)?;
    let length = number(&frame[4..]) as usize;
    (frame[..4] == MARKER && length <= LONGEST).then(|| (length, number(&frame[8..])))
}

/// CRC-32C of a record in the campaign of this fingerprint.
pub(super) fn checksum(fingerprint: Fingerprint, length: &[u8], payload: &[u8]) -> u32 {
    let seed = crc32c::crc32c_append(crc32c::crc32c(&fingerprint.0), length);
    crc32c::crc32c_append(seed, payload)
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|k| bytes[k]))
}
