//! Each format of molecules, as people write it and with its oddities; and what is refused, with its line.
use super::*;

const WATER_AND_ION: &str = "O1  0.000  0.000  0.117\nH1  0.000  0.757 -0.470\nH2  0.000 -0.757 -0.470\n--\n1 1\n\
     O2  0.000  0.000  2.900\nH3  0.000  0.930  3.100\nH_4  0.805 -0.465  3.100\nH5 -0.805 -0.465  3.100\n";

/// The same as a list of atoms with keys.
fn by_keys() -> Input {
    let rows = WATER_AND_ION.replace("--\n1 1\n", "");
    read_keys(&format!("atoms = \"\"\"\n{rows}\"\"\"\ncharges = [0, 1]")).unwrap()
}

fn file(name: &str, text: &str, keys: &str) -> Result<Input, Faults> {
    with_file(name, text, &format!("molecule = \"{name}\"\n{keys}"))
}

/// Checks that a file is that of `by_keys`, without warnings.
fn expect_same(input: Result<Input, Faults>) -> Input {
    let input = input.unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    let expected = by_keys();
    assert_eq!((&input.digest, &input.supersystems), (&expected.digest, &expected.supersystems));
    assert!(input.warnings.is_empty(), "{}", input.warnings.render(false));
    input
}

#[test]
fn molecule_blocks_of_psi4_are_read() {
    let bare = format!("0 1\n{WATER_AND_ION}units angstrom\nno_reorient\n");
    let read = expect_same(file("m.xyz", &bare, ""));
    assert!(read.notes.iter().any(|(_, note)| note.contains("line 12: `no_reorient` ignored")), "{:?}", read.notes);
    expect_same(read_keys(&format!("atoms = \"\"\"\n{bare}\"\"\"")));
    // An input file of a whole calculation, saved on Windows.
    let odd = format!(
        "# Eigen\nmemory 4 gb\nmolecule eigen {{\n1 1\n--\n0 1\n{WATER_AND_ION}symmetry c1\nno_com\n}}\n\nset basis sto-3g\nenergy('scf')\n"
    );
    expect_same(file("eigen.in", &odd.replace('\n', "\r\n"), ""));
    let python =
        format!("import psi4\nmol = psi4.geometry(\"\"\"\n0 1\n{WATER_AND_ION}\"\"\")\npsi4.energy('hf/sto-3g')\n");
    expect_same(file("eigen.py", &python, ""));
}

#[test]
fn charges_of_blocks_that_are_not_written_follow_or_are_pointed_out() {
    // The total gives the charge of the only fragment without one.
    let rest = format!("1 1\n--\n0 1\n{}", WATER_AND_ION.replace("--\n1 1\n", "--\n"));
    expect_same(file("m.dat", &rest, ""));
    let silent = WATER_AND_ION.replace("--\n1 1\n", "--\n");
    let input = file("m.psi4", &silent, "").unwrap();
    expect_one(&input.warnings, &["odd in fragment 1 (H3O", "charges = [0, 0]"]);
    // Of one fragment the pair is that of all atoms.
    let one = format!("1 1\n{}", WATER_AND_ION.replace("--\n1 1\n", ""));
    let input = file("m.psi4", &one, "").unwrap();
    assert_eq!(spins(&input).0, [0, 1]);
    expect_one(&input.warnings, &["charge assigned: 1 to fragment 1 (H3O)"]);
    expect(
        file("m.psi4", &format!("0 1\n--\n0 1\n{WATER_AND_ION}"), ""),
        &["m.psi4:1: the charge of the molecule is 0", "add up to 1"],
    );
    expect(
        file("m.psi4", &format!("0 1\n{}", WATER_AND_ION.replace("1 1", "0 1")), ""),
        &["m.psi4:6: fragment 1 (H3O, charge 0): 11 electrons cannot have multiplicity 1"],
    );
}

#[test]
fn units_and_fragments_of_blocks_can_be_set_by_key() {
    let bohr = format!("0 1\n{WATER_AND_ION}units bohr\n");
    let warned = file("m.psi4", &bohr, "").unwrap().warnings;
    expect_one(&warned, &["positions look wrong", "the file says bohr: correct its unit"]);
    let keys = "units = \"angstrom\"";
    expect(file("m.psi4", &bohr, keys), &["fragments.units: ", "m.psi4:11 says bohr", "correct the file"]);
    expect_same(file("m.psi4", &format!("0 1\n{WATER_AND_ION}"), keys));
    let whole = file("m.psi4", &format!("0 1\n{WATER_AND_ION}"), "fragmentation = \"molecules\"\ncharges = [0, 1]");
    assert_eq!(whole.unwrap().digest, by_keys().digest);
}

#[test]
fn what_psi4_would_do_and_simmpi_does_not_is_refused_by_line() {
    let atoms = "He 0 0 0\n--\nHe 0 0 3\n";
    for (text, texts) in [
        (format!("0 1\n{atoms}@He 0 0 6\n"), ["m.dat:5: `@He` is a ghost atom", "simmpi adds those"]),
        (format!("0 1\n{atoms}Gh(He) 0 0 6\n"), ["m.dat:5: `Gh(He)` is a ghost atom", "simmpi adds those"]),
        (format!("0 1\n{atoms}X 0 0 6\n"), ["m.dat:5: `X` is a dummy atom", "remove dummy atoms"]),
        ("0 1\nO\nH 1 0.96\nH 1 0.96 2 104.5\n".to_owned(), ["m.dat:3: `H 1 0.96` looks like", "Z-matrix"]),
        ("molecule {\npubchem:water\n}\n".to_owned(), ["m.dat:2: `pubchem:water` asks psi4", "write its atoms"]),
        (format!("0 1\n{atoms}--\n0 2\n"), ["m.dat:6: the fragment that ends here has no atoms", "--"]),
        (format!("molecule {{\n0 1\n{atoms}}}\nmolecule {{\n{atoms}}}"), ["m.dat:7: there are several", "line 1"]),
        (
            "0 1\nO 8.0 0.000 0.000 0.117\nH 1.0 0.000 0.757 -0.470\n--\nHe 2.0 0.0 0.0 3.0\n".into(),
            ["m.dat:2: ", "GAMESS"],
        ),
    ] {
        expect(file("m.dat", &text, ""), &texts);
    }
}

#[test]
fn molecule_sections_of_qchem_are_read() {
    let plain = format!("$molecule\n1 1\n--\n0 1\n{WATER_AND_ION}$end\n\n$rem\nMETHOD hf\nBASIS sto-3g\n$end\n");
    expect_same(file("eigen.inp", &plain, ""));
    let rows = by_keys().supersystems[0].positions.clone();
    let row = |k: usize| {
        let [x, y, z] = rows[k];
        format!("{}\t{x:.17e}\t{y:.17e}\t{z:.17e} ! atom {k}\n", ["O", "H", "H", "8", "H", "h", "H"][k])
    };
    let ion: String = (3..7).map(row).collect();
    let odd = format!(
        "$comment\nbohr\n$end\n$REM\n input_bohr true\n$END\n$Molecule\n  1  1\n----\n 0 1\n{}--\n1 1\n{ion}$end\n@@@\n$molecule\nREAD\n$end\n",
        (0..3).map(row).collect::<String>()
    );
    expect_same(file("odd.qcin", &odd.replace("e0\t", "D0\t"), ""));
    expect(file("odd.inp", &odd, "units = \"angstrom\""), &["odd.inp:5 says bohr"]);
}

#[test]
fn parts_of_qchem_inputs_that_would_be_lost_are_refused_by_line() {
    let plain = format!("$molecule\n1 1\n--\n0 1\n{WATER_AND_ION}$end\n");
    for (text, texts) in [
        (format!("{plain}$external_charges\n0 0 9 1\n$end\n"), ["m.inp:15: `$external_charges`", "left out"]),
        (format!("{plain}$efp_fragments\nWATER_L\n$end\n"), ["m.inp:15: `$efp_fragments`", "left out"]),
        ("$molecule\nread\n$end\n".to_owned(), ["m.inp:1: ", "no atoms of its own"]),
        (plain.replace("O1 ", "@O1 "), ["m.inp:5: `@O1` is a ghost atom", "simmpi adds those"]),
        ("$molecule\n0 1\nO\nH 1 0.96\nH 1 0.96 2 104\n$end\n".to_owned(), ["m.inp:4: ", "Z-matrix"]),
    ] {
        expect(file("m.inp", &text, ""), &texts);
    }
}

#[test]
fn inputs_of_other_programs_are_refused_by_what_they_look_like() {
    for (name, text, texts) in [
        (
            "coord",
            "$coord\n 0.0 0.0 0.2 o\n$end\n",
            ["coord:1: `$coord` looks like a coord file of Turbomole", "obabel"],
        ),
        (
            "m.gjf",
            "%mem=2GB\n# HF\n\nt\n\n0 1\nO 0 0 0\n",
            ["m.gjf:1: `%mem=2GB` looks like an input of Gaussian", "xyz"],
        ),
        (
            "m.inp",
            " $DATA\nwater\nC1\nO 8.0 0.0 0.0 0.1\n $END\n",
            ["m.inp:1: `$DATA` looks like an input of GAMESS", "xyz"],
        ),
        (
            "m.xyz",
            "O\nH 1 0.96\nH 1 0.96 2 104.5\n",
            ["m.xyz:2: `H 1 0.96` looks like a line of a Z-matrix", "Cartesian"],
        ),
        ("m.xyz", "2\n\nHe 0 0 0\nBq 0 0 3\n", ["m.xyz:4: `Bq` is a dummy atom", "remove"]),
        ("m.xyz", "2\n\nHe 0 0 0\nHe:Gh 0 0 3\n", ["m.xyz:4: unknown element `He:Gh`", "He"]),
        ("m.xyz", "3\n\nN 0 0 0\nCA 1.46 0 0\nC 2.0 1.4 0\n", ["m.xyz:4: `CA` is Ca, too close", "write `C`, or `Ca`"]),
    ] {
        expect(file(name, text, ""), &texts);
    }
}

#[test]
fn extended_xyz_has_columns_in_any_order_and_two_periodic_directions() {
    let comment =
        "Properties=\"tag:I:1:pos:R:3:species:S:1:forces:R:3\" Lattice=\"10 0 0 0 10 0 0 0 30\" pbc=\"T T F\"";
    let rows =
        "1 0.30 5.00 25.00 O 0 0 0\n1 9.73 5.76 25.00 H 0 0 0\n1 9.73 4.24 25.00 H 0 0 0\n2 3.2 5.0 25.0 Ne 0 0 0\n";
    let input = file("slab.extxyz", &format!("4\n{comment}\n{rows}"), "").unwrap();
    assert!((input.supersystems[0].positions[1][0] * BOHR_ANGSTROM + 0.27).abs() < 1e-9);
    assert!(input.summary()[1].1.starts_with("along a, b, 10.000 x 10.000 angstrom"), "{:?}", input.summary());
}

#[test]
fn lines_may_end_with_carriage_returns_and_formats_can_be_forced() {
    let text = "2\rhelium\rHe 0 0 0\rHe\t0\t0\t3\r";
    assert_eq!(file("mac.xyz", text, "").unwrap().supersystems[0].elements.len(), 2);
    // Two integers before atoms without a count are a block, unless the format says otherwise.
    expect(file("m.txt", "0 1\nHe 0 0 0\nHe 0 0 3\n", "format = \"xyz\""), &["m.txt:1: expected the number of atoms"]);
    assert!(file("m.txt", "0 1\nHe 0 0 0\n--\nHe 0 0 3\n", "format = \"psi4\"").is_ok());
    expect(file("m.txt", "2\n\nHe 0 0 0\nHe 0 0 3\n", "format = \"pdb\""), &["m.txt:1: there is no ATOM"]);
}
