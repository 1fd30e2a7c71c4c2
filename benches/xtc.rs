//! How fast are compressed trajectories read, compared with the crate molly?
//!
//! `cargo bench --bench xtc` reads frames of 1000 atoms from a file, which is opened for each repetition, by both libraries and reports
//! frames per second; with `-- --test` every case runs once.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use simmpi::md::{Frame, ReadBuffer, Trajectory};
use std::hint::black_box;
use std::path::Path;

const FRAMES: usize = 2000;
const ATOMS: usize = 1000;

/// Writes random chains of atoms in a box of 12 nm.
fn write(path: &Path) {
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut writer = molly::XTCWriter::create(path).expect("a temporary folder can be written to");
    for step in 0..FRAMES {
        let mut place = [6.0_f32; 3];
        let mut positions = Vec::with_capacity(3 * ATOMS);
        for _ in 0..ATOMS {
            place.iter_mut().for_each(|x| *x = (*x + 0.3 * random()).clamp(0.5, 11.5));
            positions.extend(place);
        }
        let boxvec = [12.0, 0.0, 0.0, 0.0, 12.0, 0.0, 0.0, 0.0, 12.0];
        let frame = molly::Frame { step: step as u32, time: step as f32, boxvec, precision: 1000.0, positions };
        writer.write_frame(&frame).expect("a temporary folder can be written to");
    }
}

fn by_simmpi(path: &Path) -> f32 {
    let trajectory = Trajectory::open(path).expect("the file was written whole");
    let (mut buffer, mut frame, mut sum) = (ReadBuffer::default(), Frame::default(), 0.0);
    for number in 0..trajectory.frames() {
        trajectory.read(number, ATOMS, &mut buffer, &mut frame).expect("the file was written whole");
        sum += frame.positions[ATOMS - 1][0];
    }
    sum
}

fn by_molly(path: &Path) -> f32 {
    let mut reader = molly::XTCReader::open(path).expect("the file exists");
    let (mut frame, mut sum) = (molly::Frame::default(), 0.0);
    for _ in 0..FRAMES {
        reader.read_frame(&mut frame).expect("the file was written whole");
        sum += frame.positions[3 * (ATOMS - 1)];
    }
    sum
}

fn xtc(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let path = folder.path().join("frames.xtc");
    write(&path);
    assert_eq!(by_simmpi(&path), by_molly(&path));
    let mut group = criterion.benchmark_group("xtc");
    group.throughput(Throughput::Elements(FRAMES as u64)).sample_size(20);
    group.bench_function("simmpi", |bencher| bencher.iter(|| black_box(by_simmpi(&path))));
    group.bench_function("molly", |bencher| bencher.iter(|| black_box(by_molly(&path))));
    group.finish();
}

criterion_group!(benches, xtc);
criterion_main!(benches);
