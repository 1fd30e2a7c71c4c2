//! How do processes of a node encode values for one another? All are the same binary, so that the encoding needs no version.
use bincode::{
    config::standard,
    error::{DecodeError, EncodeError},
};
use serde::{Serialize, de::DeserializeOwned};

/// The bytes of a value.
///
/// # Errors
/// It cannot be encoded.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, EncodeError> {
    bincode::serde::encode_to_vec(value, standard())
}

/// The value of these bytes.
///
/// # Errors
/// They are not such a value.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    Ok(bincode::serde::decode_from_slice(bytes, standard())?.0)
}
