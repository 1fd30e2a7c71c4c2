//! Can atoms stand where they were put?
use crate::science::chemistry::bonds::{BOND_FACTOR, bond_ratios, nearest_ratios, neighbours};
use crate::science::chemistry::{Element, Lattice, Neighbours};
use crate::science::expansion::Fragment;
use crate::units::BOHR_ANGSTROM;

/// Atoms closer than this, in angstrom, stand on top of each other: the shortest bond there is, that of H2, has 0.74, and 0.39 where
/// angstrom were taken for bohr.
const COINCIDENT_ANGSTROM: f64 = 0.1;
/// Faults of one frame that are told.
const TOLD: usize = 5;
/// Bonds are between 0.77 (N2) and 1.24 (F2) times the sum of covalent radii long. Angstrom taken for bohr make 0.41 to 0.66 of it, and
/// bohr taken for angstrom 1.45 to 2.34.
const TOO_SHORT: f64 = 0.7;
const TOO_LONG: f64 = 1.3;
const LONGEST: f64 = 2.4;
/// They have no bonds to judge by.
const NOBLE_GASES: [u32; 6] = [2, 10, 18, 36, 54, 86];

/// What is wrong where two atoms of a frame stand on top of each other.
pub fn coincidences(frame: usize, positions: &[[f64; 3]], lattice: Option<&Lattice>) -> Vec<String> {
    let pairs = neighbours(positions, lattice, COINCIDENT_ANGSTROM / BOHR_ANGSTROM);
    let tell = |Neighbours { one, other, counts, distance }: Neighbours| {
        let distance = distance * BOHR_ANGSTROM;
        let across = if counts == [0; 3] { "" } else { " across the border of the cell" };
        format!(
            "atoms {one} and {other} of frame {frame} stand on top of each other{across}, {distance:.3} angstrom apart"
        )
    };
    pairs.into_iter().take(TOLD).map(tell).collect()
}

/// How far neighbours are apart, where this is what a wrong unit makes of bonds.
pub fn doubt(elements: &[Element], positions: &[[f64; 3]], lattice: Option<&Lattice>) -> Option<String> {
    let ratios = nearest_ratios(elements, positions, lattice, LONGEST).into_iter().zip(elements);
    let mut ratios: Vec<f64> =
        ratios.filter(|(_, element)| !NOBLE_GASES.contains(&element.number())).map(|(ratio, _)| ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let (shortest, median) = (*ratios.first()?, ratios[ratios.len() / 2]);
    let is_too_short = median < TOO_SHORT;
    let is_too_long = shortest > BOND_FACTOR && (TOO_LONG..LONGEST).contains(&median);
    let told = || {
        let side = if is_too_short { "only " } else { "" };
        format!("the nearest atoms are {side}{median:.2} times the length of a bond apart")
    };
    (is_too_short || is_too_long).then(told)
}

/// Atoms of different fragments that nearly count as bonded: some bonds are that long, that of F2 is.
pub fn nearly_bonded(
    elements: &[Element],
    positions: &[[f64; 3]],
    lattice: Option<&Lattice>,
    fragments: &[Fragment],
) -> Vec<String> {
    let mut owner = vec![0; elements.len()];
    for (place, fragment) in fragments.iter().enumerate() {
        fragment.atoms.iter().for_each(|&atom| owner[atom] = place);
    }
    let tell = |(pair, ratio): (Neighbours, f64)| {
        let [one, other] = [pair.one, pair.other].map(|atom| format!("{} {atom}", elements[atom]));
        format!("{one} and {other} are {ratio:.2} times the length of a bond apart, and were taken as not bonded")
    };
    let pairs = bond_ratios(elements, positions, lattice, TOO_LONG);
    let apart = pairs.filter(|(pair, _)| owner[pair.one] != owner[pair.other]);
    apart.take(TOLD).map(tell).collect()
}
