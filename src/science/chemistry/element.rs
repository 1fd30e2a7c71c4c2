//! Which chemical elements exist, and what are their basic properties?
use std::fmt;

/// Symbols in the order of atomic numbers, and covalent radii in angstrom (Cordero et al., Dalton Trans. 2008, 2832, DOI
/// 10.1039/b801115j; carbon as sp3, manganese, iron and cobalt low spin; 1.5 if there is no value).
const ELEMENTS: [(&str, f64); 118] = [
    ("H", 0.31),
    ("He", 0.28),
    ("Li", 1.28),
    ("Be", 0.96),
    ("B", 0.84),
    ("C", 0.76),
    ("N", 0.71),
    ("O", 0.66),
    ("F", 0.57),
    ("Ne", 0.58),
    ("Na", 1.66),
    ("Mg", 1.41),
    ("Al", 1.21),
    ("Si", 1.11),
    ("P", 1.07),
    ("S", 1.05),
    ("Cl", 1.02),
    ("Ar", 1.06),
    ("K", 2.03),
    ("Ca", 1.76),
    ("Sc", 1.70),
    ("Ti", 1.60),
    ("V", 1.53),
    ("Cr", 1.39),
    ("Mn", 1.39),
    ("Fe", 1.32),
    ("Co", 1.26),
    ("Ni", 1.24),
    ("Cu", 1.32),
    ("Zn", 1.22),
    ("Ga", 1.22),
    ("Ge", 1.20),
    ("As", 1.19),
    ("Se", 1.20),
    ("Br", 1.20),
    ("Kr", 1.16),
    ("Rb", 2.20),
    ("Sr", 1.95),
    ("Y", 1.90),
    ("Zr", 1.75),
    ("Nb", 1.64),
    ("Mo", 1.54),
    ("Tc", 1.47),
    ("Ru", 1.46),
    ("Rh", 1.42),
    ("Pd", 1.39),
    ("Ag", 1.45),
    ("Cd", 1.44),
    ("In", 1.42),
    ("Sn", 1.39),
    ("Sb", 1.39),
    ("Te", 1.38),
    ("I", 1.39),
    ("Xe", 1.40),
    ("Cs", 2.44),
    ("Ba", 2.15),
    ("La", 2.07),
    ("Ce", 2.04),
    ("Pr", 2.03),
    ("Nd", 2.01),
    ("Pm", 1.99),
    ("Sm", 1.98),
    ("Eu", 1.98),
    ("Gd", 1.96),
    ("Tb", 1.94),
    ("Dy", 1.92),
    ("Ho", 1.92),
    ("Er", 1.89),
    ("Tm", 1.90),
    ("Yb", 1.87),
    ("Lu", 1.87),
    ("Hf", 1.75),
    ("Ta", 1.70),
    ("W", 1.62),
    ("Re", 1.51),
    ("Os", 1.44),
    ("Ir", 1.41),
    ("Pt", 1.36),
    ("Au", 1.36),
    ("Hg", 1.32),
    ("Tl", 1.45),
    ("Pb", 1.46),
    ("Bi", 1.48),
    ("Po", 1.40),
    ("At", 1.50),
    ("Rn", 1.50),
    ("Fr", 2.60),
    ("Ra", 2.21),
    ("Ac", 2.15),
    ("Th", 2.06),
    ("Pa", 2.00),
    ("U", 1.96),
    ("Np", 1.90),
    ("Pu", 1.87),
    ("Am", 1.80),
    ("Cm", 1.69),
    ("Bk", 1.50),
    ("Cf", 1.50),
    ("Es", 1.50),
    ("Fm", 1.50),
    ("Md", 1.50),
    ("No", 1.50),
    ("Lr", 1.50),
    ("Rf", 1.50),
    ("Db", 1.50),
    ("Sg", 1.50),
    ("Bh", 1.50),
    ("Hs", 1.50),
    ("Mt", 1.50),
    ("Ds", 1.50),
    ("Rg", 1.50),
    ("Cn", 1.50),
    ("Nh", 1.50),
    ("Fl", 1.50),
    ("Mc", 1.50),
    ("Lv", 1.50),
    ("Ts", 1.50),
    ("Og", 1.50),
];

/// A chemical element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element(u8);

impl Element {
    /// The element of an atomic number, 1 to 118.
    pub fn from_number(number: u32) -> Option<Self> {
        (1..=ELEMENTS.len() as u32).contains(&number).then_some(Self(number as u8))
    }

    /// The element of a symbol, case-insensitively.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        let index = ELEMENTS.iter().position(|(known, _)| known.eq_ignore_ascii_case(symbol))?;
        Some(Self(index as u8 + 1))
    }

    /// The atomic number.
    pub fn number(self) -> u32 {
        self.0.into()
    }

    /// The symbol, as in `He`.
    pub fn symbol(self) -> &'static str {
        ELEMENTS[self.0 as usize - 1].0
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
        ELEMENTS[self.0 as usize - 1].1
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
        for (symbol, number, row) in [
            ("H", 1, 1),
            ("He", 2, 1),
            ("li", 3, 2),
            ("AR", 18, 3),
            ("K", 19, 4),
            ("Fe", 26, 4),
            ("Rn", 86, 6),
            ("Og", 118, 7),
        ] {
            let element = Element::from_symbol(symbol).unwrap();
            assert_eq!((element.number(), element.row()), (number, row));
            assert_eq!(Element::from_number(number), Some(element));
        }
        assert_eq!(Element::from_symbol("Xx"), None);
        assert_eq!((Element::from_number(0), Element::from_number(119)), (None, None));
    }
}
