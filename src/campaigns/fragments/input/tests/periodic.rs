//! Periodic frames.
use super::*;

/// Two water molecules, the first one cut by the boundary of a cell of 10 angstrom.
const WATERS: &str =
    "O 0.30 5.00 5.00\nH 9.73 5.76 5.00\nH 9.73 4.24 5.00\nO 3.20 5.00 5.00\nH 2.25 5.00 5.00\nH 3.44 5.92 5.00\n";
const CUBE: &str = "Lattice=\"10 0 0 0 10 0 0 0 10\"";

fn frame(comment: &str, atoms: &str) -> String {
    format!("{}\n{comment}\n{atoms}", atoms.lines().count())
}

#[test]
fn a_molecule_across_the_cell_boundary_is_one_fragment() {
    let input = xyz_file(&frame(CUBE, WATERS), "").unwrap();
    assert_eq!(input.section.fragments, Some(vec![vec![0, 1, 2], vec![3, 4, 5]]));
    assert!((input.supersystems[0].positions[1][0] * BOHR_ANGSTROM + 0.27).abs() < 1e-9);
    assert!(input.warnings.is_empty());
    let lines = input.summary();
    let cell = "along a, b, c, 10.000 x 10.000 x 10.000 angstrom, angles 90.0, 90.0, 90.0 degrees";
    assert_eq!(lines[1], ("periodic cell".to_owned(), cell.to_owned()));
    assert_eq!(lines[2].1, "1 was cut by the cell boundary and made whole");
    let in_bohr = xyz_file(&frame(CUBE, WATERS), "units = \"bohr\"\nfragments = [[0, 1, 2], [3, 4, 5]]").unwrap();
    assert_eq!(in_bohr.supersystems[0].lattice.unwrap().rows()[0][0], 10.0, "the cell is in the unit of the atoms");
}

#[test]
fn every_frame_has_its_own_cell() {
    let wide = frame("Lattice=\"11 0 0 0 10 0 0 0 10\"", &WATERS.replace("9.73", "10.73"));
    let input = xyz_file(&(frame(CUBE, WATERS) + &wide), "").unwrap();
    let [one, other] = [0, 1].map(|frame| &input.supersystems[frame].positions);
    assert!(one.as_flattened().iter().zip(other.as_flattened()).all(|(a, b)| (a - b).abs() < 1e-9));
    assert!(input.summary()[1].1.ends_with("different in other frames"));
    let silent = frame(CUBE, WATERS) + &frame("no cell", WATERS);
    expect(xyz_file(&silent, ""), &["m.xyz:2: this frame has a cell, but frame 1 has none", "pbc=\"F F F\""]);
    let cluster = frame(CUBE, WATERS) + &frame("pbc=\"F F F\"", &WATERS.replace("9.73", "-0.27"));
    let mixed = xyz_file(&cluster, "").unwrap();
    assert!(mixed.supersystems[1].lattice.is_none());
    assert!(mixed.summary()[1].1.ends_with("1 of 2 frames are not periodic"));
}

#[test]
fn a_cell_that_is_not_periodic_changes_nothing() {
    let whole = WATERS.replace("9.73", "-0.27");
    let bits = |comment: &str| {
        let input = xyz_file(&frame(comment, &whole), "").unwrap();
        assert!(input.warnings.is_empty());
        (input.supersystems[0].positions.clone(), input.digest)
    };
    assert_eq!(bits(&format!("{CUBE} pbc=\"F F F\"")), bits("two waters"));
    let huge = bits("Lattice=\"99 0 0 0 99 0 0 0 99\" pbc=\"T T T\"");
    assert_eq!(huge.0, bits("two waters").0);
    assert_ne!(huge.1, bits("two waters").1, "a cell is part of what determines results");
}

#[test]
fn frames_without_whole_molecules_are_refused() {
    let chain = "C 0 0 0\nC 1.4 0 0\nC 2.8 0 0\nHe 0 5 5\n";
    expect(
        xyz_file(&frame("Lattice=\"4.2 0 0 0 10 0 0 0 10\"", chain), ""),
        &["m.xyz:2: frame 0: fragment 0 (C3) is bonded to its own image", "chains, layers and crystals"],
    );
    // Two molecules in one fragment, half a cell apart.
    let half = "He 0 0 0\nHe 5.02 0 0\nHe 0 3 0\n";
    expect(
        xyz_file(&frame(CUBE, half), "fragments = [[0, 1], [2]]"),
        &["fragment 0 (He2) is not connected by bonds", "4.98 and 5.02 angstrom"],
    );
    expect(
        xyz_file(&frame(CUBE, "He 0 0 0\nHe 10.0 0 0.05\n"), ""),
        &["atoms 0 and 1 of frame 0 overlap across the cell boundary"],
    );
    expect(
        xyz_file(&frame("Lattice=\"9 0 0 18 0 0 0 0 9\"", WATERS), ""),
        &["m.xyz:2: the vectors of the cell span no volume"],
    );
    expect(xyz_file(&frame("pbc=\"T T T\"", WATERS), ""), &["m.xyz:2: pbc says that the frame is periodic"]);
}

#[test]
fn a_cell_can_be_ignored_by_key() {
    let whole = frame(CUBE, &WATERS.replace("9.73", "-0.27"));
    let ignored = xyz_file(&whole, "periodic = false").unwrap();
    assert_eq!(ignored.digest, xyz_file(&frame("two waters", &WATERS.replace("9.73", "-0.27")), "").unwrap().digest);
    assert_eq!(xyz_file(&whole, "periodic = true").unwrap().digest, xyz_file(&whole, "").unwrap().digest);
    assert!(xyz_file(&frame("CELL(abcABC):   10.0 10.0 10.0 90.0 90.0 90.0", WATERS), "periodic = false").is_ok());
}

#[test]
fn a_json_molecule_with_a_cell_is_refused() {
    let molecule = |more: &str| {
        let text = format!("{{\"symbols\": [\"He\", \"He\"], \"geometry\": [0, 0, 0, 0, 0, 6]{more}}}");
        with_file("m.json", &text, "molecule = \"m.json\"")
    };
    for more in [
        ", \"extras\": {\"cell\": [[9, 0, 0], [0, 9, 0], [0, 0, 9]]}",
        ", \"lattice\": [9, 9, 9]",
        ", \"extras\": {\"PBC\": \"T T T\"}",
    ] {
        expect(
            molecule(more),
            &["specifies a periodic cell, but a QCSchema molecule is read as a cluster", "Lattice="],
        );
    }
    for more in ["", ", \"extras\": {\"cell\": null, \"pbc\": [false, false, false], \"note\": 1}"] {
        assert!(molecule(more).is_ok(), "{more}");
    }
}
