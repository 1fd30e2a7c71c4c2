//! Are the interatomic distances plausible?
use crate::science::chemistry::bonds::{BOND_FACTOR, bond_ratios, nearest_ratios, neighbours};
use crate::science::chemistry::{Element, Lattice, Neighbours};
use crate::science::expansion::Fragment;
use crate::units::BOHR_ANGSTROM;

/// Atoms closer than this, in angstrom, overlap: the shortest bond, that of H2, is 0.74 long, and 0.39 where angstrom were read as bohr.
const OVERLAP_ANGSTROM: f64 = 0.1;
/// Problems of one frame that are reported.
const MAX_REPORTED: usize = 5;
/// Bond lengths are between 0.77 (N2) and 1.24 (F2) times the sum of covalent radii. Angstrom read as bohr make that 0.41 to 0.66, and
/// bohr read as angstrom 1.45 to 2.34.
const TOO_SHORT: f64 = 0.7;
const TOO_LONG: f64 = 1.3;
const LONGEST: f64 = 2.4;
/// Noble gases form no bonds by which a unit could be judged.
const NOBLE_GASES: [u32; 6] = [2, 10, 18, 36, 54, 86];

/// A message for each pair of overlapping atoms in a frame; `positions` and `lattice` in bohr.
pub fn overlaps(frame: usize, positions: &[[f64; 3]], lattice: Option<&Lattice>) -> Vec<String> {
    let pairs = neighbours(positions, lattice, OVERLAP_ANGSTROM / BOHR_ANGSTROM);
    let message = |Neighbours { one, other, counts, distance }: Neighbours| {
        let distance = distance * BOHR_ANGSTROM;
        let across = if counts == [0; 3] { "" } else { " across the cell boundary" };
        format!("atoms {one} and {other} of frame {frame} overlap{across}: they are {distance:.3} angstrom apart")
    };
    pairs.into_iter().take(MAX_REPORTED).map(message).collect()
}

/// The typical distance of nearest atoms, where it suggests that the unit of length is wrong; `positions` in bohr.
pub fn wrong_unit(elements: &[Element], positions: &[[f64; 3]], lattice: Option<&Lattice>) -> Option<String> {
    let ratios = nearest_ratios(elements, positions, lattice, LONGEST).into_iter().zip(elements);
    let mut ratios: Vec<f64> =
        ratios.filter(|(_, element)| !NOBLE_GASES.contains(&element.number())).map(|(ratio, _)| ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let (shortest, median) = (*ratios.first()?, ratios[ratios.len() / 2]);
    let is_too_short = median < TOO_SHORT;
    let is_too_long = shortest > BOND_FACTOR && (TOO_LONG..LONGEST).contains(&median);
    let only = if is_too_short { "only " } else { "" };
    (is_too_short || is_too_long).then(|| format!("nearest atoms are {only}{median:.2} bond lengths apart"))
}

/// A message for each pair of atoms in different fragments that are almost close enough to be bonded, as in F2; `positions` in bohr.
pub fn nearly_bonded(
    elements: &[Element],
    positions: &[[f64; 3]],
    lattice: Option<&Lattice>,
    fragments: &[Fragment],
) -> Vec<String> {
    let mut owner = vec![0; elements.len()];
    for (k, fragment) in fragments.iter().enumerate() {
        fragment.atoms.iter().for_each(|&atom| owner[atom] = k);
    }
    let message = |(pair, ratio): (Neighbours, f64)| {
        let [one, other] = [pair.one, pair.other].map(|atom| format!("{} {atom}", elements[atom]));
        format!("{one} and {other} are {ratio:.2} bond lengths apart and are treated as not bonded")
    };
    let pairs = bond_ratios(elements, positions, lattice, TOO_LONG);
    let apart = pairs.filter(|(pair, _)| owner[pair.one] != owner[pair.other]);
    apart.take(MAX_REPORTED).map(message).collect()
}
