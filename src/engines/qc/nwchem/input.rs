//! What is NWChem's input for a calculation?
//!
//! An `ecp` block sets the core potentials that the basis set is made for. NWChem does not set them by itself, and would put all electrons
//! into the valence functions. The user's `ecp__*` keywords replace the lines of their element.
use crate::engines::qc::{Calculation, Chemistry, Core, Driver, EcpLibrary, Reference, Resources, basis, ecp};
use crate::science::chemistry::{Atom, Element, Molecule};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

pub const INPUT: &str = "nwchem.nw";
/// NWChem's name of the calculation, and the stem of its files.
const NAME: &str = "job";
/// Default convergence threshold of the energy, Eh.
const CONVERGENCE: f64 = 1e-10;

/// The input file of a calculation.
pub fn input(calculation: &Calculation, resources: &Resources, method: Method) -> String {
    let chemistry = calculation.chemistry;
    let geometry: String = calculation.molecule.atoms.iter().map(|atom| line(&tag(atom), atom.position)).collect();
    let charges: String =
        calculation.molecule.point_charges.iter().map(|c| charge_line(c.position, c.charge)).collect();
    let mut text = format!(
        "start {NAME}\npermanent_dir .\nscratch_dir .\nmemory {} mb\ncharge {}\n\
         geometry units bohr noautosym nocenter noautoz noprint\n{geometry}end\n",
        resources.memory_mb, calculation.molecule.charge
    );
    let mut add = |lines: String| text.push_str(&lines);
    if !charges.is_empty() {
        add(format!("bq units au\n{charges}end\n"));
    }
    add(basis_block(calculation));
    add(potential_block(calculation));
    add(scf_block(calculation));
    if method == Method::Mp2 {
        add(format!("mp2\n tight\n freeze core {}\nend\n", frozen_orbitals(calculation)));
    }
    add(keyword_lines(&chemistry.keywords));
    let theory = method.theory();
    match calculation.driver {
        Driver::Energy => add(format!("task {theory} energy\ntask rtdbprint\n")),
        Driver::Gradient => add(format!("task {theory} gradient\ntask rtdbprint\n")),
        Driver::Hessian => add(format!("task {theory} gradient\ntask rtdbprint\ntask {theory} hessian\n")),
    }
    text
}

/// An atom's name: with the prefix bq, a ghost keeps its element.
fn tag(atom: &Atom) -> String {
    format!("{}{}", if atom.is_ghost { "bq" } else { "" }, atom.element)
}

fn line(name: &str, [x, y, z]: [f64; 3]) -> String {
    format!(" {name} {x:.17} {y:.17} {z:.17}\n")
}

fn charge_line([x, y, z]: [f64; 3], charge: f64) -> String {
    format!(" {x:.17} {y:.17} {z:.17} {charge:.17}\n")
}

fn basis_block(calculation: &Calculation) -> String {
    let name = calculation.chemistry.basis.as_deref().unwrap_or_default();
    let is_set = |key: &str| calculation.chemistry.keywords.get(key) == Some(&Value::Bool(true));
    let is_cartesian = is_set("basis__cartesian") || !is_set("basis__spherical") && basis::is_cartesian(name);
    let tags: BTreeSet<_> = calculation.molecule.atoms.iter().map(|atom| (tag(atom), atom.element.symbol())).collect();
    let mut block = format!("basis {}\n", if is_cartesian { "cartesian" } else { "spherical" });
    // Its library file is named differently in NWChem.
    let file = if name.eq_ignore_ascii_case("lanl2dz") { "lanl2dz_ecp" } else { name };
    for (tag, element) in tags {
        let _ = writeln!(block, " {tag} library {element} {file}");
    }
    block + "end\n"
}

/// The core potentials of the real atoms; ghosts have none.
fn potential_block(calculation: &Calculation) -> String {
    let real: BTreeSet<Element> =
        calculation.molecule.atoms.iter().filter(|atom| !atom.is_ghost).map(|atom| atom.element).collect();
    let library = library(calculation.chemistry).unwrap_or_default();
    let mut lines: Vec<String> = (real.into_iter())
        .filter(|&element| keyword_potential(&calculation.chemistry.keywords, element).is_none())
        .filter(|&element| ecp::core_electrons(calculation.chemistry, element).is_some())
        .map(|element| format!("{element} library {element} {library}"))
        .collect();
    for (name, value) in &calculation.chemistry.keywords {
        if let Some(("ecp", rest)) = name.split_once("__") {
            lines.extend(directive(&rest.replace("__", " "), value));
        }
    }
    if lines.is_empty() { String::new() } else { format!("ecp\n {}\nend\n", lines.join("\n ")) }
}

/// Whether an element has a core potential, by its basis set or the keywords.
pub fn has_potential(chemistry: &Chemistry, element: Element) -> bool {
    match keyword_potential(&chemistry.keywords, element) {
        Some(value) => !matches!(value, Value::Bool(false) | Value::Null),
        None => ecp::core_electrons(chemistry, element).is_some(),
    }
}

/// The library of the core potentials that the basis set is made for.
fn library(chemistry: &Chemistry) -> Option<&'static str> {
    Some(EcpLibrary::for_basis(chemistry.basis.as_deref()?)?.name)
}

/// The keyword for the core potential of an element: `ecp__I`, or `ecp__*` for all elements.
pub fn keyword_potential(keywords: &Map<String, Value>, element: Element) -> Option<&Value> {
    let matches = |name: &str| match name.split_once("__") {
        Some((block, rest)) if block.eq_ignore_ascii_case("ecp") => {
            let symbol = rest.split("__").next().unwrap_or_default();
            symbol == "*" || symbol.eq_ignore_ascii_case(element.symbol())
        }
        _ => false,
    };
    keywords.iter().find(|(name, _)| matches(name)).map(|(_, value)| value)
}

/// The core electrons that an element's potential replaces; none if the user's keywords name an unknown library or contain the potential
/// itself.
pub fn core_electrons(chemistry: &Chemistry, element: Element) -> Option<u32> {
    match keyword_potential(&chemistry.keywords, element) {
        None => Some(ecp::core_electrons(chemistry, element).unwrap_or(0)),
        Some(Value::Bool(false) | Value::Null) => Some(0),
        Some(value) => {
            let words = word(value);
            let library = words.trim_start().strip_prefix("library")?.split_whitespace().last()?.to_owned();
            Some(EcpLibrary::named(&library)?.core_electrons(element).unwrap_or(0))
        }
    }
}

/// The core of a molecule with these core potentials.
pub fn core(molecule: &Molecule, chemistry: &Chemistry) -> Core {
    Core::new(molecule, |element| core_electrons(chemistry, element).unwrap_or(0))
}

/// The orbitals of each spin that are excluded from correlation.
pub fn frozen_orbitals(calculation: &Calculation) -> usize {
    if calculation.chemistry.frozen_core == Some(true) {
        core(calculation.molecule, calculation.chemistry).frozen_orbitals
    } else {
        0
    }
}

/// Whether the keywords define the frozen orbitals.
pub fn has_own_freeze(chemistry: &Chemistry) -> bool {
    chemistry.keywords.keys().any(|name| name.to_ascii_lowercase().starts_with("mp2__freeze"))
}

/// The `scf` block.
pub fn scf_block(calculation: &Calculation) -> String {
    let unpaired = calculation.molecule.multiplicity.saturating_sub(1);
    let is_unrestricted = match calculation.chemistry.reference {
        Reference::Auto => unpaired != 0,
        Reference::Rhf => false,
        Reference::Uhf => true,
    };
    let energy = calculation.chemistry.scf_convergence.unwrap_or(CONVERGENCE);
    // `thresh` is for the norm of the orbital gradient: the error of the SCF energy is of second order in it, those of MP2
    // and of derivatives of first order.
    let gradient = (100.0 * energy).clamp(1e-9, 1e-5);
    let integrals = (energy / 100.0).clamp(1e-14, 1e-9);
    let orbitals = if is_unrestricted { "uhf" } else { "rhf" };
    format!("scf\n {orbitals}\n nopen {unpaired}\n thresh {gradient:e}\n tol2e {integrals:e}\nend\n")
}

/// The keywords as blocks and lines, except those in the blocks `basis` and `ecp`.
fn keyword_lines(keywords: &Map<String, Value>) -> String {
    let mut blocks = BTreeMap::<&str, Vec<String>>::new();
    let mut lines = String::new();
    for (name, value) in keywords {
        match name.split_once("__") {
            Some(("basis", "cartesian" | "spherical") | ("ecp", _)) => {}
            Some((block, rest)) => blocks.entry(block).or_default().extend(directive(&rest.replace("__", " "), value)),
            None => directive(name, value).into_iter().for_each(|line| lines += &format!("{line}\n")),
        }
    }
    for (block, inside) in blocks {
        match block {
            // These blocks have no `end`.
            "set" | "unset" => inside.iter().for_each(|line| lines += &format!("{block} {line}\n")),
            _ => lines += &format!("{block}\n {}\nend\n", inside.join("\n ")),
        }
    }
    lines
}

/// A directive: only its name for true, none for false.
fn directive(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Bool(false) | Value::Null => None,
        Value::Bool(true) => Some(name.to_owned()),
        value => Some(format!("{name} {}", word(value))),
    }
}

/// A value as it is written in the input.
pub fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(word).collect::<Vec<_>>().join(" "),
        value => value.to_string(),
    }
}

/// A supported method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    HartreeFock,
    Mp2,
}

impl Method {
    /// The method of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "hf" | "scf" => Some(Self::HartreeFock),
            "mp2" => Some(Self::Mp2),
            _ => None,
        }
    }

    /// The theory in NWChem's `task` directive.
    pub fn theory(self) -> &'static str {
        match self {
            Self::HartreeFock => "scf",
            Self::Mp2 => "mp2",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::qc::test_molecules::{energy, molecule};
    use serde_json::json;

    fn with<T>(chemistry: &Chemistry, multiplicity: u32, f: impl Fn(&Calculation) -> T) -> T {
        let molecule = Molecule { multiplicity, ..molecule(&["O", "H", "*H"], -1) };
        f(&Calculation { driver: Driver::Gradient, ..energy(&molecule, chemistry) })
    }

    fn chemistry(basis: &str) -> Chemistry {
        Chemistry { method: "MP2".into(), basis: Some(basis.into()), ..Chemistry::default() }
    }

    #[test]
    fn ghosts_keep_the_basis_of_their_element() {
        let block = with(&chemistry("6-31g*"), 1, basis_block);
        assert_eq!(block, "basis cartesian\n H library H 6-31g*\n O library O 6-31g*\n bqH library H 6-31g*\nend\n");
        assert!(with(&chemistry("cc-pvdz"), 1, basis_block).starts_with("basis spherical\n"));
        let mut spherical = chemistry("6-31g*");
        spherical.keywords.insert("basis__spherical".into(), json!(true));
        assert!(with(&spherical, 1, basis_block).starts_with("basis spherical\n"));
    }

    #[test]
    fn open_shells_are_unrestricted() {
        assert_eq!(with(&chemistry("sto-3g"), 2, scf_block), "scf\n uhf\n nopen 1\n thresh 1e-8\n tol2e 1e-12\nend\n");
        assert!(with(&chemistry("sto-3g"), 1, scf_block).starts_with("scf\n rhf\n nopen 0\n"));
    }

    #[test]
    fn keywords_become_blocks_and_lines() {
        let keywords = json!({
            "scf__maxiter": 2, "scf__level": ["pcg", 20.0], "scf__direct": true, "scf__semidirect": false,
            "set__cphf:maxiter": 40, "title": "\"x\"", "basis__spherical": true,
        });
        let lines = keyword_lines(keywords.as_object().unwrap());
        assert_eq!(lines, "title \"x\"\nscf\n maxiter 2\n level pcg 20.0\n direct\nend\nset cphf:maxiter 40\n");
    }

    fn potentials_of(symbols: &[&str], charge: i32, chemistry: &Chemistry) -> String {
        let molecule = molecule(symbols, charge);
        let calculation = energy(&molecule, chemistry);
        format!("{}freeze {}", potential_block(&calculation), frozen_orbitals(&calculation))
    }

    #[test]
    fn real_atoms_get_the_potentials_of_their_basis_set() {
        let frozen = Chemistry { frozen_core: Some(true), ..chemistry("def2-SVP") };
        assert_eq!(potentials_of(&["I", "O", "H"], -1, &frozen), "ecp\n I library I def2-ecp\nend\nfreeze 5");
        assert_eq!(potentials_of(&["*I", "O", "H"], -1, &frozen), "freeze 1");
        assert_eq!(potentials_of(&["I"], -1, &chemistry("3-21g")), "freeze 0");
        assert_eq!(potentials_of(&["Cl"], -1, &chemistry("LANL2DZ")), "ecp\n Cl library Cl lanl2dz_ecp\nend\nfreeze 0");
        assert!(with(&chemistry("LANL2DZ"), 1, basis_block).contains(" O library O lanl2dz_ecp\n"));
    }

    #[test]
    fn potentials_in_keywords_take_precedence() {
        let mut own = Chemistry { frozen_core: Some(true), ..chemistry("def2-svp") };
        own.keywords.insert("ecp__I".into(), json!("library dhf-ecp"));
        assert_eq!(
            potentials_of(&["I", "Xe"], -1, &own),
            "ecp\n Xe library Xe def2-ecp\n I library dhf-ecp\nend\nfreeze 8"
        );
        own.keywords.insert("ecp__Xe".into(), json!(false));
        assert_eq!(potentials_of(&["Xe"], 0, &own), "ecp\n I library dhf-ecp\nend\nfreeze 18");
        assert_eq!(core_electrons(&own, Element::from_symbol("I").unwrap()), Some(28));
        own.keywords.insert("ecp__I".into(), json!("nelec 28"));
        assert_eq!(core_electrons(&own, Element::from_symbol("I").unwrap()), None);
        assert!(!keyword_lines(&own.keywords).contains("ecp"));
    }
}
