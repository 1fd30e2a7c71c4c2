//! Which atoms are bonded, judged by their distances?
use super::close_pairs::close_pairs;
use super::element::Element;
use super::lattice::{Lattice, Neighbours};
use crate::science::connected_sets::connected_sets;
use crate::units::BOHR_ANGSTROM;

/// Two atoms are bonded if they are closer than this times the sum of their covalent radii.
pub const BOND_FACTOR: f64 = 1.2;

/// The sum of two elements' covalent radii, bohr.
pub fn bond_length(one: Element, other: Element) -> f64 {
    (one.covalent_radius() + other.covalent_radius()) / BOHR_ANGSTROM
}

/// All pairs of atoms whose distance is less than `max_ratio` times the sum of their covalent radii, with that ratio; with a lattice all such
/// images. Positions in bohr.
pub fn bond_ratios(
    elements: &[Element],
    positions: &[[f64; 3]],
    lattice: Option<&Lattice>,
    max_ratio: f64,
) -> impl Iterator<Item = (Neighbours, f64)> {
    let ratio = move |pair: Neighbours| (pair, pair.distance / bond_length(elements[pair.one], elements[pair.other]));
    neighbours(positions, lattice, longest_bond(elements, max_ratio))
        .into_iter()
        .map(ratio)
        .filter(move |pair| pair.1 < max_ratio)
}

/// Connected sets of bonded atoms, also across the boundaries of a periodic cell, each in ascending order, ordered by their first atoms. Positions
/// in bohr.
pub fn bonded_sets(elements: &[Element], positions: &[[f64; 3]], lattice: Option<&Lattice>) -> Vec<Vec<usize>> {
    let bonds = bond_ratios(elements, positions, lattice, BOND_FACTOR);
    connected_sets(elements.len(), bonds.map(|(Neighbours { one, other, .. }, _)| (one, other)))
}

/// For each atom the smallest of its [`bond_ratios`]; infinite if there is none below `max_ratio`.
pub fn nearest_ratios(
    elements: &[Element],
    positions: &[[f64; 3]],
    lattice: Option<&Lattice>,
    max_ratio: f64,
) -> Vec<f64> {
    let mut nearest = vec![f64::INFINITY; elements.len()];
    for (pair, ratio) in bond_ratios(elements, positions, lattice, max_ratio) {
        [pair.one, pair.other].into_iter().for_each(|atom| nearest[atom] = nearest[atom].min(ratio));
    }
    nearest
}

/// All pairs of points closer than `cutoff`; with a lattice all such images.
pub fn neighbours(points: &[[f64; 3]], lattice: Option<&Lattice>, cutoff: f64) -> Vec<Neighbours> {
    let pair = |(one, other, distance)| Neighbours { one, other, counts: [0; 3], distance };
    match lattice {
        Some(lattice) => lattice.neighbours(points, cutoff),
        None => close_pairs(points, cutoff).map(pair).collect(),
    }
}

/// `factor` times the largest sum of covalent radii, bohr.
fn longest_bond(elements: &[Element], factor: f64) -> f64 {
    factor * elements.iter().map(|&element| bond_length(element, element)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Water molecules on a cubic lattice with the given spacing in angstrom, their atoms one after another.
    fn waters(edge: usize, spacing: f64) -> (Vec<Element>, Vec<[f64; 3]>) {
        let symbols = ["O", "H", "H"].map(|symbol| Element::from_symbol(symbol).unwrap());
        let shape = [[0.0, 0.0, 0.0], [0.76, 0.59, 0.0], [-0.76, 0.59, 0.0]];
        let corner = |k: usize| [k / edge / edge, k / edge % edge, k % edge].map(|n| n as f64 * spacing);
        let atom = |k: usize, a: usize| std::array::from_fn(|c| (corner(k)[c] + shape[a][c]) / BOHR_ANGSTROM);
        let count = edge * edge * edge;
        let positions = (0..count).flat_map(|k| (0..3).map(move |a| atom(k, a))).collect();
        (symbols.repeat(count), positions)
    }

    #[test]
    fn molecules_are_found_anywhere() {
        let (elements, positions) = waters(3, 2.9);
        let sets = bonded_sets(&elements, &positions, None);
        assert_eq!(sets, (0..27).map(|k| vec![3 * k, 3 * k + 1, 3 * k + 2]).collect::<Vec<_>>());
    }

    #[test]
    fn sets_are_ordered_by_their_first_atoms_even_when_they_interlock() {
        let (elements, positions) = waters(2, 4.0);
        let order = [0, 3, 6, 5, 4, 2, 1, 8, 7];
        let elements: Vec<_> = order.iter().map(|&a| elements[a]).collect();
        let positions: Vec<_> = order.iter().map(|&a| positions[a]).collect();
        assert_eq!(bonded_sets(&elements, &positions, None), [vec![0, 5, 6], vec![1, 3, 4], vec![2, 7, 8]]);
    }

    #[test]
    fn ratios_reveal_a_wrong_unit() {
        let (elements, positions) = waters(2, 4.0);
        for (scale, ratio) in [(1.0, 0.99), (BOHR_ANGSTROM, 0.52), (1.0 / BOHR_ANGSTROM, 1.87)] {
            let scaled: Vec<_> = positions.iter().map(|point| point.map(|x| x * scale)).collect();
            let ratios = nearest_ratios(&elements, &scaled, None, 3.0);
            assert!(ratios.iter().all(|found| (found - ratio).abs() < 0.02), "{ratios:?}");
        }
        assert_eq!(nearest_ratios(&elements[..1], &positions[..1], None, 3.0), [f64::INFINITY]);
    }

    #[test]
    fn every_water_of_thousands_is_a_molecule() {
        let (elements, positions) = waters(14, 2.9);
        assert_eq!(bonded_sets(&elements, &positions, None).len(), 14 * 14 * 14);
    }
}
