//! Which fragments do the names of `charges` and `multiplicities` mean?
//!
//! A name is that of a residue or a formula, whose elements may be in any order: `HCO2` and `CHO2` are the same.
use super::{Cluster, formula};
use crate::config::{Config, Fault, Faults};
use crate::science::chemistry::Element;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Kinds of fragments that a message lists.
const MAX_LISTED: usize = 12;

/// Numbers of atoms of each element.
type Composition = BTreeMap<Element, usize>;

/// The value of each fragment that a name of `values` means. Fails where a name means none, or two names mean the same fragment.
pub fn resolve<T: Copy + PartialEq + Display>(
    config: &Config,
    key: &str,
    values: &BTreeMap<String, T>,
    cluster: &Cluster,
    fragments: &[Vec<usize>],
) -> Result<Vec<Option<T>>, Faults> {
    let (mut found, mut faults) = (vec![None::<(&str, T)>; fragments.len()], Faults::default());
    for (name, &value) in values {
        let refuse = |message: String, help: String| config.fault(&format!("{key}.{name}"), message, help);
        let Some(named) = faults.collect(named(cluster, fragments, name, &refuse)) else { continue };
        for fragment in named {
            match found[fragment].replace((name, value)) {
                Some((other, before)) if before != value => {
                    let kind = formula(&cluster.elements, &fragments[fragment]);
                    let message = format!("`{other}` and `{name}` both mean fragment {fragment} ({kind})");
                    faults.push(refuse(message, "keep one of them".to_owned()));
                }
                _ => {}
            }
        }
    }
    faults.into_result(found.into_iter().map(|found| found.map(|(_, value)| value)).collect())
}

/// The fragments that `name` means, at least one.
fn named(
    cluster: &Cluster,
    fragments: &[Vec<usize>],
    name: &str,
    refuse: &impl Fn(String, String) -> Fault,
) -> Result<Vec<usize>, Faults> {
    let by_residue: Vec<usize> =
        (0..fragments.len()).filter(|&k| cluster.residue_name(&fragments[k]) == Some(name)).collect();
    let composition = parse_formula(name);
    let is_same = |&k: &usize| composition.as_ref() == Some(&composition_of(cluster, &fragments[k]));
    let by_formula: Vec<usize> = (0..fragments.len()).filter(is_same).collect();
    match (by_residue.is_empty(), by_formula.is_empty()) {
        (true, true) => {
            let message = format!("no fragment is `{name}`");
            Err(refuse(message, format!("use formulas or residues of fragments: {}", kinds(cluster, fragments))).into())
        }
        (false, false) if by_residue != by_formula => {
            let message = format!("`{name}` is a residue and the formula of other fragments");
            Err(refuse(message, "set a list with one value for each fragment".to_owned()).into())
        }
        (false, _) => Ok(by_residue),
        (true, false) => Ok(by_formula),
    }
}

/// Formulas and residues of all kinds of fragments.
fn kinds(cluster: &Cluster, fragments: &[Vec<usize>]) -> String {
    let mut kinds = Vec::<String>::new();
    for atoms in fragments {
        let formula = formula(&cluster.elements, atoms);
        let kind = match cluster.residue_name(atoms) {
            Some(residue) if residue != formula => format!("{formula} ({residue})"),
            _ => formula,
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let more = if kinds.len() > MAX_LISTED { ", ..." } else { "" };
    format!("{}{more}", kinds.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn composition_of(cluster: &Cluster, atoms: &[usize]) -> Composition {
    let mut composition = Composition::new();
    atoms.iter().for_each(|&atom| *composition.entry(cluster.elements[atom]).or_default() += 1);
    composition
}

/// The composition of a formula such as `CH3COO`.
fn parse_formula(text: &str) -> Option<Composition> {
    let (mut composition, mut rest) = (Composition::new(), text);
    while !rest.is_empty() {
        let is_symbol = |len: &usize| {
            let symbol = rest.get(..*len);
            symbol.and_then(Element::from_symbol).is_some_and(|element| Some(element.symbol()) == symbol)
        };
        let len = [2, 1].into_iter().find(is_symbol)?;
        let element = Element::from_symbol(&rest[..len])?;
        rest = &rest[len..];
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let count: usize = if digits == 0 { 1 } else { rest[..digits].parse().ok().filter(|&count| count > 0)? };
        *composition.entry(element).or_default() += count;
        rest = &rest[digits..];
    }
    (!composition.is_empty()).then_some(composition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_the_same_in_any_order() {
        let reported = |text: &str| {
            let composition = parse_formula(text)?;
            Some(composition.iter().map(|(element, count)| format!("{element}{count}")).collect::<String>())
        };
        for text in ["HCO2", "CHO2", "OCHO", "O2CH"] {
            assert_eq!(reported(text).as_deref(), Some("H1C1O2"), "{text}");
        }
        assert_eq!(reported("CH3COO"), reported("C2H3O2"));
        assert_eq!((reported("Na").as_deref(), reported("Co").as_deref()), (Some("Na1"), Some("Co1")));
        assert_eq!(reported("CO").as_deref(), Some("C1O1"));
        for text in ["", "NA", "SOL", "H0", "Na+", "h2o"] {
            assert_eq!(reported(text), None, "{text}");
        }
    }
}
