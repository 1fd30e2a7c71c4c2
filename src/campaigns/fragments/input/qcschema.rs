//! What does a QCSchema molecule say?
//!
//! Version 2 of `qcschema_molecule` (of QCSchema 1) and version 3 (of QCSchema 2), and any object with their keys.
use super::cluster::Cluster;
use super::json::Node;
use super::keep;
use super::origin::Given;
use super::symbol;
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
    faults.extend(node.unknown_keys(&[&IGNORED[..], &KNOWN, &CELLS].concat()));
    let elements = keep(elements(node), &mut faults).unwrap_or_default();
    let positions = keep(positions(node, unit_bohr), &mut faults).unwrap_or_default();
    let fragments =
        keep(optional(node, "fragments", |node| node.items()?.iter().map(Node::integers).collect()), &mut faults);
    let charges = keep(optional(node, "fragment_charges", Node::integers), &mut faults);
    let multiplicities = keep(optional(node, "fragment_multiplicities", Node::integers), &mut faults);
    let charge = keep(optional(node, "molecular_charge", Node::integer), &mut faults);
    let multiplicity = keep(optional(node, "molecular_multiplicity", Node::integer), &mut faults);
    keep(check_ghosts(node), &mut faults);
    faults.extend(cell_of(node));
    if !elements.is_empty() && !positions.is_empty() && elements.len() != positions.len() {
        let message = format!("there are {} positions for {} symbols", positions.len(), elements.len());
        let geometry = node.get("geometry");
        faults.extend(geometry.map(|node| node.fault(message, "give x, y and z of every atom")));
    }
    faults.into_result(Cluster {
        cells: vec![None],
        fragments: fragments.flatten(),
        charges: charges.flatten(),
        multiplicities: multiplicities.flatten(),
        charge: charge.flatten(),
        multiplicity: multiplicity.flatten(),
        ..Cluster::new(elements, vec![positions])
    })
}

fn check_name(node: &Node) -> Result<(), Faults> {
    let Some(name) = node.get("schema_name") else { return Ok(()) };
    match name.text()? {
        "qcschema_molecule" => Ok(()),
        other => Err(name.fault(format!("`{other}` is no molecule"), "name a file of a qcschema_molecule").into()),
    }
}

fn optional<'a, T>(
    node: &Node<'a>,
    key: &str,
    read: impl Fn(&Node<'a>) -> Result<T, Faults>,
) -> Result<Option<Given<'a, T>>, Faults> {
    let Some(node) = node.get(key) else { return Ok(None) };
    let value = read(&node)?;
    Ok(Some(Given::by_file(node, value)))
}

fn elements(node: &Node) -> Result<Vec<Element>, Faults> {
    let symbols = node.require("symbols")?.items()?;
    if symbols.is_empty() {
        return Err(node.require("symbols")?.fault("there are no atoms", "give the symbol of every atom").into());
    }
    let element = |node: &Node| {
        let symbol = node.text()?;
        let unknown =
            || Faults::from(node.fault(format!("`{symbol}` is no element"), "give a symbol of the periodic table"));
        symbol::read(symbol).map(|found| found.element).map_err(|_| unknown())
    };
    symbols.iter().map(element).collect()
}

/// Positions in bohr, from a flat list or one of triples.
fn positions(node: &Node, unit_bohr: f64) -> Result<Vec<[f64; 3]>, Faults> {
    let geometry = node.require("geometry")?;
    let items = geometry.items()?;
    let is_nested = items.first().is_some_and(Node::is_list);
    let help = "give x, y and z of every atom, in a flat list or in one of triples";
    let point = |node: &Node, numbers: &[f64]| -> Result<[f64; 3], Faults> {
        let [x, y, z] = numbers else {
            return Err(node.fault(format!("an atom's position has 3 numbers, found {}", numbers.len()), help).into());
        };
        Ok([x * unit_bohr, y * unit_bohr, z * unit_bohr])
    };
    if is_nested {
        return items.iter().map(|node| point(node, &node.numbers()?)).collect();
    }
    let numbers = geometry.numbers()?;
    if numbers.len() % 3 != 0 {
        return Err(geometry.fault(format!("{} numbers are no triples", numbers.len()), help).into());
    }
    numbers.chunks(3).map(|numbers| point(&geometry, numbers)).collect()
}

/// Keys that state a periodic cell, in the molecule or in its `extras`.
const CELLS: [&str; 12] = [
    "cell",
    "unit_cell",
    "unitcell",
    "cell_parameters",
    "cell_vectors",
    "lattice",
    "lattice_vectors",
    "lattice_parameters",
    "box",
    "pbc",
    "periodic",
    "periodicity",
];

/// A fault where the molecule states a cell, which a QCSchema molecule does not have.
fn cell_of(node: &Node) -> Option<Fault> {
    let extras = node.get("extras").and_then(|extras| extras.entries().ok()).unwrap_or_default();
    let all = node.entries().unwrap_or_default().into_iter().chain(extras);
    let (key, found) = all.into_iter().find(|(key, value)| {
        let key = key.to_ascii_lowercase().replace('-', "_");
        CELLS.contains(&key.as_str()) && value.is_stated()
    })?;
    let message = format!("`{key}` states a periodic cell, but a QCSchema molecule is taken as a cluster");
    let help = "write the frame as extended xyz with Lattice=, or make its molecules whole and remove the key";
    Some(found.fault(message, help))
}

/// Refuses ghost atoms: which atoms are ghosts in which task is for the expansion to say.
fn check_ghosts(node: &Node) -> Result<(), Faults> {
    let Some(flags) = node.get("real") else { return Ok(()) };
    for (atom, flag) in flags.items()?.iter().enumerate() {
        if !flag.boolean()? {
            let help = "remove ghost atoms: tasks get their own";
            return Err(flag.fault(format!("atom {atom} is a ghost"), help).into());
        }
    }
    Ok(())
}
