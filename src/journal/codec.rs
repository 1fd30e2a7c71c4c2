//! How does a value become bytes? The only place that names the codec, so that it can be exchanged.
use bincode::config::{Configuration, standard};
use serde::{Serialize, de::DeserializeOwned};

/// A value that cannot be encoded or decoded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a value cannot be encoded")]
    Encode(#[from] bincode::error::EncodeError),
    #[error("bytes cannot be decoded")]
    Decode(#[from] bincode::error::DecodeError),
    #[error("{left} bytes are left over after decoding")]
    LeftOver { left: usize },
    #[error("a record of {length} bytes is beyond the limit of {longest}: choose a smaller partition.batch_size")]
    TooLong { length: usize, longest: usize },
}

/// Decoding never allocates more than this at a time, whatever a damaged length claims.
const LIMIT: usize = 1 << 31;

fn layout() -> Configuration<bincode::config::LittleEndian, bincode::config::Varint, bincode::config::Limit<LIMIT>> {
    standard().with_limit::<LIMIT>()
}

/// The bytes of `value`: little endian, variable-length integers.
///
/// # Errors
/// The value's own serialisation fails.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    Ok(bincode::serde::encode_to_vec(value, layout())?)
}

/// The value that all of `bytes` stand for.
///
/// # Errors
/// The bytes are of another type, cut or too many.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, layout())?;
    match bytes.len() - used {
        0 => Ok(value),
        left => Err(Error::LeftOver { left }),
    }
}
