//! Trajectories for tests, in every format.
use simmpi::md::Frame;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Frames of the example in `examples`, without its second half.
pub fn example() -> Vec<Frame> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ala10.xtc"))
}

/// All frames of a trajectory.
pub fn read(path: &Path) -> Vec<Frame> {
    let trajectory = simmpi::md::Trajectory::open(path).unwrap();
    let mut window = Default::default();
    let frame = |number| {
        let mut frame = Frame::default();
        trajectory.read(number, usize::MAX, &mut window, &mut frame).unwrap();
        frame
    };
    (0..trajectory.frames()).map(frame).collect()
}

/// Writes frames as GROMACS' trr.
pub fn write_trr(path: &Path, frames: &[Frame]) {
    let mut bytes = Vec::new();
    for (step, frame) in frames.iter().enumerate() {
        let atoms = frame.positions.len() as i32;
        let head = [1993, 13, 12];
        head.into_iter().for_each(|x: i32| bytes.extend(x.to_be_bytes()));
        bytes.extend(b"GMX_trn_file");
        let cell = if frame.cell.is_some() { 36 } else { 0 };
        let sizes = [0, 0, cell, 0, 0, 0, 0, 12 * atoms, 0, 0, atoms, step as i32, 0];
        sizes.into_iter().for_each(|x: i32| bytes.extend(x.to_be_bytes()));
        let time = [frame.time_ps.unwrap_or(0.0) as f32, 0.0];
        let cell = frame.cell.iter().flatten().flatten().map(|x| *x as f32);
        let numbers = time.into_iter().chain(cell).chain(frame.positions.iter().flatten().copied());
        numbers.for_each(|x| bytes.extend(x.to_be_bytes()));
    }
    fs::write(path, bytes).unwrap();
}

/// Writes frames as GROMACS' xtc, by another program's library.
pub fn write_xtc(path: &Path, frames: &[Frame], precision: f32) {
    let mut writer = molly::XTCWriter::create(path).unwrap();
    for (step, frame) in frames.iter().enumerate() {
        let mut boxvec = [0.0; 9];
        frame.cell.iter().flatten().flatten().zip(&mut boxvec).for_each(|(from, to)| *to = *from as f32);
        let positions = frame.positions.iter().flatten().copied().collect();
        let time = frame.time_ps.unwrap_or(0.0) as f32;
        writer.write_frame(&molly::Frame { step: step as u32, time, boxvec, precision, positions }).unwrap();
    }
}

/// Names of atoms that all are alpha carbons of alanines.
fn atom(place: usize) -> (usize, usize) {
    (place % 9999 + 1, place % 99999 + 1)
}

/// Writes frames as GROMACS' gro.
pub fn write_gro(path: &Path, frames: &[Frame]) {
    let mut text = String::new();
    for frame in frames {
        let time = frame.time_ps.map_or(String::new(), |time| format!(" t= {time:.5}"));
        writeln!(text, "of a test{time}\n{}", frame.positions.len()).unwrap();
        for (place, [x, y, z]) in frame.positions.iter().enumerate() {
            let (residue, number) = atom(place);
            writeln!(text, "{residue:5}ALA     CA{number:5}{x:8.3}{y:8.3}{z:8.3}").unwrap();
        }
        let cell = frame.cell.unwrap_or_default();
        writeln!(text, "{:10.5}{:10.5}{:10.5}", cell[0][0], cell[1][1], cell[2][2]).unwrap();
    }
    fs::write(path, text).unwrap();
}

/// Writes frames as models of a pdb file.
pub fn write_pdb(path: &Path, frames: &[Frame]) {
    let mut text = String::new();
    for (model, frame) in frames.iter().enumerate() {
        if let Some(cell) = frame.cell {
            let [a, b, c] = [0, 1, 2].map(|k| 10.0 * cell[k][k]);
            writeln!(text, "CRYST1{a:9.3}{b:9.3}{c:9.3}  90.00  90.00  90.00 P 1           1").unwrap();
        }
        writeln!(text, "MODEL     {:4}", model + 1).unwrap();
        for (place, position) in frame.positions.iter().enumerate() {
            let ((residue, number), [x, y, z]) = (atom(place), position.map(|x| 10.0 * x));
            writeln!(text, "ATOM  {number:5}  CA  ALA A{residue:4}    {x:8.3}{y:8.3}{z:8.3}  1.00  0.00           C")
                .unwrap();
        }
        writeln!(text, "TER\nENDMDL").unwrap();
    }
    fs::write(path, text).unwrap();
}

/// A random number in (-1, 1).
pub fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Frames of a chain that moves along some directions, in a box of 30 nm.
pub fn synthetic(atoms: usize, count: usize) -> Vec<Frame> {
    let state = &mut 7_u64;
    let mut at = [15.0; 3];
    let shape: Vec<[f64; 3]> = (0..atoms)
        .map(|_| {
            at = at.map(|x| x + 0.2 * random(state));
            at
        })
        .collect();
    let modes: Vec<Vec<[f64; 3]>> =
        (0..12).map(|_| (0..atoms).map(|_| [(); 3].map(|()| random(state))).collect()).collect();
    (0..count)
        .map(|frame| {
            let along: Vec<f64> = (1..=12).map(|k| 0.1 * random(state) / f64::from(k)).collect();
            let place = |k: usize| -> [f32; 3] {
                std::array::from_fn(|axis| {
                    let moved: f64 = along.iter().zip(&modes).map(|(along, mode)| along * mode[k][axis]).sum();
                    (shape[k][axis] + moved + 0.01 * random(&mut (state.wrapping_add((3 * k + axis) as u64 * 7919))))
                        as f32
                })
            };
            let positions = (0..atoms).map(place).collect();
            let cell = Some([[30.0, 0.0, 0.0], [0.0, 30.0, 0.0], [0.0, 0.0, 30.0]]);
            Frame { time_ps: Some(frame as f64 * 2.0), cell, positions }
        })
        .collect()
}
