//! Which multiplicity does a free atom, an atomic ion or a small molecule have in its ground state?
//!
//! Only tabulated species have an answer. Atoms and singly charged ions of transition metals: NIST Atomic Spectra Database (DOI
//! 10.18434/T4W30F). Molecules: Huber and Herzberg, Constants of Diatomic Molecules (1979), and Herzberg, Electronic Spectra of
//! Polyatomic Molecules (1966).
use super::element::Element;

/// 2 S + 1 of the neutral atoms, in the order of atomic numbers.
const ATOMS: [u32; 102] = [
    2, 1, 2, 1, 2, 3, 4, 3, 2, 1, 2, 1, 2, 3, 4, 3, 2, 1, // H to Ar
    2, 1, 2, 3, 4, 7, 6, 5, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, // K to Kr
    2, 1, 2, 3, 6, 7, 6, 5, 4, 1, 2, 1, 2, 3, 4, 3, 2, 1, // Rb to Xe
    2, 1, 2, 1, 4, 5, 6, 7, 8, 9, 6, 5, 4, 3, 2, 1, 2, // Cs to Lu
    3, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, // Hf to Rn
    2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 6, 5, 4, 3, 2, 1, // Fr to No
];
/// 2 S + 1 of the cations Sc+ to Zn+ and Y+ to Cd+.
const CATIONS_3D: [u32; 10] = [3, 4, 5, 6, 7, 6, 3, 2, 1, 2];
const CATIONS_4D: [u32; 10] = [1, 4, 5, 6, 7, 4, 3, 2, 1, 2];
/// Molecules whose ground state does not have the lowest multiplicity: charge, multiplicity, symbols in the order of atomic numbers.
const MOLECULES: [(i32, u32, &[&str]); 8] = [
    (
        0,
        3,
        &[
            "O O", "S S", "Se Se", "Te Te", "O S", "O Se", "O Te", "S Se", "S Te", "Se Te", "B B", "Al Al", "Ga Ga",
            "Si Si", "Ge Ge", "Sn Sn", "Pb Pb", "C Si", "B N", "H N", "H P", "H As", "H Sb", "H Bi", "N F", "N Cl",
            "N Br", "N I", "F P", "P Cl", "P Br", "F As", "O Ti", "O Ni", "H Co", "H H C", "C N N", "C C O", "C C S",
            "H C C N", "C C C C",
        ],
    ),
    (0, 4, &["B C", "O V", "O Co", "H Fe"]),
    (0, 5, &["O Cr", "O Fe"]),
    (0, 6, &["O Mn", "H Cr"]),
    (0, 7, &["H Mn"]),
    (-1, 3, &["H C", "H Si", "N O", "N S"]),
    (1, 3, &["H O", "H S", "H Se", "H H N", "O F", "O Cl"]),
    (2, 3, &["H F"]),
];
/// The lightest and heaviest element of each row of the d and f blocks.
const D_BLOCKS: [(u32, u32); 3] = [(21, 30), (39, 48), (72, 80)];
const LANTHANIDES: (u32, u32) = (57, 71);
/// Elements that mostly keep unpaired electrons in their compounds: V to Ni, Pr to Tm, U to Cf.
const OPEN_SHELLS: [(u32, u32); 3] = [(23, 28), (59, 69), (92, 98)];

/// 2 S + 1 of the ground state of the molecule of these atoms with this charge; none if it is not known.
pub fn ground_multiplicity(elements: &[Element], charge: i32) -> Option<u32> {
    if let [atom] = elements {
        return atom_multiplicity(atom.number(), charge);
    }
    let mut sorted = elements.to_vec();
    sorted.sort_unstable();
    let symbols: Vec<&str> = sorted.iter().map(|element| element.symbol()).collect();
    let symbols = symbols.join(" ");
    let is_known = |of: &&(i32, u32, &[&str])| of.0 == charge && of.2.contains(&&*symbols);
    MOLECULES.iter().find(is_known).map(|known| known.1)
}

/// Whether compounds of this element mostly have unpaired electrons, so that the formula does not determine their multiplicity.
pub fn is_mostly_open(element: Element) -> bool {
    OPEN_SHELLS.iter().any(|&block| is_within(element.number(), block))
}

fn is_within(number: u32, (first, last): (u32, u32)) -> bool {
    (first..=last).contains(&number)
}

fn atom_multiplicity(number: u32, charge: i32) -> Option<u32> {
    let neutral = |number: u32| ATOMS.get(number.checked_sub(1)? as usize).copied();
    if charge == 0 {
        return neutral(number);
    }
    let electrons = u32::try_from(i64::from(number) - i64::from(charge)).ok()?;
    match D_BLOCKS.iter().find(|&&block| is_within(number, block)) {
        Some(&(first, _)) => cation_multiplicity(number, first, charge),
        None if is_within(number, LANTHANIDES) => (charge == 3).then(|| hund_multiplicity(number - 57, 7)),
        // Ions of actinides follow no common rule.
        None if number > 88 => None,
        // Outer s and p electrons: as the isoelectronic neutral atom, unless that is in the d or f block.
        None => neutral(electrons).filter(|_| is_of_s_or_p(electrons)),
    }
}

fn is_of_s_or_p(number: u32) -> bool {
    number < 89 && !is_within(number, LANTHANIDES) && !D_BLOCKS.iter().any(|&block| is_within(number, block))
}

/// Cations with two or more charges have only d electrons outside the core, group number less charge, which follow Hund's rule.
fn cation_multiplicity(number: u32, first: u32, charge: i32) -> Option<u32> {
    let index = (number - first) as usize;
    match (charge, first) {
        (1, 21) => CATIONS_3D.get(index).copied(),
        (1, 39) => CATIONS_4D.get(index).copied(),
        (2.., _) => {
            let group = number - first + if first == 72 { 4 } else { 3 };
            group.checked_sub(charge.unsigned_abs()).filter(|&d| d <= 10).map(|d| hund_multiplicity(d, 5))
        }
        _ => None,
    }
}

/// 2 S + 1 of `count` electrons in `orbitals` of equal energy by Hund's rule.
fn hund_multiplicity(count: u32, orbitals: u32) -> u32 {
    1 + count.min((2 * orbitals).saturating_sub(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn multiplicity_of(symbols: &str, charge: i32) -> Option<u32> {
        let elements: Vec<_> = symbols.split(' ').map(|symbol| Element::from_symbol(symbol).unwrap()).collect();
        ground_multiplicity(&elements, charge)
    }

    #[test]
    fn atoms_and_ions_have_tabulated_multiplicities() {
        #[rustfmt::skip]
        let species = [
            ("H", 0, 2), ("C", 0, 3), ("N", 0, 4), ("O", 0, 3), ("Ar", 0, 1), ("Cr", 0, 7), ("Br", 0, 2), ("Pd", 0, 1), ("Xe", 0, 1),
            ("Gd", 0, 9), ("Lu", 0, 2), ("Pt", 0, 3), ("Rn", 0, 1), ("No", 0, 1), ("Na", 1, 1), ("Cl", -1, 1), ("I", -1, 1), ("N", 1, 3),
            ("C", -1, 4), ("Ca", 2, 1), ("Fe", 2, 5), ("Fe", 3, 6), ("Mn", 2, 6), ("Cu", 1, 1), ("Cu", 2, 2), ("Zn", 2, 1), ("Cr", 3, 4),
            ("Ti", 4, 1), ("Pt", 2, 3), ("Au", 3, 3), ("Hg", 2, 1), ("Gd", 3, 8), ("La", 3, 1),
        ];
        for (symbol, charge, multiplicity) in species {
            assert_eq!(multiplicity_of(symbol, charge), Some(multiplicity), "{symbol} {charge}");
        }
        for (symbol, charge) in [("U", 3), ("Eu", 2), ("H", 1), ("Lr", 0), ("Fe", -1)] {
            assert_eq!(multiplicity_of(symbol, charge), None, "{symbol} {charge}");
        }
    }

    #[test]
    fn molecules_are_known_in_any_order_of_their_atoms() {
        for (symbols, charge) in [("O O", 0), ("S O", 0), ("N H", 0), ("H C H", 0), ("O H", 1), ("O N", -1)] {
            assert_eq!(multiplicity_of(symbols, charge), Some(3), "{symbols} {charge}");
        }
        for (symbols, charge) in [("O H H", 0), ("N N", 0), ("O O", -2), ("Si H H", 0)] {
            assert_eq!(multiplicity_of(symbols, charge), None, "{symbols} {charge}");
        }
    }

    #[test]
    fn every_multiplicity_fits_the_electrons() {
        for number in 1..=102 {
            for charge in -2..=4 {
                let Some(multiplicity) = atom_multiplicity(number, charge) else { continue };
                let electrons = i64::from(number) - i64::from(charge);
                assert_eq!((electrons - i64::from(multiplicity) + 1) % 2, 0, "{number} {charge} {multiplicity}");
            }
        }
        for (charge, multiplicity, molecules) in MOLECULES {
            for symbols in molecules {
                let numbers =
                    symbols.split(' ').map(|symbol| i64::from(Element::from_symbol(symbol).unwrap().number()));
                let electrons = numbers.clone().sum::<i64>() - i64::from(charge);
                assert_eq!((electrons - i64::from(multiplicity) + 1) % 2, 0, "{symbols} {charge}");
                assert!(numbers.is_sorted(), "{symbols}");
            }
        }
    }
}
