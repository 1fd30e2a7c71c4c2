//! What does a QCSchema molecule say?
//!
//! Version 2 of `qcschema_molecule` (of QCSchema 1) and version 3 (of QCSchema 2), and any object with their keys.
use super::cluster::Cluster;
use super::json::Node;
use super::origin::Given;
use crate::config::{Fault, Faults};
use crate::science::chemistry::Element;

/// Keys that mean nothing here, or that follow from others.
const IGNORED: [&str; 20] = [
    "schema_name",
    "schema_version",
    "validated",
    "name",
    "identifiers",
    "comment",
    "masses",
    "mass_numbers",
    "atomic_numbers",
    "atom_labels",
    "connectivity",
    "fix_com",
    "fix_orientation",
    "fix_symmetry",
    "provenance",
    "id",
    "extras",
    "real",
    "symbols",
    "geometry",
];
const KNOWN: [&str; 5] =
    ["fragments", "fragment_charges", "fragment_multiplicities", "molecular_charge", "molecular_multiplicity"];

/// The molecule at `node`, whose positions are in units of `unit_bohr`.
///
/// # Errors
/// Every value that cannot be understood.
pub fn read<'a>(node: &Node<'a>, unit_bohr: f64) -> Result<Cluster<'a>, Faults> {
    check_name(node)?;
    let mut faults = Faults::default();
    faults.extend(node.unknown_keys(&[&IGNORED[..], &KNOWN].concat()));
    let mut keep = |fault: Option<Fault>| faults.extend(fault);
    let elements = elements(node).map_err(|fault| keep(Some(fault))).unwrap_or_default();
    let positions = positions(node, unit_bohr).map_err(|fault| keep(Some(fault))).unwrap_or_default();
    let fragments = optional(node, "fragments", |node| node.items()?.iter().map(Node::integers).collect());
    let fragments = fragments.map_err(|fault| keep(Some(fault))).ok().flatten();
    let charges = optional(node, "fragment_charges", Node::integers);
    let charges = charges.map_err(|fault| keep(Some(fault))).ok().flatten();
    let multiplicities = optional(node, "fragment_multiplicities", Node::integers);
    let multiplicities = multiplicities.map_err(|fault| keep(Some(fault))).ok().flatten();
    let charge = optional(node, "molecular_charge", Node::integer);
    let charge = charge.map_err(|fault| keep(Some(fault))).ok().flatten();
    let multiplicity = optional(node, "molecular_multiplicity", Node::integer);
    let multiplicity = multiplicity.map_err(|fault| keep(Some(fault))).ok().flatten();
    keep(ghost(node));
    if !elements.is_empty() && !positions.is_empty() && elements.len() != positions.len() {
        let message = format!("there are {} positions for {} symbols", positions.len(), elements.len());
        keep(node.require("geometry").ok().map(|node| node.fault(message, "give x, y and z of every atom")));
    }
    faults.into_result(Cluster {
        elements,
        frames: vec![positions],
        fragments,
        charges,
        multiplicities,
        charge,
        multiplicity,
    })
}

fn check_name(node: &Node) -> Result<(), Fault> {
    let Some(name) = node.get("schema_name") else { return Ok(()) };
    match name.text()? {
        "qcschema_molecule" => Ok(()),
        other => Err(name.fault(format!("`{other}` is no molecule"), "name a file of a qcschema_molecule")),
    }
}

fn optional<'a, T>(
    node: &Node<'a>,
    key: &str,
    read: impl Fn(&Node<'a>) -> Result<T, Fault>,
) -> Result<Option<Given<'a, T>>, Fault> {
    let Some(node) = node.get(key) else { return Ok(None) };
    let value = read(&node)?;
    Ok(Some(Given::by_file(node, value)))
}

fn elements(node: &Node) -> Result<Vec<Element>, Fault> {
    let symbols = node.require("symbols")?.items()?;
    if symbols.is_empty() {
        return Err(node.require("symbols")?.fault("there are no atoms", "give the symbol of every atom"));
    }
    let element = |node: &Node| {
        let symbol = node.text()?;
        let unknown = || node.fault(format!("`{symbol}` is no element"), "give a symbol of the periodic table");
        Element::of_symbol(symbol).ok_or_else(unknown)
    };
    symbols.iter().map(element).collect()
}

/// Positions in bohr, from a flat list or one of triples.
fn positions(node: &Node, unit_bohr: f64) -> Result<Vec<[f64; 3]>, Fault> {
    let geometry = node.require("geometry")?;
    let items = geometry.items()?;
    let is_nested = items.first().is_some_and(Node::is_list);
    let help = "give x, y and z of every atom, in a flat list or in one of triples";
    let point = |node: &Node, numbers: &[f64]| -> Result<[f64; 3], Fault> {
        let [x, y, z] = numbers else {
            return Err(node.fault(format!("an atom's position has 3 numbers, found {}", numbers.len()), help));
        };
        Ok([x * unit_bohr, y * unit_bohr, z * unit_bohr])
    };
    if is_nested {
        return items.iter().map(|node| point(node, &node.numbers()?)).collect();
    }
    let numbers = geometry.numbers()?;
    if numbers.len() % 3 != 0 {
        return Err(geometry.fault(format!("{} numbers are no triples", numbers.len()), help));
    }
    numbers.chunks(3).map(|numbers| point(&geometry, numbers)).collect()
}

/// A fault if an atom is a ghost: which atoms are ghosts in which task is for the expansion to say.
fn ghost(node: &Node) -> Option<Fault> {
    let flags = match node.get("real")?.items() {
        Ok(flags) => flags,
        Err(fault) => return Some(fault),
    };
    flags.iter().enumerate().find_map(|(atom, flag)| match flag.boolean() {
        Ok(true) => None,
        Ok(false) => Some(flag.fault(format!("atom {atom} is a ghost"), "remove ghost atoms: tasks get their own")),
        Err(fault) => Some(fault),
    })
}
