//! What do files with residues say about their atoms?
//!
//! PDB and GRO files name atoms and residues; elements follow from the names where the file has none.
use super::cell::CellSpec;
use crate::science::chemistry::Element;

/// A residue of the file, or an ion, a molecule of water, ...
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Residue {
    pub name: String,
    /// Name, chain and number, as messages call it.
    pub label: String,
    /// The line of its first atom.
    pub line: usize,
    /// Its atoms, counted from 0.
    pub atoms: Vec<usize>,
}

/// The line of an atom or a virtual site.
#[derive(Clone, Debug, PartialEq)]
pub struct Site<'a> {
    pub line: usize,
    pub name: &'a str,
    /// The index of its residue.
    pub residue: usize,
    /// What the file specifies.
    pub element: Option<&'a str>,
    /// Whether the columns of the name say that the symbol has one letter.
    pub has_one_letter: bool,
    /// The formal charge that the file specifies, elementary charges.
    pub charge: Option<i32>,
    /// In the unit of the file.
    pub position: [f64; 3],
}

/// A frame or model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResidueFrame<'a> {
    pub sites: Vec<Site<'a>>,
    /// Without their atoms.
    pub residues: Vec<Residue>,
    pub cell: CellSpec,
}

/// What names of residues and atoms of ions stand for, in force fields and in the Protein Data Bank.
#[rustfmt::skip]
const IONS: &[(&str, &str)] = &[
    ("LI", "Li"), ("LIT", "Li"), ("NA", "Na"), ("SOD", "Na"), ("NIO", "Na"), ("K", "K"), ("POT", "K"), ("KIO", "K"), ("RB", "Rb"), ("RUB", "Rb"),
    ("CS", "Cs"), ("CES", "Cs"), ("MG", "Mg"), ("MG2", "Mg"), ("CA", "Ca"), ("CAL", "Ca"), ("CA2", "Ca"), ("SR", "Sr"), ("BA", "Ba"), ("BAR", "Ba"),
    ("F", "F"), ("CL", "Cl"), ("CLA", "Cl"), ("CIO", "Cl"), ("CLO", "Cl"), ("BR", "Br"), ("BRO", "Br"), ("I", "I"), ("IOD", "I"), ("ZN", "Zn"), ("ZN2", "Zn"),
    ("CD", "Cd"), ("CD2", "Cd"), ("CU", "Cu"), ("CU1", "Cu"), ("FE", "Fe"), ("FE2", "Fe"), ("FE3", "Fe"), ("MN", "Mn"), ("CO", "Co"),
    ("NI", "Ni"), ("AG", "Ag"), ("AL", "Al"), ("HG", "Hg"), ("PB", "Pb"), ("HE", "He"), ("NE", "Ne"), ("AR", "Ar"), ("KR", "Kr"), ("XE", "Xe"),
];

/// Names of sites of water models that are no atoms.
const VIRTUAL: [&str; 8] = ["MW", "M", "EPW", "EP", "LP", "IW", "MT", "OM"];

/// A name in capitals without digits at its ends and without signs.
fn plain(name: &str) -> String {
    name.trim_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '*' | '\'' | '"')).to_ascii_uppercase()
}

/// Whether it is a site of a water model that is no atom.
pub fn is_virtual(name: &str, residue: &str) -> bool {
    is_water(residue) && VIRTUAL.contains(&plain(name).as_str())
}

fn is_water(residue: &str) -> bool {
    crate::science::selection::is_water(&residue.to_ascii_uppercase())
}

/// The elements for which the name of an atom may stand, none if it is no name of an atom. `count` is the number of atoms of the residue.
pub fn candidates(site: &Site, residue: &str, count: usize) -> Vec<Element> {
    let name = plain(site.name);
    let symbol = |text: &str| Element::from_symbol(text);
    if is_water(residue) {
        let water = name.get(..1).filter(|first| ["O", "H", "D"].contains(first));
        return water.and_then(|first| symbol(if first == "D" { "H" } else { first })).into_iter().collect();
    }
    if count == 1 {
        let known = |name: &str| IONS.iter().find(|(ion, _)| *ion == name).and_then(|(_, element)| symbol(element));
        let signless = |name: &str| name.trim_end_matches(['+', '-']).to_ascii_uppercase();
        let names = [signless(site.name), name, signless(residue), plain(residue)];
        return names.iter().find_map(|name| known(name)).into_iter().collect();
    }
    let letters: String = name.chars().take_while(char::is_ascii_alphabetic).collect();
    let first = letters.get(..1).and_then(symbol);
    let is_lower = site
        .name
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .chars()
        .nth(1)
        .is_some_and(|c| c.is_ascii_lowercase());
    let both = letters.get(..2).and_then(symbol);
    match (first, both) {
        (Some(_), Some(both)) if is_lower && !site.has_one_letter => vec![both],
        (Some(first), _) if site.has_one_letter => vec![first],
        (first, both) => first.into_iter().chain(both).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(name: &str, residue: &str, count: usize, has_one_letter: bool) -> String {
        let site = Site { line: 1, name, residue: 0, element: None, has_one_letter, charge: None, position: [0.0; 3] };
        candidates(&site, residue, count).iter().map(|element| element.symbol()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_of_atoms_stand_for_elements() {
        for (name, residue, count, elements) in [
            ("OW", "SOL", 3, "O"),
            ("HW1", "SOL", 4, "H"),
            ("MW", "SOL", 4, ""),
            ("NA", "NA", 1, "Na"),
            ("NA+", "NA+", 1, "Na"),
            ("Cl-", "ION", 1, "Cl"),
            ("CA", "CA", 1, "Ca"),
            ("ZN", "ZN2", 1, "Zn"),
            ("C", "CH4", 1, ""),
            ("W", "W", 1, ""),
            ("CA", "ALA", 10, "C Ca"),
            ("HB1", "ALA", 10, "H"),
            ("1HB", "ALA", 10, "H"),
            ("HG11", "VAL", 16, "H Hg"),
            ("O5'", "DA", 30, "O"),
            ("Cl1", "LIG", 5, "Cl"),
            ("CL1", "LIG", 5, "C Cl"),
            ("SI", "LIG", 5, "S Si"),
            ("FE", "HEM", 70, "F Fe"),
            ("XX", "LIG", 5, ""),
        ] {
            assert_eq!(reported(name, residue, count, false), elements, "{name} of {residue}");
        }
        assert_eq!(reported("CA", "ALA", 10, true), "C");
    }

    #[test]
    fn virtual_sites_are_those_of_water() {
        assert!(is_virtual("MW", "SOL") && is_virtual("EPW", "WAT") && is_virtual("LP1", "HOH"));
        assert!(!is_virtual("OW", "SOL") && !is_virtual("MW", "LIG"));
    }
}
