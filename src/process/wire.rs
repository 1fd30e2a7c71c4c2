//! How do a rank and its guard tell each other things?
use super::{Command, Error, Finished};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};

/// From the rank.
#[derive(Serialize, Deserialize)]
pub enum Request {
    Run(Box<Command>),
    /// End the command that runs.
    Cancel,
}

/// From the guard, once for every command.
pub type Reply = Result<Finished, Error>;

/// Writes a message: its length, then itself.
pub fn write<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    let bytes = bincode::serde::encode_to_vec(message, bincode::config::standard()).map_err(io::Error::other)?;
    to.write_all(&[&(bytes.len() as u64).to_le_bytes()[..], &bytes].concat())
}

/// Reads a message.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let mut bytes = Vec::new();
    from.take(u64::from_le_bytes(length)).read_to_end(&mut bytes)?;
    let (message, _) =
        bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).map_err(io::Error::other)?;
    Ok(message)
}
