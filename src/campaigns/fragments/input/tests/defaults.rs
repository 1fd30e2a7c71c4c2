//! Defaults of programs that differ from those of simmpi.
use super::*;

/// Two helium atoms for a program, the first of a given multiplicity.
fn read(program: &str, (method, basis): (&str, &str), keywords: &Value, multiplicity: u32) -> Input {
    let text = json!({
        "schema_name": "qcschema_manybodyinput",
        "molecule": {"symbols": ["He", "He"], "geometry": [0, 0, 0, 0, 0, 6], "fragments": [[0], [1]],
            "fragment_charges": [0, 0], "fragment_multiplicities": [multiplicity, 1], "molecular_charge": 0,
            "molecular_multiplicity": multiplicity},
        "specification": {"driver": "energy", "keywords": {}, "specification": {
            "program": program, "driver": "energy", "model": {"method": method, "basis": basis}, "keywords": keywords}},
    });
    with_file("m.json", &text.to_string(), "input = \"m.json\"").unwrap()
}

fn warnings(program: &str, model: (&str, &str), keywords: Value, multiplicity: u32) -> Faults {
    read(program, model, &keywords, multiplicity).warnings
}

#[test]
fn psi4s_default_of_density_fitting_is_reported() {
    let mp2 = |keywords| warnings("psi4", ("MP2", "cc-pvdz"), keywords, 1);
    let fitted = "\"scf_type\": \"df\", \"mp2_type\": \"df\"";
    let texts = ["m.json:1:", "specification.specification.keywords", "density fitting is off", fitted];
    expect_one(&mp2(json!({})), &texts);
    expect_one(&mp2(json!({"SCF_TYPE": "pk"})), &["add {\"mp2_type\": \"df\"}"]);
    assert!(mp2(json!({"scf_type": "df", "mp2_type": "conv"})).is_empty());
    // Other correlation is not fitted by default.
    let reported = texts_of(&warnings("psi4", ("ccsd", "cc-pvdz"), json!({}), 1));
    assert!(reported.len() == 1 && !reported[0].contains("mp2_type"), "{reported:?}");
    assert!(warnings("psi4", ("hf", "cc-pvdz"), json!({"scf_type": "pk"}), 1).is_empty());
}

#[test]
fn nwchems_defaults_of_functions_and_open_shells_are_reported() {
    let hf = |basis, keywords, multiplicity| warnings("nwchem", ("hf", basis), keywords, multiplicity);
    expect_one(&hf("cc-pVDZ", json!({}), 1), &["spherical here and Cartesian"]);
    assert!(["6-31g*", "sto-3g"].iter().all(|basis| hf(basis, json!({}), 1).is_empty()));
    assert!(hf("cc-pvdz", json!({"basis__spherical": true}), 1).is_empty());
    expect_one(&hf("6-31g*", json!({}), 3), &["ROHF", "specification.specification.program"]);
    assert!(hf("6-31g*", json!({"scf__uhf": true}), 3).is_empty());
}

#[test]
fn methods_that_the_nwchem_engine_does_not_support_go_to_qcengine() {
    let level = |method, keywords: Value| {
        let input = read("NWChem", (method, "6-31g*"), &keywords, 1);
        (input.section.level[0].engine, input.locations.reason(0).map(str::to_owned))
    };
    for method in ["ccsd", "ccsd(t)", "b3lyp", "dft"] {
        let (engine, reason) = level(method, json!({}));
        assert_eq!(engine, EngineName::Qcengine);
        assert!(reason.unwrap().contains(&format!("does not support `{method}`")));
    }
    assert_eq!(level("mp2", json!({})), (EngineName::Nwchem, None));
    assert_eq!(level("mp2", json!({"qc_module": "tce"})).0, EngineName::Qcengine);
}
