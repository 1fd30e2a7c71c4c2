//! How are HDF5 files opened on file systems that cannot lock?
//!
//! HDF5 locks every file that it opens, and refuses to open one where the file system cannot do so. Results need no such lock: rank 0 alone
//! writes them, under the lock of the campaign, and they are published by renaming. What the user has set in HDF5_USE_FILE_LOCKING takes
//! precedence.
use hdf5::plist::file_access::FileAccessBuilder;
use hdf5::{File, FileBuilder};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs;
use std::path::Path;

/// What to do where this HDF5 cannot open a file without a lock.
pub const WITHOUT_LOCKS: &str = "its file system cannot lock files; set HDF5_USE_FILE_LOCKING=FALSE";

/// For versions of HDF5 in which locking is no property of a file (before 1.10.7, and 1.12.0): only the variable turns it off.
#[allow(dead_code)]
trait FileLocking {
    fn file_locking(&mut self, _: bool) -> &mut Self;
}

impl FileLocking for FileAccessBuilder {
    fn file_locking(&mut self, _: bool) -> &mut Self {
        self
    }
}

/// Creates a file by `open`, or opens it, without a lock where there can be none.
pub fn open_file(path: &Path, open: impl Fn(&FileBuilder, &Path) -> hdf5::Result<File>) -> hdf5::Result<File> {
    let mut builder = FileBuilder::new();
    open(&builder, path).or_else(|error| match can_lock(path) {
        true => Err(error),
        false => open(builder.with_fapl(|access| access.file_locking(false)), path),
    })
}

/// Whether the file at `path`, or else its folder, can be locked. One that is locked by another process can.
pub fn can_lock(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(file) = fs::File::open(path).or_else(|_| fs::File::open(folder)) else { return true };
    match Flock::lock(file, FlockArg::LockSharedNonblock) {
        Ok(_) | Err((_, Errno::EWOULDBLOCK | Errno::EINTR)) => true,
        Err(_) => false,
    }
}
