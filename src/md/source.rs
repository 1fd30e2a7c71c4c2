//! How are parts of a file read, small neighbouring ones together?
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file to read from.
pub(super) enum Source {
    /// A small file, read when it was opened.
    Memory(Vec<u8>),
    File(File),
}

/// Files up to this size are read when they are opened, bytes.
const MAX_IN_MEMORY: u64 = 1 << 22;

impl Source {
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length > MAX_IN_MEMORY {
            return Ok(Self::File(file));
        }
        let mut bytes = Vec::with_capacity(length as usize + 1);
        file.read_to_end(&mut bytes)?;
        Ok(Self::Memory(bytes))
    }

    pub fn length(&self) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => Ok(bytes.len() as u64),
            Self::File(file) => Ok(file.metadata()?.len()),
        }
    }
}

/// The part of a file that was read last, with what follows it: consecutive small frames cost one read.
#[derive(Debug, Default)]
pub struct ReadBuffer {
    /// Index of the file within its trajectory.
    part: usize,
    /// Offset of `bytes` in the file.
    offset: u64,
    bytes: Vec<u8>,
}

/// Reads below this size are extended to [`READ_AHEAD`], bytes.
pub(super) const SMALL_READ: usize = 1 << 15;
/// Size of an extended read, bytes.
pub(super) const READ_AHEAD: usize = 1 << 18;

impl ReadBuffer {
    /// `count` bytes from `offset` on of `source`, which is file `part` of a trajectory; fewer at its end.
    pub(super) fn read<'a>(
        &'a mut self,
        (part, source): (usize, &'a Source),
        offset: u64,
        count: usize,
    ) -> io::Result<&'a [u8]> {
        if self.part != part {
            self.part = part;
            self.bytes.clear();
        }
        let ahead = if count < SMALL_READ { READ_AHEAD } else { count };
        self.read_ahead(source, offset, count, ahead)
    }

    /// As [`read`](Self::read) of a single file; where the bytes are not buffered, `ahead` bytes are read.
    pub(super) fn read_ahead<'a>(
        &'a mut self,
        source: &'a Source,
        offset: u64,
        count: usize,
        ahead: usize,
    ) -> io::Result<&'a [u8]> {
        let file = match source {
            Source::Memory(bytes) => {
                let rest = &bytes[bytes.len().min(offset as usize)..];
                return Ok(&rest[..rest.len().min(count)]);
            }
            Source::File(file) => file,
        };
        let is_buffered = offset >= self.offset && offset + count as u64 <= self.offset + self.bytes.len() as u64;
        if !is_buffered {
            self.fill(file, offset, ahead)?;
        }
        let from = (offset - self.offset) as usize;
        Ok(&self.bytes[from..self.bytes.len().min(from + count)])
    }

    /// Reads `count` bytes from `offset` on, fewer at the end of the file.
    fn fill(&mut self, file: &File, offset: u64, count: usize) -> io::Result<()> {
        self.offset = offset;
        self.bytes.resize(count, 0);
        let mut filled = 0;
        while filled < self.bytes.len() {
            match file.read_at(&mut self.bytes[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.bytes.clear();
                    return Err(error);
                }
            }
        }
        self.bytes.truncate(filled);
        Ok(())
    }
}
