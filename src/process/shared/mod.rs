//! How do the ranks of a node share large data sets in memory?
//!
//! One rank creates a file in memory (memfd), which the others open as `/proc/PID/fd/N`. It has no name in any folder and vanishes with
//! the last process that has it open, however that process ends. Each data set has a segment of the file:
//!
//! ```text
//! segment k, from byte k * SEGMENT_BYTES on: | digest of the key | counter of claims, flags of parts | numbers ...
//! ```
//!
//! A process that uses a segment holds a shared lock on its first byte, so that no other set is put there. Segments are looked up and
//! allocated under another lock. All are locks of open file descriptions: each use of a segment has its own, and the kernel releases
//! those of a killed process.
//!
//! Results never depend on sharing: where it is impossible (processes of other users are hidden, file sizes or memory are limited, a
//! stopped rank holds a lock), a rank computes the same numbers in private memory.
mod segment;

use crate::science::memory::{Fill, Memory, OwnMemory, StoredNumbers};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use segment::Segment;
use sha2::{Digest, Sha256};
use std::fs::{File, read_link};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Smallest set that is shared, in numbers: a smaller one takes milliseconds to compute.
const SMALLEST: usize = 1 << 17;

/// How long a rank waits for other processes that make no progress.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Memory shared by processes of one node.
#[derive(Debug)]
pub struct SharedMemory {
    file: File,
    timeout: Duration,
}

/// Where other processes of the node find a file in memory.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Address {
    path: PathBuf,
    /// The target of the link `path`: a unique name.
    name: PathBuf,
}

impl Address {
    /// Where other processes find a file in memory while this process has it open.
    ///
    /// # Errors
    /// /proc is not mounted.
    pub fn of_file(file: &File) -> io::Result<Self> {
        let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()));
        Ok(Self { name: read_link(&path)?, path })
    }

    /// Opens the file.
    ///
    /// # Errors
    /// It is not visible here: the process belongs to another user or container, or has ended.
    pub fn open(&self) -> io::Result<File> {
        // A process of another container may have the same number, and any file open.
        if read_link(&self.path)? != self.name {
            return Err(ErrorKind::NotFound.into());
        }
        open(&self.path)
    }
}

/// Creates an empty file in memory, of a unique name.
///
/// # Errors
/// The system has no memfd, or limits file sizes: writing beyond the limit would kill the process.
pub fn create_file() -> io::Result<File> {
    if getrlimit(Resource::RLIMIT_FSIZE)?.0 != RLIM_INFINITY {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("simmpi-{}-{}", std::process::id(), since.as_nanos());
    Ok(File::from(memfd_create(name.as_str(), MFdFlags::MFD_CLOEXEC)?))
}

impl SharedMemory {
    /// Creates shared memory, which takes no space yet.
    ///
    /// # Errors
    /// The system has no memfd, or limits file sizes: writing beyond the limit would kill the process.
    pub fn create() -> io::Result<Self> {
        Ok(Self { file: create_file()?, timeout: TIMEOUT })
    }

    /// Where other processes find it while this process lives.
    ///
    /// # Errors
    /// /proc is not mounted.
    pub fn address(&self) -> io::Result<Address> {
        Address::of_file(&self.file)
    }

    /// Opens the memory that another process created.
    ///
    /// # Errors
    /// It is not visible here: the process belongs to another user or container, or has ended.
    pub fn open(address: &Address) -> io::Result<Self> {
        Ok(Self { file: address.open()?, timeout: TIMEOUT })
    }

    /// The set of this digest, computed together with all processes that ask for it.
    fn compute_together(
        &self,
        digest: &[u8],
        sizes: &[usize],
        fill: &mut Fill<'_>,
    ) -> io::Result<Box<dyn StoredNumbers>> {
        // Each use of a segment has an open file description, and thereby locks, of its own.
        let file = open(format!("/proc/self/fd/{}", self.file.as_raw_fd()).as_ref())?;
        let segment = Segment::acquire(file, digest, sizes, self.timeout)?;
        segment.complete(sizes, fill)?;
        Ok(Box::new(segment.read(sizes.iter().sum())?))
    }
}

impl Memory for SharedMemory {
    fn keep(&self, key: &[u8], sizes: &[usize], fill: &mut Fill<'_>) -> Box<dyn StoredNumbers> {
        if sizes.iter().sum::<usize>() < SMALLEST {
            return OwnMemory.keep(key, sizes, fill);
        }
        self.compute_together(&digest(key, sizes), sizes, fill).unwrap_or_else(|_| OwnMemory.keep(key, sizes, fill))
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}

/// SHA-256 of the sizes of a set's parts and of its key.
fn digest(key: &[u8], sizes: &[usize]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    sizes.iter().for_each(|size| hasher.update(size.to_le_bytes()));
    hasher.update(key);
    hasher.finalize().into()
}
