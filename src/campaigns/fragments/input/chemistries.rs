//! Which model chemistries does a ManyBodyInput have, and which engine computes each?
//!
//! The engines psi4 and xtb take every method, nwchem those that it supports; everything else goes through QCEngine, as in QCManyBody.
use super::defaults;
use super::json::{Node, ok_or_collect};
use super::level_locations::{LevelLocation, LevelLocations};
use crate::campaigns::fragments::section::{EngineName, LevelSection, Section};
use crate::config::Faults;
use crate::engines::qc::{NwChem, Reference};
use std::collections::BTreeMap;

/// QCManyBody's name of an only model chemistry.
pub const AUTO: &str = "(auto)";

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
        if let Some(level) = ok_or_collect(level(name, &node), &mut faults) {
            chemistries.insert(name, Chemistry { node, level });
        }
    }
    faults.into_result(chemistries)
}

fn level(name: &str, node: &Node) -> Result<LevelSection, Faults> {
    let model = node.require("model")?;
    let mut faults = Faults::default();
    faults.extend(node.unknown_keys("schema_name schema_version program driver model keywords protocols extras"));
    faults.extend(model.unknown_keys("schema_name schema_version method basis"));
    let program = node.require("program")?.text()?.to_ascii_lowercase();
    let method = model.require("method")?.text()?.to_owned();
    let keywords = node.optional("keywords", |keywords| keywords.object().cloned())?.unwrap_or_default();
    let engine = match program.as_str() {
        "psi4" => EngineName::Psi4,
        // QCEngine runs the methods that the engine does not support, and `qc_module` is for QCEngine only.
        "nwchem" if NwChem::has_method(&method) && !keywords.contains_key("qc_module") => EngineName::Nwchem,
        "xtb" => EngineName::Xtb,
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
        keywords,
        command: None,
        program: (engine == EngineName::Qcengine).then_some(program),
        file: None,
        retry: Vec::new(),
    })
}

/// Why QCEngine runs a program that has an engine of its own.
fn reason_for_qcengine(level: &LevelSection) -> Option<String> {
    let is_nwchem = level.engine == EngineName::Qcengine && level.program.as_deref() == Some("nwchem");
    is_nwchem.then(|| format!("the engine nwchem does not support `{}`", level.method.as_deref().unwrap_or_default()))
}

/// Warns of model chemistries that no level uses.
pub fn warn_of_unused(chemistries: &Chemistries, section: &Section, warnings: &mut Faults) {
    let is_used = |name: &str| section.level.iter().any(|level| level.name.as_deref() == Some(name));
    for (name, chemistry) in chemistries.iter().filter(|(name, _)| !is_used(name)) {
        let message = format!("no level uses the model chemistry `{name}`");
        warnings.push(chemistry.node.fault(message, "use it in keywords.levels, or remove it").warning());
    }
}

/// The locations of a section's levels; warns of defaults that are not those of the level's program.
pub fn level_locations(chemistries: &Chemistries, section: &Section, warnings: &mut Faults) -> LevelLocations {
    let used = section.level.iter().filter_map(|level| Some((level, chemistries.get(level.name.as_deref()?)?)));
    let location = |(level, Chemistry { node, .. }): (&LevelSection, &Chemistry)| {
        warnings.extend(defaults::differences(node, level));
        LevelLocation::new(node, reason_for_qcengine(level))
    };
    LevelLocations::new(used.map(location).collect())
}
