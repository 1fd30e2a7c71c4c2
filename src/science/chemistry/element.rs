//! Which chemical elements exist, and what are their basic properties?
use std::fmt;

/// Symbols in the order of atomic numbers.
const SYMBOLS: [&str; 118] = [
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K", "Ca",
    "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",
    "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce",
    "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir",
    "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm",
    "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc",
    "Lv", "Ts", "Og",
];

/// Covalent radii, angstrom (Cordero et al., Dalton Trans. 2008, 2832, DOI 10.1039/b801115j; carbon as sp3, manganese, iron and cobalt
/// low spin; 1.5 if there is no value).
const COVALENT_RADII: [f64; SYMBOLS.len()] = [
    0.31, 0.28, 1.28, 0.96, 0.84, 0.76, 0.71, 0.66, 0.57, 0.58, 1.66, 1.41, 1.21, 1.11, 1.07, 1.05, 1.02, 1.06, 2.03,
    1.76, 1.70, 1.60, 1.53, 1.39, 1.39, 1.32, 1.26, 1.24, 1.32, 1.22, 1.22, 1.20, 1.19, 1.20, 1.20, 1.16, 2.20, 1.95,
    1.90, 1.75, 1.64, 1.54, 1.47, 1.46, 1.42, 1.39, 1.45, 1.44, 1.42, 1.39, 1.39, 1.38, 1.39, 1.40, 2.44, 2.15, 2.07,
    2.04, 2.03, 2.01, 1.99, 1.98, 1.98, 1.96, 1.94, 1.92, 1.92, 1.89, 1.90, 1.87, 1.87, 1.75, 1.70, 1.62, 1.51, 1.44,
    1.41, 1.36, 1.36, 1.32, 1.45, 1.46, 1.48, 1.40, 1.50, 1.50, 2.60, 2.21, 2.15, 2.06, 2.00, 1.96, 1.90, 1.87, 1.80,
    1.69, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50, 1.50,
    1.50, 1.50, 1.50, 1.50,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element(u8);

impl Element {
    /// The element of an atomic number, 1 to 118.
    pub fn from_number(number: u32) -> Option<Self> {
        (1..=SYMBOLS.len() as u32).contains(&number).then_some(Self(number as u8))
    }

    /// The element of a symbol, case-insensitively.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        let index = SYMBOLS.iter().position(|known| known.eq_ignore_ascii_case(symbol))?;
        Some(Self(index as u8 + 1))
    }

    pub fn number(self) -> u32 {
        self.0.into()
    }

    /// The symbol, as in `He`.
    pub fn symbol(self) -> &'static str {
        SYMBOLS[self.0 as usize - 1]
    }

    /// Number of frozen-core orbitals, which are those of the preceding noble gas, as in psi4 and NWChem, and in PySCF for H to Ar (none for H and
    /// He, 1 for Li to Ne, 5 for Na to Ar).
    pub fn core_orbitals(self) -> usize {
        match self.number() {
            0..=2 => 0,
            3..=10 => 1,
            11..=18 => 5,
            19..=36 => 9,
            37..=54 => 18,
            55..=86 => 27,
            _ => 43,
        }
    }

    /// The covalent radius, angstrom.
    pub fn covalent_radius(self) -> f64 {
        COVALENT_RADII[self.0 as usize - 1]
    }

    /// The row of the periodic table, 1 to 7.
    pub fn row(self) -> usize {
        let noble_gases = [2, 10, 18, 36, 54, 86, 118];
        1 + noble_gases.iter().filter(|&&last| last < self.number()).count()
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_numbers_belong_together() {
        let (first, last) = (
            [("H", 1, 1), ("He", 2, 1), ("li", 3, 2), ("AR", 18, 3)],
            [("K", 19, 4), ("Fe", 26, 4), ("Rn", 86, 6), ("Og", 118, 7)],
        );
        for (symbol, number, row) in first.into_iter().chain(last) {
            let element = Element::from_symbol(symbol).unwrap();
            assert_eq!((element.number(), element.row()), (number, row));
            assert_eq!(Element::from_number(number), Some(element));
        }
        assert_eq!(Element::from_symbol("Xx"), None);
        assert_eq!((Element::from_number(0), Element::from_number(119)), (None, None));
    }
}
