//! Which records does this rank hold, its own and those it found?
use super::message::Notice;
use crate::journal::{self, Fingerprint, record::Head};
use std::path::{Path, PathBuf};

/// The records that this rank answers for: those of its own journal file, and of files whose rank is not there this time.
pub struct Shelf {
    fingerprint: Fingerprint,
    files: Vec<PathBuf>,
    /// File and offset of each record; its place here is its number.
    records: Vec<(usize, u64)>,
}

/// A shelf as it was found at the start.
pub struct Found {
    pub shelf: Shelf,
    pub writer: journal::Writer,
    pub notices: Vec<Notice>,
    pub damage: Vec<String>,
}

impl Shelf {
    /// Reads what rank `rank` of `size` answers for in the journal's `folder` and opens its own file for appending.
    /// Files of ranks beyond `size`, from a run on more, are dealt out in turn.
    ///
    /// # Errors
    /// A file cannot be read or the own one not written.
    pub fn open(folder: &Path, rank: usize, size: usize, fingerprint: Fingerprint) -> Result<Found, journal::Error> {
        let own = journal::file_of(folder, rank);
        let ranks_own: Vec<PathBuf> = (0..size).map(|r| journal::file_of(folder, r)).collect();
        let orphans = journal::files(folder)?.into_iter().filter(|file| !ranks_own.contains(file));
        let dealt = orphans.enumerate().filter(|(k, _)| k % size == rank).map(|(_, file)| file);
        let mut shelf = Self { fingerprint, files: vec![own.clone()], records: Vec::new() };
        let own_scan = journal::scan(&own, fingerprint)?;
        let writer = journal::Writer::open(&own, fingerprint, &own_scan)?;
        let mut scans = vec![own_scan];
        for file in dealt {
            scans.push(journal::scan(&file, fingerprint)?);
            shelf.files.push(file);
        }
        let (mut notices, mut damage) = (Vec::new(), Vec::new());
        for (file, scan) in scans.into_iter().enumerate() {
            damage.extend(scan.damage);
            notices.extend(scan.entries.into_iter().map(|entry| shelf.add_in(file, entry.offset, entry.head)));
        }
        Ok(Found { shelf, writer, notices, damage })
    }

    /// Takes in a record that was appended to the own file.
    pub fn add(&mut self, offset: u64, head: Head) -> Notice {
        self.add_in(0, offset, head)
    }

    fn add_in(&mut self, file: usize, offset: u64, head: Head) -> Notice {
        self.records.push((file, offset));
        Notice { record: self.records.len() as u64 - 1, head }
    }

    /// The value of a record.
    ///
    /// # Errors
    /// The file cannot be read, or the record has been damaged.
    pub fn value(&self, record: u64) -> Result<Vec<u8>, journal::Error> {
        let (file, offset) = self.records[record as usize];
        journal::read_value(&self.files[file], offset, self.fingerprint)
    }
}
