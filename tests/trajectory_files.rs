//! Structures and trajectories: what is read from valid files, and which errors invalid ones give.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::md::{Error, Frame, Structure, Trajectory};
use std::fs;
use std::path::Path;
use support::frames::{example, random, read, synthetic, write_gro, write_pdb, write_trr, write_xtc};
use support::reference;

fn refused(path: &Path) -> String {
    Trajectory::open(path).map(|_| ()).unwrap_err().to_string()
}

/// What another library makes of a file.
fn by_molly(path: &Path) -> Vec<Vec<f32>> {
    let frames = molly::XTCReader::open(path).unwrap().read_all_frames().unwrap();
    frames.into_vec().into_iter().map(|frame| frame.positions).collect()
}

fn expect_same_bits(path: &Path) -> usize {
    let (ours, theirs) = (read(path), by_molly(path));
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(ours.positions.as_flattened()), bits(theirs));
    }
    ours.len()
}

#[test]
fn packed_positions_are_those_of_another_library() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(expect_same_bits(&root.join("examples/ala10.xtc")), 201);
    for name in ["ala2", "ala10"] {
        let path = reference::file(&format!("md/systems/{name}/md.xtc"));
        assert_eq!(expect_same_bits(&path), 1001);
    }
}

#[test]
fn boxes_of_all_sizes_and_few_atoms_are_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let state = &mut 3;
    // From positions of a few bits to positions stored coordinate by coordinate; up to nine atoms are not packed.
    for (atoms, size, precision) in [
        (3, 1.0, 1e3),
        (9, 5.0, 1e3),
        (10, 0.01, 1e3),
        (40, 3.0, 1e3),
        (300, 900.0, 1e3),
        (50, 4e3, 1e4),
        (64, 3e4, 1e3),
    ] {
        let positions = |state: &mut u64| -> Vec<[f32; 3]> {
            // Neighbours are close for a while, then far apart.
            let mut near = [0.0; 3];
            (0..atoms)
                .map(|k| {
                    if k % 7 == 0 {
                        near = [(); 3].map(|()| size * random(state));
                    }
                    near.map(|x| (x + 0.1 * random(state)) as f32)
                })
                .collect()
        };
        let frames: Vec<Frame> =
            (0..20).map(|k| Frame { time_ps: Some(f64::from(k)), cell: None, positions: positions(state) }).collect();
        let path = folder.path().join("packed.xtc");
        write_xtc(&path, &frames, precision);
        expect_same_bits(&path);
        let unpacked = read(&path);
        assert_eq!(unpacked[7].time_ps, Some(7.0));
        for (to, from) in unpacked.iter().zip(&frames) {
            let far = to.positions.as_flattened().iter().zip(from.positions.as_flattened());
            let step = if atoms > 9 { 0.51 / precision } else { 0.0 };
            assert!(far.into_iter().all(|(a, b)| (a - b).abs() <= step + b.abs() * 3e-7), "{atoms} {size}");
        }
    }
}

#[test]
fn all_formats_give_the_same_frames() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let frames = synthetic(25, 4);
    write_xtc(&path("t.xtc"), &frames, 1e3);
    write_trr(&path("t.trr"), &frames);
    write_gro(&path("t.gro"), &frames);
    write_pdb(&path("t.pdb"), &frames);
    for name in ["t.xtc", "t.trr", "t.gro", "t.pdb"] {
        let found = read(&path(name));
        assert_eq!(found.len(), 4, "{name}");
        for (k, (to, from)) in found.iter().zip(&frames).enumerate() {
            let far = to.positions.as_flattened().iter().zip(from.positions.as_flattened());
            assert!(far.into_iter().all(|(a, b)| (a - b).abs() <= 0.00051), "{name}");
            assert_eq!(to.cell, from.cell, "{name}");
            assert_eq!(to.time_ps, (name != "t.pdb").then_some(2.0 * k as f64), "{name}");
        }
    }
    assert_eq!(read(&path("t.trr")), frames);
    let (gro, pdb) = (Structure::read(&path("t.gro")).unwrap(), Structure::read(&path("t.pdb")).unwrap());
    let names = |structure: &Structure| -> Vec<_> {
        structure.atoms.iter().map(|atom| (atom.name.clone(), atom.residue.clone(), atom.resid)).collect()
    };
    assert_eq!(names(&gro), names(&pdb));
    assert_eq!((pdb.atoms[3].chain.as_str(), pdb.atoms[3].element.map(|e| e.symbol())), ("A", Some("C")));
}

#[test]
fn a_triclinic_box_and_more_digits_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.gro");
    let text = "x t= 3.5\n1\n    1SOL     OW    1   1.2345  -2.3456   3.4567\n 3 4 5 0 0 1 0 1.5 2\n";
    fs::write(&path, text).unwrap();
    let frame = Structure::read(&path).unwrap().frame;
    assert_eq!((frame.positions[0], frame.time_ps), ([1.2345, -2.3456, 3.4567], Some(3.5)));
    assert_eq!(frame.cell, Some([[3.0, 0.0, 0.0], [1.0, 4.0, 0.0], [1.5, 2.0, 5.0]]));
    let path = folder.path().join("t.pdb");
    let text = "CRYST1   40.000   40.000   40.000  60.00  60.00  90.00 P 1           1\nATOM      1  CA  ALA A   1      10.000  20.000  30.000\nEND\n";
    fs::write(&path, text).unwrap();
    let structure = Structure::read(&path).unwrap();
    // A truncated octahedron's cousin: 2 x 2 x 2 sqrt(2).
    let cell = structure.frame.cell.unwrap();
    assert!((cell[2][2] - 4.0 * 0.5_f64.sqrt()).abs() < 1e-9 && (cell[2][0] - 2.0).abs() < 1e-9);
    assert_eq!(structure.frame.positions, [[1.0, 2.0, 3.0]]);
}

#[test]
fn a_file_that_is_cut_off_names_the_frame_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let frames = &example()[..5];
    write_xtc(&path("t.xtc"), frames, 1e3);
    write_trr(&path("t.trr"), frames);
    write_gro(&path("t.gro"), frames);
    write_pdb(&path("t.pdb"), frames);
    for name in ["t.xtc", "t.trr", "t.gro", "t.pdb"] {
        let whole = fs::read(path(name)).unwrap();
        let last = whole.len() * 4 / 5;
        for cut in [last + 30, last + 200, whole.len() - 40] {
            fs::write(path(name), &whole[..cut]).unwrap();
            let told = refused(&path(name));
            assert!(told.contains("cut off in the middle of frame 4"), "{name} {cut}: {told}");
            let remedy = if name == "t.pdb" { "keep the 4 before it" } else { "-e 15" };
            assert!(told.contains(remedy), "{told}");
        }
        fs::write(path(name), b"").unwrap();
        assert!(refused(&path(name)).contains("has no frame"), "{name}");
    }
}

#[test]
fn other_files_are_distinguished_from_damaged_trajectories() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(refused(&path("none.xtc")).contains("not found"));
    assert!(refused(&path("t.dcd")).contains(".xtc, .trr, .gro or .pdb"));
    fs::write(path("t.xtc"), [7; 500]).unwrap();
    assert!(refused(&path("t.xtc")).contains("no xtc frame at byte 0, where frame 0 should begin"));
    let mut frames = example()[..3].to_vec();
    write_xtc(&path("t.xtc"), &frames, 1e3);
    let mut bytes = fs::read(path("t.xtc")).unwrap();
    let second = bytes.len() / 3 + 8;
    // The size of the small cubes, of the first frame.
    bytes[84..88].copy_from_slice(&60_i32.to_be_bytes());
    fs::write(path("t.xtc"), &bytes).unwrap();
    let trajectory = Trajectory::open(&path("t.xtc")).unwrap();
    let read = |number| trajectory.read(number, usize::MAX, &mut Default::default(), &mut Frame::default());
    assert!(read(0).unwrap_err().to_string().contains("frame 0 of"), "{:?}", read(0));
    read(1).unwrap();
    // Damage of any byte is an error or other numbers, and never a panic.
    let clean = fs::read(path("t.xtc")).unwrap();
    for place in (56..second).step_by(3) {
        let mut bytes = clean.clone();
        bytes[place] ^= 0x5a;
        fs::write(path("t.xtc"), &bytes).unwrap();
        if let Ok(trajectory) = Trajectory::open(&path("t.xtc")) {
            let _ = trajectory.read(0, usize::MAX, &mut Default::default(), &mut Frame::default());
        }
    }
    frames[1].positions.pop();
    write_trr(&path("t.trr"), &frames);
    assert!(refused(&path("t.trr")).contains("frame 1 of") && refused(&path("t.trr")).contains("54 atoms"));
    frames[1].positions.push([0.0, f32::NAN, 0.0]);
    write_trr(&path("t.trr"), &frames);
    let trajectory = Trajectory::open(&path("t.trr")).unwrap();
    let read = |atoms| trajectory.read(1, atoms, &mut Default::default(), &mut Frame::default());
    assert!(matches!(read(55), Err(Error::NotFinite { frame: 1, atom: 54, .. })));
    // Atoms that are not read may have any position.
    read(54).unwrap();
    fs::write(path("t.gro"), "title\n1\n    1ALA     CA    1   x.000   0.000   0.000\n 1 1 1\n").unwrap();
    let told = Structure::read(&path("t.gro")).unwrap_err().to_string();
    assert!(told.contains("t.gro:3:") && told.contains("three coordinates in nm"), "{told}");
}
