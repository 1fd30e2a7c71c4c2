//! How does a set of numbers come into memory that processes share?
//!
//! Parts are claimed by counting up, the largest first, computed in memory of one's own and then written, and flagged when they
//! are. Whoever has claimed the last one waits for the others. When no part is finished for a while, whoever has claimed it is gone or
//! stopped, and those who wait claim again what is missing. A part that is written twice is the same to the last bit.
#[cfg(test)]
mod tests;

use crate::science::memory::{Fill, Kept};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, FcntlArg, fallocate, fcntl};
use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use std::cmp::Reverse;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Sets that stand in memory at a time.
const SLOTS: u64 = 64;

/// From one slot to the next, bytes: the file has holes where nothing was written, so this takes nothing.
const SLOT: u64 = 1 << 40;

/// The byte whose lock gives the turn.
const TURN: u64 = SLOTS * SLOT;

/// What the beginning of a set is a multiple of: of any page size.
const PAGE: usize = 1 << 16;

/// Where the counter of claims, the mark of what is lost and the flags of parts stand, behind the digest.
const CLAIMS: usize = 32;
const LOST: usize = 40;
const FLAGS: usize = 64;

/// How long those who wait sleep at first and at last.
const PAUSES: [Duration; 2] = [Duration::from_micros(200), Duration::from_millis(5)];

/// A slot in use.
#[derive(Debug)]
pub struct Slot {
    number: u64,
    parts: usize,
    header: Mapping,
    patience: Duration,
    /// Its description has the lock, so it goes last.
    file: Locks,
}

impl Slot {
    /// The slot of a set of parts of these sizes: the one where it stands, or is being filled, or an empty one.
    ///
    /// # Errors
    /// There is none, or it is never this process' turn.
    pub fn take(file: File, digest: &[u8], sizes: &[usize], patience: Duration) -> io::Result<Self> {
        let parts = sizes.len();
        let length = (FLAGS + parts).next_multiple_of(PAGE);
        if (length + 8 * sizes.iter().sum::<usize>()) as u64 > SLOT {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let file = Locks(file);
        let since = Instant::now();
        while !file.lock(TURN, Lock::Exclusive)? {
            if since.elapsed() > patience {
                return Err(ErrorKind::TimedOut.into());
            }
            sleep(PAUSES[0]);
        }
        let number = match file.find(digest)? {
            Some(number) => number,
            None => file.begin(digest, length)?,
        };
        file.lock(TURN, Lock::None)?;
        let header = Mapping::new(&file.0, number * SLOT, length, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE)?;
        Ok(Self { number, parts, header, patience, file })
    }

    /// Computes parts until all are there.
    ///
    /// # Errors
    /// There is no room for the set.
    pub fn complete(&self, sizes: &[usize], fill: &mut Fill<'_>) -> io::Result<()> {
        // The largest first, so that all end together.
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&part| Reverse(sizes[part]));
        let starts: Vec<usize> = sizes.iter().scan(0, |end, size| Some(std::mem::replace(end, *end + size))).collect();
        let (mut numbers, mut round) = (Vec::new(), 0);
        loop {
            let claim = self.claims().fetch_add(1, Ordering::Relaxed) as usize;
            if claim / self.parts > round {
                if self.wait()? {
                    return Ok(());
                }
                round = claim / self.parts;
            }
            let part = order[claim % self.parts];
            if self.flags()[part].load(Ordering::Relaxed) {
                continue;
            }
            numbers.clear();
            numbers.resize(sizes[part], 0.0);
            fill(part, &mut numbers);
            self.write(starts[part], &numbers).inspect_err(|_| self.lost().store(true, Ordering::Relaxed))?;
            self.flags()[part].store(true, Ordering::Release);
        }
    }

    /// Waits until all parts are there; false when nothing comes any more.
    fn wait(&self) -> io::Result<bool> {
        let done = || self.flags().iter().filter(|flag| flag.load(Ordering::Acquire)).count();
        let (mut before, mut since, mut pause) = (done(), Instant::now(), PAUSES[0]);
        while before < self.parts {
            if self.lost().load(Ordering::Relaxed) {
                return Err(ErrorKind::StorageFull.into());
            }
            if since.elapsed() > self.patience {
                return Ok(false);
            }
            sleep(pause);
            pause = (pause * 3 / 2).min(PAUSES[1]);
            let now = done();
            if now > before {
                (before, since) = (now, Instant::now());
            }
        }
        Ok(true)
    }

    /// Writes numbers from a place of the set on. Where there is no room that is an error of the call, and not a signal as it would be in
    /// a mapping.
    fn write(&self, start: usize, numbers: &[f64]) -> io::Result<()> {
        // SAFETY: numbers are bytes without gaps.
        let bytes = unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) };
        self.file.0.write_all_at(bytes, self.numbers_at() + 8 * start as u64)
    }

    /// The set, once it is complete.
    ///
    /// # Errors
    /// It cannot be mapped.
    pub fn read(self, size: usize) -> io::Result<SharedSet> {
        let numbers = Mapping::new(&self.file.0, self.numbers_at(), 8 * size, ProtFlags::PROT_READ)?;
        Ok(SharedSet { numbers, _slot: self })
    }

    fn numbers_at(&self) -> u64 {
        self.number * SLOT + self.header.length as u64
    }

    /// Counts claims: one of the number c is for part c modulo the number of parts, in the order of their sizes.
    fn claims(&self) -> &AtomicU64 {
        // SAFETY: within the header, which is aligned to pages; all processes use it as this.
        unsafe { self.header.start.byte_add(CLAIMS).cast().as_ref() }
    }

    /// Whether a part could not be written.
    fn lost(&self) -> &AtomicBool {
        // SAFETY: as above, and never anything but 0 or 1.
        unsafe { self.header.start.byte_add(LOST).cast().as_ref() }
    }

    /// Which parts are written.
    fn flags(&self) -> &[AtomicBool] {
        // SAFETY: as above; the header has a flag for each part.
        unsafe { NonNull::slice_from_raw_parts(self.header.start.byte_add(FLAGS).cast(), self.parts).as_ref() }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // The last one gives the memory back. If two leave at once neither may be it; whoever next begins a set does it then.
        if self.file.lock(self.number * SLOT, Lock::Exclusive).unwrap_or(false) {
            let _ = self.file.clear(self.number);
        }
    }
}

/// A set that some processes read.
#[derive(Debug)]
pub struct SharedSet {
    numbers: Mapping,
    _slot: Slot,
}

impl Kept for SharedSet {
    fn numbers(&self) -> &[f64] {
        // SAFETY: mapped as long as `self` lives, and complete. Who comes late with a part writes what stands there already; anything
        // else is written only by who holds the slot's lock alone, which `_slot` prevents.
        unsafe { NonNull::slice_from_raw_parts(self.numbers.start.cast(), self.numbers.length / 8).as_ref() }
    }
}

/// A file that is used through its locks.
#[derive(Debug)]
struct Locks(File);

#[derive(Clone, Copy)]
enum Lock {
    None = libc::F_UNLCK as isize,
    Shared = libc::F_RDLCK as isize,
    Exclusive = libc::F_WRLCK as isize,
}

impl Locks {
    /// Changes the lock on a byte; false where another's is in the way.
    fn lock(&self, byte: u64, lock: Lock) -> io::Result<bool> {
        // SAFETY: a plain structure, for which zeros are valid; the kernel asks that `l_pid` is 0.
        let mut asked: libc::flock = unsafe { std::mem::zeroed() };
        (asked.l_type, asked.l_whence) = (lock as libc::c_short, libc::SEEK_SET as libc::c_short);
        (asked.l_start, asked.l_len) = (byte as libc::off_t, 1);
        match fcntl(&self.0, FcntlArg::F_OFD_SETLK(&asked)) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The slot where a set is, from now on in use.
    fn find(&self, digest: &[u8]) -> io::Result<Option<u64>> {
        for number in 0..SLOTS {
            // Its last user may clear it meanwhile: what it holds counts under its lock alone.
            if self.holds(number, digest)? && self.lock(number * SLOT, Lock::Shared)? {
                if self.holds(number, digest)? {
                    return Ok(Some(number));
                }
                self.lock(number * SLOT, Lock::None)?;
            }
        }
        Ok(None)
    }

    fn holds(&self, number: u64, digest: &[u8]) -> io::Result<bool> {
        let mut found = [0; CLAIMS];
        let length = self.0.read_at(&mut found, number * SLOT)?;
        Ok(found[..length] == *digest)
    }

    /// Begins a set in a slot that nobody uses, from now on in use, and clears all others that nobody uses.
    fn begin(&self, digest: &[u8], header: usize) -> io::Result<u64> {
        let mut free = None;
        for number in 0..SLOTS {
            if self.lock(number * SLOT, Lock::Exclusive)? {
                self.clear(number)?;
                match free {
                    None => free = Some(number),
                    Some(_) => drop(self.lock(number * SLOT, Lock::None)?),
                }
            }
        }
        let number = free.ok_or(ErrorKind::QuotaExceeded)?;
        // The digest last: where it stands everything before it does too.
        self.0.write_all_at(&vec![0; header], number * SLOT)?;
        self.0.write_all_at(digest, number * SLOT)?;
        self.lock(number * SLOT, Lock::Shared)?;
        Ok(number)
    }

    /// Gives the memory of a slot back.
    fn clear(&self, number: u64) -> io::Result<()> {
        let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        Ok(fallocate(&self.0, mode, (number * SLOT) as libc::off_t, SLOT as libc::off_t)?)
    }
}

/// Bytes of a file in memory.
#[derive(Debug)]
struct Mapping {
    start: NonNull<libc::c_void>,
    length: usize,
}

// SAFETY: memory belongs to no thread; what is changed in it is atomic.
unsafe impl Send for Mapping {}
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps what stands in a file.
    fn new(file: &File, from: u64, length: usize, access: ProtFlags) -> io::Result<Self> {
        let size = NonZeroUsize::new(length).ok_or(ErrorKind::InvalidInput)?;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_POPULATE;
        // SAFETY: the system chooses a place where nothing is.
        let start = unsafe { mmap(None, size, access, flags, file, from as libc::off_t) }?;
        Ok(Self { start, length })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped once, in `new`, and no reference outlives `self`.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}
