//! What has to be done within psi4 that its JSON has no place for?
//!
//! Embedding charges, and ghosts without a core potential: psi4 (1.3.2, and later versions: psi4/psi4#1968) leaves the potential of an
//! element on its ghosts. They get labels of their own here, of which psi4 looks up the basis set by itself, and a reader of basis sets that
//! takes no potential for them.
use crate::science::chemistry::{Molecule, PointCharge};
use serde_json::{Value, json};

/// The end of a ghost's label.
const GHOST: &str = "_ghost";

/// Whether a molecule has ghosts of elements that may have a core potential: none has one for hydrogen or helium.
pub fn has_ghosts(molecule: &Molecule) -> bool {
    molecule.atoms.iter().any(|atom| atom.is_ghost && atom.element.number() > 2)
}

/// Labels of a molecule's atoms, behind their symbols, in QCSchema.
pub fn labels(molecule: &Molecule) -> Value {
    json!(molecule.atoms.iter().map(|atom| if atom.is_ghost { GHOST } else { "" }).collect::<Vec<_>>())
}

/// The input that runs the JSON in `file` for a molecule.
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
        text += AFTERWARDS;
    }
    text + &format!("with open(\"{file}\", \"w\") as f:\n    json.dump(data, f)\n")
}

/// Charges (e; bohr) in the field of which everything is computed.
fn with_charges(charges: &[PointCharge]) -> String {
    let charges: Vec<_> = charges.iter().map(|c| [c.charge, c.position[0], c.position[1], c.position[2]]).collect();
    format!(
        "field = QMMM()\nfor charge in {}:\n    field.extern.addCharge(*charge)\n\
         core.set_global_option_python(\"EXTERN\", field.extern)\n",
        json!(charges)
    )
}

/// The functions of a ghost are those of its element; potential, its text and the number of electrons that it replaces are none.
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

/// Should another version not look for labels, its result must not be taken.
const AFTERWARDS: &str = r#"if not ghosts:
    raise RuntimeError("this version of psi4 does not look up basis sets by the labels of ghosts")
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::chemistry::{Atom, Element};

    fn molecule(symbols: &[&str], point_charges: Vec<PointCharge>) -> Molecule {
        let atom = |symbol: &&str| Atom {
            element: Element::of_symbol(symbol.trim_start_matches('*')).unwrap(),
            position: [0.0; 3],
            is_ghost: symbol.starts_with('*'),
        };
        Molecule { atoms: symbols.iter().map(atom).collect(), charge: 0, multiplicity: 1, point_charges }
    }

    #[test]
    fn a_script_holds_every_charge() {
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
