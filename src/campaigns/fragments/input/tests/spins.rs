//! Unpaired electrons without a specified multiplicity.
use super::*;

fn warned(atoms: &str, keys: &str) -> Faults {
    read_keys(&format!("atoms = \"\"\"\n{atoms}\n\"\"\"\n{keys}")).unwrap().warnings
}

const HYDRONIUM: &str = "O 0 0 0\nH 0 0.93 0.2\nH 0.805 -0.465 0.2\nH -0.805 -0.465 0.2\n";
const OXYGEN: &str = "O 0 0 0\nO 0 0 1.208\nO 3.5 0 0\nO 3.5 0 1.208";

#[test]
fn an_unintended_odd_number_of_electrons_is_pointed_out() {
    let atoms = format!("{HYDRONIUM}He 0 0 4");
    assert_eq!(
        texts_of(&warned(&atoms, "")),
        [
            "fragments.atoms: atoms: neither charges nor multiplicities are set, but the number of electrons is odd in fragment 0 (H3O: \
          11 electrons, assumed multiplicity 2); a charge is missing, a molecule is cut, or columns are misread: set charges = [0, 0] \
          with the true charges, or multiplicities = [2, 1] if these are radicals"
        ]
    );
    for keys in ["charges = [1, 0]", "charges = [0, 0]", "multiplicities = [2, 1]"] {
        assert!(warned(&atoms, keys).is_empty(), "{keys}");
    }
}

#[test]
fn many_odd_fragments_make_one_warning() {
    let atom = |k: usize| format!("{} 0 0 {}\n", if k.is_multiple_of(2) { "Na" } else { "He" }, 5 * k);
    let texts = ["fragments 0, 2, 4, 6, 8, 10, 12, 14, ... (Na: 11 electrons", "[2, 1, 2, 1, ", "...]"];
    expect_one(&warned(&(0..40).map(atom).collect::<String>(), ""), &texts);
}

#[test]
fn ground_states_with_unpaired_electrons_are_pointed_out() {
    let help = "; set multiplicities = [3, 3], or [1, 1] if low spin is meant";
    expect_one(&warned(OXYGEN, ""), &["fragments 0-1 (O2: 16 electrons, assumed multiplicity 1)", help]);
    // A charge says nothing of the spin.
    assert_eq!(warned(OXYGEN, "charges = [0, 0]").len(), 1);
    for multiplicities in ["[3, 3]", "[1, 1]"] {
        assert!(warned(OXYGEN, &format!("multiplicities = {multiplicities}")).is_empty());
    }
    for (atoms, name) in [
        ("S 0 0 0\nHe 0 0 4", "S:"),
        ("N 0 0 0\nHe 0 0 4", "N:"),
        ("C 0 0 0\nH 0 0.9 0.6\nH 0 -0.9 0.6\nHe 0 0 4", "CH2:"),
        ("N 0 0 0\nH 0 0 1.03\nHe 0 0 4", "HN:"),
    ] {
        expect_one(&warned(atoms, ""), &[name, "ground state"]);
    }
}

#[test]
fn molecules_within_a_fragment_and_ions_are_known_too() {
    let reported = texts_of(&warned(OXYGEN, "fragments = [[0, 1], [2], [3]]"));
    assert!(reported[0].contains("[3, 3, 3]"), "{reported:?}");
    let both = warned(&format!("{OXYGEN}\nHe 0 9 0"), "fragments = [[0, 1, 2, 3], [4]]");
    expect_one(&both, &["multiplicities = [5, 1]"]);
    let iron = warned("Fe 0 0 0\nHe 0 0 5", "charges = [2, 0]");
    expect_one(&iron, &["Fe: charge 2, 24 electrons", "[5, 1]"]);
    let complex = warned("Fe 0 0 0\nC 0 0 1.8\nO 0 0 2.95\nHe 0 0 9", "charges = [0, 0]");
    expect_one(&complex, &["rarely right for metals with open d or f shells: fragment 0 (CFeO"]);
}

#[test]
fn closed_shells_give_no_warning() {
    assert!(xyz("").unwrap().warnings.is_empty());
    assert!(warned("Na 0 0 0\nCl 0 0 9", "charges = [1, -1]").is_empty());
    assert!(warned("Ca 0 0 0\nCu 0 0 9", "charges = [2, 1]").is_empty());
    assert!(warned("N 0 0 0\nN 0 0 1.1\nO 0 0 5\nC 0 0 6.15", "").is_empty());
}
