//! How do rank and supervisor exchange messages?
//!
//! Over stream sockets, each message preceded by its length: datagrams would limit the length of outputs and argument lists. Both ends are
//! the same binary, so the encoding needs no version.
use super::command::Finished;
use super::encoding;
use super::shared::Address;
use bincode::config::standard;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
};

/// A message that could not be sent or received.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("socket failure")]
    Socket(#[from] std::io::Error),
    #[error("cannot encode a message")]
    Encode(#[from] bincode::error::EncodeError),
    #[error("cannot decode a message")]
    Decode(#[from] bincode::error::DecodeError),
    #[error("a message of {bytes} bytes exceeds the limit of {LONGEST}")]
    TooLong { bytes: u64 },
}

/// Maximum length of a message, bytes: a wrong length causes no huge allocation.
const LONGEST: u64 = 1 << 30;

/// From the rank to its supervisor. `C` is `&Command` on the sender's and `Box<Command>` on the receiver's side.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request<C> {
    /// Run this command; the reply repeats `id`.
    Run { id: u64, command: C },
    /// Terminate the running command of this channel, and do not start its waiting one.
    Cancel,
    /// Do not start the waiting command of this channel.
    Withdraw,
    /// Samples of the node's GPUs are found there.
    ReadGpuSamples(Address),
}

/// From the supervisor to its rank.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The supervisor with this process ID is in its own session, out of reach of the launcher's signals.
    Ready(i32),
    /// The supervisor or the reaper failed to set itself up and has exited; the errno.
    SetupFailed(i32),
    /// Command `id` has ended, or could not be started.
    Ended { id: u64, result: Result<Finished, LaunchFailure> },
}

/// Why a command was not started: the step that failed, and the errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchFailure {
    pub step: LaunchStep,
    pub errno: i32,
}

/// A step of starting a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LaunchStep {
    /// Entering the working directory.
    Directory,
    Stdin,
    Stdout,
    Stderr,
    /// Finding and executing the program.
    Program,
    /// Finding the interpreter or loader that the program names.
    Interpreter,
    /// Binding to cores.
    Cores,
    /// Encoding strings: an argument, variable or path contains a NUL byte.
    Nul,
}

/// The bytes of a message, preceded by its length.
///
/// # Errors
/// The message is too long.
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
/// The other end is closed, or the message is too long.
pub fn send<T: Serialize>(mut socket: &UnixStream, message: &T) -> Result<(), Error> {
    Ok(socket.write_all(&encode(message)?)?)
}

/// Waits for one message; none if the other end is closed.
///
/// # Errors
/// The bytes are not a valid message.
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
    Ok(Some(encoding::decode(&body)?))
}

/// Fills `buffer`; false if the other end is closed. A peer that died with unread messages resets the socket.
fn fill(mut socket: &UnixStream, buffer: &mut [u8]) -> Result<bool, Error> {
    match socket.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Output, Stdin};
    use super::*;
    use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

    #[test]
    fn commands_of_any_bytes_and_length_arrive_unchanged() {
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
        assert!(receive::<Request<Command>>(&other).unwrap().is_none(), "the sender has closed its end");
    }

    #[test]
    fn a_wrong_length_causes_no_huge_allocation() {
        let (mut mine, other) = UnixStream::pair().unwrap();
        mine.write_all(&u64::MAX.to_le_bytes()).unwrap();
        assert!(matches!(receive::<Reply>(&other), Err(Error::TooLong { .. })));
    }
}
