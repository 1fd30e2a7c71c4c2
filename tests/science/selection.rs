//! Are the atoms of a selection those of MDAnalysis, and is what is not clear refused?
use simmpi::science::selection::*;
use std::sync::Arc;

/// ACE-ALA-ARG-NME in chain A, two waters and a calcium in chain B.
fn atoms() -> Vec<Atom> {
    let text = "CH3 ACE 1 A|HH31 ACE 1 A|C ACE 1 A|O ACE 1 A|N ALA 2 A|H ALA 2 A|CA ALA 2 A|CB ALA 2 A|1HB ALA 2 A|C ALA 2 A|\
                O ALA 2 A|N ARG 3 A|CA ARG 3 A|C ARG 3 A|O ARG 3 A|OXT ARG 3 A|OW SOL 4 B|HW1 SOL 4 B|HW2 SOL 4 B|CA CA -1 B";
    let atom = |(index, line): (usize, &str)| {
        let [name, residue, resid, chain] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
        let (name, residue, chain, segid) = (name.into(), residue.into(), chain.into(), chain.into());
        let resid = resid.parse().unwrap();
        Atom { name, residue, resid, serial: index as i64 + 1, chain, segid, ..Atom::default() }
    };
    text.split('|').enumerate().map(atom).collect()
}

fn names(phrase: &str) -> String {
    let atoms = atoms();
    let found = select(phrase, &atoms).unwrap_or_else(|error| panic!("{phrase}: {error}"));
    found.iter().map(|&index| atoms[index].name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn selections_are_those_of_mdanalysis() {
    let all = atoms().len();
    assert_eq!(names("all").split(' ').count(), all);
    assert_eq!(names("protein and name CA"), "CA CA");
    assert_eq!(names("name CA"), "CA CA CA");
    assert_eq!(names("resname CA"), "CA");
    assert_eq!(names("backbone"), "C O N CA C O N CA C O");
    assert_eq!(names("protein and not name H* and not name [123]H*"), "CH3 C O N CA CB C O N CA C O OXT");
    assert_eq!(names("heavy and chain A"), "CH3 C O N CA CB C O N CA C O OXT");
    assert_eq!(names("water"), "OW HW1 HW2");
    assert_eq!(names("resid 2-3 and name CA"), "CA CA");
    for phrase in ["resid 2:3 and name C*", "resid 2 to 3 and name C*", "resid 2 3 and name C*"] {
        assert_eq!(names(phrase), "CA CB C CA C", "{phrase}");
    }
    assert_eq!(names("resid -1"), "CA");
    assert_eq!(names("resid -1:1 and name C*"), "CH3 C CA");
    assert_eq!(names("index 0:2"), "CH3 HH31 C");
    assert_eq!(names("bynum 1-3"), names("serial 1 to 3"));
    assert_eq!(names("index 0:2"), names("bynum 1:3"));
    assert_eq!(names("segid B and name OW"), "OW");
    assert_eq!(names("element C and resname ALA"), "CA CB C");
    assert_eq!(names("element Ca"), "CA");
    assert_eq!(names("name ?A"), "CA CA CA");
}

#[test]
fn not_binds_closest_then_and_then_or() {
    assert_eq!(names("name N or name CA and resname ALA"), "N CA N");
    assert_eq!(names("(name N or name CA) and resname ALA"), "N CA");
    assert_eq!(names("not name N CA and resid 3"), "C O OXT");
    assert_eq!(names("not (name N or name CA) and resid 3"), "C O OXT");
    assert_eq!(names("not not name OXT"), "OXT");
}

#[test]
fn errors_name_the_column() {
    let message = |phrase: &str| select(phrase, &atoms()).unwrap_err().to_string();
    for (phrase, parts) in [
        ("nam CA", &["`nam` (column 0)", "did you mean `name`"][..]),
        ("name CA adn resid 2", &["`resid` (column 12) is unexpected", "combine"][..]),
        ("protein adn resid 2", &["`adn` (column 8)", "combine"][..]),
        ("foo", &["known keywords: all, none, protein"][..]),
        ("name", &["`name` (column 0) must be followed by", "one name"][..]),
        ("name CA and", &["`and` (column 8) must be followed by", "a condition"][..]),
        ("(name CA", &["parenthesis in column 0"][..]),
        ("name CA)", &["`)` (column 7) is unexpected"][..]),
        ("resid two", &["`two` (column 6) is neither a number"][..]),
        ("resid 2 to x", &["`x` (column 11)"][..]),
        ("", &["empty"][..]),
    ] {
        let error = message(phrase);
        assert!(parts.iter().all(|part| error.contains(part)), "{phrase}: {error}");
    }
}

#[test]
fn an_empty_selection_lists_the_available_names() {
    let message = |phrase: &str| select(phrase, &atoms()).unwrap_err().to_string();
    assert!(message("name XX").contains("20 atoms: available names: 1HB, C, CA, CB"));
    assert!(message("resname GLY").contains("available residues: ACE, ALA, ARG, CA, SOL"));
    assert!(message("chain C").contains("available chains: A, B"));
    assert!(message("resid 70").contains("available numbers range from -1 to 4"));
    assert!(message("none").contains("matches none"));
}

/// Alpha carbons of residues 51, 52, 52A, 52B and 53, then of -1 and 52 of another chain.
fn residues_with_codes() -> Vec<Atom> {
    [
        (51, None, "H"),
        (52, None, "H"),
        (52, Some('A'), "H"),
        (52, Some('B'), "H"),
        (53, None, "H"),
        (-1, None, "L"),
        (52, None, "L"),
    ]
    .into_iter()
    .map(|(resid, icode, chain)| {
        let (name, residue, chain, segid) = ("CA".into(), "ALA".into(), chain.into(), format!("PRO{chain}"));
        Atom { name, residue, resid, icode, chain, segid, ..Atom::default() }
    })
    .collect()
}

#[test]
fn insertion_codes_are_part_of_a_residue_and_ordered_behind_its_number() {
    let atoms = residues_with_codes();
    for (phrase, indices) in [
        ("resid 52", &[1, 6][..]),
        ("resid 52A", &[2]),
        ("resid 52A 52B 53", &[2, 3, 4]),
        ("resid 52-53", &[1, 2, 3, 4, 6]),
        ("resid 51:52", &[0, 1, 6]),
        ("resid 51-52A", &[0, 1, 2, 6]),
        ("resid 52A-53", &[2, 3, 4]),
        ("resid 52A:52B", &[2, 3]),
        ("resid 52-52A", &[1, 2, 6]),
        ("resid 52A to 60", &[2, 3, 4]),
        ("resid 52B - 53", &[3, 4]),
        ("resid 52B -1", &[3, 5]),
        ("resid 52B:", &[]),
        ("resid -5--1 51", &[0, 5]),
        ("resid -1:51", &[0, 5]),
        ("resnum 52", &[1, 2, 3, 6]),
        ("resnum 52-53", &[1, 2, 3, 4, 6]),
        ("not resid 52 and chain H", &[0, 2, 3, 4]),
    ] {
        match select(phrase, &atoms) {
            Ok(found) => assert_eq!(found, indices, "{phrase}"),
            Err(error) => assert!(indices.is_empty(), "{phrase}: {error}"),
        }
    }
    let refused = |phrase: &str| select(phrase, &atoms).unwrap_err().to_string();
    assert!(refused("resnum 52A").contains("`52A` (column 7) has an insertion code, which only `resid` accepts"));
    assert!(refused("index 1A").contains("only `resid` accepts"));
    assert!(refused("resid 53-52").contains("`53-52` (column 6) is a reversed range"));
    assert!(refused("resid 52B-52A").contains("is a reversed range"));
    assert!(refused("resid 52AB").contains("`52AB` (column 6) is neither a number nor a range"));
    assert!(refused("resid 54A").contains("from -1 to 53; residues with an insertion code: ALA 52A, ALA 52B"));
    assert!(
        select("resid 7A", &super::selection::atoms())
            .unwrap_err()
            .to_string()
            .contains("no residue has an insertion code")
    );
}

#[test]
fn chains_and_segments_are_two_things() {
    let atoms = residues_with_codes();
    for phrase in ["chain L", "chainID L", "segid PROL", "segid *L"] {
        assert_eq!(select(phrase, &atoms).unwrap(), [5, 6], "{phrase}");
    }
    let refused = |phrase: &str| select(phrase, &atoms).unwrap_err().to_string();
    assert!(refused("segid L").contains("available segments: PROH, PROL"));
    assert!(refused("chainID PROL").contains("available chains: H, L"));
}

#[test]
fn only_selections_that_depend_on_an_ambiguous_number_are_refused() {
    let mut atoms = residues_with_codes();
    let ambiguous = |text: &str, values: &[i64], outside| {
        Some(Arc::new(AmbiguousNumber { text: text.into(), values: values.to_vec(), outside }))
    };
    atoms[5].resid_ambiguity = ambiguous("A010", &[10_016, 10_036], None);
    atoms[6].resid_ambiguity = ambiguous("****", &[], Some(-999..=9999));
    atoms[6].residue = "SOL".into();
    atoms[4].serial_ambiguity = ambiguous("*****", &[], Some(-9999..=99_999));
    for (phrase, indices) in [
        ("resid 52", &[1][..]),
        ("not resid 52 and not resname SOL", &[0, 2, 3, 4, 5]),
        ("all", &[0, 1, 2, 3, 4, 5, 6]),
        ("resid 10016 and chain H or resid 53", &[4]),
        ("resid 10010-10040 and protein", &[5]),
        ("resid 10016 10036 and protein", &[5]),
        ("resname SOL or resid 10016 and chain H", &[6]),
        ("serial 0", &[0, 1, 2, 3, 5, 6]),
        ("bynum 5", &[4]),
        ("index 6", &[6]),
    ] {
        assert_eq!(select(phrase, &atoms).unwrap(), indices, "{phrase}");
    }
    let refused = |phrase: &str| select(phrase, &atoms).unwrap_err().to_string();
    let error = refused("resid 10016 or chain H");
    assert!(error.contains("residue numbers") && error.contains("CA of ALA in chain L (atom 5,"), "{error}");
    assert!(error.contains("and 1 more") && error.contains("`A010` may mean 10016 or 10036"), "{error}");
    for phrase in ["not resid 10036", "resid 10020-10036", "resid 1-10000", "resnum 10016", "serial 100000"] {
        assert!(refused(phrase).contains("that are ambiguous in the file"), "{phrase}");
    }
}
