//! Lines and files of other programs.
use super::*;

/// Two water molecules; `row` makes a line of a symbol, the nuclear charge, and x, y and z.
fn waters(row: impl Fn(&str, &str, [&str; 3]) -> String) -> String {
    [
        ("O", "8.0", ["0.897400", "-1.285111", "1.375674"]),
        ("H", "1.0", ["0.933660", "-1.620249", "0.461291"]),
        ("H", "1.0", ["1.538424", "-0.563270", "1.325981"]),
        ("O", "8.0", ["-1.559218", "-0.241778", "1.423474"]),
        ("H", "1.0", ["-2.064102", "-0.501966", "2.197464"]),
        ("H", "1.0", ["-0.677656", "-0.678646", "1.525237"]),
    ]
    .map(|(symbol, charge, position)| row(symbol, charge, position) + "\n")
    .concat()
}

fn atoms(text: &str) -> Result<Input, Faults> {
    read_keys(&format!("atoms = \"\"\"\n{text}\"\"\""))
}

#[test]
fn columns_of_other_programs_are_ignored_with_a_warning() {
    let plain = atoms(&waters(|symbol, _, [x, y, z]| format!("{symbol} {x} {y} {z}"))).unwrap();
    assert!(plain.warnings.is_empty());
    let gaussian = atoms(&waters(|symbol, _, [x, y, z]| format!("{symbol} -1 {x} {y} {z}"))).unwrap();
    let mopac = atoms(&waters(|symbol, _, [x, y, z]| format!("{symbol} {x} 1 {y} 1 {z} 1"))).unwrap();
    for (input, what) in [(gaussian, "Gaussian"), (mopac, "MOPAC")] {
        assert_eq!((&input.supersystems, &input.digest), (&plain.supersystems, &plain.digest));
        let first = "the first atom is O at 0.897400, -1.285111, 1.375674; ";
        expect_one(&input.warnings, &[what, "line 1 of `atoms`", first]);
    }
    let gamess = atoms(&waters(|symbol, charge, [x, y, z]| format!("{symbol} {charge} {x} {y} {z}")));
    expect(
        gamess,
        &["line 1 of `atoms`: ", "nuclear charges (as written by GAMESS)", "O at 0.897400, -1.285111", "remove"],
    );
    let behind = atoms(&waters(|symbol, _, [x, y, z]| format!("{symbol} {x} {y} {z} -0.6 0 0 1"))).unwrap();
    assert_eq!(behind.digest, plain.digest);
    assert!(behind.warnings.is_empty());
}

#[test]
fn isotopes_change_neither_molecules_nor_digest() {
    let heavy = |hydrogen: &str| {
        atoms(&waters(|symbol, _, [x, y, z]| format!("{} {x} {y} {z}", if symbol == "H" { hydrogen } else { symbol })))
    };
    let light = heavy("H").unwrap();
    assert!(light.summary().iter().all(|(name, _)| name != "note"));
    for hydrogen in ["D", "T", "2H", "H-2", "H(iso=2)", "H@2.014"] {
        let input = heavy(hydrogen).unwrap();
        assert_eq!((&input.supersystems, &input.digest), (&light.supersystems, &light.digest), "{hydrogen}");
        assert!(input.warnings.is_empty());
        assert!(input.summary().iter().any(|(_, line)| line.starts_with("4 atoms are isotopes")), "{hydrogen}");
    }
    let molecule = |symbol: &str| {
        let text = format!(
            "{{\"symbols\": [\"He\", \"{symbol}\", \"{symbol}\"], \"geometry\": [0, 0, 0, 0, 0, 9, 0, 0, 10.4]}}"
        );
        with_file("m.json", &text, "molecule = \"m.json\"").unwrap().digest
    };
    assert_eq!(molecule("D"), molecule("H"));
}

#[test]
fn files_with_lines_after_their_atoms_are_read() {
    let text =
        "2\r\ngdb 9\t1.0\r\nHe\t0.0\t0.0\t2.1*^-6\t-0.6\r\nHe\t1.0D-3\t0.0\t3.0\t0.3\r\n1595.0\t3657.0\r\nO\tO\r\n\r\n";
    let input = xyz_file(text, "").unwrap();
    let [first, second] = input.supersystems[0].positions[..] else { panic!("there are two atoms") };
    assert!((first[2] * BOHR_ANGSTROM - 2.1e-6).abs() < 1e-18 && (second[0] * BOHR_ANGSTROM - 1e-3).abs() < 1e-15);
    assert!(input.warnings.is_empty());
    let notes = input.summary();
    assert!(notes.iter().any(|(_, line)| line.starts_with("line 5 (`1595.0")), "{notes:?}");
}

#[test]
fn ambiguous_labels_are_reported_once() {
    let text = "OW 0 0 0\nHW1 0 0.76 0.6\nHW2 0 -0.76 0.6\nOW 0 0 3\nHW1 0 0.76 3.6\nHW2 0 -0.76 3.6\n";
    expect(atoms(text), &["line", "unknown element `OW` (also in lines", "use element symbols, not labels"]);
}
