//! Which records does a rank hold: its own, and those of files whose rank is not in this run?
use super::message::RecordSummary;
use crate::journal::{self, Fingerprint, record::RecordHeader};
use std::path::{Path, PathBuf};

/// The records that a rank serves: those of its own journal file, and of files whose rank is not in this run.
pub struct RecordIndex {
    fingerprint: Fingerprint,
    files: Vec<PathBuf>,
    /// File and offset of each record, by its number.
    records: Vec<(usize, u64)>,
}

/// The journal of a rank as it is at the start.
pub struct OpenedJournal {
    pub index: RecordIndex,
    pub writer: journal::Writer,
    pub records: Vec<RecordSummary>,
    /// A line for each damaged part of a file.
    pub damage: Vec<String>,
}

impl RecordIndex {
    /// Reads what rank `rank` of `size` serves of the journal in `folder` and opens its own file for appending.
    /// Files of ranks beyond `size`, from a run on more ranks, are dealt out in turn.
    ///
    /// # Errors
    /// A file cannot be read, or the own one cannot be written.
    pub fn open(
        folder: &Path,
        rank: usize,
        size: usize,
        fingerprint: Fingerprint,
    ) -> Result<OpenedJournal, journal::Error> {
        let own = journal::file_of(folder, rank);
        let ranks_own: Vec<PathBuf> = (0..size).map(|r| journal::file_of(folder, r)).collect();
        let orphans = journal::files(folder)?.into_iter().filter(|file| !ranks_own.contains(file));
        let dealt = orphans.enumerate().filter(|(k, _)| k % size == rank).map(|(_, file)| file);
        let mut index = Self { fingerprint, files: vec![own.clone()], records: Vec::new() };
        let own_scan = journal::scan(&own, fingerprint)?;
        let writer = journal::Writer::open(&own, fingerprint, &own_scan)?;
        let mut scans = vec![own_scan];
        for file in dealt {
            scans.push(journal::scan(&file, fingerprint)?);
            index.files.push(file);
        }
        let (mut records, mut damage) = (Vec::new(), Vec::new());
        for (file, scan) in scans.into_iter().enumerate() {
            damage.extend(scan.damage);
            records.extend(scan.entries.into_iter().map(|entry| index.add_in(file, entry.offset, entry.header)));
        }
        Ok(OpenedJournal { index, writer, records, damage })
    }

    /// Adds a record that was appended to the own file.
    pub fn add(&mut self, offset: u64, head: RecordHeader) -> RecordSummary {
        self.add_in(0, offset, head)
    }

    fn add_in(&mut self, file: usize, offset: u64, head: RecordHeader) -> RecordSummary {
        self.records.push((file, offset));
        RecordSummary { record: self.records.len() as u64 - 1, head }
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
