//! What is in a QCSchema molecule?
//!
//! Versions 2 (`qcschema_molecule` of QCSchema 1) and 3 (of QCSchema 2), and any object with their keys.
use super::{Cluster, Node, Sourced, symbol};
use crate::config::{Fault, Faults};
use crate::science::chemistry::Element;

/// Keys that are not used, or that follow from others.
const IGNORED: &str = "schema_name schema_version validated name identifiers comment masses mass_numbers atomic_numbers atom_labels \
    connectivity fix_com fix_orientation fix_symmetry provenance id extras";
const USED: &str =
    "real symbols geometry fragments fragment_charges fragment_multiplicities molecular_charge molecular_multiplicity";
/// Keys that specify a periodic cell, in the molecule or in its `extras`.
const CELLS: &str = "cell unit_cell unitcell cell_parameters cell_vectors lattice lattice_vectors lattice_parameters box pbc periodic \
    periodicity";

/// The molecule at `node`, whose positions are in units of `unit_bohr`. Fails with every invalid value.
pub fn read<'a>(node: &Node<'a>, unit_bohr: f64) -> Result<Cluster<'a>, Faults> {
    check_schema(node)?;
    let mut faults = node.unknown_keys(&[IGNORED, USED, CELLS].join(" "));
    let elements = faults.collect(elements(node)).unwrap_or_default();
    let positions = faults.collect(positions(node, unit_bohr)).unwrap_or_default();
    let fragments =
        |node: &Node| -> Result<Vec<Vec<usize>>, Faults> { node.items()?.iter().map(Node::integers).collect() };
    let cluster = Cluster {
        fragments: sourced(node, "fragments", fragments, &mut faults),
        charges: sourced(node, "fragment_charges", Node::integers, &mut faults),
        multiplicities: sourced(node, "fragment_multiplicities", Node::integers, &mut faults),
        charge: sourced(node, "molecular_charge", Node::integer, &mut faults),
        multiplicity: sourced(node, "molecular_multiplicity", Node::integer, &mut faults),
        ..Cluster::new(elements, vec![positions])
    };
    faults.collect(check_ghosts(node));
    faults.extend(refused_cell(node));
    let (atoms, positions) = (cluster.elements.len(), cluster.frames[0].len());
    if atoms != 0 && positions != 0 && atoms != positions {
        let message = format!("there are {positions} positions for {atoms} symbols");
        faults.extend(node.get("geometry").map(|node| node.fault(message, "give x, y and z of every atom")));
    }
    faults.into_result(cluster)
}

fn check_schema(node: &Node) -> Result<(), Faults> {
    let Some(name) = node.get("schema_name") else { return Ok(()) };
    match name.text()? {
        "qcschema_molecule" => Ok(()),
        other => Err(name.fault(format!("`{other}` is not a molecule"), "give a file with a qcschema_molecule").into()),
    }
}

fn sourced<'a, T>(
    node: &Node<'a>,
    key: &str,
    read: impl Fn(&Node<'a>) -> Result<T, Faults>,
    faults: &mut Faults,
) -> Option<Sourced<'a, T>> {
    faults.collect(node.optional(key, |node| Ok(Sourced::from_json(node, read(node)?)))).flatten()
}

fn elements(node: &Node) -> Result<Vec<Element>, Faults> {
    let symbols = node.require("symbols")?;
    let element = |node: &Node| -> Result<Element, Faults> {
        let symbol = node.text()?;
        let unknown = |_| node.fault(format!("unknown element `{symbol}`"), "give a symbol of the periodic table");
        Ok(symbol::parse(symbol).map_err(unknown)?.element)
    };
    let elements: Vec<Element> = symbols.items()?.iter().map(element).collect::<Result<_, Faults>>()?;
    match elements.is_empty() {
        true => Err(symbols.fault("there are no atoms", "give the symbol of every atom").into()),
        false => Ok(elements),
    }
}

/// Positions in bohr, from a flat list or a list of triples.
fn positions(node: &Node, unit_bohr: f64) -> Result<Vec<[f64; 3]>, Faults> {
    let geometry = node.require("geometry")?;
    let items = geometry.items()?;
    let help = "give x, y and z of every atom, in a flat list or a list of triples";
    let position = |node: &Node, numbers: &[f64]| -> Result<[f64; 3], Faults> {
        let [x, y, z] = numbers else {
            return Err(node.fault(format!("a position has 3 numbers, found {}", numbers.len()), help).into());
        };
        Ok([x * unit_bohr, y * unit_bohr, z * unit_bohr])
    };
    if items.first().is_some_and(Node::is_list) {
        return items.iter().map(|node| position(node, &node.numbers()?)).collect();
    }
    let numbers = geometry.numbers()?;
    if numbers.len() % 3 != 0 {
        return Err(geometry.fault(format!("{} numbers are not triples", numbers.len()), help).into());
    }
    numbers.chunks(3).map(|numbers| position(&geometry, numbers)).collect()
}

/// Refuses a cell, which a QCSchema molecule cannot have.
fn refused_cell(node: &Node) -> Option<Fault> {
    let extras = node.get("extras").and_then(|extras| extras.entries().ok()).unwrap_or_default();
    let all = node.entries().unwrap_or_default().into_iter().chain(extras);
    let (key, cell) = all.into_iter().find(|(key, value)| {
        let key = key.to_ascii_lowercase().replace('-', "_");
        CELLS.split_whitespace().any(|known| known == key) && value.is_set()
    })?;
    let message = format!("`{key}` specifies a periodic cell, but a QCSchema molecule is read as a cluster");
    let help = "write the frame as extended xyz with Lattice=, or make its molecules whole and remove the key";
    Some(cell.fault(message, help))
}

/// Refuses ghost atoms: the expansion decides which atoms are ghosts in which task.
fn check_ghosts(node: &Node) -> Result<(), Faults> {
    let Some(flags) = node.get("real") else { return Ok(()) };
    for (atom, flag) in flags.items()?.iter().enumerate() {
        if !flag.boolean()? {
            let help = "remove ghost atoms: simmpi adds those that each task needs";
            return Err(flag.fault(format!("atom {atom} is a ghost"), help).into());
        }
    }
    Ok(())
}
