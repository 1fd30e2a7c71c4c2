//! Charges and multiplicities by formula or residue.
use super::*;

const IONS: &str =
    "C 0 0 0\nO 1.13 0.55 0\nO -1.13 0.55 0\nH 0 -1.13 0\nNa 0 4.0 0\nO 0 8.0 0\nH 0.765 8.6 0\nH -0.765 8.6 0\n";

fn ions(keys: &str) -> Result<Input, Faults> {
    read_keys(&format!("atoms = \"\"\"\n{IONS}\"\"\"\n{keys}"))
}

#[test]
fn formulas_give_charges_to_all_fragments_of_a_kind() {
    let input = ions("charges = { \"HCO2\" = -1, \"Na\" = 1 }").unwrap();
    assert_eq!(spins(&input), (vec![-1, 1, 0], vec![1, 1, 1]));
    assert!(input.warnings.is_empty(), "{}", input.warnings.render(false));
    let by_list = ions("charges = [-1, 1, 0]").unwrap();
    assert_eq!((&input.digest, &input.supersystems), (&by_list.digest, &by_list.supersystems));
    assert_eq!(input.section.charges, by_list.section.charges);
    let table = ions("[fragments.charges]\nCHO2 = -1\nNa = 1\nH2O = 0").unwrap();
    assert_eq!(table.supersystems, by_list.supersystems);
}

#[test]
fn fragments_that_no_name_means_are_warned_of() {
    let input = ions("charges = { Na = 1 }").unwrap();
    assert_eq!(spins(&input), (vec![0, 1, 0], vec![2, 1, 1]));
    expect_one(&input.warnings, &["odd in fragment 0 (CHO2: 23 electrons, assumed multiplicity 2)"]);
}

#[test]
fn names_of_no_fragment_are_refused_with_those_there_are() {
    expect(ions("charges = { K = 1 }"), &["fragments.charges.K: no fragment is `K`", "CHO2, Na, H2O"]);
    expect(ions("charges = { NA = 1 }"), &["no fragment is `NA`"]);
    expect(
        ions("charges = { HCO2 = -1, CHO2 = 0, Na = 1 }"),
        &["`CHO2` and `HCO2` both mean fragment 0 (CHO2)", "keep one"],
    );
    expect(ions("charges = { Na = 12 }"), &["fragment 1 (Na) with charge 12 has -1 electrons"]);
    let messages = reported(ions("charges = { Na = 1, Li = 1, F = -1 }"));
    assert_eq!(messages.len(), 2, "{messages:?}");
}

#[test]
fn multiplicities_have_names_too() {
    let oxygen = "O 0 0 0\nO 0 0 1.2\nO 3.5 0 0\nO 3.5 0 1.2\nNe 0 9 0\n";
    let read = |keys: &str| read_keys(&format!("atoms = \"\"\"\n{oxygen}\"\"\"\n{keys}"));
    let input = read("multiplicities = { O2 = 3 }").unwrap();
    assert_eq!(spins(&input).1, [3, 3, 1]);
    assert!(input.warnings.is_empty());
    // What is not named stays pointed out.
    expect_one(&read("multiplicities = { Ne = 1 }").unwrap().warnings, &["fragments 0-1 (O2"]);
    let messages = reported(read("multiplicities = { O2 = 2 }"));
    assert!(messages.len() == 2 && messages[0].contains("16 electrons cannot have multiplicity 2"), "{messages:?}");
    let ion = read("charges = { O2 = -1 }\nmultiplicities = { Ne = 1 }").unwrap();
    assert_eq!(spins(&ion), (vec![-1, -1, 0], vec![2, 2, 1]));
}

#[test]
fn names_and_comments_must_agree() {
    let text = |comment: &str| format!("8\n{comment}\n{IONS}");
    let keys = "charges = { HCO2 = -1, Na = 1 }";
    assert!(xyz_file(&text("charge=0"), keys).unwrap().warnings.is_empty());
    expect(xyz_file(&text("charge=1"), keys), &["m.xyz:2: the charge of the molecule is 1", "add up to 0"]);
    expect(
        xyz_file(&text("charge_a=0 selection_a=1-4"), keys),
        &["m.xyz:2 specifies charge 0 of fragment 0, but `charges` gives -1"],
    );
}
