//! Which periodic images of its fragments form each cluster, and are they unambiguous?
//!
//! Every cluster is computed once, with its fragments at the images that are nearest to one another (minimum image convention), where
//! distances are those of the closest atoms. Since tasks differ only by translations of whole fragments, their derivatives can be summed as
//! those of an isolated cluster.
use super::bsse::Bsse;
use super::supersystem::Supersystem;
use super::tasks::Expansion;
use crate::science::chemistry::unwrapping::{SAME_DISTANCE, add};
use crate::science::chemistry::{Counts, Lattice, Nearest};

/// The nearest periodic image that an expansion leaves out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Images {
    /// Its distance, bohr.
    pub next: f64,
    /// The two fragments, which are equal for an image of the fragment itself.
    pub fragments: (usize, usize),
    /// Range of the expansion: the cutoff of pairs or, without one, the largest distance of two fragments, bohr.
    pub reach: f64,
}

/// Why an expansion needs a single arrangement of all fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The ghosts of counterpoise tasks.
    Ghosts,
    /// A task with all fragments.
    Whole,
    Charges,
}

/// Why the images in a cluster of a periodic frame are ambiguous. Lengths in bohr.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clash {
    /// Two images of a fragment are equally near to another fragment. With a pair cutoff below `safe` no fragment has two images within it;
    /// none if cutoffs do not apply to all tasks.
    TwoImages { fragments: (usize, usize), nearest: Nearest, safe: Option<f64> },
    /// The nearest images of three fragments wind around the cell.
    Winding { fragments: [usize; 3] },
    /// Two fragments are not at their nearest images in the arrangement of all fragments.
    NoWhole { fragments: (usize, usize), need: Need },
}

/// Checks the images in all clusters of an expansion; returns the nearest image that is left out, or none if the frame is not periodic or no
/// task has two fragments.
///
/// `cutoffs` are those of pairs, triples, ... in bohr; `has_charges`: whether tasks are embedded in the charges of all other fragments.
pub fn find_images(
    system: &Supersystem,
    expansion: &Expansion,
    cutoffs: &[f64],
    has_charges: bool,
) -> Result<Option<Images>, Clash> {
    let Some(lattice) = &system.lattice else { return Ok(None) };
    let table = NearestImages::new(system, lattice);
    // Tasks of all fragments and embedding charges are not subject to cutoffs.
    let is_all = has_charges || expansion.supersystem.is_some() || expansion.is_interaction_only;
    let pairs: Vec<(usize, usize)> = match is_all {
        true => table.pairs().filter(|(a, b)| a != b).collect(),
        false => expansion.clusters.of_size(2).iter().map(|pair| (pair[0].into(), pair[1].into())).collect(),
    };
    if pairs.is_empty() {
        return Ok(None);
    }
    let cutoff = cutoffs.first().copied().filter(|_| !is_all);
    let images = table.left_out(&pairs, cutoff);
    for &(a, b) in &pairs {
        let nearest = table.of_pair(a, b);
        let are_both_in_range = cutoff.is_none_or(|cutoff| nearest.next <= cutoff);
        if are_both_in_range && nearest.next - nearest.distance < SAME_DISTANCE {
            let safe = (!is_all).then_some(images.next);
            return Err(Clash::TwoImages { fragments: (a, b), nearest, safe });
        }
    }
    for triple in expansion.clusters.of_size(3) {
        let [a, b, c] = [0, 1, 2].map(|k| usize::from(triple[k]));
        if add(table.counts(a, b), table.counts(b, c)) != table.counts(a, c) {
            return Err(Clash::Winding { fragments: [a, b, c] });
        }
    }
    let far = pairs.iter().find(|&&(a, b)| table.counts(a, b) != [0; 3]);
    match (far, need_of_all(expansion, has_charges)) {
        (Some(&fragments), Some(need)) => Err(Clash::NoWhole { fragments, need }),
        _ => Ok(Some(images)),
    }
}

/// Why the expansion needs a single arrangement of all fragments, if it does.
fn need_of_all(expansion: &Expansion, has_charges: bool) -> Option<Need> {
    let is_whole = expansion.supersystem.is_some() || !expansion.clusters.of_size(expansion.fragments()).is_empty();
    let has_ghosts = expansion.bsse.contains(&Bsse::Cp);
    let needs = [(has_charges, Need::Charges), (is_whole, Need::Whole), (has_ghosts, Need::Ghosts)];
    needs.into_iter().find(|(is_there, _)| *is_there).map(|(_, need)| need)
}

/// The nearest images of all pairs of fragments, including each fragment with itself.
struct NearestImages {
    fragments: usize,
    /// Pairs (a, b) with a <= b, ordered by a, then b.
    nearest: Vec<Nearest>,
}

impl NearestImages {
    fn new(system: &Supersystem, lattice: &Lattice) -> Self {
        let mut table = Self { fragments: system.fragments.len(), nearest: Vec::new() };
        let groups: Vec<Vec<[f64; 3]>> = (0..table.fragments).map(|f| system.points(f)).collect();
        table.nearest = table.pairs().map(|(a, b)| lattice.nearest(&groups[a], &groups[b])).collect();
        table
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let fragments = self.fragments;
        (0..fragments).flat_map(move |a| (a..fragments).map(move |b| (a, b)))
    }

    /// The nearest image of a pair a <= b.
    fn of_pair(&self, a: usize, b: usize) -> Nearest {
        self.nearest[a * self.fragments - a * (a + 1) / 2 + b]
    }

    fn counts(&self, a: usize, b: usize) -> Counts {
        self.of_pair(a, b).counts
    }

    /// The nearest image that is left out if `pairs` are computed.
    fn left_out(&self, pairs: &[(usize, usize)], cutoff: Option<f64>) -> Images {
        let largest = pairs.iter().map(|&(a, b)| self.of_pair(a, b).distance).fold(0.0, f64::max);
        let mut images = Images { next: f64::INFINITY, fragments: (0, 0), reach: cutoff.unwrap_or(largest) };
        for (fragments, nearest) in self.pairs().zip(&self.nearest) {
            if nearest.next < images.next {
                (images.next, images.fragments) = (nearest.next, fragments);
            }
        }
        images
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ClusterSet, Fragment};
    use super::*;
    use crate::science::chemistry::{Element, distance};

    /// Helium atoms in a cell, a fragment each.
    fn atoms(positions: &[[f64; 3]], rows: [[f64; 3]; 3]) -> Supersystem {
        let helium = Element::from_symbol("He").unwrap();
        let fragment = |atom| Fragment { atoms: vec![atom], charge: 0, multiplicity: 1 };
        Supersystem {
            elements: vec![helium; positions.len()],
            positions: positions.to_vec(),
            fragments: (0..positions.len()).map(fragment).collect(),
            lattice: Lattice::new(&rows, [true; 3]),
        }
    }

    fn images(
        system: &Supersystem,
        bsse: Bsse,
        max_order: usize,
        cutoffs: &[f64],
    ) -> (Expansion, Result<Option<Images>, Clash>) {
        let expansion = Expansion {
            clusters: ClusterSet::within(system, max_order, cutoffs).unwrap(),
            bsse: vec![bsse],
            level_of: vec![0; max_order],
            supersystem: None,
            total: false,
            is_interaction_only: false,
        };
        let found = find_images(system, &expansion, cutoffs, false);
        (expansion, found)
    }

    const LONG: [[f64; 3]; 3] = [[9.0, 0.0, 0.0], [0.0, 40.0, 0.0], [0.0, 0.0, 40.0]];

    #[test]
    fn every_cluster_has_its_fragments_at_their_nearest_images() {
        let along = |k: u32, f: f64| 60.0 * libm::sin(f * f64::from(k * k + 1));
        let positions: Vec<_> = (0..24).map(|k| [1.3, 2.7, 0.9].map(|f| along(k, f))).collect();
        let mut system = atoms(&positions, [[24.0, 0.0, 0.0], [9.0, 22.0, 0.0], [-5.0, 7.0, 26.0]]);
        system.arrange();
        let (expansion, found) = images(&system, Bsse::Nocp, 3, &[8.0, 7.0]);
        assert!(found.unwrap().unwrap().next > 8.0);
        let (mut moved, all) = (0, expansion.clusters.of_size(3).len());
        for cluster in expansion.clusters.of_size(2).iter().chain(expansion.clusters.of_size(3)) {
            let members: Vec<usize> = cluster.iter().map(|&f| f.into()).collect();
            let molecule = system.molecule(&members[..1], &members);
            moved += usize::from(molecule.atoms.iter().zip(&members).any(|(a, &f)| a.position != system.positions[f]));
            for (a, b) in (0..members.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
                let found = distance(molecule.atoms[a].position, molecule.atoms[b].position);
                assert!((found - system.distance(members[a], members[b])).abs() < 1e-9 && found <= 8.0);
            }
        }
        assert!(all > 5 && moved > 1, "{moved} clusters across the border, {all} triples");
    }

    #[test]
    fn three_fragments_around_a_short_cell_do_not_close() {
        let mut ring = atoms(&[[0.0; 3], [3.0, 0.0, 0.0], [6.0, 0.0, 0.0]], LONG);
        ring.arrange();
        let of = |bsse, order, cutoffs: &[f64]| images(&ring, bsse, order, cutoffs).1;
        let left_out = Images { next: 6.0, fragments: (0, 1), reach: 5.0 };
        assert_eq!(of(Bsse::Nocp, 2, &[5.0]), Ok(Some(left_out)));
        assert_eq!(of(Bsse::Vmfc, 2, &[]), Ok(Some(Images { reach: 3.0, ..left_out })));
        assert_eq!(of(Bsse::Nocp, 3, &[5.0]), Err(Clash::Winding { fragments: [0, 1, 2] }));
        assert_eq!(of(Bsse::Nocp, 3, &[5.0, 2.0]), Ok(Some(left_out)));
        let ghosts = Clash::NoWhole { fragments: (1, 2), need: Need::Ghosts };
        assert_eq!(of(Bsse::Cp, 2, &[5.0]), Err(ghosts));
        let mut expansion = images(&ring, Bsse::Nocp, 2, &[5.0]).0;
        let charged = find_images(&ring, &expansion, &[5.0], true);
        assert_eq!(charged, Err(Clash::NoWhole { fragments: (1, 2), need: Need::Charges }));
        expansion.supersystem = Some(0);
        let whole = find_images(&ring, &expansion, &[5.0], false);
        assert_eq!(whole, Err(Clash::NoWhole { fragments: (1, 2), need: Need::Whole }));
    }

    #[test]
    fn two_images_that_are_equally_near_are_refused_unless_a_cutoff_leaves_the_pair_out() {
        let half = atoms(&[[0.0; 3], [4.45, 0.0, 0.0], [0.0, 3.0, 0.0]], LONG);
        let (_, found) = images(&half, Bsse::Nocp, 2, &[]);
        let Err(Clash::TwoImages { fragments: (0, 1), nearest, safe: Some(safe) }) = found else { panic!("{found:?}") };
        assert!((nearest.next - 4.55).abs() < 1e-12 && (safe - 4.55).abs() < 1e-12);
        assert!(images(&half, Bsse::Nocp, 2, &[4.5]).1.is_ok(), "one of them alone is within the cutoff");
        let (_, found) = images(&half, Bsse::Nocp, 2, &[4.0]);
        assert_eq!(found.unwrap().unwrap().fragments, (0, 1));
    }

    #[test]
    fn a_cell_around_a_cluster_moves_nothing() {
        let positions = [[-1.0 / 3.0, 0.1, 0.7], [3.1, -0.2, 1.0 / 7.0], [0.0, 4.1, -3.3]];
        let mut system = atoms(&positions, LONG.map(|row| row.map(|x| 10.0 * x)));
        system.arrange();
        assert_eq!(system.positions, positions);
        assert!(images(&system, Bsse::Cp, 3, &[]).1.unwrap().unwrap().next > 80.0);
        let alone = Supersystem { lattice: None, ..system.clone() };
        assert_eq!(system.molecule(&[0], &[0, 2]), alone.molecule(&[0], &[0, 2]));
        assert_eq!(system.distances(), alone.distances());
    }
}
