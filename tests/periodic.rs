//! Expansions of periodic frames: results do not depend on where the cell boundary cuts the molecules.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::results::Reader;
use std::fs;
use support::{Campaign, simmpi};

/// Two water molecules, angstrom.
const WATERS: [(&str, [f64; 3]); 6] = [
    ("O", [0.30, 5.00, 5.00]),
    ("H", [-0.27, 5.76, 5.00]),
    ("H", [-0.27, 4.24, 5.00]),
    ("O", [3.20, 5.00, 5.00]),
    ("H", [2.25, 5.00, 5.00]),
    ("H", [3.44, 5.92, 5.00]),
];
const CUBE: [[f64; 3]; 3] = [[10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]];
const TILTED: [[f64; 3]; 3] = [[10.0, 0.0, 0.0], [4.0, 9.0, 0.0], [-3.0, 3.0, 9.0]];

fn lattice(rows: [[f64; 3]; 3]) -> String {
    let numbers: Vec<String> = rows.as_flattened().iter().map(ToString::to_string).collect();
    format!("Lattice=\"{}\"", numbers.join(" "))
}

/// The molecules, all moved by `shift` and each atom by `moves` of the vectors.
fn frame(comment: &str, rows: [[f64; 3]; 3], shift: [f64; 3], moves: [[i32; 3]; 6]) -> String {
    let mut text = format!("6\n{comment}\n");
    for ((symbol, point), counts) in WATERS.iter().zip(moves) {
        let along = |axis: usize| (0..3).map(|k| f64::from(counts[k]) * rows[k][axis]).sum::<f64>();
        let [x, y, z] = [0, 1, 2].map(|axis| point[axis] + shift[axis] + along(axis));
        text += &format!("{symbol} {x:.10} {y:.10} {z:.10}\n");
    }
    text
}

fn campaign(text: &str, keys: &str) -> Campaign {
    let level = "[[fragments.level]]\nengine = \"embedded\"\nmethod = \"hf\"\nbasis = \"6-31g*\"\n";
    let section = format!("[fragments]\nmolecule = \"m.xyz\"\nmax_order = 2\nbsse = [\"nocp\", \"cp\"]\n{keys}\n");
    let campaign = Campaign::with(simmpi(), &format!("[campaign]\nkind = \"fragments\"\n{section}{level}"));
    fs::write(campaign.path("m.xyz"), text).unwrap();
    campaign
}

fn results(campaign: &Campaign) -> Reader {
    Reader::open_results(&campaign.path("results.h5")).unwrap()
}

/// Interaction energies by nocp and by cp of every frame.
fn energies(text: &str, frames: usize) -> Vec<[f64; 2]> {
    let campaign = campaign(text, "");
    campaign.run(0, &[]).expect(0, &["complete"]);
    let file = results(&campaign);
    let group = |frame: usize| if frames == 1 { "/results".to_owned() } else { format!("/results/frame={frame}") };
    let energy = |file: &Reader, frame: usize, bsse: &str| {
        file.array::<f64>(&format!("{}/{bsse}/interaction_energy", group(frame))).unwrap()[1]
    };
    (0..frames).map(|frame| ["nocp", "cp"].map(|bsse| energy(&file, frame, bsse))).collect()
}

#[test]
fn the_interaction_does_not_depend_on_where_the_cell_boundary_cuts() {
    let alone = energies(&frame("two waters", CUBE, [0.0; 3], [[0; 3]; 6]), 1)[0];
    // By PySCF, HF/6-31G*.
    assert!((alone[0] + 0.0074286).abs() < 1e-7, "{alone:?}");
    let hydrogens = [[0; 3], [1, 0, 0], [1, 0, 0], [0; 3], [0; 3], [0; 3]];
    let molecule = [[1, 0, 0], [1, 0, 0], [1, 0, 0], [0; 3], [0; 3], [0; 3]];
    let scattered = [[0, 2, -1], [1, 0, 0], [0, 0, 3], [-1, -1, 1], [4, 0, 0], [0, 1, 0]];
    for rows in [CUBE, TILTED] {
        let cut = |shift, moves| frame(&format!("{} pbc=\"T T T\"", lattice(rows)), rows, shift, moves);
        let frames = [cut([0.0; 3], hydrogens), cut([0.0; 3], molecule), cut([-7.7, 21.3, 4.4], scattered)];
        for found in energies(&frames.concat(), 3) {
            for (found, alone) in found.iter().zip(alone) {
                assert!((found - alone).abs() < 1e-9, "{found} {alone} in {rows:?}");
            }
        }
    }
    // Along the first vector alone, and a cell that is none.
    let flat = frame(&format!("{} pbc=\"T F F\"", lattice(CUBE)), CUBE, [0.0; 3], hydrogens);
    assert!((energies(&flat, 1)[0][0] - alone[0]).abs() < 1e-9);
    let none = frame(&format!("{} pbc=\"F F F\"", lattice(CUBE)), CUBE, [0.0; 3], [[0; 3]; 6]);
    let bits = |energies: [f64; 2]| energies.map(f64::to_bits);
    assert_eq!(bits(energies(&none, 1)[0]), bits(alone));
    let huge = CUBE.map(|row| row.map(|x| 5.0 * x));
    let far = frame(&lattice(huge), huge, [0.0; 3], [[0; 3]; 6]);
    assert_eq!(bits(energies(&far, 1)[0]), bits(alone));
}

#[test]
fn positions_and_cell_are_in_the_results() {
    let hydrogens = [[0; 3], [1, 0, 0], [1, 0, 0], [0; 3], [0; 3], [0; 3]];
    let campaign = campaign(&frame(&lattice(CUBE), CUBE, [0.0; 3], hydrogens), "");
    let reported =
        ["along a, b, c, 10.000 x 10.000 x 10.000 angstrom", "1 was cut by the cell boundary and made whole"];
    campaign.tell("check", &[]).expect(0, &reported);
    campaign.run(0, &[]).expect(0, &["complete"]);
    let positions = results(&campaign).array::<f64>("/results/positions").unwrap();
    for (found, (_, wanted)) in positions.chunks(3).zip(WATERS) {
        assert!(found.iter().zip(wanted).all(|(x, y)| (x - y).abs() < 1e-9), "{found:?} {wanted:?}");
    }
    assert_eq!(results(&campaign).array::<f64>("/results/cell").unwrap().len(), 9);
}

#[test]
fn a_pair_equally_close_in_two_images_is_refused_with_a_cutoff_that_excludes_it() {
    let text = |x: f64| format!("3\nLattice=\"10 0 0 0 20 0 0 0 20\"\nHe 0 0 0\nHe {x} 0 0\nHe 0 3 0\n");
    let reported =
        ["m.xyz:2: frame 0: two images of fragment 1 are equally close to fragment 0", "set cutoffs_angstrom to 5.0"];
    campaign(&text(4.96), "").expect_told(&reported);
    campaign(&text(4.96), "cutoffs_angstrom = [4.5]").tell("check", &[]).expect(0, &["no errors found"]);
    let reported =
        ["pairs as far apart as 5.50 angstrom are computed", "another image of fragments 0 and 1 at 5.20 angstrom"];
    campaign(&text(4.8), "cutoffs_angstrom = [5.5]").tell("check", &[]).expect(0, &reported);
}

#[test]
fn fragments_that_wind_around_the_cell_are_refused() {
    let text = "3\nLattice=\"9 0 0 0 20 0 0 0 20\"\nHe 0 0 0\nHe 3 0 0\nHe 6 0 0\n";
    let ghosts = ["which counterpoise needs for the basis of all fragments", "bsse = [\"vmfc\"] or [\"nocp\"]"];
    campaign(text, "").expect_told(&ghosts);
    let three = campaign(text, "");
    let config = fs::read_to_string(three.path("config.toml")).unwrap();
    three.write(&config.replace("max_order = 2", "max_order = 3"));
    three.expect_told(&["fragments 0, 1 and 2 cannot all be nearest images", "set max_order = 2"]);
}
