//! How are records encoded in messages and in the result file?
//!
//! A record follows from the one before where it can: a batch of one task takes about 23 bytes, of which 16 are its times.
use super::record_table::{Record, RecordLocation, RecordTable};
use crate::task::{Failure, TaskId, TaskUsage, Tasks};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Records that are encoded as they come, without a copy; they are decoded as a [`RecordTable`]. Of their locations the number alone is
/// encoded.
pub struct Packed<F>(pub F);

/// A record as it is encoded. Differences are modulo 2^64.
#[derive(serde::Serialize, serde::Deserialize)]
struct PackedRecord<'a> {
    /// From the end of the tasks before.
    gap: i64,
    count: u64,
    /// From the number before, minus one.
    number: i64,
    /// The index of who ran it among all that came before; and, where it is the first of these, rank, attempts and host.
    runner: u32,
    is_new: Option<(u32, u32, Cow<'a, str>)>,
    started_s: f64,
    seconds: f64,
    failed: Cow<'a, [Failure]>,
    usage: Cow<'a, [TaskUsage]>,
}

/// What is known of the record before.
#[derive(Default)]
struct Last {
    end: TaskId,
    next_number: u64,
}

impl<'r, F, I> Serialize for Packed<F>
where
    F: Fn() -> I,
    I: Iterator<Item = Record<'r>>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some((self.0)().count()))?;
        let (mut last, mut runners) = (Last::default(), HashMap::<(u32, u32, &str), u32>::new());
        for record in (self.0)() {
            let Record { location, tasks, failed, rank, host, attempts, started_s, seconds, usage } = record;
            let next = runners.len() as u32;
            let runner = *runners.entry((rank, attempts, host)).or_insert(next);
            seq.serialize_element(&PackedRecord {
                gap: tasks.first.wrapping_sub(last.end) as i64,
                count: tasks.count(),
                number: location.record.wrapping_sub(last.next_number) as i64,
                runner,
                is_new: (runner == next).then_some((rank, attempts, Cow::Borrowed(host))),
                started_s,
                seconds,
                failed: Cow::Borrowed(failed),
                usage: Cow::Borrowed(usage),
            })?;
            last = Last { end: tasks.end, next_number: location.record.wrapping_add(1) };
        }
        seq.end()
    }
}

impl Serialize for RecordTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Packed(|| self.iter()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RecordTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(TableVisitor)
    }
}

struct TableVisitor;

impl<'de> Visitor<'de> for TableVisitor {
    type Value = RecordTable;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RecordTable, A::Error> {
        let (mut table, mut last, mut runners) = (RecordTable::default(), Last::default(), Vec::new());
        while let Some(packed) = seq.next_element::<PackedRecord<'static>>()? {
            let first = last.end.wrapping_add(packed.gap as u64);
            let record = last.next_number.wrapping_add(packed.number as u64);
            runners.extend(packed.is_new);
            let Some((rank, attempts, host)) = runners.get(packed.runner as usize) else {
                return Err(serde::de::Error::custom("a record of a rank that is not described"));
            };
            let tasks = Tasks::new(first, first.saturating_add(packed.count));
            table.push(&Record {
                location: RecordLocation { rank: 0, record },
                tasks,
                failed: &packed.failed,
                rank: *rank,
                host,
                attempts: *attempts,
                started_s: packed.started_s,
                seconds: packed.seconds,
                usage: &packed.usage,
            });
            last = Last { end: tasks.end, next_number: record.wrapping_add(1) };
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::codec;
    use crate::task::{Cause, ResourceUsage};

    #[test]
    fn a_batch_of_one_task_takes_few_bytes() {
        let mut table = RecordTable::default();
        for task in 0..10_000 {
            table.push(&Record {
                location: RecordLocation { rank: 0, record: task },
                tasks: Tasks::new(100 * task, 100 * task + 1),
                failed: &[],
                rank: (task % 100) as u32,
                host: "a-host-with-a-long-name",
                attempts: 1,
                started_s: 1.7e9 + task as f64 / 3.0,
                seconds: 1.0 / 3.0,
                usage: &[],
            });
        }
        let bytes = codec::encode(&table).unwrap().len();
        assert!(bytes < 24 * table.len(), "{bytes} bytes");
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let failed = [Failure { task: 7, cause: Cause::TimedOut { limit_ms: 5 }, attempts: 2 }];
        let used = ResourceUsage { seconds: 2.0, cpu_s: 3.0, ..ResourceUsage::default() };
        let usage = [TaskUsage { tasks: Tasks::new(0, 1), usage: used }];
        let of = |tasks: (u64, u64), record, rank, host, failed| Record {
            location: RecordLocation { rank: 0, record },
            tasks: Tasks::new(tasks.0, tasks.1),
            failed,
            rank,
            host,
            attempts: 1 + rank % 2,
            started_s: 1.7e9 + f64::from(rank),
            seconds: f64::MIN_POSITIVE,
            usage: if rank == 2 { &usage } else { &[] },
        };
        let all = [
            of((5, 8), 3, 1, "a", &failed[..]),
            of((8, 9), 4, 1, "a", &[]),
            of((0, 1), 0, 2, "b", &[]),
            of((u64::MAX - 1, u64::MAX), u64::MAX, 1, "b", &[]),
            of((3, 3), 0, 1, "a", &[]),
        ];
        let mut table = RecordTable::default();
        all.iter().for_each(|record| table.push(record));
        let bytes = codec::encode(&table).unwrap();
        assert_eq!(codec::decode::<RecordTable>(&bytes).unwrap().iter().collect::<Vec<_>>(), all);
        assert_eq!(codec::encode(&Packed(|| all.iter().copied())).unwrap(), bytes);
        (0..bytes.len()).for_each(|cut| assert!(codec::decode::<RecordTable>(&bytes[..cut]).is_err(), "cut at {cut}"));
    }
}
