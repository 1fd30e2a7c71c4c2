//! How are parts of a file read, small ones many at a time?
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where bytes come from.
pub(super) enum Source {
    /// A file that is so small that it was read at once.
    Memory(Vec<u8>),
    File(File),
}

/// Files up to this are read at once.
const AT_ONCE: u64 = 1 << 22;

impl Source {
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length > AT_ONCE {
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

/// A part of a file that was read last: small frames are read many at a time.
#[derive(Debug, Default)]
pub struct Window {
    /// Which file of the trajectory it is of.
    part: usize,
    offset: u64,
    bytes: Vec<u8>,
}

/// Parts smaller than this are read together with what follows them, up to so many bytes.
pub(super) const SMALL: usize = 1 << 15;
pub(super) const AHEAD: usize = 1 << 18;

impl Window {
    /// The bytes of `source`, the file `part` of a trajectory, from `offset` on; fewer than `count` at its end.
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
        let ahead = if count < SMALL { AHEAD } else { count };
        self.read_ahead(source, offset, count, ahead)
    }

    /// The same of one file, with up to `ahead` bytes read where these have not been.
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
        let is_inside = offset >= self.offset && offset + count as u64 <= self.offset + self.bytes.len() as u64;
        if !is_inside {
            self.offset = offset;
            self.bytes.resize(ahead, 0);
            let mut there = 0;
            while there < self.bytes.len() {
                match file.read_at(&mut self.bytes[there..], offset + there as u64) {
                    Ok(0) => break,
                    Ok(more) => there += more,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        self.bytes.clear();
                        return Err(error);
                    }
                }
            }
            self.bytes.truncate(there);
        }
        let from = (offset - self.offset) as usize;
        Ok(&self.bytes[from..self.bytes.len().min(from + count)])
    }
}
