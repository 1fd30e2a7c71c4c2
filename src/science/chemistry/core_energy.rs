//! Is the core of one element above valence orbitals of another?
//!
//! A frozen core leaves out the lowest orbitals, which are the core only if no valence orbital is among them. The outer core of the
//! alkali and alkaline earth metals is high (3p of K+ at -1.17 Eh, 2p of Na+ at -1.80), and 2s of a neighbour is lowered by the ion while the
//! ion's orbitals are raised by it. Measured with MP2/def2-SVP: Na+ with HF +0.019 for -0.028 Eh, with Ne +0.042 for -0.002, K+ with NH3
//! +0.021 for -0.032; Na+ with H2O, Ca2+ with NH3 or H2S, Mg2+ with HF, and Na+ with F- are right.
use super::element::Element;

/// A neighbour's valence orbital below this energy is below the outer core of the ion, Eh: the energy of the outer core in the ion, plus a third
/// of an Eh per charge.
const OUTER_CORES: [(&str, f64); 7] =
    [("Na", -1.47), ("K", -0.93), ("Ca", -1.24), ("Rb", -0.65), ("Sr", -1.0), ("Cs", -0.6), ("Ba", -0.8)];

/// Hartree-Fock energy of the lowest valence orbital of an element in closed-shell molecules, Eh.
#[rustfmt::skip]
const VALENCE: [(&str, f64); 15] = [
    ("C", -1.1), ("N", -1.2), ("O", -1.36), ("F", -1.6), ("Ne", -1.93), ("P", -0.9), ("S", -1.0), ("Cl", -1.1), ("Ar", -1.28),
    ("Se", -0.9), ("Br", -1.0), ("Kr", -1.15), ("Te", -0.8), ("I", -0.85), ("Xe", -0.94),
];

/// Shift of valence orbitals in an anion, Eh.
const ANION: f64 = 0.4;

fn energy_in(table: &[(&str, f64)], element: Element) -> Option<f64> {
    table.iter().find(|(symbol, _)| *symbol == element.symbol()).map(|(_, energy)| *energy)
}

/// Whether valence orbitals of `other` are likely to be below the outer core of `metal`; `is_anion`: whether the molecule of `other` is an anion.
pub fn is_below_core(metal: Element, other: Element, is_anion: bool) -> bool {
    let valence = energy_in(&VALENCE, other).map(|energy| if is_anion { energy + ANION } else { energy });
    energy_in(&OUTER_CORES, metal).zip(valence).is_some_and(|(core, valence)| valence < core)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_above_valence_orbitals_where_frozen_energies_were_wrong() {
        let is_below = |metal, other, is_anion| {
            is_below_core(Element::from_symbol(metal).unwrap(), Element::from_symbol(other).unwrap(), is_anion)
        };
        assert!(is_below("Na", "F", false) && is_below("Na", "Ne", false) && is_below("K", "N", false));
        assert!(is_below("K", "O", false) && is_below("Rb", "Cl", true));
        assert!(!is_below("Na", "O", false) && !is_below("Na", "F", true) && !is_below("K", "Cl", true));
        assert!(!is_below("Ca", "N", false) && !is_below("Ca", "S", false) && !is_below("Mg", "Ne", false));
        assert!(!is_below("Na", "H", false) && !is_below("O", "F", false));
    }
}
