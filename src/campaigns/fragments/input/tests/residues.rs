//! Snapshots with residues: PDB and GRO files.
use super::*;

fn file(name: &str, text: &str, keys: &str) -> Result<Input, Faults> {
    with_file(name, text, &format!("molecule = \"{name}\"\n{keys}"))
}

/// A line of a PDB file: name with its blanks, residue, position and the columns of element and charge.
fn atom(name: &str, residue: &str, [x, y, z]: [f64; 3], element: &str) -> String {
    format!("HETATM    1 {name:<4} {residue:<10}   {x:8.3}{y:8.3}{z:8.3}  1.00  0.00          {element}\n")
}

fn water(residue: &str, x: f64, elements: [&str; 3]) -> String {
    let [o, h, d] = elements;
    atom(" O  ", residue, [x, 5.0, 5.0], o)
        + &atom(" H1 ", residue, [x + 0.757, 5.586, 5.0], h)
        + &atom(" H2 ", residue, [x - 0.757, 5.586, 5.0], d)
}

#[test]
fn a_pdb_file_gives_molecules_and_residues() {
    let text = "REMARK\nCRYST1   20.000   20.000   20.000  90.00  90.00  90.00 P 1           1\n".to_owned()
        + &water("HOH A   1", 0.3, [" O", " H", " D"]).replace("  -0.457", "  19.543")
        + &water("HOH A   2", 4.0, [" O", " H", " H"])
        + &atom("NA  ", "NA  A   3", [4.0, 9.0, 5.0], "NA1+")
        + "TER\nEND\n";
    let input = file("m.pdb", &text, "").unwrap();
    assert_eq!(input.section.fragments, Some(vec![vec![0, 1, 2], vec![3, 4, 5], vec![6]]));
    assert_eq!(spins(&input), (vec![0, 0, 1], vec![1, 1, 1]));
    assert!((input.supersystems[0].positions[2][0] * BOHR_ANGSTROM + 0.457).abs() < 1e-9, "it is made whole");
    assert!(input.warnings.is_empty(), "{}", input.warnings.render(false));
    let notes = input.summary();
    assert!(notes.iter().any(|(_, note)| note.starts_with("1 atoms are isotopes")), "{notes:?}");
    assert!(notes.iter().any(|(_, note)| note == "3 with 7 atoms"), "{notes:?}");
    let residues = file("m.pdb", &text, "fragmentation = \"residues\"").unwrap();
    assert_eq!(residues.section.fragments, input.section.fragments);
    // A key that says something else.
    expect(
        file("m.pdb", &text, "charges = { NA = 0 }"),
        &["m.pdb:9 gives atoms of fragment 2 charge 1 (columns 79-80)"],
    );
    expect(file("m.pdb", &text, "units = \"bohr\""), &["fragments.units: ", "are in angstrom"]);
}

#[test]
fn a_pdb_file_without_elements_and_with_odd_records_is_read() {
    // Insertion codes, alternative locations, hybrid-36 numbers, sloppy columns, models.
    let blank = ["", "", ""];
    let model = water("HOH AA000", 0.0, blank)
        + &water("HOH AA000A", 4.0, blank)
        + &atom("CA  ", "CA  B   1", [4.0, 9.0, 5.0], "")
        + &atom(" CA ", "GLY C   1", [9.0, 9.0, 5.0], "")
        + &atom("HA1 ", "GLY C   1", [9.63, 9.63, 5.63], "")
        + &atom("2HA ", "GLY C   1", [8.37, 8.37, 5.63], "")
        + &atom(" HA3", "GLY C   1", [8.37, 9.63, 4.37], "")
        + &atom("HG11", "GLY C   1", [9.63, 8.37, 4.37], "");
    let text = format!("MODEL        1\n{model}ENDMDL\nMODEL        2\n{model}ENDMDL\nEND\n");
    let input = file("m.ent", &text, "charges = { CA = 2 }").unwrap();
    let symbols: String = input.supersystems[0].elements.iter().map(ToString::to_string).collect();
    assert_eq!((symbols.as_str(), input.supersystems.len()), ("OHHOHHCaCHHHH", 2));
    assert_eq!(spins(&input).0, [0, 0, 2, 0]);
    assert!(input.warnings.is_empty(), "{}", input.warnings.render(false));
    let warned = file("m.ent", &text, "").unwrap().warnings;
    expect_one(&warned, &["fragment 2 (Ca): charge 0 was assumed", "charges = { Ca = 2 }"]);
}

#[test]
fn what_a_pdb_file_lacks_is_refused_or_warned_of_by_line() {
    let waters = water("HOH A   1", 0.0, [" O", " H", " H"]) + &water("HOH A   2", 4.0, [" O", " H", " H"]);
    let crystal = format!("CRYST1   20.000   20.000   20.000  90.00  90.00  90.00 P 21 21 21    8\n{waters}");
    expect(file("m.pdb", &crystal, ""), &["m.pdb:1: the space group is P 21 21 21", "periodic = false"]);
    assert!(file("m.pdb", &crystal, "periodic = false").unwrap().supersystems[0].lattice.is_none());
    let dry = atom(" O  ", "HOH A   1", [0.0; 3], " O") + &atom(" O  ", "HOH A   2", [4.0, 0.0, 0.0], " O");
    let warned = file("m.pdb", &dry, "multiplicities = [1, 1]").unwrap().warnings;
    expect_one(&warned, &["m.pdb:1: the file has no hydrogen atoms", "X-ray"]);
    expect(file("m.pdb", &waters.replace("          O\n", "          XX\n"), ""), &["m.pdb:1: ", "columns 77-78"]);
    expect(file("m.pdb", &waters.replace("   4.000", "     x  "), ""), &["m.pdb:4: expected x, y and z"]);
    let site = format!("{waters}{}", atom("QA  ", "LIG A   3", [9.0; 3], ""));
    expect(file("m.pdb", &site, ""), &["m.pdb:7: the element of `QA` in LIG A 3 is unknown", "coarse-grained"]);
    let peptide =
        atom(" C  ", "ALA A   1", [9.0, 0.0, 0.0], " C") + &atom(" N  ", "GLY A   2", [10.33, 0.0, 0.0], " N");
    expect(
        file("m.pdb", &(waters + &peptide), "fragmentation = \"residues\""),
        &["fragments.fragmentation: a bond connects C of ALA A 1 (line 7) and N of GLY A 2 (line 8)", "molecules"],
    );
    let models = "MODEL 1\n".to_owned() + &dry + "ENDMDL\nMODEL 2\n" + &dry.replace(" O  ", " N  ") + "ENDMDL\n";
    expect(file("m.pdb", &models, ""), &["m.pdb:6: N of HOH in frame 1 is O of HOH in frame 0"]);
}

/// Two waters of four sites and an ion.
fn gro(cell: &str) -> String {
    let rows = [
        ("1SOL  ", "OW", [0.030, 0.500, 0.500]),
        ("1SOL  ", "HW1", [0.106, 0.559, 0.500]),
        ("1SOL  ", "HW2", [1.954, 0.559, 0.500]),
        ("1SOL  ", "MW", [0.030, 0.515, 0.500]),
        ("2SOL  ", "OW", [0.400, 0.500, 0.500]),
        ("2SOL  ", "HW1", [0.476, 0.559, 0.500]),
        ("2SOL  ", "HW2", [0.324, 0.559, 0.500]),
        ("2SOL  ", "MW", [0.400, 0.515, 0.500]),
        ("3NA   ", "NA", [0.400, 0.900, 0.500]),
    ];
    let row = |(k, (residue, name, [x, y, z])): (usize, (&str, &str, [f64; 3]))| {
        format!("    {residue:<6}{name:>5}{:5}{x:8.3}{y:8.3}{z:8.3}  0.1000 -0.2000  0.3000\n", k + 1)
    };
    let rows: String = rows.into_iter().enumerate().map(row).collect();
    format!("NaCl in water t=   1.00000\n    9\n{rows}{cell}\n")
}

#[test]
fn a_gro_file_gives_molecules_of_atoms_alone() {
    let input = file("conf.gro", &gro("   2.00000   2.00000   2.00000"), "charges = { NA = 1, SOL = 0 }").unwrap();
    let symbols: String = input.supersystems[0].elements.iter().map(ToString::to_string).collect();
    assert_eq!((symbols.as_str(), spins(&input).0), ("OHHOHHNa", vec![0, 0, 1]));
    assert!((input.supersystems[0].positions[2][0] * BOHR_ANGSTROM + 0.46).abs() < 1e-9);
    assert!(input.warnings.is_empty(), "{}", input.warnings.render(false));
    let notes: Vec<String> = input.summary().into_iter().map(|(_, note)| note).collect();
    assert!(notes.iter().any(|note| note.contains("2 virtual sites (MW in line 6)")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("rounded to 0.01 angstrom")), "{notes:?}");
    // A tilted box, two frames, and a name that is no extension.
    let tilted = gro("   2.00000   2.00000   2.00000   0.00000   0.00000   0.50000   0.00000   0.00000   0.00000");
    let two = file("conf.txt", &tilted.repeat(2), "charges = { Na = 1 }\nfragmentation = \"residues\"").unwrap();
    assert_eq!((two.supersystems.len(), two.section.fragments), (2, input.section.fragments));
    assert!((two.supersystems[1].lattice.unwrap().rows()[1][0] * BOHR_ANGSTROM - 5.0).abs() < 1e-9);
    let cluster =
        file("conf.gro", &gro("   0.0   0.0   0.0").replace(" 1.954", "-0.046"), "charges = { NA = 1 }").unwrap();
    assert!(cluster.supersystems[0].lattice.is_none());
}

#[test]
fn what_a_gro_file_cannot_say_is_refused_or_warned_of() {
    let text = gro("   2.00000   2.00000   2.00000");
    expect_one(&file("conf.gro", &text, "").unwrap().warnings, &["odd in fragment 2 (Na: 11 electrons"]);
    expect(file("conf.gro", &text, "units = \"angstrom\""), &["fragments.units: ", "are in nm", "remove `units`"]);
    expect(
        file("conf.gro", &text.replace("   0.400   0.900", "   0.400     ---"), ""),
        &["conf.gro:11: expected an atom"],
    );
    expect(
        file("conf.gro", &text.replace("    3NA      NA", "    3W        W"), ""),
        &["conf.gro:11: the element of `W`"],
    );
    let both = file("conf.gro", &text, "fragmentation = \"residues\"\nfragments = [[0, 1, 2], [3, 4, 5], [6]]");
    expect(both, &["`fragments` and `fragmentation` are both set"]);
    let xyz = xyz_file("2\n\nHe 0 0 0\nHe 0 0 3\n", "fragmentation = \"residues\"");
    expect(xyz, &["the molecule file has no residues", "PDB or GRO"]);
    // Another order of atoms.
    let swapped = text.replacen("   OW", "  HW3", 1).replacen("  HW1", "   OW", 1);
    expect(
        file("conf.gro", &(text.clone() + &swapped), ""),
        &["conf.gro:15: HW3 of SOL in frame 1 is OW of SOL in frame 0"],
    );
}
