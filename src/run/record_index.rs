//! Which records does a rank hold: its own, and those of files whose rank is not in this run?
use super::message::RecordSummary;
use crate::journal::{self, Fingerprint, Scan, record::RecordHeader};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The records that a rank serves: those of its own journal file, and of files whose rank is not in this run.
pub struct RecordIndex {
    folder: PathBuf,
    fingerprint: Fingerprint,
    /// Number of this rank, and of all.
    rank: usize,
    size: usize,
    /// The name of this job, where several work on the campaign.
    job: Option<String>,
    /// The own file comes first.
    files: Vec<ScannedFile>,
    /// File and offset of each record, by its number.
    records: Vec<(usize, u64)>,
}

/// A journal file that was read up to a byte.
struct ScannedFile {
    path: PathBuf,
    end: u64,
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
    ///
    /// # Errors
    /// A file cannot be read, or the own one cannot be written.
    pub fn open(
        folder: &Path,
        (rank, size): (usize, usize),
        job: Option<&str>,
        fingerprint: Fingerprint,
    ) -> Result<OpenedJournal, journal::Error> {
        let own = journal::file_of(folder, job, rank);
        let scan = journal::scan(&own, fingerprint)?;
        let writer = journal::Writer::open(&own, fingerprint, &scan)?;
        let (folder, job) = (folder.to_owned(), job.map(str::to_owned));
        let mut index = Self { folder, fingerprint, rank, size, job, files: Vec::new(), records: Vec::new() };
        index.files.push(ScannedFile { path: own, end: 0 });
        let mut damage = Vec::new();
        let mut records = index.add_scan(0, scan, &mut damage);
        let (others, damage_of_others) = index.read_others(&[])?;
        records.extend(others);
        damage.extend(damage_of_others);
        Ok(OpenedJournal { index, writer, records, damage })
    }

    /// Reads what was appended since to the files of ranks that are not in this run: other jobs' files, those of earlier runs on more
    /// ranks, and those of the ranks that are `lost`. Each file is dealt to one rank. Returns the new records and a line for each damaged
    /// part.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read_others(&mut self, lost: &[usize]) -> Result<(Vec<RecordSummary>, Vec<String>), journal::Error> {
        let living: Vec<usize> = (0..self.size).filter(|rank| !lost.contains(rank)).collect();
        let own_file = |&rank: &usize| journal::file_of(&self.folder, self.job.as_deref(), rank);
        let own: HashSet<PathBuf> = living.iter().map(own_file).collect();
        let (mut records, mut damage) = (Vec::new(), Vec::new());
        for path in journal::files(&self.folder)? {
            // By its name, so that a file stays with its rank while others appear.
            let name = path.strip_prefix(&self.folder).unwrap_or(&path).to_string_lossy();
            let dealt = living[(journal::digest_of(&[&name]) % living.len() as u64) as usize];
            if own.contains(&path) || dealt != self.rank {
                continue;
            }
            let known = self.files.iter().position(|file| file.path == path);
            let file = known.unwrap_or_else(|| {
                self.files.push(ScannedFile { path: path.clone(), end: 0 });
                self.files.len() - 1
            });
            let scan = journal::scan_from(&path, self.fingerprint, self.files[file].end)?;
            records.extend(self.add_scan(file, scan, &mut damage));
        }
        Ok((records, damage))
    }

    fn add_scan(&mut self, file: usize, scan: Scan, damage: &mut Vec<String>) -> Vec<RecordSummary> {
        self.files[file].end = scan.end;
        damage.extend(scan.damage);
        scan.entries.into_iter().map(|entry| self.add_in(file, entry.offset, entry.header)).collect()
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
        journal::read_value(&self.files[file].path, offset, self.fingerprint)
    }
}
