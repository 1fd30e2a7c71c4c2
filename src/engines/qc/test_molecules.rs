//! Molecules of unit tests.
use super::{Calculation, Chemistry, Driver};
use crate::science::chemistry::{Atom, Element, Molecule};

/// A singlet with all atoms at the origin; `*` marks ghosts.
pub fn molecule(symbols: &[&str], charge: i32) -> Molecule {
    let element = |symbol: &str| Element::from_symbol(symbol.trim_start_matches('*')).unwrap();
    let atom =
        |&symbol: &&str| Atom { element: element(symbol), position: [0.0; 3], is_ghost: symbol.starts_with('*') };
    Molecule { atoms: symbols.iter().map(atom).collect(), charge, multiplicity: 1, point_charges: Vec::new() }
}

/// The calculation of an energy.
pub fn energy<'a>(molecule: &'a Molecule, chemistry: &'a Chemistry) -> Calculation<'a> {
    Calculation { label: "1", molecule, driver: Driver::Energy, chemistry }
}
