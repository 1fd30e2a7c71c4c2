//! How are values encoded as bytes? Only this file names the codec, so that it can be replaced.
use bincode::config::{Configuration, standard};
use serde::{Serialize, de::DeserializeOwned};

/// A value that cannot be encoded or decoded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot encode a value")]
    Encode(#[from] bincode::error::EncodeError),
    #[error("cannot decode a value")]
    Decode(#[from] bincode::error::DecodeError),
    #[error("{left} bytes are left after decoding")]
    LeftOver { left: usize },
    #[error("a record of {length} bytes exceeds the limit of {longest} bytes: choose a smaller partition.batch_size")]
    TooLong { length: usize, longest: usize },
}

/// Decoding never allocates more than this at a time, bytes, whatever a damaged length claims.
const LIMIT: usize = 1 << 31;

fn layout() -> Configuration<bincode::config::LittleEndian, bincode::config::Varint, bincode::config::Limit<LIMIT>> {
    standard().with_limit::<LIMIT>()
}

/// Encodes `value`: little endian, variable-length integers.
///
/// # Errors
/// The value's serialization fails.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    Ok(bincode::serde::encode_to_vec(value, layout())?)
}

/// Decodes a value from all of `bytes`.
///
/// # Errors
/// The bytes encode another type, are cut short, or some are left.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, layout())?;
    match bytes.len() - used {
        0 => Ok(value),
        left => Err(Error::LeftOver { left }),
    }
}
