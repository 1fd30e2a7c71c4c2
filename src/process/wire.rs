//! How do rank and guard talk?
//!
//! Over a stream socket, each message with its length before it: a datagram socket would refuse a long output or a long
//! argument list. Both ends are the same binary, so the layout needs no version.
use super::command::Finished;
use bincode::config::standard;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
};

/// A message that could not be sent or received.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the socket fails")]
    Socket(#[from] std::io::Error),
    #[error("a message cannot be encoded")]
    Encode(#[from] bincode::error::EncodeError),
    #[error("a message cannot be decoded")]
    Decode(#[from] bincode::error::DecodeError),
    #[error("a message of {bytes} bytes is beyond {LONGEST}")]
    TooLong { bytes: u64 },
}

/// No message is longer, so that a wrong length cannot make a giant allocation.
const LONGEST: u64 = 1 << 30;

/// From the rank to its guard; the rank sends a `&Command`, the guard receives a `Box<Command>`.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request<C> {
    /// Run this; `id` comes back with the answer.
    Run { id: u64, command: C },
    /// End the command of this line, if one runs or waits.
    Cancel,
    /// Do not begin the command of this line, if it waits.
    Withdraw,
}

/// From the guard to its rank.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The supervisor, a process of this number, stands in its own session and is safe from the launcher's signals.
    Ready(i32),
    /// The guard could not set itself up and is gone; an errno.
    Broken(i32),
    /// Command `id` is over, or was refused.
    Ended { id: u64, end: Result<Finished, Refusal> },
}

/// Why a command was not started: what failed, and the errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub step: Step,
    pub errno: i32,
}

/// What a command needs before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    Directory,
    Stdin,
    Stdout,
    Stderr,
    /// The program was looked for and started, or not.
    Program,
    /// The program exists, what it names as its interpreter or loader does not.
    Interpreter,
    /// The cores that the program was to be bound to.
    Cores,
    /// An argument, variable or path holds a NUL byte.
    Nul,
}

/// The bytes of a message, its length first.
///
/// # Errors
/// The message is longer than any that the other end takes.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; 8];
    let body = bincode::serde::encode_into_std_write(message, &mut bytes, standard())? as u64;
    if body > LONGEST {
        return Err(Error::TooLong { bytes: body });
    }
    bytes[..8].copy_from_slice(&body.to_le_bytes());
    Ok(bytes)
}

/// Sends one message.
///
/// # Errors
/// The other end is gone, or the message too long.
pub fn send<T: Serialize>(mut socket: &UnixStream, message: &T) -> Result<(), Error> {
    Ok(socket.write_all(&encode(message)?)?)
}

/// Waits for one message; none when the other end is gone.
///
/// # Errors
/// The bytes are no message.
pub fn receive<T: DeserializeOwned>(socket: &UnixStream) -> Result<Option<T>, Error> {
    let mut length = [0; 8];
    if !fill(socket, &mut length)? {
        return Ok(None);
    }
    let bytes = u64::from_le_bytes(length);
    if bytes > LONGEST {
        return Err(Error::TooLong { bytes });
    }
    let mut body = vec![0; bytes as usize];
    if !fill(socket, &mut body)? {
        return Ok(None);
    }
    Ok(Some(bincode::serde::decode_from_slice(&body, standard())?.0))
}

/// Fills `buffer`, or returns false when the other end is gone: a peer that died with unread messages resets the socket.
fn fill(mut socket: &UnixStream, buffer: &mut [u8]) -> Result<bool, Error> {
    match socket.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Paths as bytes: serde's own way refuses what is not UTF-8.
pub mod path {
    use super::*;
    use std::{
        ffi::OsString,
        os::unix::ffi::{OsStrExt, OsStringExt},
        path::{Path, PathBuf},
    };

    pub fn serialize<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().as_bytes().serialize(serializer)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Ok(PathBuf::from(OsString::from_vec(Vec::deserialize(deserializer)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Output, Stdin};
    use super::*;
    use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

    #[test]
    fn a_command_of_any_bytes_and_length_arrives_as_it_was_sent() {
        let odd = OsString::from_vec(b"a\xff\n\x80b".to_vec());
        let mut command = Command::new([odd.clone(), "x".repeat(3_000_000).into()], PathBuf::from(&odd));
        command.set.push((odd.clone(), odd.clone()));
        command.stdin = Stdin::Bytes((0..=255).cycle().take(2_000_000).collect());
        command.stderr = Output::File(odd.into());
        command.cores = Some(vec![3, 5]);
        let (mine, other) = UnixStream::pair().unwrap();
        let sent = command.clone();
        let sender = std::thread::spawn(move || send(&mine, &Request::Run { id: 7, command: sent }).unwrap());
        let received = receive::<Request<Command>>(&other).unwrap().unwrap();
        assert!(matches!(received, Request::Run { id: 7, command: got } if got == command));
        sender.join().unwrap();
        assert!(receive::<Request<Command>>(&other).unwrap().is_none(), "the sender is gone");
    }

    #[test]
    fn a_wrong_length_makes_no_giant_allocation() {
        let (mut mine, other) = UnixStream::pair().unwrap();
        mine.write_all(&u64::MAX.to_le_bytes()).unwrap();
        assert!(matches!(receive::<Reply>(&other), Err(Error::TooLong { .. })));
    }
}
