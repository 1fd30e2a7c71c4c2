//! How is a job written as NWChem's input?
//!
//! Elements with a core potential in their basis set get it in an `ecp` block, which NWChem does not write by itself: without, all electrons go
//! into functions that are made for some. The lines of the user's own `ecp__*` keywords take the place of those of their element.
use super::{Method, NAME};
use crate::engines::potentials::{self, Core, Potentials};
use crate::engines::{Chemistry, Driver, Job, Reference, Site, basis};
use crate::science::chemistry::{Atom, Element, Molecule};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What is not given converges to this, Eh.
const CONVERGENCE: f64 = 1e-10;

/// The input of a job.
pub fn input(job: &Job, site: &Site, method: Method) -> String {
    let chemistry = job.chemistry;
    let geometry: String = job.molecule.atoms.iter().map(|atom| line(&tag(atom), atom.position)).collect();
    let charges: String = job.molecule.point_charges.iter().map(|c| charge_line(c.position, c.charge)).collect();
    let mut text = format!(
        "start {NAME}\npermanent_dir .\nscratch_dir .\nmemory {} mb\ncharge {}\n\
         geometry units bohr noautosym nocenter noautoz noprint\n{geometry}end\n",
        site.memory_mb, job.molecule.charge
    );
    let mut add = |lines: String| text.push_str(&lines);
    if !charges.is_empty() {
        add(format!("bq units au\n{charges}end\n"));
    }
    add(basis_block(job));
    add(potential_block(job));
    add(scf_block(job));
    if method == Method::Mp2 {
        add(format!("mp2\n tight\n freeze core {}\nend\n", frozen(job)));
    }
    add(keyword_lines(&chemistry.keywords));
    let theory = method.theory();
    match job.driver {
        Driver::Energy => add(format!("task {theory} energy\ntask rtdbprint\n")),
        Driver::Gradient => add(format!("task {theory} gradient\ntask rtdbprint\n")),
        Driver::Hessian => add(format!("task {theory} gradient\ntask rtdbprint\ntask {theory} hessian\n")),
    }
    text
}

/// An atom's name: ghosts begin with bq, which keeps their element.
fn tag(atom: &Atom) -> String {
    format!("{}{}", if atom.is_ghost { "bq" } else { "" }, atom.element)
}

fn line(name: &str, [x, y, z]: [f64; 3]) -> String {
    format!(" {name} {x:.17} {y:.17} {z:.17}\n")
}

fn charge_line([x, y, z]: [f64; 3], charge: f64) -> String {
    format!(" {x:.17} {y:.17} {z:.17} {charge:.17}\n")
}

fn basis_block(job: &Job) -> String {
    let name = job.chemistry.basis.as_deref().unwrap_or_default();
    let says = |key: &str| job.chemistry.keywords.get(key) == Some(&Value::Bool(true));
    let is_cartesian = says("basis__cartesian") || !says("basis__spherical") && basis::is_cartesian(name);
    let tags: BTreeSet<_> = job.molecule.atoms.iter().map(|atom| (tag(atom), atom.element.symbol())).collect();
    let mut block = format!("basis {}\n", if is_cartesian { "cartesian" } else { "spherical" });
    // Its file has another name than with other programs.
    let file = if name.eq_ignore_ascii_case("lanl2dz") { "lanl2dz_ecp" } else { name };
    for (tag, element) in tags {
        let _ = writeln!(block, " {tag} library {element} {file}");
    }
    block + "end\n"
}

/// The core potentials of real atoms: ghosts have none.
fn potential_block(job: &Job) -> String {
    let real: BTreeSet<Element> =
        job.molecule.atoms.iter().filter(|atom| !atom.is_ghost).map(|atom| atom.element).collect();
    let library = library(job.chemistry).unwrap_or_default();
    let mut lines: Vec<String> = (real.into_iter())
        .filter(|&element| own_potential(&job.chemistry.keywords, element).is_none())
        .filter(|&element| potentials::replaced(job.chemistry, element).is_some())
        .map(|element| format!("{element} library {element} {library}"))
        .collect();
    for (name, value) in &job.chemistry.keywords {
        if let Some(("ecp", rest)) = name.split_once("__") {
            lines.extend(directive(&rest.replace("__", " "), value));
        }
    }
    if lines.is_empty() { String::new() } else { format!("ecp\n {}\nend\n", lines.join("\n ")) }
}

/// Whether an element has a core potential, by its basis set or the keywords.
pub fn has_potential(chemistry: &Chemistry, element: Element) -> bool {
    match own_potential(&chemistry.keywords, element) {
        Some(value) => !matches!(value, Value::Bool(false) | Value::Null),
        None => potentials::replaced(chemistry, element).is_some(),
    }
}

/// The library of the core potentials that the basis set is made for.
fn library(chemistry: &Chemistry) -> Option<&'static str> {
    Some(Potentials::of_basis(chemistry.basis.as_deref()?)?.library)
}

/// What the keywords say of an element's core potential: `ecp__I`, or `ecp__*` for all.
pub fn own_potential(keywords: &Map<String, Value>, element: Element) -> Option<&Value> {
    let is_of = |name: &str| match name.split_once("__") {
        Some((block, of)) if block.eq_ignore_ascii_case("ecp") => {
            let of = of.split("__").next().unwrap_or_default();
            of == "*" || of.eq_ignore_ascii_case(element.symbol())
        }
        _ => false,
    };
    keywords.iter().find(|(name, _)| is_of(name)).map(|(_, value)| value)
}

/// The electrons that an element's core potential replaces, as far as can be known: a potential of the user's own that is in no known
/// library, or is written out, is not.
pub fn replaced(chemistry: &Chemistry, element: Element) -> Option<u32> {
    match own_potential(&chemistry.keywords, element) {
        None => Some(potentials::replaced(chemistry, element).unwrap_or(0)),
        Some(Value::Bool(false) | Value::Null) => Some(0),
        Some(value) => {
            let words = word(value);
            let library = words.trim_start().strip_prefix("library")?.split_whitespace().last()?.to_owned();
            Some(Potentials::named(&library)?.replaced(element).unwrap_or(0))
        }
    }
}

/// The core of a molecule.
pub fn core(molecule: &Molecule, chemistry: &Chemistry) -> Core {
    Core::of(molecule, |element| replaced(chemistry, element).unwrap_or(0))
}

/// The orbitals of each spin that are left out of the correlation.
pub fn frozen(job: &Job) -> usize {
    if job.chemistry.frozen_core == Some(true) { core(job.molecule, job.chemistry).frozen } else { 0 }
}

/// Whether the keywords say what is left out of the correlation.
pub fn has_own_freeze(chemistry: &Chemistry) -> bool {
    chemistry.keywords.keys().any(|name| name.to_ascii_lowercase().starts_with("mp2__freeze"))
}

pub fn scf_block(job: &Job) -> String {
    let unpaired = job.molecule.multiplicity.saturating_sub(1);
    let is_unrestricted = match job.chemistry.reference {
        Reference::Auto => unpaired != 0,
        Reference::Rhf => false,
        Reference::Uhf => true,
    };
    let energy = job.chemistry.scf_convergence.unwrap_or(CONVERGENCE);
    // `thresh` bounds the norm of the orbital gradient, of which the SCF energy's error is of second order, those of MP2
    // and of derivatives of first.
    let gradient = (100.0 * energy).clamp(1e-9, 1e-5);
    let integrals = (energy / 100.0).clamp(1e-14, 1e-9);
    let orbitals = if is_unrestricted { "uhf" } else { "rhf" };
    format!("scf\n {orbitals}\n nopen {unpaired}\n thresh {gradient:e}\n tol2e {integrals:e}\nend\n")
}

/// The keywords as blocks and lines; those of the basis and of core potentials are in their blocks already.
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
            // These have no end.
            "set" | "unset" => inside.iter().for_each(|line| lines += &format!("{block} {line}\n")),
            _ => lines += &format!("{block}\n {}\nend\n", inside.join("\n ")),
        }
    }
    lines
}

/// A directive: its name alone for true, nothing for false.
fn directive(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Bool(false) | Value::Null => None,
        Value::Bool(true) => Some(name.to_owned()),
        value => Some(format!("{name} {}", word(value))),
    }
}

pub fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(word).collect::<Vec<_>>().join(" "),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with<T>(chemistry: &Chemistry, multiplicity: u32, f: impl Fn(&Job) -> T) -> T {
        let atom = |symbol, z, is_ghost| Atom {
            element: Element::of_symbol(symbol).unwrap(),
            position: [0.0, 0.0, z],
            is_ghost,
        };
        let atoms = vec![atom("O", 0.1, false), atom("H", 1.9, false), atom("H", -4.0, true)];
        let molecule = Molecule { atoms, charge: -1, multiplicity, point_charges: Vec::new() };
        f(&Job { label: "1", molecule: &molecule, driver: Driver::Gradient, chemistry })
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
    fn unpaired_electrons_have_orbitals_of_their_own() {
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

    fn of(symbols: &[&str], charge: i32, chemistry: &Chemistry) -> String {
        let atom = |symbol: &&str| Atom {
            element: Element::of_symbol(symbol.trim_start_matches('*')).unwrap(),
            position: [0.0; 3],
            is_ghost: symbol.starts_with('*'),
        };
        let atoms = symbols.iter().map(atom).collect();
        let molecule = Molecule { atoms, charge, multiplicity: 1, point_charges: Vec::new() };
        let job = Job { label: "1", molecule: &molecule, driver: Driver::Energy, chemistry };
        format!("{}freeze {}", potential_block(&job), frozen(&job))
    }

    #[test]
    fn real_atoms_have_the_potentials_of_their_basis_set() {
        let frozen = Chemistry { frozen_core: Some(true), ..chemistry("def2-SVP") };
        assert_eq!(of(&["I", "O", "H"], -1, &frozen), "ecp\n I library I def2-ecp\nend\nfreeze 5");
        assert_eq!(of(&["*I", "O", "H"], -1, &frozen), "freeze 1");
        assert_eq!(of(&["I"], -1, &chemistry("3-21g")), "freeze 0");
        assert_eq!(of(&["Cl"], -1, &chemistry("LANL2DZ")), "ecp\n Cl library Cl lanl2dz_ecp\nend\nfreeze 0");
        assert!(with(&chemistry("LANL2DZ"), 1, basis_block).contains(" O library O lanl2dz_ecp\n"));
    }

    #[test]
    fn potentials_of_the_keywords_win() {
        let mut own = Chemistry { frozen_core: Some(true), ..chemistry("def2-svp") };
        own.keywords.insert("ecp__I".into(), json!("library dhf-ecp"));
        assert_eq!(of(&["I", "Xe"], -1, &own), "ecp\n Xe library Xe def2-ecp\n I library dhf-ecp\nend\nfreeze 8");
        own.keywords.insert("ecp__Xe".into(), json!(false));
        assert_eq!(of(&["Xe"], 0, &own), "ecp\n I library dhf-ecp\nend\nfreeze 18");
        assert_eq!(replaced(&own, Element::of_symbol("I").unwrap()), Some(28));
        own.keywords.insert("ecp__I".into(), json!("nelec 28"));
        assert_eq!(replaced(&own, Element::of_symbol("I").unwrap()), None);
        assert!(!keyword_lines(&own.keywords).contains("ecp"));
    }
}
