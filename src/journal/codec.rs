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

/// Numbers that may be unknown, as records hold them: NaN where they are. For `#[serde(with = "codec::or_nan")]`.
pub mod or_nan {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::missing_errors_doc)]
    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.unwrap_or(f64::NAN).serialize(serializer)
    }

    #[allow(clippy::missing_errors_doc)]
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Ok(Some(f64::deserialize(deserializer)?).filter(|value| !value.is_nan()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn an_unknown_number_is_recorded_as_nan_and_a_known_one_as_itself() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Speed(#[serde(with = "or_nan")] Option<f64>);
        for (speed, number) in [(None, f64::NAN), (Some(1.5), 1.5)] {
            let bytes = encode(&number).unwrap();
            assert_eq!(encode(&Speed(speed)).unwrap(), bytes);
            assert_eq!(decode::<Speed>(&bytes).unwrap(), Speed(speed));
        }
    }
}
