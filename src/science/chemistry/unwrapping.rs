//! How are molecules that the boundary of a periodic cell cuts made whole?
use super::bonds::{BOND_FACTOR, bond_ratios};
use super::element::Element;
use super::lattice::{Counts, Lattice, Nearest, Neighbours};
use crate::units::BOHR_ANGSTROM;

/// Images whose distances differ by less than this are equally near, bohr: which one is the nearest would depend on rounding and on the last step
/// of a simulation.
pub const SAME_DISTANCE: f64 = 0.1 / BOHR_ANGSTROM;

/// Why a set of atoms cannot be made whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Split {
    /// Bonds connect the set to its own image: an infinite chain, layer or crystal. The atoms are those of such a bond.
    Endless { set: usize, atoms: (usize, usize) },
    /// The set has parts not connected by bonds, and two images of a part are equally near to the rest. The atoms are the first ones of the rest
    /// and of that part.
    Unclear { set: usize, atoms: (usize, usize), nearest: Nearest },
}

/// The translation of each atom, in lattice vectors, that makes each of `sets` whole: its first atom stays, the others follow along bonds, and
/// parts not connected by bonds are moved to their nearest images. Positions in bohr.
pub fn make_whole(
    elements: &[Element],
    positions: &[[f64; 3]],
    sets: &[Vec<usize>],
    lattice: &Lattice,
) -> Result<Vec<Counts>, Split> {
    let mut owner = vec![usize::MAX; elements.len()];
    sets.iter().enumerate().for_each(|(set, atoms)| atoms.iter().for_each(|&atom| owner[atom] = set));
    let mut bonds = vec![Vec::new(); elements.len()];
    let all = bond_ratios(elements, positions, Some(lattice), BOND_FACTOR);
    for (Neighbours { one, other, counts, .. }, _) in all.filter(|(pair, _)| owner[pair.one] == owner[pair.other]) {
        bonds[one].push((other, counts));
        bonds[other].push((one, counts.map(|count| -count)));
    }
    let mut moves = vec![None; elements.len()];
    for (set, atoms) in sets.iter().enumerate() {
        let mut parts = Vec::new();
        for &atom in atoms {
            if moves[atom].is_none() {
                let part = follow_bonds(atom, &bonds, &mut moves);
                parts.push(part.map_err(|atoms| Split::Endless { set, atoms })?);
            }
        }
        join(&parts, positions, lattice, &mut moves).map_err(|(atoms, nearest)| Split::Unclear {
            set,
            atoms,
            nearest,
        })?;
    }
    Ok(moves.into_iter().map(Option::unwrap_or_default).collect())
}

/// Follows bonds from `first`, which stays, and sets the translations of the connected atoms, which are returned; the atoms of an inconsistent
/// bond if there is one.
fn follow_bonds(
    first: usize,
    bonds: &[Vec<(usize, Counts)>],
    moves: &mut [Option<Counts>],
) -> Result<Vec<usize>, (usize, usize)> {
    moves[first] = Some([0; 3]);
    let (mut part, mut next) = (vec![first], 0);
    while let Some(&atom) = part.get(next) {
        next += 1;
        let here = moves[atom].unwrap_or_default();
        for &(other, counts) in &bonds[atom] {
            let there = add(here, counts);
            match moves[other] {
                None => {
                    moves[other] = Some(there);
                    part.push(other);
                }
                Some(known) if known != there => return Err((atom.min(other), atom.max(other))),
                Some(_) => {}
            }
        }
    }
    Ok(part)
}

/// Moves the parts of a set to their nearest images; the first one stays.
fn join(
    parts: &[Vec<usize>],
    positions: &[[f64; 3]],
    lattice: &Lattice,
    moves: &mut [Option<Counts>],
) -> Result<(), ((usize, usize), Nearest)> {
    if parts.len() < 2 {
        return Ok(());
    }
    let position = |&atom: &usize| lattice.translated(positions[atom], moves[atom].unwrap_or_default());
    let groups: Vec<Vec<[f64; 3]>> = parts.iter().map(|part| part.iter().map(position).collect()).collect();
    for (part, joint) in arrange(&groups, lattice).into_iter().enumerate().skip(1) {
        if joint.nearest.next - joint.nearest.distance < SAME_DISTANCE {
            return Err(((parts[joint.to][0], parts[part][0]), joint.nearest));
        }
        for &atom in &parts[part] {
            moves[atom] = moves[atom].map(|counts| add(counts, joint.counts));
        }
    }
    Ok(())
}

/// The translation of a group of points to another group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Joint {
    /// Translation in lattice vectors.
    pub counts: Counts,
    /// Index of the group to which it was moved.
    pub to: usize,
    pub nearest: Nearest,
}

/// Moves groups of points next to one another: the first one stays, and repeatedly the group nearest to any placed one is moved there (Prim's
/// minimum spanning tree). No group is empty.
pub fn arrange(groups: &[Vec<[f64; 3]>], lattice: &Lattice) -> Vec<Joint> {
    let unmoved = Nearest { counts: [0; 3], distance: 0.0, next: f64::INFINITY };
    let mut joints = vec![Joint { counts: [0; 3], to: 0, nearest: unmoved }; groups.len()];
    let mut left: Vec<usize> = (1..groups.len()).collect();
    for &group in &left {
        joints[group].nearest = lattice.nearest(&groups[0], &groups[group]);
    }
    let is_nearer = |joints: &[Joint], a: usize, b: usize| joints[a].nearest.distance < joints[b].nearest.distance;
    while !left.is_empty() {
        let best = (0..left.len()).fold(0, |best, k| if is_nearer(&joints, left[k], left[best]) { k } else { best });
        let placed = left.swap_remove(best);
        joints[placed].counts = add(joints[joints[placed].to].counts, joints[placed].nearest.counts);
        for &group in &left {
            let nearest = lattice.nearest(&groups[placed], &groups[group]);
            if nearest.distance < joints[group].nearest.distance {
                (joints[group].to, joints[group].nearest) = (placed, nearest);
            }
        }
    }
    joints
}

pub fn add(a: Counts, b: Counts) -> Counts {
    std::array::from_fn(|k| a[k] + b[k])
}

#[cfg(test)]
mod tests {
    use super::super::{bonds::bonded_sets, distance};
    use super::*;

    const CUBE: [[f64; 3]; 3] = [[10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]];

    fn elements(symbols: &[&str]) -> Vec<Element> {
        symbols.iter().map(|symbol| Element::from_symbol(symbol).unwrap()).collect()
    }

    /// Angstrom to bohr.
    fn bohr<const N: usize>(angstrom: [[f64; 3]; N]) -> [[f64; 3]; N] {
        angstrom.map(|point| point.map(|x| x / BOHR_ANGSTROM))
    }

    fn lattice(rows: [[f64; 3]; 3]) -> Lattice {
        Lattice::new(&bohr(rows), [true; 3]).unwrap()
    }

    #[test]
    fn a_molecule_is_made_whole_wherever_the_boundary_cuts_it() {
        let elements = elements(&["H", "O", "H"]);
        let water = bohr([[0.76, 0.59, 0.0], [0.0, 0.0, 0.0], [-0.76, 0.59, 0.0]]);
        for rows in [CUBE, [[8.0, 0.0, 0.0], [5.0, 7.0, 0.0], [-4.0, 3.0, 9.0]]] {
            let lattice = lattice(rows);
            for moves in [[[0; 3]; 3], [[0; 3], [1, 0, -1], [0, 2, 5]], [[-3, 1, 1], [0; 3], [7, 0, 0]]] {
                let cut: Vec<_> = (0..3).map(|a| lattice.translated(water[a], moves[a])).collect();
                let sets = bonded_sets(&elements, &cut, Some(&lattice));
                assert_eq!(sets, [[0, 1, 2]]);
                let back = make_whole(&elements, &cut, &sets, &lattice).unwrap();
                let whole: Vec<_> = (0..3).map(|a| lattice.translated(cut[a], back[a])).collect();
                assert_eq!(whole[0], cut[0], "the first atom stays");
                for (a, b) in [(0, 1), (0, 2), (1, 2)] {
                    assert!((distance(whole[a], whole[b]) - distance(water[a], water[b])).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn an_infinite_chain_is_refused() {
        let elements = elements(&["C", "C", "C", "He"]);
        let chain = bohr([[0.0, 0.0, 0.0], [1.4, 0.0, 0.0], [2.8, 0.0, 0.0], [0.0, 5.0, 5.0]]);
        let short = lattice([[4.2, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]]);
        let sets = [vec![3], vec![0, 1, 2]];
        let split = make_whole(&elements, &chain, &sets, &short).unwrap_err();
        assert!(matches!(split, Split::Endless { set: 1, .. }), "{split:?}");
        assert_eq!(make_whole(&elements, &chain, &sets, &lattice(CUBE)), Ok(vec![[0; 3]; 4]));
        // One atom that is bonded to itself.
        let tiny = lattice([[1.4, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]]);
        let split = make_whole(&elements[..1], &chain[..1], &[vec![0]], &tiny).unwrap_err();
        assert_eq!(split, Split::Endless { set: 0, atoms: (0, 0) });
    }

    #[test]
    fn parts_without_bonds_are_put_next_to_one_another_where_that_is_clear() {
        let (elements, lattice) = (elements(&["He", "Ne", "He"]), lattice(CUBE));
        let far = bohr([[0.5, 0.0, 0.0], [9.0, 0.0, 0.0], [6.0, 0.0, 0.0]]);
        let moves = make_whole(&elements, &far, &[vec![0, 1, 2]], &lattice);
        assert_eq!(moves, Ok(vec![[0; 3], [-1, 0, 0], [-1, 0, 0]]));
        let half = bohr([[0.5, 0.0, 0.0], [5.52, 0.0, 0.0], [6.0, 3.0, 0.0]]);
        let split = make_whole(&elements, &half, &[vec![0, 1], vec![2]], &lattice).unwrap_err();
        assert!(matches!(split, Split::Unclear { set: 0, atoms: (0, 1), .. }), "{split:?}");
    }
}
