//! A journal survives every truncation, flipped bit and wrong length.
use super::record::{self, RecordHeader};
use super::*;
use crate::task::{Cause, Failure, GpuUsage, ResourceUsage, TaskUsage, Tasks};
use std::fs;
use std::path::Path;

const OURS: Fingerprint = Fingerprint([7; 32]);

fn usage() -> ResourceUsage {
    let gpu = GpuUsage {
        gpu: 1,
        samples: 5,
        percent_mean: Some(62.5),
        percent_peak: Some(99.0),
        memory_peak_mb: None,
        full_shared_by: 3,
        unused_gpus: 0b1100,
    };
    let (memory_mean_mb, gpu) = (Some(100.5), Some(Box::new(gpu)));
    ResourceUsage { seconds: 0.125, cpu_s: 0.25, memory_mean_mb, memory_peak_mb: 128.0, gpu }
}

fn header(first: u64) -> RecordHeader {
    let failed = vec![Failure { task: first + 1, cause: Cause::NotFinite("energy at t = 0.5".into()), attempts: 2 }];
    RecordHeader {
        stage: 0x0123_4567_89ab_cdef,
        tasks: Tasks::new(first, first + 10),
        failed,
        rank: 3,
        host: "node1".into(),
        attempts: 2,
        started_s: 1.5e9,
        seconds: 0.25,
        usage: vec![TaskUsage { tasks: Tasks::new(first, first + 1), usage: usage() }],
    }
}

/// A journal of three records with values of 0, 5 and 300 bytes.
fn journal(path: &Path) -> Vec<(u64, Vec<u8>)> {
    let mut writer = Writer::open(path, OURS, &Scan::default()).unwrap();
    let values = [Vec::new(), b"hello".to_vec(), (0..300).map(|k| k as u8).collect::<Vec<u8>>()];
    let mut put = |(k, value): (usize, Vec<u8>)| (writer.append(&header(10 * k as u64), &value).unwrap(), value);
    values.into_iter().enumerate().map(&mut put).collect()
}

#[test]
fn appended_records_are_read_back_and_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_of(folder.path(), None, 70);
    assert!(path.ends_with("001/rank-00070.jnl"));
    let written = journal(&path);
    let found = scan(&path, OURS).unwrap();
    assert!(found.damage.is_empty());
    assert_eq!(found.end, fs::metadata(&path).unwrap().len());
    for (entry, (offset, value)) in found.entries.iter().zip(&written) {
        assert_eq!((entry.offset, &entry.header.host[..]), (*offset, "node1"));
        assert_eq!(&read_value(&path, entry.offset, OURS).unwrap(), value);
    }
    Writer::open(&path, OURS, &found).unwrap().append(&header(30), b"more").unwrap();
    assert_eq!(scan(&path, OURS).unwrap().entries.len(), 4);
    assert_eq!(files(folder.path()).unwrap(), [path]);
}

#[test]
fn a_journal_truncated_at_any_byte_keeps_every_complete_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.jnl");
    journal(&path);
    let (bytes, whole) = (fs::read(&path).unwrap(), scan(&path, OURS).unwrap());
    let cut = folder.path().join("cut.jnl");
    for length in 0..bytes.len() {
        fs::write(&cut, &bytes[..length]).unwrap();
        let found = scan(&cut, OURS).unwrap();
        let kept = whole.entries.iter().skip(1).filter(|e| e.offset as usize <= length).count();
        assert_eq!(found.entries, whole.entries[..kept], "cut at {length}");
        let between_records =
            length == 0 || length == record::FILE_HEADER || whole.entries.iter().any(|e| e.offset as usize == length);
        assert_eq!(found.damage.is_empty(), between_records, "cut at {length}: {:?}", found.damage);
        let mut writer = Writer::open(&cut, OURS, &found).unwrap();
        writer.append(&header(90), b"next").unwrap();
        let again = scan(&cut, OURS).unwrap();
        assert_eq!((again.entries.len(), again.damage.len()), (kept + 1, 0), "cut at {length}");
    }
}

#[test]
fn a_flipped_bit_loses_one_record_and_never_yields_another_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.jnl");
    let written = journal(&path);
    let (bytes, whole) = (fs::read(&path).unwrap(), scan(&path, OURS).unwrap());
    let flipped = folder.path().join("flipped.jnl");
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(&flipped, &damaged).unwrap();
        let found = scan(&flipped, OURS).unwrap();
        let hit = whole.entries.iter().rposition(|e| e.offset as usize <= at);
        let expected: Vec<_> = (0..3).filter(|&k| Some(k) != hit).map(|k| whole.entries[k].clone()).collect();
        assert_eq!(found.entries, expected, "flipped at {at}");
        assert_eq!(found.damage.len(), 1, "flipped at {at}");
        for entry in &found.entries {
            let value = &written.iter().find(|(offset, _)| *offset == entry.offset).unwrap().1;
            assert_eq!(&read_value(&flipped, entry.offset, OURS).unwrap(), value);
        }
        if let Some(k) = hit {
            assert!(read_value(&flipped, whole.entries[k].offset, OURS).is_err());
        }
    }
}

#[test]
fn a_wrong_length_allocates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absurd.jnl");
    journal(&path);
    let mut bytes = fs::read(&path).unwrap();
    let start = scan(&path, OURS).unwrap().entries[1].offset as usize;
    for length in [u32::MAX, 1 << 30, 1 << 29] {
        bytes[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
        fs::write(&path, &bytes).unwrap();
        assert_eq!(scan(&path, OURS).unwrap().entries.len(), 2);
        assert!(read_value(&path, start as u64, OURS).is_err());
    }
}

#[test]
fn the_journal_of_another_campaign_or_format_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rank.jnl");
    journal(&path);
    let foreign = scan(&path, Fingerprint([8; 32])).unwrap();
    assert_eq!((foreign.entries.len(), foreign.end, foreign.damage.len()), (0, 0, 1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 3;
    let crc = crc32c::crc32c(&bytes[..record::FILE_HEADER - 4]).to_le_bytes();
    bytes[record::FILE_HEADER - 4..record::FILE_HEADER].copy_from_slice(&crc);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(scan(&path, OURS), Err(Error::Format { found: 3, known: 2, .. })));
}

/// The golden file freezes the format: a version that cannot read it breaks every unfinished campaign.
#[test]
fn the_golden_journal_is_still_written_and_read_byte_by_byte() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/journal-2.jnl");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.jnl");
    let written = journal(&path);
    let bytes = fs::read(&golden).expect("tests/golden/journal-2.jnl is part of the repository");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let found = scan(&golden, OURS).unwrap();
    assert_eq!(found.entries.iter().map(|e| e.header.clone()).collect::<Vec<_>>(), [header(0), header(10), header(20)]);
    assert_eq!(read_value(&golden, found.entries[2].offset, OURS).unwrap(), written[2].1);
}

#[test]
fn a_file_larger_than_what_is_read_at_a_time_loses_no_record_around_damage() {
    const MIB: usize = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.jnl");
    let mut writer = Writer::open(&path, OURS, &Scan::default()).unwrap();
    let sizes = [700_000, 700_000, 3 * MIB, 10, 700_000, 0];
    let offsets: Vec<u64> =
        sizes.iter().map(|&size| writer.append(&header(size as u64), &vec![0xf5; size]).unwrap()).collect();
    let bytes = fs::read(&path).unwrap();
    let found = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let found = scan(&path, OURS).unwrap();
        (found.entries.iter().map(|entry| entry.offset).collect::<Vec<_>>(), found.damage.len())
    };
    assert_eq!(found(&bytes), (offsets.clone(), 0));
    for lost in [1, 2] {
        let mut damaged = bytes.clone();
        damaged[offsets[lost] as usize + 500_000] ^= 1;
        let expected: Vec<u64> = offsets.iter().copied().filter(|offset| *offset != offsets[lost]).collect();
        assert_eq!(found(&damaged), (expected, 1));
    }
    // Whatever part of a marker stands at the end of what was read.
    let last = bytes[offsets[3] as usize..offsets[4] as usize].to_vec();
    for garbage in MIB - 20..MIB + 4 {
        let cut = [&bytes[..record::FILE_HEADER], &vec![1; garbage], &last].concat();
        assert_eq!(found(&cut), (vec![(record::FILE_HEADER + garbage) as u64], 1), "{garbage} bytes of garbage");
    }
}
