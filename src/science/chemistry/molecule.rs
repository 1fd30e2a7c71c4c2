//! Which atoms, charge and spin does a molecule have?
use super::element::Element;
use std::collections::BTreeMap;

/// An atom, or a ghost atom that has only basis functions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Atom {
    pub element: Element,
    /// Bohr.
    pub position: [f64; 3],
    /// Whether it has basis functions but no nucleus and electrons.
    pub is_ghost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointCharge {
    /// Elementary charges.
    pub charge: f64,
    /// Bohr.
    pub position: [f64; 3],
}

/// Atoms that are computed together.
#[derive(Clone, Debug, PartialEq)]
pub struct Molecule {
    pub atoms: Vec<Atom>,
    /// Elementary charges.
    pub charge: i32,
    /// 2 S + 1.
    pub multiplicity: u32,
    pub point_charges: Vec<PointCharge>,
}

impl Molecule {
    /// The number of electrons: nuclear charges of real atoms less the charge; negative if the charge is too large.
    pub fn electrons(&self) -> i64 {
        let real = self.atoms.iter().filter(|atom| !atom.is_ghost);
        real.map(|atom| i64::from(atom.element.number())).sum::<i64>() - i64::from(self.charge)
    }

    /// The formula of the real atoms in Hill's order, as in `C2H6O`.
    pub fn formula(&self) -> String {
        let mut counts = BTreeMap::<&str, usize>::new();
        let real = self.atoms.iter().filter(|atom| !atom.is_ghost);
        real.for_each(|atom| *counts.entry(atom.element.symbol()).or_default() += 1);
        let has_carbon = counts.contains_key("C");
        let rank = |symbol: &str| match symbol {
            "C" => 0,
            "H" if has_carbon => 1,
            _ => 2,
        };
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(symbol, _)| (rank(symbol), *symbol));
        let word =
            |(symbol, count): (&str, usize)| if count == 1 { symbol.to_owned() } else { format!("{symbol}{count}") };
        counts.into_iter().map(word).collect()
    }
}

pub fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    libm::sqrt((0..3).map(|k| (a[k] - b[k]) * (a[k] - b[k])).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn molecule(symbols: &[&str]) -> Molecule {
        let atom = |symbol: &&str| Atom {
            element: Element::from_symbol(symbol.trim_end_matches('*')).unwrap(),
            position: [0.0; 3],
            is_ghost: symbol.ends_with('*'),
        };
        Molecule { atoms: symbols.iter().map(atom).collect(), charge: -1, multiplicity: 1, point_charges: Vec::new() }
    }

    #[test]
    fn formulas_and_electrons_are_those_of_real_atoms() {
        assert_eq!(molecule(&["H", "O", "H", "O*", "H*"]).formula(), "H2O");
        assert_eq!(molecule(&["O", "H", "C", "C", "Br"]).formula(), "C2HBrO");
        assert_eq!(molecule(&["H", "C", "O", "O", "He*"]).electrons(), 24);
    }
}
