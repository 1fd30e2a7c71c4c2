//! Which model chemistries are in a ManyBodyInput, and which engine computes each?
//!
//! The engines psi4 and xtb take every method, nwchem those that it supports; everything else goes through QCEngine, as in QCManyBody. The
//! programs `simmpi` and `embedded` are the embedded engine.
use super::Node;
use crate::campaigns::fragments::section::{EngineName, LevelSection};
use crate::config::Faults;
use crate::engines::qc::{NwChem, Reference};
use std::collections::BTreeMap;

/// The level of the model chemistry that the string at `node` names.
pub fn named_chemistry(node: &Node, chemistries: &Chemistries) -> Result<LevelSection, Faults> {
    let name = node.text()?;
    let chemistry = chemistries.get(name).map(|chemistry| chemistry.level.clone());
    chemistry.ok_or_else(|| {
        let names: Vec<_> = chemistries.keys().copied().collect();
        node.fault(format!("unknown specification `{name}`"), format!("choose one of {}", names.join(", "))).into()
    })
}

/// The chemistry of all orders where levels are not given: the one without name, or the only one.
pub fn only_chemistry<'c, 'a>(node: &Node, chemistries: &'c Chemistries<'a>) -> Result<&'c Chemistry<'a>, Faults> {
    let only = if chemistries.len() == 1 { chemistries.values().next() } else { None };
    chemistries.get(AUTO).or(only).ok_or_else(|| {
        let names: Vec<_> = chemistries.keys().copied().collect();
        let message = format!("there are several specifications ({}), but no levels", names.join(", "));
        node.fault(message, "specify in levels which one covers which order").into()
    })
}

/// QCManyBody's name of an only model chemistry.
const AUTO: &str = "(auto)";

/// A model chemistry without its order.
pub struct Chemistry<'a> {
    pub node: Node<'a>,
    pub level: LevelSection,
}

/// Model chemistries by name.
pub type Chemistries<'a> = BTreeMap<&'a str, Chemistry<'a>>;

/// The model chemistries of a specification, or all of their faults.
pub fn chemistries<'a>(node: &Node<'a>) -> Result<Chemistries<'a>, Faults> {
    let named = if node.get("model").is_some() { vec![(AUTO, node.clone())] } else { node.entries()? };
    if named.is_empty() {
        return Err(node.fault("there is no model chemistry", "give one with program and model").into());
    }
    let (mut faults, mut chemistries) = (Faults::default(), Chemistries::new());
    for (name, node) in named {
        if let Some(level) = faults.collect(level(name, &node)) {
            chemistries.insert(name, Chemistry { node, level });
        }
    }
    faults.into_result(chemistries)
}

fn level(name: &str, node: &Node) -> Result<LevelSection, Faults> {
    let model = node.require("model")?;
    let mut faults = node.unknown_keys("schema_name schema_version program driver model keywords protocols extras");
    faults.extend(model.unknown_keys("schema_name schema_version method basis"));
    let program = node.require("program")?.text()?.to_ascii_lowercase();
    let method = model.require("method")?.text()?.to_owned();
    let keywords = node.optional("keywords", |keywords| keywords.object().cloned())?.unwrap_or_default();
    let engine = match program.as_str() {
        "psi4" => EngineName::Psi4,
        // QCEngine runs the methods that the engine does not support, and `qc_module` is for QCEngine only.
        "nwchem" if NwChem::has_method(&method) && !keywords.contains_key("qc_module") => EngineName::Nwchem,
        "xtb" => EngineName::Xtb,
        "simmpi" | "embedded" => EngineName::Embedded,
        _ => EngineName::Qcengine,
    };
    faults.into_result(LevelSection {
        order: None,
        name: Some(name.to_owned()),
        engine,
        method: Some(method),
        basis_file: None,
        basis: model.optional("basis", |basis| basis.text().map(str::to_owned))?,
        reference: Reference::Auto,
        frozen_core: None,
        density_fitting: None,
        scf_convergence: None,
        threads: 1,
        launcher: None,
        ranks: 1,
        keywords,
        command: None,
        program: (engine == EngineName::Qcengine).then_some(program),
        file: None,
        retry: Vec::new(),
    })
}

/// Why QCEngine runs the program of a level.
pub fn reason_for_qcengine(level: &LevelSection) -> Option<String> {
    let program = level.program.as_deref().filter(|_| level.engine == EngineName::Qcengine)?;
    let method = level.method.as_deref().unwrap_or_default();
    Some(match program {
        "nwchem" if level.keywords.contains_key("qc_module") && NwChem::has_method(method) => {
            "the engine nwchem does not support the keyword `qc_module`".to_owned()
        }
        "nwchem" => format!("the engine nwchem does not support `{method}`"),
        _ => format!("there is no engine for the program `{program}`"),
    })
}
