//! What does a journal file look like, byte by byte?
//!
//! ```text
//! file   = header record*
//! header = "simmpi\x1aj" | format: u32 | fingerprint: 32 bytes | crc32c of the 44 bytes before: u32
//! record = "\xf5rec" | length: u32 | crc32c: u32 | payload: length bytes
//! payload = length of head: u32 | head | value
//! ```
//! All numbers are little endian. The checksum of a record runs over the fingerprint, the length and the payload, so a
//! record is valid in its own campaign only and a damaged header costs nothing. After a damaged record the next one is
//! found by its marker. Head and value are encoded by [`super::codec`]; a golden file in the tests freezes all of it.
use super::{Fingerprint, codec};
use crate::task::{Failure, Tasks};
use serde::{Deserialize, Serialize};

/// The format described above.
pub const FORMAT: u32 = 1;
pub(super) const MAGIC: [u8; 8] = *b"simmpi\x1aj";
pub(super) const MARKER: [u8; 4] = *b"\xf5rec";
/// Bytes of a file's header.
pub(super) const HEADER: usize = 48;
/// Bytes of a record before its payload.
pub(super) const FRAME: usize = 12;
/// No record is longer; a longer length is damage.
pub(super) const LONGEST: usize = 1 << 30;

/// What a record tells of its tasks besides their value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The stage, by the digest of its name and of what it depends on.
    pub stage: u64,
    pub tasks: Tasks,
    /// Those of `tasks` that have no part in the value.
    pub failed: Vec<Failure>,
    pub rank: u32,
    pub host: String,
    /// Most attempts that any of the tasks took.
    pub attempts: u32,
    /// When the tasks were started, seconds since 1970 by the clock of `host`.
    pub started_s: f64,
    /// How long they took, by a clock that never jumps.
    pub seconds: f64,
}

/// A header that was read.
#[derive(Debug, PartialEq)]
pub(super) enum Header {
    Whole { format: u32, fingerprint: Fingerprint },
    Damaged,
}

pub(super) fn header(fingerprint: Fingerprint) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &FORMAT.to_le_bytes(), &fingerprint.0].concat();
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

pub(super) fn parse_header(bytes: &[u8]) -> Header {
    let Some((before, crc)) = bytes.get(..HEADER).map(|header| header.split_at(HEADER - 4)) else {
        return Header::Damaged;
    };
    if before[..8] != MAGIC || crc != crc32c::crc32c(before).to_le_bytes() {
        return Header::Damaged;
    }
    let fingerprint = Fingerprint(std::array::from_fn(|k| before[12 + k]));
    Header::Whole { format: number(&before[8..]), fingerprint }
}

/// The bytes of a record; refused where a value is longer than a record may be.
pub(super) fn encode(fingerprint: Fingerprint, head: &Head, value: &[u8]) -> Result<Vec<u8>, codec::Error> {
    let head = codec::encode(head)?;
    let length = 4 + head.len() + value.len();
    if length > LONGEST {
        return Err(codec::Error::TooLong { length, longest: LONGEST });
    }
    let mut payload = Vec::with_capacity(length);
    payload.extend((head.len() as u32).to_le_bytes());
    payload.extend(head);
    payload.extend(value);
    let length = (length as u32).to_le_bytes();
    let crc = checksum(fingerprint, &length, &payload).to_le_bytes();
    Ok([&MARKER[..], &length, &crc, &payload].concat())
}

/// Splits a payload into its head and where its value starts.
pub(super) fn decode(payload: &[u8]) -> Option<(Head, usize)> {
    let start = 4 + payload.get(..4).map(number)? as usize;
    Some((codec::decode(payload.get(4..start)?).ok()?, start))
}

/// The length and checksum that a frame announces, if it is one.
pub(super) fn parse_frame(frame: &[u8]) -> Option<(usize, u32)> {
    let frame = frame.get(..FRAME)?;
    let length = number(&frame[4..]) as usize;
    (frame[..4] == MARKER && length <= LONGEST).then(|| (length, number(&frame[8..])))
}

pub(super) fn checksum(fingerprint: Fingerprint, length: &[u8], payload: &[u8]) -> u32 {
    let seed = crc32c::crc32c_append(crc32c::crc32c(&fingerprint.0), length);
    crc32c::crc32c_append(seed, payload)
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|k| bytes[k]))
}
