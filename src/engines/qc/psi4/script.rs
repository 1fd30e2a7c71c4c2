//! Which input file does psi4 need for what its JSON cannot express?
//!
//! It sets embedding charges, and removes the core potentials of ghost atoms, which psi4 leaves on them (1.3.2, and later versions:
//! psi4/psi4#1968). Ghosts get a label of their own, by which psi4 looks up their basis set, and a basis set parser that drops their
//! potential.
use crate::science::chemistry::{Molecule, PointCharge};
use serde_json::{Value, json};

/// Suffix of the label of a ghost.
const GHOST: &str = "_ghost";

/// Whether a molecule has ghosts that may have a core potential, which hydrogen and helium never have.
pub fn has_ghosts(molecule: &Molecule) -> bool {
    molecule.atoms.iter().any(|atom| atom.is_ghost && atom.element.number() > 2)
}

/// The labels of a molecule's atoms in QCSchema, without their symbols.
pub fn labels(molecule: &Molecule) -> Value {
    json!(molecule.atoms.iter().map(|atom| if atom.is_ghost { GHOST } else { "" }).collect::<Vec<_>>())
}

/// The input file that runs the JSON in `file` for a molecule.
pub fn script(file: &str, molecule: &Molecule) -> String {
    let mut text = format!("import json\nimport psi4\nwith open(\"{file}\") as f:\n    data = json.load(f)\n");
    if !molecule.point_charges.is_empty() {
        text += &with_charges(&molecule.point_charges);
    }
    let has_ghosts = has_ghosts(molecule);
    if has_ghosts {
        text += WITHOUT_POTENTIALS;
    }
    text += "data = psi4.json_wrapper.run_json(data, clean=False)\n";
    if has_ghosts {
        text += CHECK_LABELS;
    }
    text + &format!("with open(\"{file}\", \"w\") as f:\n    json.dump(data, f)\n")
}

/// Sets external point charges, as (charge, x, y, z) in e and bohr.
fn with_charges(charges: &[PointCharge]) -> String {
    let charges: Vec<_> = charges.iter().map(|c| [c.charge, c.position[0], c.position[1], c.position[2]]).collect();
    format!(
        "field = QMMM()\nfor charge in {}:\n    field.extern.addCharge(*charge)\n\
         core.set_global_option_python(\"EXTERN\", field.extern)\n",
        json!(charges)
    )
}

/// Wraps the basis set parser: a ghost gets the functions of its element, but no potential.
const WITHOUT_POTENTIALS: &str = r#"from psi4.driver.qcdb.libmintsbasissetparser import Gaussian94BasisSetParser as Reader
with_potential = Reader.parse
ghosts = set()
def without_potential(reader, name, lines):
    if not name.lower().endswith("_ghost"):
        return with_potential(reader, name, lines)
    ghosts.add(name)
    functions, text, _, _, _ = with_potential(reader, name[:-len("_ghost")], lines)
    return functions, text, [], None, 0
Reader.parse = without_potential
"#;

/// Fails if a version of psi4 does not look up basis sets by label: its result would be wrong.
const CHECK_LABELS: &str = r#"if not ghosts:
    raise RuntimeError("this version of psi4 does not look up basis sets by the labels of ghosts")
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::test_molecules;

    fn molecule(symbols: &[&str], point_charges: Vec<PointCharge>) -> Molecule {
        Molecule { point_charges, ..test_molecules::molecule(symbols, 0) }
    }

    #[test]
    fn a_script_sets_every_charge() {
        let charges = vec![PointCharge { charge: -0.5, position: [0.0, 1.0, 2.5] }];
        let text = script("psi4.json", &molecule(&["O", "*H"], charges));
        assert!(text.contains("for charge in [[-0.5,0.0,1.0,2.5]]:") && !text.contains("Reader"));
    }

    #[test]
    fn ghosts_have_labels_and_no_potential() {
        let ghosts = molecule(&["He", "*Xe"], Vec::new());
        assert_eq!(labels(&ghosts), json!(["", "_ghost"]));
        let text = script("psi4.json", &ghosts);
        assert!(text.contains("Reader.parse = without_potential") && !text.contains("QMMM"));
        assert!(!has_ghosts(&molecule(&["Xe", "*He"], Vec::new())));
    }
}
