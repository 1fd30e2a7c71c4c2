//! Valid input files, and the faults of invalid ones.
use super::{Input, read};
use crate::campaigns::fragments::section::{EngineName, Order, PerFragment, Section, SupersystemWord};
use crate::config::{Config, Faults, KindSchema};
use crate::engines::qc::Driver;
use crate::science::expansion::Bsse;
use crate::units::BOHR_ANGSTROM;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

mod charges;
mod defaults;
mod execution;
mod formats;
mod json;
mod names;
mod periodic;
mod residues;
mod spins;
mod texts;
mod translation;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fragments");

/// A configuration whose section holds `keys`; its files are in `tests/fragments`.
pub fn config(keys: &str) -> Config {
    config_in(Path::new(FIXTURES), keys)
}

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(FIXTURES).join(name)).unwrap()
}

fn config_in(folder: &Path, keys: &str) -> Config {
    let text = format!("[campaign]\nkind = \"fragments\"\nseed = 1\noutput = \"r.h5\"\n[fragments]\n{keys}\n");
    let kinds = [KindSchema::new("fragments", || schemars::schema_for!(Section))];
    Config::parse(&folder.join("config.toml"), &text, &kinds).unwrap()
}

fn read_config(config: &Config) -> Result<Input, Faults> {
    read(config, config.section("fragments").unwrap())
}

/// The input of `keys` with files of `tests/fragments`.
fn read_keys(keys: &str) -> Result<Input, Faults> {
    read_config(&config(keys))
}

/// The input of `keys` with a file `name`.
pub fn with_file(name: &str, text: &str, keys: &str) -> Result<Input, Faults> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    read_config(&config_in(folder.path(), keys))
}

/// The input of an xyz file and `keys`.
fn xyz_file(text: &str, keys: &str) -> Result<Input, Faults> {
    with_file("m.xyz", text, &format!("molecule = \"m.xyz\"\n{keys}"))
}

/// Keys, messages and helps of faults.
fn texts_of(faults: &Faults) -> Vec<String> {
    faults.iter().map(|fault| format!("{}: {}; {}", fault.key, fault.message, fault.help)).collect()
}

/// Keys, messages and helps of all faults.
fn reported(input: Result<Input, Faults>) -> Vec<String> {
    texts_of(&input.unwrap_err())
}

/// Checks that there is exactly one fault, and that it says all of `texts`.
pub fn expect(input: Result<Input, Faults>, texts: &[&str]) {
    expect_one(&input.unwrap_err(), texts);
}

/// Checks that there is exactly one fault or warning, and that it says all of `texts`.
fn expect_one(faults: &Faults, texts: &[&str]) {
    let messages = texts_of(faults);
    assert_eq!(messages.len(), 1, "{messages:#?}");
    texts.iter().for_each(|text| assert!(messages[0].contains(text), "`{text}` is missing in {}", messages[0]));
}

/// Charges and multiplicities of fragments.
fn spins(input: &Input) -> (Vec<i32>, Vec<u32>) {
    let fragments = &input.supersystems[0].fragments;
    assert!(matches!(&input.section.charges, Some(PerFragment::List(charges)) if charges.len() == fragments.len()));
    fragments.iter().map(|fragment| (fragment.charge, fragment.multiplicity)).unzip()
}

fn xyz(keys: &str) -> Result<Input, Faults> {
    read_keys(&format!("molecule = \"water3.xyz\"\n{keys}"))
}

#[test]
fn waters_are_found_by_their_bonds() {
    let input = xyz("").unwrap();
    let system = &input.supersystems[0];
    assert!((system.positions[0][0] + 2.76373224).abs() < 1e-9, "xyz is in angstrom");
    assert_eq!(input.section.fragments, Some(vec![vec![0, 1, 2], vec![3, 4, 5], vec![6, 7, 8]]));
    assert_eq!(spins(&input), (vec![0; 3], vec![1; 3]));
    assert_eq!((input.section.total, input.section.bsse), (Some(false), Some(vec![Bsse::Cp])));
    assert!(input.warnings.is_empty());
    let lines = xyz("").unwrap().summary();
    assert_eq!(lines[0].1, "9 atoms in 3 fragments");
    let line = ("fragment 1".to_owned(), "H2O, charge 0, multiplicity 1, 10 electrons, atoms 3-5".to_owned());
    assert_eq!(lines[2], line);
}

#[test]
fn the_digest_is_that_of_elements_and_positions() {
    let text = "2\na\nHe 0 0 0\nHe 0 0 3\n";
    let digest = |text: &str, keys: &str| xyz_file(text, keys).unwrap().digest;
    assert_eq!(digest(text, ""), digest(&text.replace("\na\n", "\nanother comment\n"), "charges = [0, 0]"));
    assert_ne!(digest(text, ""), digest(text, "units = \"bohr\""));
    assert_ne!(digest(text, ""), digest(&text.replace("3\n", "3.1\n"), ""));
}

#[test]
fn fragments_by_hand_cover_every_atom_once() {
    let by_hand = xyz("fragments = [[8, 7, 6], [0, 1, 2, 3, 4, 5]]").unwrap();
    assert_eq!(by_hand.supersystems[0].fragments[0].atoms, [8, 7, 6]);
    for (fragments, key, message) in [
        ("[[0, 1, 2, 3], [3, 4, 5, 6, 7, 8]]", "fragments.fragments.1.0", "atom 3 is in fragment 0 and in fragment 1"),
        ("[[0, 1, 2], [3, 4, 5, 6]]", "fragments.fragments", "atoms 7-8 are in no fragment"),
        ("[[0, 1, 2], [3, 4, 5, 6, 7, 7, 8]]", "fragments.fragments.1.5", "atom 7 is in fragment 1 twice"),
        ("[[0, 1, 2], [3, 4, 5, 6, 7, 8, 9]]", "fragments.fragments.1.6", "atom 9 does not exist: there are 9, 0 to 8"),
        ("[[0, 1, 2], [], [3, 4, 5, 6, 7, 8]]", "fragments.fragments.1", "fragment 1 is empty"),
    ] {
        expect(xyz(&format!("fragments = {fragments}")), &[key, message, "counted from 0"]);
    }
    expect(xyz("fragments = [[0, 1, 2, 3, 4, 5, 6, 7, 8]]"), &["the fragmentation is not specified", "one fragment"]);
    assert_eq!(
        reported(xyz("fragments = []")),
        [
            "fragments.fragments: atoms 0-8 are in no fragment; atoms are counted from 0, and each belongs to exactly one fragment"
        ]
    );
}

#[test]
fn charges_and_multiplicities_fit_the_electrons() {
    let ions = xyz("charges = [-1, 0, 1]\nmultiplicities = [2, 3, 2]").unwrap();
    assert_eq!(spins(&ions), (vec![-1, 0, 1], vec![2, 3, 2]));
    assert_eq!(spins(&xyz("charges = [-1, 0, 1]").unwrap()).1, [2, 1, 2]);
    expect(xyz("charges = [0, 0]"), &["fragments.charges", "2 charges for 3 fragments"]);
    expect(xyz("multiplicities = [1]"), &["fragments.multiplicities", "1 multiplicities for 3 fragments"]);
    expect(xyz("charges = [0, 0, 11]"), &["fragments.charges.2", "fragment 2 (H2O) with charge 11 has -1 electrons"]);
    for (multiplicity, help) in [(2, "possible are 1, 3, ... up to 11"), (13, "up to 11"), (0, "up to 11")] {
        let message = format!("10 electrons cannot have multiplicity {multiplicity}");
        let input = xyz(&format!("multiplicities = [1, {multiplicity}, 1]"));
        expect(input, &["fragments.multiplicities.1", "fragment 1 (H2O, charge 0)", &message, help]);
    }
}

#[test]
fn overlapping_atoms_are_refused() {
    let text = "3\n\nHe 0 0 0\nHe 0 0 3\nHe 0 0.05 3\n";
    expect(
        xyz_file(text, ""),
        &["fragments.molecule", "m.xyz: atoms 1 and 2 of frame 0 overlap: they are 0.050 angstrom apart"],
    );
}

#[test]
fn a_wrong_unit_is_pointed_out() {
    let warned = xyz("units = \"bohr\"\nfragments = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]").unwrap().warnings;
    expect_one(&warned, &["only 0.5", "set units = \"angstrom\""]);
    assert!(!warned.has_errors());
    // Everything is so close that all atoms are bonded.
    let close = reported(xyz("units = \"bohr\""));
    assert!(close.len() == 2 && close[0].contains("only one fragment"), "{close:?}");
    assert!(close[1].contains("only 0.5") && close[1].contains("set units = \"angstrom\""), "{close:?}");
    // Nothing is bonded: radicals that the file knows nothing of.
    let messages = reported(read_keys("molecule = \"molecule_1.json\"\nunits = \"angstrom\""));
    assert!(messages.len() == 2 && messages[0].contains("multiplicity of the molecule is 1"), "{messages:?}");
    assert!(messages[1].contains("1.8") && messages[1].contains("set units = \"bohr\""), "{messages:?}");
}

#[test]
fn atoms_without_bonds_give_no_warning_of_the_unit() {
    for text in ["2\n\nAr 0 0 0\nAr 0 0 3.8\n", "2\n\nHe 0 0 0\nHe 0 0 1.0\n", "2\n\nNa 0 0 0\nF 0 0 6.0\n"] {
        let input = xyz_file(text, "charges = [0, 0]").unwrap();
        assert!(input.warnings.is_empty(), "{}", input.warnings);
    }
}

#[test]
fn atoms_that_are_nearly_bonded_are_pointed_out() {
    let text = "4\n\nF 0 0 0\nF 0 0 1.41\nH 0 0 4\nH 0 0 4.74\n";
    let input = xyz_file(text, "multiplicities = [2, 2, 1]").unwrap();
    assert_eq!(input.section.fragments, Some(vec![vec![0], vec![1], vec![2, 3]]));
    expect_one(&input.warnings, &["F 0 and F 1 are 1.24 bond lengths apart"]);
    let by_hand = xyz_file(text, "fragments = [[0], [1], [2, 3]]\nmultiplicities = [2, 2, 1]").unwrap();
    assert!(by_hand.warnings.is_empty());
}

#[test]
fn frames_are_expansions_of_their_own() {
    let frame = |z: f64| format!("4\n\nO 0 0 0\nH 0 0 0.97\nO 0 0 {}\nH 0 0 {}\n", z + 1.0, z);
    let keys = "molecule = \"m.xyz\"\nmultiplicities = [2, 2]";
    let two = with_file("m.xyz", &(frame(4.0) + &frame(5.0)), keys).unwrap();
    assert_eq!(two.supersystems.len(), 2);
    assert_eq!(spins(&two).1, [2, 2]);
    assert!(two.warnings.is_empty());
    assert!(two.summary()[0].1.ends_with("2 frames: one expansion each"));
    let moved = with_file("m.xyz", &(frame(4.0) + &frame(1.65)), keys).unwrap();
    assert!(moved.warnings.iter().next().unwrap().message.contains("bonds of frames 1 differ"));
    let other = frame(4.0) + &frame(4.0).replace("O 0 0 5", "S 0 0 5");
    expect(xyz_file(&other, ""), &["m.xyz:11: atom 2 is S in frame 1, but O in frame 0"]);
}

#[test]
fn many_fragments_are_summarized() {
    let atom = |k: usize| format!("{} 0 0 {}\n", if k == 30 { "Ne" } else { "He" }, 4 * k);
    let text = "40\n\n".to_owned() + &(0..40).map(atom).collect::<String>();
    let lines = xyz_file(&text, "").unwrap().summary();
    let lines: Vec<String> = lines.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[1], "fragments 0-29: He, charge 0, multiplicity 1, 2 electrons each, atoms 0-29");
    assert_eq!(lines[2], "fragment 30: Ne, charge 0, multiplicity 1, 10 electrons, atoms 30");
}

#[test]
fn files_that_are_missing_or_not_molecules_are_reported() {
    expect(read_keys("driver = \"energy\""), &["none of `molecule`, `atoms` and `input` is set"]);
    expect(read_keys("molecule = \"missing.xyz\""), &["cannot read", "missing.xyz"]);
    expect(
        read_keys("molecule = \"many_body_1.json\""),
        &["this is a ManyBodyInput", "set input = \"many_body_1.json\""],
    );
    expect(
        read_keys("input = \"molecule_2.json\""),
        &["`qcschema_molecule` is not a ManyBodyInput", "set `molecule` instead"],
    );
    expect(with_file("m.json", "{\"symbols\": [\"He\",]}", "molecule = \"m.json\""), &["m.json:1:19: invalid JSON"]);
    expect(xyz_file("1\n\nHX 0 0 0\n", ""), &["m.xyz:3: unknown element `HX`"]);
}

#[test]
fn molecules_of_both_schemas_keep_their_fragments_charges_and_spins() {
    let two = read_keys("molecule = \"molecule_2.json\"").unwrap();
    assert_eq!(spins(&two).0, [0, 0, 1, 0]);
    assert_eq!(two.supersystems[0].positions[1], [0.0, 0.0, 1.75]);
    let three = read_keys("molecule = \"molecule_3.json\"").unwrap();
    assert_eq!(three.section.fragments, Some(vec![vec![0], vec![1], vec![2, 3]]));
    assert_eq!(spins(&three), (vec![0, 0, -1], vec![2, 2, 1]));
}

/// A bare molecule of two water molecules, with `keys` besides atoms.
fn waters(keys: Value) -> String {
    let mut molecule = json!({
        "symbols": ["O", "H", "H", "O", "H", "H"],
        "geometry": [[0, 0, 0], [1.43, 1.1, 0], [-1.43, 1.1, 0], [0, 0, 6], [1.43, 1.1, 6], [-1.43, 1.1, 6.0]],
    });
    for (key, value) in keys.as_object().unwrap() {
        molecule[key] = value.clone();
    }
    molecule.to_string()
}

#[test]
fn contradictions_of_molecule_and_fragments_are_refused() {
    let read = |keys: Value, more: &str| with_file("m.json", &waters(keys), &format!("molecule = \"m.json\"\n{more}"));
    assert_eq!(read(json!({}), "").unwrap().section.fragments.unwrap().len(), 2);
    expect(
        read(json!({"molecular_charge": -1}), ""),
        &["m.json:1:", "molecular_charge: the charge of the molecule is -1, but those of its fragments add up to 0"],
    );
    assert!(read(json!({"molecular_charge": -1.0}), "charges = [0, -1]").is_ok());
    let high = json!({"fragments": [[0, 1, 2], [3, 4, 5]], "fragment_charges": [1, 1], "fragment_multiplicities": [2, 2.0],
        "molecular_multiplicity": 1, "molecular_charge": 2});
    expect(read(high, ""), &["the multiplicity of the molecule is 1, but the spins of its fragments add up to 3"]);
    // Charges of the file belong to its own fragments, which are in another order here.
    let file = json!({"fragments": [[0, 1, 2], [3, 4, 5]], "fragment_charges": [1, -1]});
    assert_eq!(spins(&read(file.clone(), "").unwrap()).0, [1, -1]);
    let other = read(file, "fragments = [[3, 4, 5], [0, 1, 2]]").unwrap();
    assert_eq!(spins(&other).0, [0, 0]);
}

#[test]
fn every_fault_of_a_molecule_has_its_location() {
    let read = |keys: Value| with_file("m.json", &waters(keys), "molecule = \"m.json\"");
    expect(read(json!({"real": [true, true, true, false, true, true]})), &["real[3]: atom 3 is a ghost"]);
    expect(
        read(json!({"fragment_charge": [0, 0]})),
        &["fragment_charge: unknown key", "did you mean `fragment_charges`?"],
    );
    expect(
        read(json!({"fragments": [[0, 1, 2], [3, 4, 5]], "fragment_charges": [0.5, 0]})),
        &["fragment_charges[0]: expected an integer in range, found 0.5"],
    );
    expect(
        read(json!({"fragments": [[0, 1, 2], [2, 3, 4, 5]]})),
        &["fragments[1][0]: atom 2 is in fragment 0 and in fragment 1"],
    );
    expect(read(json!({"fragments": [[0, 1, 2], [3, 4, -5]]})), &["fragments[1][2]: expected an integer in range"]);
    expect(read(json!({"geometry": [0, 0, 0, 0]})), &["geometry: 4 numbers are not triples"]);
    expect(read(json!({"geometry": [0, 0, 0]})), &["geometry: there are 1 positions for 6 symbols"]);
    expect(read(json!({"symbols": ["O", "H", "H", "O", "Hx", "H"]})), &["symbols[4]: unknown element `Hx`"]);
    expect(read(json!({"symbols": null})), &["m.json:1:1: `symbols` is missing"]);
    expect(read(json!({"schema_name": "qcschema_input"})), &["`qcschema_input` is not a molecule"]);
    let two = read(json!({"symbols": 3, "geometry": [[0, 0]], "real": 1}));
    assert_eq!(reported(two).len(), 3);
}

#[test]
fn a_many_body_input_of_schema_1_becomes_a_section() {
    let input = read_keys("input = \"many_body_1.json\"").unwrap();
    let section = &input.section;
    assert_eq!(section.bsse, Some(vec![Bsse::Cp, Bsse::Nocp]));
    assert_eq!((section.driver, section.total, section.max_order), (Some(Driver::Energy), Some(true), Some(2)));
    let levels: Vec<_> =
        section.level.iter().map(|l| (l.order.unwrap(), l.name.as_deref().unwrap(), l.engine)).collect();
    let supersystem = Order::Supersystem(SupersystemWord::Supersystem);
    assert_eq!(
        levels,
        [
            (Order::Of(1), "e_mp2", EngineName::Psi4),
            (Order::Of(2), "e_hf", EngineName::Nwchem),
            (supersystem, "e_xtb", EngineName::Qcengine),
        ]
    );
    assert_eq!(section.level[0].keywords["mp2_type"], "conv");
    assert_eq!((section.level[2].program.as_deref(), section.level[2].basis.as_deref()), (Some("dftd4"), None));
    assert_eq!((section.level[0].method.as_deref(), section.level[0].basis.as_deref()), (Some("mp2"), Some("sto-3g")));
    expect_one(&input.warnings, &["protocols.component_results: the full results"]);
}

#[test]
fn a_many_body_input_of_schema_2_becomes_a_section() {
    let input = read_keys("input = \"many_body_2.json\"").unwrap();
    let section = &input.section;
    assert_eq!(section.bsse, Some(vec![Bsse::Vmfc]));
    assert_eq!((section.driver, section.total, section.max_order), (Some(Driver::Gradient), Some(true), Some(2)));
    assert_eq!(section.supersystem_interaction_only, Some(false));
    assert_eq!((section.level.len(), section.level[0].order), (1, Some(Order::Of(2))));
    assert_eq!((section.level[0].name.as_deref(), section.level[0].engine), (Some("(auto)"), EngineName::Psi4));
    assert!(input.warnings.is_empty());
    assert_eq!(input.digest, read_keys("input = \"many_body_1.json\"").unwrap().digest);
}

#[test]
fn a_many_body_input_excludes_all_other_keys() {
    let keys = "input = \"many_body_2.json\"\nmax_order = 2\n[[fragments.level]]\nengine = \"psi4\"";
    let messages = reported(read_keys(keys));
    assert_eq!(messages.len(), 2);
    assert!(messages[0].contains("fragments.max_order: `max_order` and `input` are both set"), "{messages:?}");
    assert!(messages[1].contains("fragments.level: `level` and `input` are both set"), "{messages:?}");
}

/// The input of schema 1 with the value at `pointer` changed.
fn changed(pointer: &str, value: Value) -> Result<Input, Faults> {
    let mut input: Value = serde_json::from_str(&fixture("many_body_1.json")).unwrap();
    let (folder, key) = pointer.rsplit_once('/').unwrap();
    input.pointer_mut(folder).unwrap()[key] = value;
    with_file("m.json", &format!("{input:#}"), "input = \"m.json\"")
}

fn keyword(key: &str, value: Value) -> Result<Input, Faults> {
    changed(&format!("/specification/keywords/{key}"), value)
}

#[test]
fn what_qcmanybody_refuses_is_refused() {
    expect(
        changed("/molecule/fragments", json!([[0, 1, 2, 3, 4, 5, 6, 7, 8]])),
        &["fragments.input: ", "molecule: fragmentation has not been specified through the `fragments` field"],
    );
    expect(changed("/molecule/fragments", Value::Null), &["fragmentation has not been specified"]);
    let mixed = json!([[0, 1, 3], [2, 4, 5], [6, 7, 8]]);
    expect(changed("/molecule/fragments", mixed), &["non-contiguous fragments", "any order"]);
    expect(
        keyword("bsse_type", json!(["cp", "xyz"])),
        &["keywords.bsse_type[1]: unknown BSSE treatment `xyz`", "choose nocp, cp or vmfc"],
    );
    expect(keyword("bsse_type", json!([])), &["no BSSE treatment is specified"]);
    expect(keyword("max_nbody", json!(4)), &["keywords.max_nbody: order 4 should be between 1 and 3"]);
    expect(keyword("max_nbody", json!(0)), &["order 0 should be between 1 and 3"]);
    expect(keyword("max_nbody", json!(3)), &["max_nbody=3 contradicts levels, which go through order 2"]);
    expect(keyword("levels", json!({"1": "e_mp2", "2": "e_mp2"})), &["duplicate model chemistries in levels"]);
    expect(keyword("levels", json!({"1": "e_mp2", "4": "e_hf"})), &["levels.4: order 4 should be between 1 and 3"]);
    expect(keyword("levels", json!({"1": "e_mp2", "2": "ccsd"})), &["unknown specification `ccsd`", "e_hf, e_mp2"]);
    expect(keyword("levels", json!({"supersystem": "e_mp2"})), &["levels covers no order of the expansion"]);
    expect(keyword("levels", json!({})), &["levels covers no order of the expansion"]);
    expect(keyword("levels", Value::Null), &["several specifications (e_hf, e_mp2, e_xtb), but no levels"]);
    let few = "intermediate n-body tasks cannot be skipped when max_nbody=2 != nfragments=3";
    expect(keyword("supersystem_ie_only", json!(true)), &[few]);
    expect(keyword("max_nbdy", json!(2)), &["keywords.max_nbdy: unknown key", "did you mean `max_nbody`?"]);
    expect(changed("/specification/driver", json!("properties")), &["unsupported driver `properties`"]);
    expect(changed("/schema_version", json!(3)), &["schema_version: only schemas 1 and 2 are supported"]);
    expect(
        changed("/molecule/fragment_multiplicities", json!([1, 2, 1])),
        &["molecule.fragment_multiplicities[1]: fragment 1 (H2O, charge 0): 10 electrons cannot have multiplicity 2"],
    );
}

#[test]
fn interaction_only_is_not_for_vmfc() {
    let text = fixture("many_body_2.json");
    let all = text.replace("\"max_nbody\": 2", "\"max_nbody\": 3").replace("_ie_only\": false", "_ie_only\": true");
    expect(with_file("m.json", &all, "input = \"m.json\""), &["cannot be skipped when vmfc is in bsse_type", "use cp"]);
    let cp = with_file("m.json", &all.replace("\"vmfc\"", "\"SSFC\""), "input = \"m.json\"").unwrap();
    assert_eq!(cp.section.supersystem_interaction_only, Some(true));
}

#[test]
fn a_level_also_covers_what_is_below_it() {
    let levels = keyword("levels", json!({"3": "e_hf", "supersystem": "e_xtb", "2": "e_mp2"})).unwrap().section.level;
    let covered: Vec<_> = levels.iter().map(|level| (level.order.unwrap(), level.name.as_deref().unwrap())).collect();
    let supersystem = Order::Supersystem(SupersystemWord::Supersystem);
    assert_eq!(covered, [(Order::Of(2), "e_mp2"), (Order::Of(3), "e_hf"), (supersystem, "e_xtb")]);
    let warned = keyword("levels", json!({"2": "e_hf"})).unwrap().warnings;
    assert!(warned.iter().any(|fault| fault.message.contains("no level uses the model chemistry `e_mp2`")));
}

#[test]
fn embedding_charges_are_those_of_every_atom_of_every_fragment() {
    let charges = json!({"1": [-0.8, 0.4, 0.4], "3": [-0.6, 0.3, 0.3], "2": [-0.7, 0.35, 0.35]});
    let section = keyword("embedding_charges", charges.clone()).unwrap().section;
    assert_eq!(section.embedding_charges.unwrap()[1], [-0.7, 0.35, 0.35]);
    expect(keyword("embedding_charges", json!({"1": [-0.8, 0.4, 0.4]})), &["has entries for 1 of 3 fragments"]);
    expect(keyword("embedding_charges", json!({"0": [0.0]})), &["`0` is not a fragment, 1 to 3"]);
    expect(keyword("embedding_charges", json!({"1": [-0.8, 0.4]})), &["2 charges for the 3 atoms of fragment 1"]);
    let mut input: Value = serde_json::from_str(&fixture("many_body_1.json")).unwrap();
    input["specification"]["keywords"]["embedding_charges"] = charges;
    input["specification"]["keywords"]["return_total_data"] = Value::Null;
    let input = with_file("m.json", &input.to_string(), "input = \"m.json\"");
    expect(input, &["interaction data cannot be returned when using embedding charges"]);
}

#[test]
fn embedding_charges_by_hand_are_those_of_every_atom_too() {
    let water = "[-0.8, 0.4, 0.4]";
    let all = format!("embedding_charges = [{water}, {water}, {water}]");
    assert!(xyz(&format!("total = true\n{all}")).is_ok());
    assert!(xyz(&format!("driver = \"gradient\"\n{all}")).is_ok());
    expect(xyz(&all), &["fragments.total: interaction data cannot be returned", "set total = true"]);
    let few = xyz(&format!("total = true\nembedding_charges = [{water}, [0.0]]"));
    assert_eq!(
        reported(few),
        [
            "fragments.embedding_charges: there are charges for 2 of 3 fragments; give a list for each fragment",
            "fragments.embedding_charges.1: 1 charges for the 3 atoms of fragment 1; give one for each atom, in the order of the fragment's atoms",
        ]
    );
}

#[test]
fn all_atoms_of_many_frames_are_read() {
    let atom = |k: usize| format!("Ar {} {} {}\n", 4 * (k % 20), 4 * (k / 20 % 20), 4 * (k / 400));
    let frame = "8000\n\n".to_owned() + &(0..8000).map(atom).collect::<String>();
    let input = xyz_file(&frame.repeat(5), "").unwrap();
    assert_eq!((input.supersystems.len(), input.supersystems[4].fragments.len()), (5, 8000));
    assert_eq!(input.summary().len(), 2);
}

#[test]
fn atoms_may_be_in_the_configuration_itself() {
    let text = "atoms = \"\"\"\nHe 0 0 0\n\n2 0 0 3.0\n\"\"\"\nunits = \"bohr\"";
    let input = read_keys(text).unwrap();
    assert_eq!(input.supersystems[0].positions, [[0.0; 3], [0.0, 0.0, 3.0]]);
    expect(read_keys(&format!("{text}\nmolecule = \"x.xyz\"")), &["`molecule` and `atoms` are both set"]);
    expect(read_keys("atoms = \"He 0 0\""), &["line 1 of `atoms`"]);
}
