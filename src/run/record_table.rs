//! How are the records of a stage kept in little memory?
//!
//! There may be ten million of them. A record takes 48 bytes: hosts are stored once, and what few records have stands beside the rows.
use crate::journal::record::RecordHeader;
use crate::task::{Failure, TaskId, TaskUsage, Tasks};
use std::collections::{BTreeMap, HashMap};

/// Where a record stands: the rank that serves it, and its number there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordLocation {
    pub rank: usize,
    pub record: u64,
}

/// A record: what its header says, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<'a> {
    pub location: RecordLocation,
    pub tasks: Tasks,
    /// The tasks that failed.
    pub failed: &'a [Failure],
    /// The rank and the host that ran it.
    pub rank: u32,
    pub host: &'a str,
    /// Largest number of attempts of any of the tasks.
    pub attempts: u32,
    /// Start time, seconds since 1970 by the clock of `host`.
    pub started_s: f64,
    /// Wall-clock time, seconds.
    pub seconds: f64,
    /// What programs have used, of those tasks that started any.
    pub usage: &'a [TaskUsage],
}

impl<'a> Record<'a> {
    /// The record with this header, which stands at `location`.
    pub fn new(location: RecordLocation, header: &'a RecordHeader) -> Self {
        let RecordHeader { tasks, rank, attempts, started_s, seconds, .. } = *header;
        let RecordHeader { failed, host, usage, .. } = header;
        Self { location, tasks, failed, rank, host, attempts, started_s, seconds, usage }
    }

    /// The same record as that of a rank that serves it under the same number.
    pub fn served_by(self, rank: usize) -> Self {
        Self { location: RecordLocation { rank, ..self.location }, ..self }
    }
}

/// Records by the key of their stage.
pub type RecordsByStage = BTreeMap<u64, RecordTable>;

/// Records of one stage, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct RecordTable {
    rows: Vec<Row>,
    runners: Runners,
    /// What few records have, by row.
    rare: HashMap<usize, Rare>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    tasks: Tasks,
    started_s: f64,
    seconds: f64,
    /// The location's number and rank.
    record: u64,
    at: u32,
    /// Index in [`Runners`].
    runner: u32,
}

/// What few records have.
#[derive(Clone, Debug, Default)]
struct Rare {
    failed: Vec<Failure>,
    usage: Vec<TaskUsage>,
}

impl RecordTable {
    /// Adds a record.
    pub fn push(&mut self, record: &Record) {
        let Record { location, tasks, started_s, seconds, .. } = *record;
        let runner = self.runners.id_of(record);
        if !record.failed.is_empty() || !record.usage.is_empty() {
            let rare = Rare { failed: record.failed.to_vec(), usage: record.usage.to_vec() };
            self.rare.insert(self.rows.len(), rare);
        }
        self.rows.push(Row { tasks, started_s, seconds, record: location.record, at: location.rank as u32, runner });
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn get(&self, index: usize) -> Record<'_> {
        let Row { tasks, started_s, seconds, record, at, runner } = self.rows[index];
        let Runner { rank, attempts, host } = self.runners.list[runner as usize];
        let (failed, usage) = self.rare.get(&index).map_or((&[][..], &[][..]), |rare| (&rare.failed, &rare.usage));
        let location = RecordLocation { rank: at as usize, record };
        let host = &self.runners.hosts[host as usize];
        Record { location, tasks, failed, rank, host, attempts, started_s, seconds, usage }
    }

    /// All records, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> + Clone {
        (0..self.rows.len()).map(|index| self.get(index))
    }

    /// The records in the order of their tasks; of records of the same tasks the last that was added.
    pub fn by_task(&self) -> impl Iterator<Item = Record<'_>> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        // Stable: of equals the last added stays the last.
        order.sort_by_key(|&index| self.rows[index].tasks);
        order.dedup_by(|next, kept| {
            let are_same = self.rows[*next].tasks == self.rows[*kept].tasks;
            if are_same {
                *kept = *next;
            }
            are_same
        });
        order.into_iter().map(|index| self.get(index))
    }

    /// Removes the records of which `is_chosen` holds, and returns them.
    pub fn extract(&mut self, is_chosen: impl Fn(&Record) -> bool) -> Self {
        let (mut kept, mut chosen) = (Self::default(), Self::default());
        if self.iter().any(|record| is_chosen(&record)) {
            self.iter().for_each(|record| if is_chosen(&record) { &mut chosen } else { &mut kept }.push(&record));
            *self = kept;
        }
        chosen
    }

    /// Gives the records that `rank` served new locations, as `to` has them by tasks; others stay. Returns the old and new locations.
    pub fn relocate(
        &mut self,
        rank: usize,
        to: impl Fn(Tasks) -> Option<RecordLocation>,
    ) -> Vec<(RecordLocation, RecordLocation)> {
        let mut moved = Vec::new();
        for row in self.rows.iter_mut().filter(|row| row.at as usize == rank) {
            if let Some(location) = to(row.tasks) {
                moved.push((RecordLocation { rank, record: row.record }, location));
                (row.at, row.record) = (location.rank as u32, location.record);
            }
        }
        moved
    }
}

/// The ranks that ran records, with their hosts and numbers of attempts: few, since nearly every batch is done at the first attempt.
#[derive(Clone, Debug, Default)]
struct Runners {
    list: Vec<Runner>,
    ids: HashMap<Runner, u32>,
    hosts: Vec<String>,
    host_ids: HashMap<String, u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Runner {
    rank: u32,
    attempts: u32,
    /// Index of its host.
    host: u32,
}

impl Runners {
    fn id_of(&mut self, record: &Record) -> u32 {
        let host = match self.host_ids.get(record.host) {
            Some(&id) => id,
            None => {
                let id = self.hosts.len() as u32;
                self.hosts.push(record.host.to_owned());
                self.host_ids.insert(record.host.to_owned(), id);
                id
            }
        };
        let runner = Runner { rank: record.rank, attempts: record.attempts, host };
        *self.ids.entry(runner).or_insert_with(|| {
            self.list.push(runner);
            self.list.len() as u32 - 1
        })
    }
}

/// The ranges of tasks of a record that have a value: all but those that failed.
pub fn values_of(tasks: Tasks, failed: &[Failure]) -> impl Iterator<Item = Tasks> {
    let mut gaps: Vec<TaskId> =
        failed.iter().map(|failure| failure.task).filter(|&task| tasks.contains(task)).collect();
    gaps.sort_unstable();
    gaps.dedup();
    // The rest after the last gap has no gap at its end.
    let mut first = tasks.first;
    let ends = gaps.into_iter().chain([tasks.end]);
    let ranges = ends.map(move |end| {
        let range = Tasks::new(first, end);
        first = end.saturating_add(1);
        range
    });
    ranges.filter(|range| !range.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Cause, ResourceUsage};

    fn failure(task: TaskId) -> Failure {
        Failure { task, cause: Cause::Failed("no licence".into()), attempts: 3 }
    }

    fn record<'a>(tasks: (u64, u64), at: (usize, u64), failed: &'a [Failure], host: &'a str) -> Record<'a> {
        let (tasks, location) = (Tasks::new(tasks.0, tasks.1), RecordLocation { rank: at.0, record: at.1 });
        let attempts = if failed.is_empty() { 1 } else { 3 };
        let (rank, started_s) = (at.0 as u32, 1.7e9 + tasks.first as f64 / 3.0);
        Record { location, tasks, failed, rank, host, attempts, started_s, seconds: 1e-5 / 3.0, usage: &[] }
    }

    fn table(records: &[Record]) -> RecordTable {
        let mut table = RecordTable::default();
        records.iter().for_each(|record| table.push(record));
        table
    }

    #[test]
    fn records_are_given_back_as_they_were_added_and_by_task() {
        let failed = [failure(4), failure(6)];
        let used = ResourceUsage { seconds: 2.0, cpu_s: 3.0, ..ResourceUsage::default() };
        let usage = [TaskUsage { tasks: Tasks::new(4, 5), usage: used }];
        let all = [
            Record { usage: &usage, ..record((4, 8), (1, 0), &failed, "a") },
            record((0, 4), (0, 0), &[], "b"),
            record((4, 5), (2, 7), &failed[..1], "a"),
            record((4, 5), (1, 1), &[], "a"),
            record((1 << 40, (1 << 40) + (1 << 33)), (9, 1 << 34), &[], "c"),
        ];
        let table = table(&all);
        assert_eq!(table.iter().collect::<Vec<_>>(), all);
        assert_eq!(
            table.by_task().collect::<Vec<_>>(),
            [all[1], all[3], all[0], all[4]],
            "the later of two of one task"
        );
    }

    #[test]
    fn ten_million_records_fit_into_half_a_gigabyte() {
        const COUNT: u64 = 100_000;
        let mut table = RecordTable::default();
        for task in 0..COUNT {
            table.push(&record((task, task + 1), ((task % 100) as usize, task / 100), &[], "a-host-with-a-long-name"));
        }
        let per_record = size_of::<Row>() as f64;
        assert!(per_record <= 48.0 && table.rare.is_empty(), "{per_record} bytes a record");
        assert!(table.runners.list.len() == 100 && table.runners.hosts.len() == 1);
    }

    #[test]
    fn records_of_a_lost_rank_are_found_elsewhere() {
        let mut table = table(&[
            record((0, 1), (1, 0), &[], "a"),
            record((1, 2), (2, 0), &[], "a"),
            record((2, 3), (1, 1), &[], "a"),
        ]);
        let to = |tasks: Tasks| (tasks.first == 2).then_some(RecordLocation { rank: 0, record: 5 });
        let (from, to_location) = (RecordLocation { rank: 1, record: 1 }, RecordLocation { rank: 0, record: 5 });
        assert_eq!(table.relocate(1, to), [(from, to_location)]);
        let locations: Vec<_> = table.iter().map(|record| (record.location.rank, record.location.record)).collect();
        assert_eq!(locations, [(1, 0), (2, 0), (0, 5)]);
        assert_eq!(table.iter().map(|record| record.rank).collect::<Vec<_>>(), [1, 2, 1], "who ran them stays");
    }

    #[test]
    fn extracted_records_are_gone_and_the_others_stay() {
        let failed = [failure(2)];
        let all =
            [record((0, 1), (1, 0), &[], "a"), record((1, 3), (2, 0), &failed, "a"), record((3, 4), (1, 1), &[], "b")];
        let mut table = table(&all);
        assert!(table.extract(|record| record.location.rank == 7).is_empty());
        assert_eq!(table.extract(|record| record.location.rank == 1).iter().collect::<Vec<_>>(), [all[0], all[2]]);
        assert_eq!(table.iter().collect::<Vec<_>>(), [all[1]]);
    }

    #[test]
    fn values_are_those_of_tasks_that_did_not_fail() {
        let values = |end, failed: &[TaskId]| {
            let failed: Vec<Failure> = failed.iter().map(|&task| failure(task)).collect();
            values_of(Tasks::new(2, end), &failed).map(|tasks| (tasks.first, tasks.end)).collect::<Vec<_>>()
        };
        assert_eq!(values(6, &[]), [(2, 6)]);
        assert_eq!(values(9, &[8, 4, 4, 5, 77]), [(2, 4), (6, 8)]);
        assert_eq!(values(4, &[3, 2]), []);
        assert_eq!(values(2, &[]), []);
    }
}
