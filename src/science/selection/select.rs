//! Which atoms are selected?
use super::condition::{Attribute, Condition};
use super::number_ranges::{NumberKind, Truth};
use super::{Atom, Error, parser};
use crate::science::chemistry::Element;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The indices of the selected atoms, in ascending order; never empty.
///
/// # Errors
/// The selection is invalid, matches no atom, or depends on ambiguous numbers.
pub fn select(selection: &str, atoms: &[Atom]) -> Result<Vec<usize>, Error> {
    let condition = parser::parse(selection)?;
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for (index, atom) in atoms.iter().enumerate() {
        match condition.holds(atom, index) {
            Truth::Yes => found.push(index),
            Truth::Unknown => unknown.push(index),
            Truth::No => {}
        }
    }
    if let Some(error) = unknown.first().and_then(|&index| ambiguity(&condition, atoms, index, unknown.len())) {
        return Err(error);
    }
    if found.is_empty() {
        return Err(Error::NoMatch { atoms: atoms.len(), hint: hint(&condition, atoms) });
    }
    Ok(found)
}

/// The error for a condition that cannot be decided for `count` atoms, the first of them at `index`.
fn ambiguity(condition: &Condition, atoms: &[Atom], index: usize, count: usize) -> Option<Error> {
    let atom = &atoms[index];
    let kind = condition.first_ambiguity(atom, index)?;
    let what = if kind == NumberKind::Serial { "atom numbers" } else { "residue numbers" };
    let chain = if atom.chain.is_empty() { String::new() } else { format!(" in chain {}", atom.chain) };
    let label = format!("{} of {}{chain}", atom.name, atom.residue);
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    Some(Error::Ambiguous { what, label, atom: index, more, number: Arc::clone(kind.ambiguity(atom)?) })
}

/// The available names of the attribute that the selection uses.
fn hint(condition: &Condition, atoms: &[Atom]) -> String {
    const SHOWN: usize = 20;
    let attribute = condition.first_attribute();
    let name_of = |atom: &Atom| match attribute {
        Some(Attribute::Residue) | None => atom.residue.clone(),
        Some(Attribute::Name) => atom.name.clone(),
        Some(Attribute::Chain) => atom.chain.clone(),
        Some(Attribute::Segment) => atom.segid.clone(),
        Some(Attribute::Element) => atom.guessed_element().map_or("?", Element::symbol).to_owned(),
    };
    if let Some((least, most)) = condition.first_numbers(atoms) {
        let codes = if condition.has_insertion_codes() { insertion_codes(atoms) } else { String::new() };
        return format!("available numbers range from {least} to {most}{codes}");
    }
    let names: BTreeSet<String> = atoms.iter().map(name_of).collect();
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|name| if name.is_empty() { "(none)" } else { name }).collect();
    let rest = if names.len() > SHOWN { ", ..." } else { "" };
    let what = match attribute {
        Some(Attribute::Name) => "names",
        Some(Attribute::Chain) => "chains",
        Some(Attribute::Segment) => "segments",
        Some(Attribute::Element) => "elements",
        Some(Attribute::Residue) | None => "residues",
    };
    format!("available {what}: {}{rest}", shown.join(", "))
}

fn insertion_codes(atoms: &[Atom]) -> String {
    const SHOWN: usize = 5;
    let mut labels: Vec<String> = atoms.iter().filter(|atom| atom.icode.is_some()).map(Atom::residue_label).collect();
    labels.dedup();
    if labels.is_empty() {
        return "; no residue has an insertion code".into();
    }
    let rest = if labels.len() > SHOWN { ", ..." } else { "" };
    labels.truncate(SHOWN);
    format!("; residues with an insertion code: {}{rest}", labels.join(", "))
}
