//! What is in a QCManyBody ManyBodyInput file?
//!
//! Of QCSchema 1 (`qcschema_manybodyinput`) and 2 (`qcschema_many_body_input`), with QCManyBody's own defaults. Whatever QCManyBody
//! refuses is refused; so are `levels` that contradict `max_nbody`, which it replaces without a message.
use super::execution::{self, Execution};
use super::model_chemistry::{
    Chemistries, Chemistry, chemistries, named_chemistry, only_chemistry, reason_for_qcengine,
};
use super::{Cluster, LevelLocation, LevelLocations, Node, defaults, qcschema};
use crate::campaigns::fragments::section::{LevelSection, Order, Section, SupersystemWord};
use crate::config::{Fault, Faults};
use crate::engines::qc::Driver;
use crate::problem::Problem;
use crate::science::expansion::Bsse;
use std::collections::BTreeMap;

/// The contents of the file.
pub struct ManyBodyInput<'a> {
    pub cluster: Cluster<'a>,
    pub section: Section,
    /// Where the section's levels are in the file.
    pub locations: LevelLocations,
    pub warnings: Faults,
    /// Defaults that differ from those of QCManyBody's programs.
    pub differences: Vec<String>,
    pub execution: Execution,
}

/// The key of the supersystem's level, after all orders.
const SUPERSYSTEM: usize = usize::MAX;
/// The names of its schemas, 1 and 2.
pub const NAMES: [&str; 2] = ["qcschema_manybodyinput", "qcschema_many_body_input"];

/// The ManyBodyInput at `root`, or all of its faults.
pub fn read<'a>(root: &Node<'a>) -> Result<ManyBodyInput<'a>, Faults> {
    check_schema(root)?;
    let mut faults =
        root.unknown_keys("schema_name schema_version provenance id extras specification molecule execution");
    let cluster = faults.collect(molecule(root));
    let specification = faults.collect(root.require("specification"));
    let mut warnings = Faults::default();
    let execution = faults.collect(execution::read(root, &mut warnings)).unwrap_or_default();
    let section = specification.zip(cluster.as_ref()).and_then(|(specification, cluster)| {
        faults.collect(read_specification(&specification, &cluster.fragment_sizes(), &mut warnings))
    });
    match (cluster, section) {
        (Some(cluster), Some((section, locations, differences))) => {
            faults.into_result(ManyBodyInput { cluster, section, locations, warnings, differences, execution })
        }
        _ => Err(faults),
    }
}

fn check_schema(root: &Node) -> Result<(), Faults> {
    root.object()?;
    if let Some(name) = root.get("schema_name").filter(|name| !name.text().is_ok_and(|name| NAMES.contains(&name))) {
        let help =
            format!("give a ManyBodyInput file ({} or {}); for a molecule, set `molecule` instead", NAMES[0], NAMES[1]);
        return Err(name.fault(format!("`{}` is not a ManyBodyInput", name.text().unwrap_or_default()), help).into());
    }
    match root.get("schema_version") {
        Some(version) if !matches!(version.integer::<i64>()?, 1 | 2) => Err(version
            .fault("only schemas 1 and 2 are supported", "convert the file with QCManyBody's convert_v")
            .into()),
        _ => Ok(()),
    }
}

/// The molecule, whose fragments must be specified and contiguous, as in QCManyBody.
fn molecule<'a>(root: &Node<'a>) -> Result<Cluster<'a>, Faults> {
    let node = root.require("molecule")?;
    let cluster = qcschema::read(&node, 1.0)?;
    let Some(fragments) = cluster.fragments.as_ref().filter(|fragments| fragments.value.len() > 1) else {
        let message = "fragmentation has not been specified through the `fragments` field";
        let help =
            "give the atoms of each fragment, counted from 0; with `molecule` instead, fragments can be found by bonds";
        return Err(node.fault(message, help).into());
    };
    let flat: Vec<usize> = fragments.value.iter().flatten().copied().collect();
    let mut sorted = flat.clone();
    sorted.sort_unstable();
    // Atoms that are missing or in several fragments are reported elsewhere.
    if sorted.iter().copied().eq(0..cluster.elements.len()) && flat != sorted {
        let message = "non-contiguous fragments are not supported in a ManyBodyInput, as in QCManyBody";
        let help = "order the atoms by fragments, or use [fragments] with `molecule`, where they can be in any order";
        return Err(fragments.fault(&[], message, help).into());
    }
    Ok(cluster)
}

fn read_specification(
    node: &Node,
    fragment_sizes: &[usize],
    warnings: &mut Faults,
) -> Result<(Section, LevelLocations, Vec<String>), Faults> {
    let mut faults =
        node.unknown_keys("schema_name schema_version keywords program protocols driver specification extras");
    let driver = faults.collect(node.require("driver").and_then(|node| driver(&node)));
    let chemistries = faults.collect(node.require("specification").and_then(|node| chemistries(&node)));
    let keywords = faults.collect(node.require("keywords"));
    let (Some(driver), Some(chemistries), Some(keywords)) = (driver, chemistries, keywords) else { return Err(faults) };
    warn_of_protocols(node, warnings);
    let section = faults.collect(read_keywords(&keywords, driver, &chemistries, fragment_sizes));
    let Some(section) = section else { return Err(faults) };
    warn_of_unused(&chemistries, &section, warnings);
    let (locations, differences) = level_locations(&chemistries, &section, warnings);
    faults.into_result((section, locations, differences))
}

fn driver(node: &Node) -> Result<Driver, Faults> {
    let name = node.text()?.to_ascii_lowercase();
    let unsupported = |_| node.fault(format!("unsupported driver `{name}`"), "choose energy, gradient or hessian");
    Ok(serde_json::from_value(name.as_str().into()).map_err(unsupported)?)
}

fn warn_of_protocols(node: &Node, warnings: &mut Faults) {
    let Some(protocols) = node.get("protocols") else { return };
    // The key of schema 2, and that of schema 1.
    for kept in ["cluster_results", "component_results"].iter().filter_map(|key| protocols.get(key)) {
        if kept.text().is_ok_and(|text| text != "none") {
            let help = "use the labels, energies and derivatives of tasks in the result file instead";
            warnings.push(kept.fault("the full results of programs are not kept", help).warning());
        }
    }
}

fn read_keywords(
    node: &Node,
    driver: Driver,
    chemistries: &Chemistries,
    fragment_sizes: &[usize],
) -> Result<Section, Faults> {
    let mut faults = node.unknown_keys(
        "schema_name schema_version bsse_type embedding_charges return_total_data levels max_nbody supersystem_ie_only",
    );
    let count = fragment_sizes.len();
    let bsse = faults.collect(bsse(node));
    let total = faults.collect(node.optional("return_total_data", Node::boolean)).flatten();
    let total = total.unwrap_or(driver != Driver::Energy);
    let only = faults.collect(node.optional("supersystem_ie_only", Node::boolean)).flatten();
    let embedding = faults.collect(embedding(node, total, fragment_sizes)).flatten();
    let levels = faults.collect(levels(node, chemistries, count));
    let (Some(bsse), Some((level, max_order))) = (bsse, levels) else { return Err(faults) };
    if only == Some(true) {
        faults.extend(check_interaction_only(node, max_order, count, &bsse));
    }
    faults.into_result(Section {
        driver: Some(driver),
        bsse: Some(bsse),
        max_order: Some(max_order),
        total: Some(total),
        supersystem_interaction_only: Some(only.unwrap_or(false)),
        embedding_charges: embedding,
        level,
        ..Section::default()
    })
}

/// The requested BSSE treatments, each once; a single one need not be a list.
fn bsse(node: &Node) -> Result<Vec<Bsse>, Faults> {
    let Some(node) = node.get("bsse_type") else { return Ok(vec![Bsse::Cp]) };
    let items = if node.is_list() { node.items()? } else { vec![node.clone()] };
    let mut found = Vec::new();
    for item in &items {
        let bsse = match item.text()?.to_ascii_lowercase().as_str() {
            "nocp" | "mbe" | "none" => Bsse::Nocp,
            "cp" | "ssfc" => Bsse::Cp,
            "vmfc" => Bsse::Vmfc,
            other => {
                return Err(item.fault(format!("unknown BSSE treatment `{other}`"), "choose nocp, cp or vmfc").into());
            }
        };
        if !found.contains(&bsse) {
            found.push(bsse);
        }
    }
    match found.is_empty() {
        true => Err(node.fault("no BSSE treatment is specified", "choose nocp, cp or vmfc").into()),
        false => Ok(found),
    }
}

/// Embedding charges in the order of fragments.
fn embedding(node: &Node, total: bool, fragment_sizes: &[usize]) -> Result<Option<Vec<Vec<f64>>>, Faults> {
    let Some(node) = node.get("embedding_charges") else { return Ok(None) };
    let entries = node.entries()?;
    if entries.is_empty() {
        return Ok(None);
    }
    let count = fragment_sizes.len();
    let help =
        format!("give the charges of every atom of each fragment, by fragments counted from 1: \"1\" to \"{count}\"");
    if !total {
        let message = "interaction data cannot be returned when using embedding charges";
        return Err(node.fault(message, "set return_total_data to true").into());
    }
    let mut charges = vec![None; count];
    for (key, node) in &entries {
        let number = key.parse::<usize>().ok().filter(|number| (1..=count).contains(number));
        let number = number.ok_or_else(|| node.fault(format!("`{key}` is not a fragment, 1 to {count}"), &*help))?;
        let (of_fragment, atoms) = (node.numbers()?, fragment_sizes[number - 1]);
        if of_fragment.len() != atoms {
            let message = format!("{} charges for the {atoms} atoms of fragment {number}", of_fragment.len());
            return Err(node.fault(message, help).into());
        }
        charges[number - 1] = Some(of_fragment);
    }
    let present = charges.iter().flatten().count();
    if present < count {
        return Err(node
            .fault(format!("embedding_charges has entries for {present} of {count} fragments"), help)
            .into());
    }
    Ok(charges.into_iter().collect())
}

fn check_interaction_only(node: &Node, max_order: usize, count: usize, bsse: &[Bsse]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some(node) = node.get("supersystem_ie_only") else { return faults };
    if max_order != count {
        let message =
            format!("intermediate n-body tasks cannot be skipped when max_nbody={max_order} != nfragments={count}");
        faults.push(node.fault(message, "set it to false, or set max_nbody to the number of fragments"));
    }
    if bsse.contains(&Bsse::Vmfc) {
        let message = "intermediate n-body tasks cannot be skipped when vmfc is in bsse_type";
        faults.push(node.fault(message, "use cp instead, or set it to false"));
    }
    faults
}

/// Levels by ascending order, that of the supersystem last, and the highest order of the others.
fn levels(node: &Node, chemistries: &Chemistries, count: usize) -> Result<(Vec<LevelSection>, usize), Faults> {
    let max_nbody = node.get("max_nbody");
    let requested = node.optional("max_nbody", |node| order(node, &node.integer::<i64>()?.to_string(), count))?;
    let Some(list) = node.get("levels") else {
        let max_order = requested.unwrap_or(count);
        let Chemistry { level, .. } = only_chemistry(node, chemistries)?;
        return Ok((vec![LevelSection { order: Some(Order::Of(max_order)), ..level.clone() }], max_order));
    };
    let (mut faults, mut levels) = (Faults::default(), BTreeMap::<usize, LevelSection>::new());
    for (key, node) in list.entries()? {
        let order = match key {
            "supersystem" => Ok(SUPERSYSTEM),
            _ => order(&node, key, count),
        };
        let (order, level) = (faults.collect(order), faults.collect(named_chemistry(&node, chemistries)));
        if let (Some(order), Some(level)) = (order, level) {
            if levels.values().any(|other| other.name == level.name) {
                let help = "give each model chemistry one level; its order also covers all lower ones without a level";
                faults.push(node.fault("there cannot be duplicate model chemistries in levels", help));
            }
            let section_order = match order {
                SUPERSYSTEM => Order::Supersystem(SupersystemWord::Supersystem),
                order => Order::Of(order),
            };
            levels.insert(order, LevelSection { order: Some(section_order), ..level });
        }
    }
    faults.into_result(())?;
    let Some(highest) = levels.keys().copied().filter(|&order| order != SUPERSYSTEM).max() else {
        let help = "give a level for at least one order, as in {\"1\": ..., \"supersystem\": ...}";
        return Err(list.fault("levels covers no order of the expansion", help).into());
    };
    if let (Some(requested), Some(node)) = (requested.filter(|&order| order != highest), max_nbody) {
        let message = format!("max_nbody={requested} contradicts levels, which go through order {highest}");
        return Err(node.fault(message, "remove max_nbody, or give levels through that order").into());
    }
    Ok((levels.into_values().collect(), highest))
}

/// The order in `text`, between 1 and the number of fragments.
fn order(node: &Node, text: &str, count: usize) -> Result<usize, Faults> {
    text.parse().ok().filter(|order| (1..=count).contains(order)).ok_or_else(|| {
        let message = format!("order {text} should be between 1 and {count}, the number of fragments");
        node.fault(message, "orders count fragments; a level may also cover the \"supersystem\"").into()
    })
}

/// Warns of model chemistries that no level uses.
fn warn_of_unused(chemistries: &Chemistries, section: &Section, warnings: &mut Faults) {
    let is_used = |name: &str| section.level.iter().any(|level| level.name.as_deref() == Some(name));
    for (name, chemistry) in chemistries.iter().filter(|(name, _)| !is_used(name)) {
        let message = format!("no level uses the model chemistry `{name}`");
        warnings.push(chemistry.node.fault(message, "use it in keywords.levels, or remove it").warning());
    }
}

/// The locations of a section's levels, and the defaults that are not those of the level's program; warns of those that change numbers.
fn level_locations(
    chemistries: &Chemistries,
    section: &Section,
    warnings: &mut Faults,
) -> (LevelLocations, Vec<String>) {
    let used = section.level.iter().filter_map(|level| Some((level, chemistries.get(level.name.as_deref()?)?)));
    let (mut locations, mut differences) = (Vec::new(), Vec::new());
    for (level, Chemistry { node, .. }) in used {
        if let Some(Problem { message, help, .. }) = defaults::difference(level) {
            differences.push(defaults::describe(level, &message));
            warnings.push(node.get("keywords").as_ref().unwrap_or(node).fault(message, help).warning());
        }
        differences.extend(defaults::convergence(level).map(|message| defaults::describe(level, &message)));
        locations.push(LevelLocation::new(node, reason_for_qcengine(level)));
    }
    (LevelLocations(locations), differences)
}
