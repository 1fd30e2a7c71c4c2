use super::*;

/// ACE-ALA-ARG-NME in chain A, two waters and a calcium in chain B.
fn atoms() -> Vec<Atom> {
    let text = "CH3 ACE 1 A|HH31 ACE 1 A|C ACE 1 A|O ACE 1 A|N ALA 2 A|H ALA 2 A|CA ALA 2 A|CB ALA 2 A|1HB ALA 2 A|C ALA 2 A|\
                O ALA 2 A|N ARG 3 A|CA ARG 3 A|C ARG 3 A|O ARG 3 A|OXT ARG 3 A|OW SOL 4 B|HW1 SOL 4 B|HW2 SOL 4 B|CA CA -1 B";
    let atom = |(place, line): (usize, &str)| {
        let [name, residue, resid, chain] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
        let (name, residue, chain) = (name.into(), residue.into(), chain.into());
        Atom { name, residue, resid: resid.parse().unwrap(), serial: place as i64 + 1, chain, element: None }
    };
    text.split('|').enumerate().map(atom).collect()
}

fn names(phrase: &str) -> String {
    let atoms = atoms();
    let found = select(phrase, &atoms).unwrap_or_else(|error| panic!("{phrase}: {error}"));
    found.iter().map(|&place| atoms[place].name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn phrases_mean_what_mdanalysis_means_by_them() {
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
fn what_is_not_understood_is_told_with_its_column() {
    let told = |phrase: &str| select(phrase, &atoms()).unwrap_err().to_string();
    for (phrase, parts) in [
        ("nam CA", &["`nam` (column 0)", "did you mean `name`"][..]),
        ("name CA adn resid 2", &["`resid` (column 12) is not expected", "join"][..]),
        ("protein adn resid 2", &["`adn` (column 8)", "join"][..]),
        ("foo", &["it knows all, none, protein"][..]),
        ("name", &["after `name` (column 0)", "one name"][..]),
        ("name CA and", &["after `and` (column 8)", "a condition"][..]),
        ("(name CA", &["parenthesis in column 0"][..]),
        ("name CA)", &["`)` (column 7) is not expected"][..]),
        ("resid two", &["`two` (column 6) is neither a number"][..]),
        ("resid 2 to x", &["`x` (column 11)"][..]),
        ("", &["empty"][..]),
    ] {
        let error = told(phrase);
        assert!(parts.iter().all(|part| error.contains(part)), "{phrase}: {error}");
    }
}

#[test]
fn a_phrase_that_matches_nothing_says_which_names_there_are() {
    let told = |phrase: &str| select(phrase, &atoms()).unwrap_err().to_string();
    assert!(told("name XX").contains("20 atoms: the names there are: 1HB, C, CA, CB"));
    assert!(told("resname GLY").contains("the residues there are: ACE, ALA, ARG, CA, SOL"));
    assert!(told("chain C").contains("the chains there are: A, B"));
    assert!(told("resid 70").contains("the numbers there are go from -1 to 4"));
    assert!(told("none").contains("matches none"));
}
