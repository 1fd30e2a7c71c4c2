//! Which model chemistries does a ManyBodyInput have, and which engine computes each?
//!
//! psi4 and xtb are asked for everything themselves, NWChem for what its engine translates; everything else goes through QCEngine, as in
//! QCManyBody.
use super::defaults;
use super::json::Node;
use super::keep;
use super::level_places::{LevelPlace, LevelPlaces};
use crate::campaigns::fragments::section::{EngineName, LevelSection, Section};
use crate::config::Faults;
use crate::engines::{NwChem, Reference};
use std::collections::BTreeMap;

/// What QCManyBody calls the only model chemistry there is.
pub const AUTO: &str = "(auto)";

/// A model chemistry, its order left open.
pub struct Chemistry<'a> {
    pub node: Node<'a>,
    pub level: LevelSection,
}

/// Model chemistries by name.
pub type Chemistries<'a> = BTreeMap<&'a str, Chemistry<'a>>;

/// The model chemistries of a specification.
///
/// # Errors
/// Every fault of them.
pub fn chemistries<'a>(node: &Node<'a>) -> Result<Chemistries<'a>, Faults> {
    let named = if node.get("model").is_some() { vec![(AUTO, node.clone())] } else { node.entries()? };
    if named.is_empty() {
        return Err(node.fault("there is no model chemistry", "give one with program and model").into());
    }
    let (mut faults, mut chemistries) = (Faults::default(), Chemistries::new());
    for (name, node) in named {
        if let Some(level) = keep(level(name, &node), &mut faults) {
            chemistries.insert(name, Chemistry { node, level });
        }
    }
    faults.into_result(chemistries)
}

fn level(name: &str, node: &Node) -> Result<LevelSection, Faults> {
    let model = node.require("model")?;
    let mut faults = Faults::default();
    faults.extend(node.unknown_keys(&[
        "schema_name",
        "schema_version",
        "program",
        "driver",
        "model",
        "keywords",
        "protocols",
        "extras",
    ]));
    faults.extend(model.unknown_keys(&["schema_name", "schema_version", "method", "basis"]));
    let program = node.require("program")?.text()?.to_ascii_lowercase();
    let method = model.require("method")?.text()?.to_owned();
    let keywords = node.get("keywords").map(|keywords| keywords.object().cloned()).transpose()?.unwrap_or_default();
    let engine = match program.as_str() {
        "psi4" => EngineName::Psi4,
        // What it does not translate QCEngine does, which is also what `qc_module` is for.
        "nwchem" if NwChem::translates(&method) && !keywords.contains_key("qc_module") => EngineName::Nwchem,
        "xtb" => EngineName::Xtb,
        _ => EngineName::Qcengine,
    };
    faults.into_result(LevelSection {
        order: None,
        name: Some(name.to_owned()),
        engine,
        method: Some(method),
        basis_file: None,
        basis: model.get("basis").map(|basis| basis.text().map(str::to_owned)).transpose()?,
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

/// Why QCEngine is to run a program that has an engine of its own.
fn reason_for_qcengine(node: &Node, level: &LevelSection) -> Option<String> {
    let program = node.get("program")?.text().ok()?.to_ascii_lowercase();
    let is_moved = level.engine == EngineName::Qcengine && program == "nwchem";
    is_moved.then(|| format!("the engine nwchem does not translate `{}`", level.method.as_deref().unwrap_or_default()))
}

/// Warns of model chemistries that no level uses.
pub fn warn_of_idle(chemistries: &Chemistries, section: &Section, warnings: &mut Faults) {
    let used = |name: &str| section.level.iter().any(|level| level.name.as_deref() == Some(name));
    for (name, chemistry) in chemistries.iter().filter(|(name, _)| !used(name)) {
        let message = format!("no level uses the model chemistry `{name}`");
        warnings.push(chemistry.node.fault(message, "name it in keywords.levels, or remove it").warning());
    }
}

/// Where the levels of a section stand; warns of defaults that are not those of the level's program.
pub fn places(chemistries: &Chemistries, section: &Section, warnings: &mut Faults) -> LevelPlaces {
    let used = section.level.iter().filter_map(|level| Some((level, chemistries.get(level.name.as_deref()?)?)));
    let place = |(level, Chemistry { node, .. }): (&LevelSection, &Chemistry)| {
        warnings.extend(defaults::differences(node, level));
        LevelPlace::of(node, reason_for_qcengine(node, level))
    };
    LevelPlaces::new(used.map(place).collect())
}
