//! Charges and multiplicities in files.
use super::*;

/// Formate and water with a comment.
fn formate(comment: &str, keys: &str) -> Result<Input, Faults> {
    xyz_file(&formate_text(comment), keys)
}

fn formate_text(comment: &str) -> String {
    format!(
        "7\n{comment}\nC 0 0 0\nO 1.13 0.55 0\nO -1.13 0.55 0\nH 0 -1.13 0\nO 0 3.35 0\nH 0.765 2.76 0\nH -0.765 2.76 0\n"
    )
}

/// Two oxygen molecules.
fn oxygen(comment: &str, keys: &str) -> Result<Input, Faults> {
    let text = format!("4\n{comment}\nO 0 0 0\nO 0 0 1.2\nO 3.5 0 0\nO 3.5 0 1.2\n");
    xyz_file(&text, keys)
}

#[test]
fn charges_of_selections_are_those_of_keys() {
    let by_key = formate("", "charges = [-1, 0]").unwrap();
    assert!(by_key.warnings.is_empty());
    for comment in [
        "charge=-1 charge_a=-1 charge_b=0 selection_a=1-4 selection_b=5-7 scaling=1.00",
        "charge_a=-1 selection_a=1-4",
        "charge=-1 charge_b=0 selection_b=5,6-7",
        "fragment_charges=\"-1 0\"",
        "-1 1 -1 1 0 1",
    ] {
        let stated = formate(comment, "").unwrap();
        assert_eq!(stated.supersystems, by_key.supersystems, "{comment}");
        assert_eq!((&stated.digest, spins(&stated)), (&by_key.digest, spins(&by_key)));
        assert!(stated.warnings.is_empty(), "{}", stated.warnings.render(false));
        let (name, line) = &stated.summary()[3];
        assert!(name == "stated" && line.contains(comment) && line.ends_with("m.xyz:2)"), "{line}");
    }
}

#[test]
fn a_total_charge_goes_to_the_only_odd_fragment_with_a_warning() {
    for comment in ["charge=-1", "-1 1", "Charge: -1.0 energy=-3.5", "charge -1 multiplicity 1"] {
        let input = formate(comment, "").unwrap();
        assert_eq!(spins(&input), (vec![-1, 0], vec![1, 1]), "{comment}");
        expect_one(&input.warnings, &["charge assigned: -1 to fragment 0 (CHO2)", "charges = [-1, 0]"]);
        // A confirmed charge needs no warning.
        assert!(formate(comment, "charges = [-1, 0]").unwrap().warnings.is_empty(), "{comment}");
    }
}

#[test]
fn a_charge_that_cannot_be_assigned_is_refused() {
    let calcium = |comment: &str, keys: &str| {
        let text = format!("4\n{comment}\nCa 0 0 0\nO 0 0 2.4\nH 0 0.76 2.9\nH 0 -0.76 2.9\n");
        let keys = format!("molecule = \"m.xyz\"\nfragments = [[0], [1, 2, 3]]\n{keys}");
        with_file("m.xyz", &text, &keys)
    };
    for comment in ["charge=2", "2 1", "charge = 2+"] {
        expect(
            calcium(comment, ""),
            &["m.xyz:2: charge 2 is specified", "charges = [0, 0]", "0 (Ca), 1 (H2O)", "add up to 2"],
        );
        assert_eq!(spins(&calcium(comment, "charges = [2, 0]").unwrap()), (vec![2, 0], vec![1, 1]));
        expect(calcium(comment, "charges = [0, 0]"), &["m.xyz:2: the charge of the molecule is 2", "add up to 0"]);
    }
    // Charges that add up are no contradiction.
    assert!(calcium("charge=0", "charges = [2, -2]").unwrap().warnings.is_empty());
}

#[test]
fn contradictions_of_keys_are_refused() {
    let parts = "charge_a=-1 charge_b=0 selection_a=1-4 selection_b=5-7";
    expect(
        formate(parts, "charges = [0, -1]"),
        &["fragments.charges.0: ", "m.xyz:2 specifies charge -1 of fragment 0, but `charges` gives 0"],
    );
    expect(formate("charge=-1", "charges = [-1, -1]"), &["m.xyz:2: the charge of the molecule is -1", "add up to -2"]);
    expect(formate("fragment_charges=\"-1 0\"", "charges = [0, -1]"), &["specifies charges [-1, 0]", "gives [0, -1]"]);
    expect(formate("charge=0 charge_a=-1 selection_a=1-4", "charges = [-1, 0]"), &["the charge of the molecule is 0"]);
}

#[test]
fn unclear_charges_are_refused_until_a_key_specifies_them() {
    let comments =
        "charge=-0.5 | charge=minus | ion_charge=-1 | charge_a=-1 | -1 2 | -1 1 formate | charge_a=-1 selection_a=x";
    for comment in comments.split(" | ") {
        expect(formate(comment, ""), &["m.xyz:2: ", "charges"]);
        assert_eq!(spins(&formate(comment, "charges = [-1, 0]").unwrap()).0, [-1, 0], "{comment}");
    }
    expect(
        formate("charge_a=-1 charge_b=0 selection_a=1-3 selection_b=4-7", ""),
        &[
            "selection_a (atoms 0-2, counted from 0) does not consist of whole fragments",
            "fragments = [[0, 1, 2], [3, 4, 5, 6]]",
        ],
    );
}

#[test]
fn selections_of_several_fragments_are_pointed_out() {
    let text = format!("9\ncharge_a=0 selection_a=1-3 charge_b=0 selection_b=4-9\n{}", {
        fixture("water3.xyz").lines().skip(2).collect::<Vec<_>>().join("\n")
    });
    let input = xyz_file(&text, "").unwrap();
    let help = "fragments = [[0, 1, 2], [3, 4, 5, 6, 7, 8]]";
    expect_one(&input.warnings, &["selection_b is several fragments", help]);
    let keys = "molecule = \"m.xyz\"\nfragments = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]";
    assert!(with_file("m.xyz", &text, keys).unwrap().warnings.is_empty());
}

#[test]
fn multiplicities_are_used_or_refused() {
    for comment in ["0 3", "multiplicity=3", "charge=0 uhf=2", "spin=triplet", "spin=1 charge=0"] {
        expect(oxygen(comment, ""), &["m.xyz:2: ", "multiplicities"]);
        assert_eq!(spins(&oxygen(comment, "multiplicities = [3, 1]").unwrap()).1, [3, 1], "{comment}");
    }
    expect(oxygen("0 3", "multiplicities = [3, 3]"), &["the multiplicity of the molecule is 3", "add up to 5"]);
    let parts = "multiplicity_a=3 selection_a=1-2 multiplicity_b=3 selection_b=3-4";
    let input = oxygen(parts, "").unwrap();
    assert_eq!(spins(&input).1, [3, 3]);
    assert!(input.warnings.is_empty());
    expect(oxygen(parts, "multiplicities = [3, 1]"), &["multiplicity 3 of selection `b`", "now [3, 1]"]);
    assert_eq!(spins(&oxygen("fragment_multiplicities=\"3 3\"", "").unwrap()).1, [3, 3]);
    // For closed shells all conventions agree.
    assert!(formate("charge=-1 spin=0", "charges = [-1, 0]").unwrap().warnings.is_empty());
    assert_eq!(spins(&formate("charge=0 spin=0.5", "charges = [0, 0]").unwrap()).1, [2, 1]);
}

#[test]
fn other_comments_have_no_effect() {
    for comment in [
        "formate and water",
        "-263.13 12",
        "energy: -76.3 gnorm: 0.001",
        "i = 10, time = 5.000, E = -76.1",
        "frame 3 of 100",
        "3 100",
        "0 1",
        "Properties=species:S:1:pos:R:3 energy=-263.1 charge=None",
        "gdb 9999 1.0 2.0",
    ] {
        let input = formate(comment, "charges = [-1, 0]").unwrap_or_else(|faults| match comment {
            // It contradicts the key.
            "0 1" => formate("", "charges = [-1, 0]").unwrap(),
            _ => panic!("{comment}: {}", faults.render(false)),
        });
        assert!(input.warnings.is_empty(), "{comment}: {}", input.warnings.render(false));
        assert_eq!(input.summary().len(), 3, "{comment}");
    }
}

#[test]
fn pairs_of_numbers_that_cannot_be_charge_and_multiplicity_are_pointed_out() {
    let waters = |comment: &str, keys: &str| {
        let text = fixture("water3.xyz").lines().skip(2).collect::<Vec<_>>().join("\n");
        xyz_file(&format!("9\n{comment}\n{text}\n"), keys)
    };
    for comment in ["1 1", "2 1 three waters"] {
        expect_one(&waters(comment, "").unwrap().warnings, &["m.xyz:2: `", "it was not used"]);
        assert!(waters(comment, "charges = [0, 0, 0]\nmultiplicities = [1, 1, 1]").unwrap().warnings.is_empty());
    }
    assert!(waters("1 100", "").unwrap().warnings.is_empty());
}

#[test]
fn frames_with_different_charges_are_refused() {
    let keys = "molecule = \"m.xyz\"";
    let parts = "charge_a=-1 selection_a=1-4 charge_b=0 selection_b=5-7";
    let frames = |one: &str, other: &str| formate_text(one) + &formate_text(other);
    let same = with_file("m.xyz", &frames(parts, parts), keys).unwrap();
    assert_eq!((same.supersystems.len(), spins(&same).0), (2, vec![-1, 0]));
    for other in ["charge=0", "", "charge=-1"] {
        expect(with_file("m.xyz", &frames(parts, other), keys), &["m.xyz:11: frames specify different charges"]);
        let by_key = with_file("m.xyz", &frames(parts, other), &format!("{keys}\ncharges = [-1, 0]"));
        assert_eq!(by_key.is_ok(), other != "charge=0", "{other}");
    }
    // Pairs that count frames.
    let counted = with_file("m.xyz", &frames("0 2", "1 2"), &format!("{keys}\ncharges = [-1, 0]")).unwrap();
    assert!(counted.warnings.is_empty());
}

#[test]
fn charges_of_a_qcschema_molecule_are_not_lost_with_its_fragments() {
    let molecule = json!({
        "symbols": ["Na", "O", "H", "H"],
        "geometry": [0.0, 0.0, 0.0, 0.0, 0.0, 4.5, 0.0, 1.4, 5.6, 0.0, -1.4, 5.6],
        "fragments": [[0, 1, 2, 3]],
        "fragment_charges": [1],
    });
    let read = |keys: &str| with_file("m.json", &molecule.to_string(), &format!("molecule = \"m.json\"\n{keys}"));
    let keys = "fragments = [[0], [1, 2, 3]]";
    expect(read(keys), &["the charge of the molecule is 1", "add up to 0", "`charges`, now [0, 0]"]);
    assert_eq!(spins(&read(&format!("{keys}\ncharges = [1, 0]")).unwrap()).0, [1, 0]);
}
