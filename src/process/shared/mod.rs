//! What memory do the ranks of a node have in common?
//!
//! A file in memory (memfd) that one of them makes and the others open as `/proc/PID/fd/N`. It has no name in any folder and vanishes with
//! the last process that has it open, however that ends. Sets of numbers stand in it in slots:
//!
//! ```text
//! slot k, from byte k * SLOT on: | digest of the key | claims, flags of parts | numbers ...
//! ```
//!
//! Whoever uses a slot holds a shared lock on its first byte, so that nobody puts another set there; to look for a set, or
//! to begin one, is done in turn, under a lock too. Locks are those of open file descriptions: every use of a slot has one of its own,
//! and the kernel takes them back from a process that is killed.
//!
//! Nothing depends on any of this: where memory cannot be shared (another user's processes are hidden, files or memory are
//! limited, a rank that has its turn is stopped), a rank has the same numbers in memory of its own.
mod slot;

use crate::science::memory::{Fill, Kept, Memory, OwnMemory};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use sha2::{Digest, Sha256};
use slot::Slot;
use std::fs::{File, read_link};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Numbers of the smallest set that is shared: a smaller one is computed in some milliseconds.
const SMALLEST: usize = 1 << 17;

/// How long a rank waits for others that do nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Memory that some processes of a node have in common.
#[derive(Debug)]
pub struct SharedMemory {
    file: File,
    patience: Duration,
}

/// Where other processes of the node find it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Address {
    path: PathBuf,
    /// What the path is a link to: nothing else has this name.
    name: PathBuf,
}

impl SharedMemory {
    /// Makes some; it takes no room yet.
    ///
    /// # Errors
    /// The system has none, or limits the size of files: what stands behind the limit would end the process.
    pub fn create() -> io::Result<Self> {
        if getrlimit(Resource::RLIMIT_FSIZE)?.0 != RLIM_INFINITY {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("simmpi-{}-{}", std::process::id(), since.as_nanos());
        let file = File::from(memfd_create(name.as_str(), MFdFlags::MFD_CLOEXEC)?);
        Ok(Self { file, patience: PATIENCE })
    }

    /// Where other processes find it as long as this one lives.
    ///
    /// # Errors
    /// There is no /proc.
    pub fn address(&self) -> io::Result<Address> {
        let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()));
        Ok(Address { name: read_link(&path)?, path })
    }

    /// Opens what another process has made.
    ///
    /// # Errors
    /// It cannot be seen from here: a process of another user, another container, or one that is gone.
    pub fn open(address: &Address) -> io::Result<Self> {
        // Another container may have a process of this number too, with anything as its file.
        if read_link(&address.path)? != address.name {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(Self { file: open(&address.path)?, patience: PATIENCE })
    }

    /// A set of this digest, computed together with all who ask for it.
    fn together(&self, digest: &[u8], sizes: &[usize], fill: &mut Fill<'_>) -> io::Result<Box<dyn Kept>> {
        // Each use of a slot has an open file description, and with it locks, of its own.
        let own = open(format!("/proc/self/fd/{}", self.file.as_raw_fd()).as_ref())?;
        let slot = Slot::take(own, digest, sizes, self.patience)?;
        slot.complete(sizes, fill)?;
        Ok(Box::new(slot.read(sizes.iter().sum())?))
    }
}

impl Memory for SharedMemory {
    fn keep(&self, key: &[u8], sizes: &[usize], fill: &mut Fill<'_>) -> Box<dyn Kept> {
        if sizes.iter().sum::<usize>() < SMALLEST {
            return OwnMemory.keep(key, sizes, fill);
        }
        self.together(&digest(key, sizes), sizes, fill).unwrap_or_else(|_| OwnMemory.keep(key, sizes, fill))
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}

/// Of a key, and of how its set is divided.
fn digest(key: &[u8], sizes: &[usize]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    sizes.iter().for_each(|size| hasher.update(size.to_le_bytes()));
    hasher.update(key);
    hasher.finalize().into()
}
