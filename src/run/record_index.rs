//! Which records does a rank hold: its own, and those of files whose rank is not in this run?
use super::message::RecordSummary;
use super::record_table::{Record, RecordLocation, RecordsByStage};
use crate::journal::{self, Entry, Fingerprint, Values, record::RecordHeader};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// The records that a rank serves: those of its own journal file, and of files whose rank is not in this run.
pub struct RecordIndex {
    folder: PathBuf,
    fingerprint: Fingerprint,
    /// Number of this rank, and of all.
    rank: usize,
    size: usize,
    /// The ranks that are lost and whose part this rank serves besides its own.
    taken_over: BTreeSet<usize>,
    /// The name of this job, where several work on the campaign.
    job: Option<String>,
    /// The own file comes first.
    files: Vec<ScannedFile>,
    /// Offset of each record in its file, by its number; there may be millions.
    offsets: Vec<u64>,
    /// The numbers from which on records are in another file than those before, and that file.
    changes: Vec<(u64, usize)>,
    values: Values,
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
    pub records: RecordsByStage,
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
        let (folder, job) = (folder.to_owned(), job.map(str::to_owned));
        let files = vec![ScannedFile { path: own.clone(), end: 0 }];
        let (offsets, changes, taken_over) = (Vec::new(), Vec::new(), BTreeSet::new());
        let values = Values::new(fingerprint);
        let mut index = Self { folder, fingerprint, rank, size, taken_over, job, files, offsets, changes, values };
        let (mut records, mut damage) = (RecordsByStage::new(), Vec::new());
        let mut add = |summary: RecordSummary| {
            let location = RecordLocation { rank, record: summary.record };
            records.entry(summary.head.stage).or_default().push(&Record::new(location, &summary.head));
        };
        let scan = index.scan(0, &mut damage, &mut add)?;
        let writer = journal::Writer::open(&own, fingerprint, &scan)?;
        index.scan_others(&mut damage, &mut add)?;
        Ok(OpenedJournal { index, writer, records, damage })
    }

    /// Serves from now on what the rank `lost` has served: its own file and those of others. Returns the records there, and a line for each
    /// damaged part.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn take_over(&mut self, lost: usize) -> Result<(Vec<RecordSummary>, Vec<String>), journal::Error> {
        self.taken_over.insert(lost);
        self.read_others()
    }

    /// Reads what was appended since to the files of ranks that are not in this run: other jobs' files, those of earlier runs on more
    /// ranks, and those of ranks that are lost. Each file is dealt to one rank. Returns the new records and a line for each damaged part.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read_others(&mut self) -> Result<(Vec<RecordSummary>, Vec<String>), journal::Error> {
        let (mut records, mut damage) = (Vec::new(), Vec::new());
        self.scan_others(&mut damage, &mut |summary| records.push(summary))?;
        Ok((records, damage))
    }

    fn scan_others(
        &mut self,
        damage: &mut Vec<String>,
        add: &mut dyn FnMut(RecordSummary),
    ) -> Result<(), journal::Error> {
        let own_file = |rank: usize| journal::file_of(&self.folder, self.job.as_deref(), rank);
        let of_ranks: HashMap<PathBuf, usize> = (0..self.size).map(|rank| (own_file(rank), rank)).collect();
        for path in journal::files(&self.folder)? {
            // By its name, so that a file stays with its rank while others appear.
            let name = path.strip_prefix(&self.folder).unwrap_or(&path).to_string_lossy();
            let dealt = || (journal::digest_of(&[&name]) % self.size as u64) as usize;
            let (server, is_own) = of_ranks.get(&path).map_or_else(|| (dealt(), false), |rank| (*rank, true));
            if !self.taken_over.contains(&server) && (is_own || server != self.rank) {
                continue;
            }
            let known = self.files.iter().position(|file| file.path == path);
            let file = known.unwrap_or_else(|| {
                self.files.push(ScannedFile { path: path.clone(), end: 0 });
                self.files.len() - 1
            });
            self.scan(file, damage, add)?;
        }
        Ok(())
    }

    /// Reads what was appended to a file since it was last read.
    fn scan(
        &mut self,
        file: usize,
        damage: &mut Vec<String>,
        add: &mut dyn FnMut(RecordSummary),
    ) -> Result<journal::Scan, journal::Error> {
        let (ScannedFile { path, end }, fingerprint) = (&self.files[file], self.fingerprint);
        let (path, end) = (path.clone(), *end);
        let mut scan = journal::scan_from(&path, fingerprint, end, &mut |Entry { header, offset }| {
            add(self.add_in(file, offset, header));
        })?;
        self.files[file].end = scan.end;
        damage.append(&mut scan.damage);
        Ok(scan)
    }

    /// Adds a record that was appended to the own file.
    pub fn add(&mut self, offset: u64, head: RecordHeader) -> RecordSummary {
        self.add_in(0, offset, head)
    }

    fn add_in(&mut self, file: usize, offset: u64, head: RecordHeader) -> RecordSummary {
        let record = self.offsets.len() as u64;
        if self.changes.last().is_none_or(|&(_, last)| last != file) {
            self.changes.push((record, file));
        }
        self.offsets.push(offset);
        RecordSummary { record, head }
    }

    /// The value of a record.
    ///
    /// # Errors
    /// The file cannot be read, or the record has been damaged.
    pub fn value(&mut self, record: u64) -> Result<Vec<u8>, journal::Error> {
        let change = self.changes.partition_point(|&(first, _)| first <= record) - 1;
        let (_, file) = self.changes[change];
        self.values.read(&self.files[file].path, self.offsets[record as usize])
    }
}
