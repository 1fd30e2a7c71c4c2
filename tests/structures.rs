//! Names and numbers of atoms as programs write them: insertion codes, full fields, chains and segments, and models of a PDB.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::md::{Structure, Trajectory};
use simmpi::science::selection::select;
use std::fmt::Write;
use std::fs;
use support::frames::read;

/// A file of a folder of its own.
fn file(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

/// An atom of a PDB, at `x` angstrom along the first axis.
fn atom(serial: &str, residue: &str, chain: &str, number: &str, segid: &str, x: f64) -> String {
    format!(
        "ATOM  {serial:>5}  CA  {residue:<4}{chain:1}{number:<5}   {x:8.3}{:8.3}{:8.3}  1.00  0.00      {segid:<4} C\n",
        0.0, 0.0
    )
}

/// Atoms, one of each residue, with these texts in columns 23-27.
fn residues(numbers: &[&str]) -> String {
    let serial = |place: usize| (place + 1).to_string();
    numbers.iter().enumerate().map(|(place, number)| atom(&serial(place), "ALA", "A", number, "", 0.0)).collect()
}

/// Places that a phrase selects in a PDB, or why it selects none.
fn selected(text: &str, phrase: &str) -> Result<Vec<usize>, String> {
    let (_folder, path) = file("t.pdb", text);
    select(phrase, &Structure::read(&path).unwrap().atoms).map_err(|error| error.to_string())
}

#[test]
fn a_letter_after_the_number_is_an_insertion_code() {
    let text = residues(&["  52 ", "  52A", "  52B", "  53 ", "  -1 "]);
    assert_eq!(selected(&text, "resid 52").unwrap(), [0]);
    assert_eq!(selected(&text, "resid 52A").unwrap(), [1]);
    assert_eq!(selected(&text, "resid 52-53").unwrap(), [0, 1, 2, 3]);
    assert_eq!(selected(&text, "resid -1:52A").unwrap(), [0, 1, 4]);
    let (_folder, path) = file("t.pdb", &text);
    assert_eq!(Structure::read(&path).unwrap().atoms[2].residue_label(), "ALA 52B");
}

#[test]
fn numbers_continue_after_a_full_field() {
    // GROMACS, OpenMM, VMD, and the five columns of extended files.
    for numbers in [
        ["9998 ", "9999 ", "   0 ", "   1 "],
        ["9998 ", "9999 ", "A000 ", "A001 "],
        ["9998 ", "9999 ", "2710 ", "2711 "],
        ["9998 ", "9999 ", "10000", "10001"],
        [" 9998", " 9999", "10000", "10001"],
    ] {
        let with_first = [&["   1 "], &numbers[..]].concat();
        // A number of a single digit shows that numbers are in columns 24-27.
        let first = if numbers[0].starts_with(' ') { "    1" } else { "   1 " };
        let text = residues(&[&[first], &with_first[1..]].concat());
        assert_eq!(selected(&text, "resid 1").unwrap(), [0], "{numbers:?}");
        assert_eq!(selected(&text, "resid 10000:20000").unwrap(), [3, 4], "{numbers:?}");
        assert_eq!(selected(&text, "not resid 9999 10001").unwrap(), [0, 1, 3], "{numbers:?}");
    }
}

#[test]
fn a_number_in_doubt_refuses_only_what_depends_on_it() {
    let text = residues(&["   1 ", "9999 ", "**** ", "**** "]) + &atom("*****", "SOL", "B", "   1 ", "", 0.0);
    assert_eq!(selected(&text, "protein").unwrap(), [0, 1, 2, 3]);
    assert_eq!(selected(&text, "resid 1").unwrap(), [0, 4]);
    let refused = selected(&text, "resid 10000").unwrap_err();
    assert!(refused.contains("of CA of ALA in chain A (atom 2, counted from 0) and 1 more: `****`"), "{refused}");
    assert!(selected(&text, "resid 5000").unwrap_err().contains("range from 1 to 9999"));
    assert!(selected(&text, "serial 100000").unwrap_err().contains("atom numbers"));
    assert_eq!(selected(&text, "serial 1-4").unwrap(), [0, 1, 2, 3]);
    let text = residues(&["   1 ", "     ", "  x! "]);
    let (_folder, path) = file("t.pdb", &text);
    assert!(Structure::read(&path).unwrap_err().to_string().contains("columns 23-26"));
    let text = residues(&["   1 ", "     "]);
    assert_eq!(selected(&text, "name CA").unwrap(), [0, 1]);
    assert!(selected(&text, "resid 1").unwrap_err().contains("a blank may mean any number"));
}

#[test]
fn numbers_of_atoms_never_refuse_a_file() {
    for (serials, places) in [
        (["99998", "99999", "0", "1"], [2, 3]),
        (["99998", "99999", "A0000", "A0001"], [2, 3]),
        (["99998", "99999", "186a0", "186a1"], [2, 3]),
    ] {
        let text: String = serials.iter().map(|serial| atom(serial, "ALA", "A", "   1 ", "", 0.0)).collect();
        assert_eq!(selected(&text, "serial 100000-100001").unwrap(), places, "{serials:?}");
        assert_eq!(selected(&text, "bynum 3 4").unwrap(), places);
    }
    let text: String = ["", "-", "x"].iter().map(|serial| atom(serial, "ALA", "A", "   1 ", "", 0.0)).collect();
    assert_eq!(selected(&text, "all").unwrap(), [0, 1, 2]);
    let text = text.replace("ATOM      x", "ATOM 100000");
    assert_eq!(selected(&text, "all").unwrap(), [0, 1, 2]);
    // The end of a chain has a number too.
    let text =
        atom("99998", "ALA", "A", "   1 ", "", 0.0) + "TER   99999\n" + &atom("    0", "ALA", "A", "   2 ", "", 0.0);
    assert_eq!(selected(&text, "serial 100000").unwrap(), [1]);
}

#[test]
fn numbers_of_a_gro_begin_again_at_their_own_width() {
    let line = |number: i64| format!("{:5}SOL     OW    1   0.000   0.000   0.000\n", number % 100_000);
    let numbers = [1, 9_999, 10_000, 99_999, 100_000, 100_001, 199_999, 200_000];
    let text = format!("t\n{}\n{}5 5 5\n", numbers.len(), numbers.map(line).concat());
    let (_folder, path) = file("t.gro", &text);
    let atoms = Structure::read(&path).unwrap().atoms;
    assert_eq!(atoms.iter().map(|atom| atom.resid).collect::<Vec<_>>(), numbers);
    assert!(select("resid 1A", &atoms).unwrap_err().to_string().contains("no residue has an insertion code"));
}

#[test]
fn a_file_with_chains_or_segments_alone_is_found_by_both_words() {
    let of = |chains: [&str; 2], segments: [&str; 2]| -> String {
        (0..2).map(|k| atom("1", "ALA", chains[k], "   1 ", segments[k], 0.0)).collect()
    };
    let both = of(["A", "B"], ["PROA", "PROB"]);
    for (text, phrase, found) in [
        (&both, "chainID B", &[1][..]),
        (&both, "segid PROB", &[1]),
        (&both, "segid B", &[]),
        (&both, "chain PROB", &[]),
        (&of(["A", "B"], ["", ""]), "segid B", &[1]),
        (&of(["", ""], ["PROA", "PROB"]), "chainID PROB", &[1]),
        (&of(["A", ""], ["", "MEMB"]), "segid A", &[]),
        (&of(["A", ""], ["", "MEMB"]), "segid MEMB or chainID A", &[0, 1]),
    ] {
        match selected(text, phrase) {
            Ok(places) => assert_eq!(places, found, "{phrase}"),
            Err(error) => assert!(found.is_empty() && error.contains("available "), "{phrase}: {error}"),
        }
    }
}

const CRYST1: &str = "CRYST1   30.000   30.000   30.000  90.00  90.00  90.00 P 1           1\n";

/// Three models of two atoms, each between `head` (in which `{}` is its number) and `tail`, after `before`.
fn models(before: &str, head: &str, tail: &str, end: &str) -> String {
    let mut text = before.to_owned();
    for model in 1..=3 {
        text += &head.replace("{}", &model.to_string());
        for place in 0..2 {
            text += &atom("1", "ALA", "A", &format!("{:4} ", place + 1), "", f64::from(10 * model + place));
            let _ = writeln!(text, "ANISOU{:5}", 1);
        }
        text += tail;
    }
    text + end
}

#[test]
fn models_of_a_pdb_are_separated_as_programs_do() {
    let title = "TITLE     x t= {}.50000 step= 1\n";
    let with_all = format!("{title}REMARK    box\n{CRYST1}MODEL        {{}}\n");
    for (before, head, tail, end, has_times) in [
        ("", &*with_all, "TER\nENDMDL\n", "", true),
        (CRYST1, "MODEL        {}\n", "TER\nENDMDL\n", "END\n", false),
        (CRYST1, "MODEL        {}\n", "ENDMDL\nEND\n", "", false),
        (CRYST1, "MODEL        {}\n", "END\n", "", false),
        (CRYST1, "MODEL        {}\n", "TER\n", "END\n", false),
        (CRYST1, "MODEL        {}\n", "CONECT    1    2\nMASTER        0\n", "", false),
        (CRYST1, "", "END\n", "", false),
        (CRYST1, "", "TER\nCONECT    1    2\nEND\n", "CONECT    1    2\n\n \n", false),
        (CRYST1, "REMARK   model {}\n", "TER\nEND\n", "END\n", false),
        ("", CRYST1, "", "", false),
        ("HEADER    x\n", CRYST1, "END", "", false),
        ("", &*(title.to_owned() + CRYST1), "", "", true),
        ("MODEL        0\nENDMDL\n", &*(title.to_owned() + CRYST1), "END   \n", "END\n", true),
    ] {
        // An END without an end of its line is the last one.
        let text = models(before, head, &tail.replace("END\n\n", "END\n"), end);
        let text = if tail == "END" { text.replace("ENDCRYST1", "END\nCRYST1") } else { text };
        let (_folder, path) = file("t.pdb", &text);
        let frames = read(&path);
        assert_eq!(frames.len(), 3, "{text}");
        for (k, frame) in frames.iter().enumerate() {
            let expected = [(k + 1) as f32, (10 * (k + 1) + 1) as f32 / 10.0];
            assert_eq!(frame.positions.iter().map(|x| x[0]).collect::<Vec<_>>(), expected, "{text}");
            assert_eq!(frame.cell, Some([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]]), "{text}");
            assert_eq!(frame.time_ps, has_times.then_some(k as f64 + 1.5), "{text}");
        }
        let structure = Structure::read(&path).unwrap();
        assert_eq!((structure.atoms.len(), &structure.frame), (2, &frames[0]), "{text}");
    }
}

#[test]
fn a_box_is_that_of_the_frame_in_whichever_order_frames_are_read() {
    let small = CRYST1.replace("30.000", "20.000");
    let text = models(CRYST1, "", "END\n", "") + &models(&small, "", "END\n", "");
    let (_folder, path) = file("t.pdb", &text);
    let trajectory = Trajectory::open(&path).unwrap();
    let (mut window, mut frame) = Default::default();
    for (number, side) in [(5, 2.0), (0, 3.0), (2, 3.0), (3, 2.0), (1, 3.0)] {
        trajectory.read(number, 2, &mut window, &mut frame).unwrap();
        assert_eq!(frame.cell.unwrap()[0][0], side, "{number}");
    }
}

#[test]
fn models_that_are_cut_or_of_other_atoms_are_refused() {
    let refused = |text: &str| {
        let (_folder, path) = file("t.pdb", text);
        Trajectory::open(&path).map(|_| ()).unwrap_err().to_string()
    };
    let whole = models(CRYST1, "", "END\n", "");
    let last = whole.rfind("ATOM").unwrap();
    for cut in [last, last + 3, last + 20, last + 50] {
        let told = refused(&whole[..cut]);
        assert!(told.contains("cut off in the middle of frame 2") && told.contains("keep the 2"), "{cut}: {told}");
    }
    // All coordinates are there.
    let (_folder, path) = file("t.pdb", &whole[..last + 60]);
    assert_eq!(read(&path).len(), 3);
    let other = whole.clone() + &residues(&["   1 "]) + "END\n" + &whole;
    assert!(refused(&other).contains("frame 3 of") && refused(&other).contains("has 1 atoms"));
    let renamed = format!("{}{}", &whole[..last], whole[last..].replace(" CA ", " CB "));
    let told = refused(&renamed);
    assert!(
        told.contains("atom 1 of frame 2") && told.contains("is CB of ALA, in the frames before it CA of ALA"),
        "{told}"
    );
    let gro = "t= 0\n1\n    1ALA     CA    1   0.000   0.000   0.000\n 1 1 1\n";
    let (_folder, path) = file("t.gro", &(gro.to_owned() + &gro.replace("t= 0", "t= 1").replace("CA", "CB")));
    assert!(Trajectory::open(&path).map(|_| ()).unwrap_err().to_string().contains("atom 0 of frame 1"));
}
