//! Which atoms are bonded to one another, judged by their distances alone?
use super::{Element, Lattice, Neighbours, distance};
use crate::units::BOHR_ANGSTROM;
use std::collections::HashMap;

/// Atoms are bonded when they are closer than this times the sum of their covalent radii.
pub const BOND_FACTOR: f64 = 1.2;

/// The sum of two elements' covalent radii, bohr.
pub fn bond_length(one: Element, other: Element) -> f64 {
    (one.covalent_radius() + other.covalent_radius()) / BOHR_ANGSTROM
}

/// Every pair of atoms whose distance is less than `most` times the sum of their covalent radii, with that ratio; with a lattice every
/// image that is so close. Positions in bohr.
pub fn bond_ratios(
    elements: &[Element],
    positions: &[[f64; 3]],
    lattice: Option<&Lattice>,
    most: f64,
) -> impl Iterator<Item = (Neighbours, f64)> {
    let ratio = move |pair: Neighbours| (pair, pair.distance / bond_length(elements[pair.one], elements[pair.other]));
    neighbours(positions, lattice, longest_bond(elements, most))
        .into_iter()
        .map(ratio)
        .filter(move |pair| pair.1 < most)
}

/// Sets of atoms that hang together by bonds, across the borders of a periodic cell too, each in ascending order, ordered by their first
/// atoms. Positions in bohr.
pub fn bonded_sets(elements: &[Element], positions: &[[f64; 3]], lattice: Option<&Lattice>) -> Vec<Vec<usize>> {
    let mut leads: Vec<usize> = (0..elements.len()).collect();
    for (Neighbours { one, other, .. }, _) in bond_ratios(elements, positions, lattice, BOND_FACTOR) {
        let (one, other) = (lead_of(&mut leads, one), lead_of(&mut leads, other));
        leads[one.max(other)] = one.min(other);
    }
    let mut sets = vec![Vec::new(); elements.len()];
    (0..elements.len()).for_each(|atom| sets[lead_of(&mut leads, atom)].push(atom));
    sets.retain(|set| !set.is_empty());
    sets
}

/// For every atom, the smallest of its [`bond_ratios`]; infinite where there is none up to `most`.
pub fn nearest_ratios(elements: &[Element], positions: &[[f64; 3]], lattice: Option<&Lattice>, most: f64) -> Vec<f64> {
    let mut nearest = vec![f64::INFINITY; elements.len()];
    for (pair, ratio) in bond_ratios(elements, positions, lattice, most) {
        [pair.one, pair.other].into_iter().for_each(|atom| nearest[atom] = nearest[atom].min(ratio));
    }
    nearest
}

/// Every pair of points closer than `cutoff`; with a lattice every image that is so close.
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

/// The first atom of the set that `atom` belongs to.
fn lead_of(leads: &mut [usize], mut atom: usize) -> usize {
    while leads[atom] != atom {
        leads[atom] = leads[leads[atom]];
        atom = leads[atom];
    }
    atom
}

/// Every pair of points closer than `cutoff`, the lower number first, with their distance. Points are sorted into cubes as wide as the
/// cutoff, so that only neighbouring cubes are looked at.
pub fn close_pairs(points: &[[f64; 3]], cutoff: f64) -> impl Iterator<Item = (usize, usize, f64)> {
    // So far out numbers have no fractions left; without the bound the cube's neighbours would have no number.
    let cube = move |point: [f64; 3]| point.map(|x| (x / cutoff).floor().clamp(-1e15, 1e15) as i64);
    let mut cubes = HashMap::<[i64; 3], Vec<usize>>::new();
    points.iter().enumerate().for_each(|(place, &point)| cubes.entry(cube(point)).or_default().push(place));
    (0..points.len()).flat_map(move |a| {
        let [x, y, z] = cube(points[a]);
        let around = (0..27).map(|k| [x + k / 9 - 1, y + k / 3 % 3 - 1, z + k % 3 - 1]);
        let others: Vec<usize> = around.filter_map(|place| cubes.get(&place)).flatten().copied().collect();
        let pair = move |b: usize| (a, b, distance(points[a], points[b]));
        others.into_iter().filter(move |&b| b > a).map(pair).filter(move |pair| pair.2 < cutoff)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Water molecules on a cubic lattice with the given spacing in angstrom, their atoms one after another.
    fn waters(edge: usize, spacing: f64) -> (Vec<Element>, Vec<[f64; 3]>) {
        let symbols = ["O", "H", "H"].map(|symbol| Element::of_symbol(symbol).unwrap());
        let shape = [[0.0, 0.0, 0.0], [0.76, 0.59, 0.0], [-0.76, 0.59, 0.0]];
        let corner = |k: usize| [k / edge / edge, k / edge % edge, k % edge].map(|n| n as f64 * spacing);
        let atom = |k: usize, a: usize| std::array::from_fn(|c| (corner(k)[c] + shape[a][c]) / BOHR_ANGSTROM);
        let count = edge * edge * edge;
        let positions = (0..count).flat_map(|k| (0..3).map(move |a| atom(k, a))).collect();
        (symbols.repeat(count), positions)
    }

    #[test]
    fn molecules_are_found_wherever_they_stand() {
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
    fn pairs_are_those_of_the_double_loop() {
        let points: Vec<[f64; 3]> =
            (0..200).map(|k| [1.3, 2.7, 0.9].map(|f: f64| 20.0 * (f * f64::from(k * k)).sin())).collect();
        let mut found: Vec<_> = close_pairs(&points, 5.0).map(|(a, b, _)| (a, b)).collect();
        found.sort_unstable();
        let all = (0..200).flat_map(|a| (a + 1..200).map(move |b| (a, b)));
        let wanted: Vec<_> = all.filter(|&(a, b)| distance(points[a], points[b]) < 5.0).collect();
        assert!(wanted.len() > 100);
        assert_eq!(found, wanted);
    }

    #[test]
    fn ratios_tell_a_wrong_unit() {
        let (elements, positions) = waters(2, 4.0);
        for (scale, ratio) in [(1.0, 0.99), (BOHR_ANGSTROM, 0.52), (1.0 / BOHR_ANGSTROM, 1.87)] {
            let scaled: Vec<_> = positions.iter().map(|point| point.map(|x| x * scale)).collect();
            let ratios = nearest_ratios(&elements, &scaled, None, 3.0);
            assert!(ratios.iter().all(|found| (found - ratio).abs() < 0.02), "{ratios:?}");
        }
        assert_eq!(nearest_ratios(&elements[..1], &positions[..1], None, 3.0), [f64::INFINITY]);
    }

    #[test]
    fn thousands_of_atoms_take_milliseconds() {
        let (elements, positions) = waters(14, 2.9);
        let start = std::time::Instant::now();
        assert_eq!(bonded_sets(&elements, &positions, None).len(), 14 * 14 * 14);
        assert!(start.elapsed().as_millis() < 1000, "8,232 atoms took {:?}", start.elapsed());
    }

    #[test]
    fn points_far_out_are_no_trouble() {
        assert_eq!(close_pairs(&[[1e300; 3], [-1e300; 3], [1e300, 0.0, 0.0]], 3.0).count(), 0);
    }
}
