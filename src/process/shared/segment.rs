//! How do several processes of a node compute one data set and read it from shared memory?
//!
//! The parts of a set are claimed by an atomic counter, the largest first. A process computes a part in its own memory, writes it to the
//! segment and sets the part's flag. The process that claims last waits for the others. If no part is finished for a while, the process
//! that claimed it was killed or stopped, and those that wait compute the missing parts. A part written twice has the same bits.
#[cfg(test)]
mod tests;

use crate::science::memory::{Fill, StoredNumbers};
use memmap2::{Mmap, MmapOptions, MmapRaw};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, FcntlArg, fallocate, fcntl};
use nix::libc;
use std::cmp::Reverse;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Largest number of data sets in memory at a time.
const SEGMENTS: u64 = 64;

/// Distance between segments in the file, bytes. The file is sparse: what was never written takes no memory.
const SEGMENT_BYTES: u64 = 1 << 40;

/// The byte whose lock serializes the allocation of segments.
const ALLOCATION_LOCK: u64 = SEGMENTS * SEGMENT_BYTES;

/// Alignment of a set's numbers, bytes: a multiple of every page size.
const ALIGNMENT: usize = 1 << 16;

/// Length of the digest that a segment begins with, bytes.
const DIGEST_BYTES: usize = 32;

/// Places in the header, which is an array of 64-bit words: the counter of claims, whether a part could not be written, and the flags of
/// the parts.
const CLAIMS: usize = 4;
const WRITE_FAILED: usize = 5;
const FLAGS: usize = 8;

/// First and longest interval at which a waiting process looks again.
const POLL_INTERVALS: [Duration; 2] = [Duration::from_micros(200), Duration::from_millis(5)];

/// A segment that this process uses.
#[derive(Debug)]
pub struct Segment {
    number: u64,
    parts: usize,
    /// Length of the header, bytes.
    header_bytes: usize,
    header: MmapRaw,
    timeout: Duration,
    /// Its file description holds the lock of the segment, so it is dropped last.
    file: LockedFile,
}

impl Segment {
    /// The segment of the set with this digest and parts of `sizes` numbers: the one that holds it already, or a newly allocated one.
    ///
    /// # Errors
    /// No segment is free, the set is too large, or the allocation lock is not released within `timeout`.
    pub fn acquire(file: File, digest: &[u8], sizes: &[usize], timeout: Duration) -> io::Result<Self> {
        let parts = sizes.len();
        let header_bytes = (8 * (FLAGS + parts)).next_multiple_of(ALIGNMENT);
        if (header_bytes + 8 * sizes.iter().sum::<usize>()) as u64 > SEGMENT_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let file = LockedFile(file);
        let start = Instant::now();
        while !file.lock(ALLOCATION_LOCK, Lock::Exclusive)? {
            if start.elapsed() > timeout {
                return Err(ErrorKind::TimedOut.into());
            }
            sleep(POLL_INTERVALS[0]);
        }
        let number = match file.find(digest)? {
            Some(number) => number,
            None => file.allocate(digest, header_bytes)?,
        };
        file.lock(ALLOCATION_LOCK, Lock::None)?;
        let mut options = MmapOptions::new();
        let header = options.offset(number * SEGMENT_BYTES).len(header_bytes).populate().map_raw(&file.0)?;
        Ok(Self { number, parts, header_bytes, header, timeout, file })
    }

    /// Computes parts with `fill` until the set is complete.
    ///
    /// # Errors
    /// There is not enough memory for the set.
    pub fn complete(&self, sizes: &[usize], fill: &mut Fill<'_>) -> io::Result<()> {
        // The largest first, so that all processes finish at about the same time.
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&part| Reverse(sizes[part]));
        let starts: Vec<usize> = sizes.iter().scan(0, |end, size| Some(std::mem::replace(end, *end + size))).collect();
        let (mut numbers, mut pass) = (Vec::new(), 0);
        loop {
            let claim = self.claims().fetch_add(1, Ordering::Relaxed) as usize;
            if claim / self.parts > pass {
                if self.wait_until_complete()? {
                    return Ok(());
                }
                pass = claim / self.parts;
            }
            let part = order[claim % self.parts];
            if self.flags()[part].load(Ordering::Relaxed) != 0 {
                continue;
            }
            numbers.clear();
            numbers.resize(sizes[part], 0.0);
            fill(part, &mut numbers);
            self.write(starts[part], &numbers).inspect_err(|_| self.write_failed().store(1, Ordering::Relaxed))?;
            self.flags()[part].store(1, Ordering::Release);
        }
    }

    /// Waits until all parts are written; false if none was finished within the timeout.
    fn wait_until_complete(&self) -> io::Result<bool> {
        let finished = || self.flags().iter().filter(|flag| flag.load(Ordering::Acquire) != 0).count();
        let (mut before, mut since, mut interval) = (finished(), Instant::now(), POLL_INTERVALS[0]);
        while before < self.parts {
            if self.write_failed().load(Ordering::Relaxed) != 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            if since.elapsed() > self.timeout {
                return Ok(false);
            }
            sleep(interval);
            interval = (interval * 3 / 2).min(POLL_INTERVALS[1]);
            let now = finished();
            if now > before {
                (before, since) = (now, Instant::now());
            }
        }
        Ok(true)
    }

    /// Writes numbers from index `start` of the set on. A write reports a lack of memory as an error, where storing into a mapping would
    /// raise SIGBUS.
    fn write(&self, start: usize, numbers: &[f64]) -> io::Result<()> {
        self.file.0.write_all_at(bytemuck::cast_slice(numbers), self.numbers_offset() + 8 * start as u64)
    }

    /// The complete set of `size` numbers.
    ///
    /// # Errors
    /// It cannot be mapped.
    pub fn read(self, size: usize) -> io::Result<SharedSet> {
        let mut options = MmapOptions::new();
        options.offset(self.numbers_offset()).len(8 * size).populate();
        // SAFETY: the set is complete. A late process only writes the same bits again; other sets are written here only by a process that
        // holds the segment's lock exclusively, which `_segment` prevents.
        let numbers = unsafe { options.map(&self.file.0) }?;
        Ok(SharedSet { numbers, _segment: self })
    }

    fn numbers_offset(&self) -> u64 {
        self.number * SEGMENT_BYTES + self.header_bytes as u64
    }

    /// The header, which all processes access as atomic words.
    fn header(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is aligned to pages, has this many words and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.header.as_ptr().cast(), FLAGS + self.parts) }
    }

    /// Counter of claims: claim c is for part `c % parts` in the order of decreasing size.
    fn claims(&self) -> &AtomicU64 {
        &self.header()[CLAIMS]
    }

    /// Whether a part could not be written (0 or 1).
    fn write_failed(&self) -> &AtomicU64 {
        &self.header()[WRITE_FAILED]
    }

    /// Which parts are written (0 or 1 each).
    fn flags(&self) -> &[AtomicU64] {
        &self.header()[FLAGS..]
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // The last user frees the memory. If two leave at once neither may get the lock; the next allocation frees the segment then.
        if self.file.lock(self.number * SEGMENT_BYTES, Lock::Exclusive).unwrap_or(false) {
            let _ = self.file.free(self.number);
        }
    }
}

/// A complete set in shared memory.
#[derive(Debug)]
pub struct SharedSet {
    numbers: Mmap,
    _segment: Segment,
}

impl StoredNumbers for SharedSet {
    fn numbers(&self) -> &[f64] {
        bytemuck::cast_slice(&self.numbers)
    }
}

/// The file of all segments, used through locks on single bytes of it.
#[derive(Debug)]
struct LockedFile(File);

#[derive(Clone, Copy)]
enum Lock {
    None = libc::F_UNLCK as isize,
    Shared = libc::F_RDLCK as isize,
    Exclusive = libc::F_WRLCK as isize,
}

impl LockedFile {
    /// Changes the lock on a byte; false if another process holds a conflicting one.
    fn lock(&self, byte: u64, lock: Lock) -> io::Result<bool> {
        let request = libc::flock {
            l_type: lock as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: byte as libc::off_t,
            l_len: 1,
            // Required by the kernel for locks of open file descriptions.
            l_pid: 0,
        };
        match fcntl(&self.0, FcntlArg::F_OFD_SETLK(&request)) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The segment that holds the set of a digest; its lock is held from now on.
    fn find(&self, digest: &[u8]) -> io::Result<Option<u64>> {
        for number in 0..SEGMENTS {
            // Its last user may free it in between: the digest counts only while the lock is held.
            if self.has_digest(number, digest)? && self.lock(number * SEGMENT_BYTES, Lock::Shared)? {
                if self.has_digest(number, digest)? {
                    return Ok(Some(number));
                }
                self.lock(number * SEGMENT_BYTES, Lock::None)?;
            }
        }
        Ok(None)
    }

    fn has_digest(&self, number: u64, digest: &[u8]) -> io::Result<bool> {
        let mut bytes = [0; DIGEST_BYTES];
        let length = self.0.read_at(&mut bytes, number * SEGMENT_BYTES)?;
        Ok(bytes[..length] == *digest)
    }

    /// Allocates an unused segment, whose lock is held from now on, and frees all other unused ones.
    fn allocate(&self, digest: &[u8], header_bytes: usize) -> io::Result<u64> {
        let mut unused = None;
        for number in 0..SEGMENTS {
            if self.lock(number * SEGMENT_BYTES, Lock::Exclusive)? {
                self.free(number)?;
                match unused {
                    None => unused = Some(number),
                    Some(_) => drop(self.lock(number * SEGMENT_BYTES, Lock::None)?),
                }
            }
        }
        let number = unused.ok_or(ErrorKind::QuotaExceeded)?;
        // The digest last: a segment that has one has a complete header.
        self.0.write_all_at(&vec![0; header_bytes], number * SEGMENT_BYTES)?;
        self.0.write_all_at(digest, number * SEGMENT_BYTES)?;
        self.lock(number * SEGMENT_BYTES, Lock::Shared)?;
        Ok(number)
    }

    /// Returns the memory of a segment to the system.
    fn free(&self, number: u64) -> io::Result<()> {
        let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        let offset = (number * SEGMENT_BYTES) as libc::off_t;
        Ok(fallocate(&self.0, mode, offset, SEGMENT_BYTES as libc::off_t)?)
    }
}
