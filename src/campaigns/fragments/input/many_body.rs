//! What does a QCManyBody ManyBodyInput file ask for?
//!
//! Of QCSchema 1 (`qcschema_manybodyinput`) and 2 (`qcschema_many_body_input`), with QCManyBody's own defaults. What QCManyBody
//! refuses is refused; so is what it replaces in silence, `levels` that contradict `max_nbody`.
use super::chemistries::{AUTO, Chemistries, Chemistry, chemistries, places, warn_of_idle};
use super::cluster::Cluster;
use super::json::Node;
use super::keep;
use super::level_places::LevelPlaces;
use super::qcschema;
use crate::campaigns::fragments::section::{LevelSection, Order, Section, SupersystemWord};
use crate::config::{Fault, Faults};
use crate::engines::Driver;
use crate::science::expansion::Bsse;
use std::collections::BTreeMap;

/// What stands in the file.
pub struct ManyBody<'a> {
    pub cluster: Cluster<'a>,
    pub section: Section,
    /// Where the section's levels stand.
    pub places: LevelPlaces,
    pub warnings: Faults,
}

const NAMES: [&str; 2] = ["qcschema_manybodyinput", "qcschema_many_body_input"];

/// The ManyBodyInput at `root`.
///
/// # Errors
/// Every fault that can be seen.
pub fn read<'a>(root: &Node<'a>) -> Result<ManyBody<'a>, Faults> {
    check_schema(root)?;
    let mut faults = Faults::default();
    faults.extend(root.unknown_keys(&[
        "schema_name",
        "schema_version",
        "provenance",
        "id",
        "extras",
        "specification",
        "molecule",
    ]));
    let cluster = keep(molecule(root), &mut faults);
    let fragments = cluster.as_ref().map(Cluster::fragment_sizes);
    let specification = keep(root.require("specification"), &mut faults);
    let mut warnings = Faults::default();
    let section = specification.zip(fragments.as_ref()).and_then(|(specification, fragments)| {
        keep(read_specification(&specification, fragments, &mut warnings), &mut faults)
    });
    match (cluster, section) {
        (Some(cluster), Some((section, places))) => faults.into_result(ManyBody { cluster, section, places, warnings }),
        _ => Err(faults),
    }
}

fn check_schema(root: &Node) -> Result<(), Faults> {
    root.object()?;
    if let Some(name) = root.get("schema_name").filter(|name| !name.text().is_ok_and(|name| NAMES.contains(&name))) {
        let help =
            format!("name a ManyBodyInput file ({} or {}); a molecule is named by `molecule`", NAMES[0], NAMES[1]);
        return Err(name.fault(format!("`{}` is no ManyBodyInput", name.text().unwrap_or_default()), help).into());
    }
    match root.get("schema_version") {
        Some(version) if !matches!(version.integer::<i64>()?, 1 | 2) => {
            Err(version.fault("schemas 1 and 2 are known", "convert the file, as by QCManyBody's convert_v").into())
        }
        _ => Ok(()),
    }
}

/// The molecule, whose fragments must be given and follow one another as in QCManyBody.
fn molecule<'a>(root: &Node<'a>) -> Result<Cluster<'a>, Faults> {
    let node = root.require("molecule")?;
    let cluster = qcschema::read(&node, 1.0)?;
    let Some(given) = cluster.fragments.as_ref().filter(|given| given.value.len() > 1) else {
        let message = "fragmentation has not been specified through the `fragments` field";
        let help = "give the atoms of each fragment, counted from 0; an input by `molecule` may find them by bonds";
        return Err(node.fault(message, help).into());
    };
    let flat: Vec<usize> = given.value.iter().flatten().copied().collect();
    let mut sorted = flat.clone();
    sorted.sort_unstable();
    // Atoms that are missing or in several fragments are told better elsewhere.
    if sorted.iter().copied().eq(0..cluster.elements.len()) && flat != sorted {
        let message = "non-contiguous fragments are not taken from a ManyBodyInput, as in QCManyBody";
        let help = "order the atoms by fragments, or write [fragments] with `molecule`, which takes them in any order";
        return Err(given.fault(&[], message, help).into());
    }
    Ok(cluster)
}

fn read_specification(
    node: &Node,
    fragment_sizes: &[usize],
    warnings: &mut Faults,
) -> Result<(Section, LevelPlaces), Faults> {
    let mut faults = Faults::default();
    faults.extend(node.unknown_keys(&[
        "schema_name",
        "schema_version",
        "keywords",
        "program",
        "protocols",
        "driver",
        "specification",
        "extras",
    ]));
    let driver = keep(node.require("driver").and_then(|node| driver(&node)), &mut faults);
    let chemistries = keep(node.require("specification").and_then(|node| chemistries(&node)), &mut faults);
    let keywords = keep(node.require("keywords"), &mut faults);
    let (Some(driver), Some(chemistries), Some(keywords)) = (driver, chemistries, keywords) else { return Err(faults) };
    warn_of_protocols(node, warnings);
    let section = keep(read_keywords(&keywords, driver, &chemistries, fragment_sizes), &mut faults);
    let Some(section) = section else { return Err(faults) };
    warn_of_idle(&chemistries, &section, warnings);
    let places = places(&chemistries, &section, warnings);
    faults.into_result((section, places))
}

fn driver(node: &Node) -> Result<Driver, Faults> {
    match node.text()?.to_ascii_lowercase().as_str() {
        "energy" => Ok(Driver::Energy),
        "gradient" => Ok(Driver::Gradient),
        "hessian" => Ok(Driver::Hessian),
        other => Err(node.fault(format!("`{other}` cannot be expanded"), "choose energy, gradient or hessian").into()),
    }
}

fn warn_of_protocols(node: &Node, warnings: &mut Faults) {
    let Some(protocols) = node.get("protocols") else { return };
    // The key of schema 2, and that of schema 1.
    for kept in ["cluster_results", "component_results"].iter().filter_map(|key| protocols.get(key)) {
        if kept.text().is_ok_and(|text| text != "none") {
            let help = "look at the labels, energies and derivatives of tasks in the result file instead";
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
    let mut faults = Faults::default();
    faults.extend(node.unknown_keys(&[
        "schema_name",
        "schema_version",
        "bsse_type",
        "embedding_charges",
        "return_total_data",
        "levels",
        "max_nbody",
        "supersystem_ie_only",
    ]));
    let count = fragment_sizes.len();
    let bsse = keep(bsse(node), &mut faults);
    let total = keep(node.get("return_total_data").map(|node| node.boolean()).transpose(), &mut faults).flatten();
    let total = total.unwrap_or(driver != Driver::Energy);
    let only = keep(node.get("supersystem_ie_only").map(|node| node.boolean()).transpose(), &mut faults).flatten();
    let embedding = keep(embedding(node, total, fragment_sizes), &mut faults).flatten();
    let levels = keep(levels(node, chemistries, count), &mut faults);
    let (Some(bsse), Some((level, max_order))) = (bsse, levels) else { return Err(faults) };
    if only == Some(true) {
        faults.extend(check_interaction_only(node, max_order, count, &bsse));
    }
    faults.into_result(Section {
        atoms: None,
        molecule: None,
        units: None,
        fragments: None,
        charges: None,
        multiplicities: None,
        driver: Some(driver),
        bsse: Some(bsse),
        max_order: Some(max_order),
        total: Some(total),
        supersystem_interaction_only: Some(only.unwrap_or(false)),
        cutoffs_angstrom: None,
        embedding_charges: embedding,
        input: None,
        level,
    })
}

/// The treatments asked for, each once; one may stand without a list.
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
                return Err(item.fault(format!("`{other}` is no BSSE treatment"), "choose nocp, cp or vmfc").into());
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
        let number =
            number.ok_or_else(|| Faults::from(node.fault(format!("`{key}` is no fragment, 1 to {count}"), &*help)))?;
        let (found, wanted) = (node.numbers()?, fragment_sizes[number - 1]);
        if found.len() != wanted {
            let message = format!("{} charges are given for the {wanted} atoms of fragment {number}", found.len());
            return Err(node.fault(message, help).into());
        }
        charges[number - 1] = Some(found);
    }
    let given = charges.iter().flatten().count();
    let charges: Option<Vec<_>> = charges.into_iter().collect();
    match charges {
        Some(charges) => Ok(Some(charges)),
        None => Err(node.fault(format!("embedding_charges has entries for {given} of {count} fragments"), help).into()),
    }
}

fn check_interaction_only(node: &Node, max_order: usize, count: usize, bsse: &[Bsse]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some(node) = node.get("supersystem_ie_only") else { return faults };
    if max_order != count {
        let message =
            format!("intermediate n-body tasks cannot be skipped when max_nbody={max_order} != nfragments={count}");
        faults.push(node.fault(message, "set it to false, or expand through all orders"));
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
    let wanted = max_nbody.as_ref().map(|node| order(node, &node.integer::<i64>()?.to_string(), count)).transpose()?;
    let Some(given) = node.get("levels") else {
        let max_order = wanted.unwrap_or(count);
        let Chemistry { level, .. } = only_chemistry(node, chemistries)?;
        return Ok((vec![LevelSection { order: Some(Order::Of(max_order)), ..level.clone() }], max_order));
    };
    let (mut faults, mut levels) = (Faults::default(), BTreeMap::<usize, LevelSection>::new());
    for (key, node) in given.entries()? {
        let place = match key {
            // Behind all others.
            "supersystem" => Ok(usize::MAX),
            _ => order(&node, key, count),
        };
        let (place, level) = (keep(place, &mut faults), keep(named_chemistry(&node, chemistries), &mut faults));
        if let (Some(place), Some(level)) = (place, level) {
            if levels.values().any(|other| other.name == level.name) {
                let help =
                    "give each model chemistry one level; the highest order also stands for all lower ones not named";
                faults.push(node.fault("there cannot be duplicate model chemistries in levels", help));
            }
            let order = match place {
                usize::MAX => Order::Supersystem(SupersystemWord::Supersystem),
                order => Order::Of(order),
            };
            levels.insert(place, LevelSection { order: Some(order), ..level });
        }
    }
    faults.into_result(())?;
    let Some(highest) = levels.keys().copied().filter(|&place| place != usize::MAX).max() else {
        let help = "give a level for at least one order of fragments, as in {\"1\": ..., \"supersystem\": ...}";
        return Err(given.fault("levels is for no order of fragments", help).into());
    };
    if let (Some(wanted), Some(node)) = (wanted.filter(|&wanted| wanted != highest), max_nbody) {
        let message = format!("max_nbody={wanted} contradicts levels, which go through order {highest}");
        return Err(node.fault(message, "remove max_nbody, or give levels through that order").into());
    }
    Ok((levels.into_values().collect(), highest))
}

/// The order that `text` says.
fn order(node: &Node, text: &str, count: usize) -> Result<usize, Faults> {
    text.parse().ok().filter(|order| (1..=count).contains(order)).ok_or_else(|| {
        let message = format!("order {text} should be between 1 and {count}, the number of fragments");
        node.fault(message, "orders are numbers of fragments; a level may also be for the \"supersystem\"").into()
    })
}

fn named_chemistry(node: &Node, chemistries: &Chemistries) -> Result<LevelSection, Faults> {
    let name = node.text()?;
    let found = chemistries.get(name).map(|chemistry| chemistry.level.clone());
    found.ok_or_else(|| {
        let names: Vec<_> = chemistries.keys().copied().collect();
        node.fault(format!("there is no specification `{name}`"), format!("choose one of {}", names.join(", "))).into()
    })
}

/// The chemistry of all orders where levels are not given: the one without name, or the only one there is.
fn only_chemistry<'c, 'a>(node: &Node, chemistries: &'c Chemistries<'a>) -> Result<&'c Chemistry<'a>, Faults> {
    let only = if chemistries.len() == 1 { chemistries.values().next() } else { None };
    chemistries.get(AUTO).or(only).ok_or_else(|| {
        let names: Vec<_> = chemistries.keys().copied().collect();
        let message = format!("there are several specifications ({}), but no levels", names.join(", "));
        node.fault(message, "say in levels which one is for which order").into()
    })
}
