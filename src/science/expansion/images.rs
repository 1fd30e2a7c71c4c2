//! Where do the fragments of a periodic frame stand in each cluster, and is that clear?
//!
//! Every cluster is computed once, with its fragments at the images that are nearest to one another (the minimum image convention), where
//! distances are those of the closest atoms. Since tasks differ by translations of whole fragments alone, derivatives of tasks add as
//! those of a cluster do.
use super::tasks::Expansion;
use super::{Bsse, Supersystem};
use crate::science::chemistry::whole::{SAME_DISTANCE, arrange};
use crate::science::chemistry::{Counts, Lattice, Nearest};
use std::borrow::Cow;

/// What of the periodic frame an expansion does not have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Images {
    /// The nearest image that is left out, bohr.
    pub next: f64,
    /// Between which fragments; one and the same where it is an image of its own.
    pub fragments: (usize, usize),
    /// What is farther away than this has no part in the expansion: the cutoff of pairs or, where there is none, the largest distance of
    /// two fragments. Bohr.
    pub reach: f64,
}

/// What all fragments are needed for at once, so that there must be one arrangement of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The ghosts of counterpoise tasks.
    Ghosts,
    /// A task of all fragments.
    Whole,
    /// Embedding charges.
    Charges,
}

/// Why clusters of a periodic frame have no clear arrangement. Lengths in bohr.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clash {
    /// Two images of a fragment are equally near to another one; below the distance `safe` no fragment has two images near another one.
    TwoImages { fragments: (usize, usize), nearest: Nearest, safe: f64 },
    /// The nearest images of three fragments do not close.
    Winding { fragments: [usize; 3] },
    /// Two fragments do not stand at their nearest images in the arrangement of all.
    NoWhole { fragments: (usize, usize), need: Need },
}

impl Supersystem {
    /// Puts the fragments of a periodic frame next to one another, the first one where it stands.
    pub fn arrange(&mut self) {
        let Some(lattice) = self.lattice else { return };
        let groups: Vec<Vec<[f64; 3]>> = (0..self.fragments.len()).map(|f| self.points(f)).collect();
        for (fragment, joint) in self.fragments.iter().zip(arrange(&groups, &lattice)) {
            for &atom in &fragment.atoms {
                self.positions[atom] = lattice.moved(self.positions[atom], joint.counts);
            }
        }
    }

    /// How near the images of a fragment are to another one.
    pub(super) fn nearest(&self, lattice: &Lattice, one: usize, other: usize) -> Nearest {
        lattice.nearest(&self.points(one), &self.points(other))
    }

    fn points(&self, fragment: usize) -> Vec<[f64; 3]> {
        self.fragments[fragment].atoms.iter().map(|&atom| self.positions[atom]).collect()
    }

    /// Positions in which the fragments `basis` stand at the images nearest to the first of them; as they are where those are all.
    pub(super) fn placed(&self, basis: &[usize]) -> Cow<'_, [[f64; 3]]> {
        let mut positions = Cow::from(&self.positions);
        let (Some(lattice), [first, others @ ..]) = (&self.lattice, basis) else { return positions };
        if basis.len() == self.fragments.len() {
            return positions;
        }
        for &fragment in others {
            let counts = self.nearest(lattice, *first, fragment).counts;
            if counts != [0; 3] {
                for &atom in &self.fragments[fragment].atoms {
                    positions.to_mut()[atom] = lattice.moved(self.positions[atom], counts);
                }
            }
        }
        positions
    }

    /// The distances of all fragments, `[fragments, fragments]`, bohr.
    pub(super) fn distances(&self) -> Vec<f64> {
        let fragments = self.fragments.len();
        let mut distances = vec![0.0; fragments * fragments];
        for (a, b) in (0..fragments).flat_map(|a| (a + 1..fragments).map(move |b| (a, b))) {
            let distance = self.distance(a, b);
            (distances[a * fragments + b], distances[b * fragments + a]) = (distance, distance);
        }
        distances
    }
}

/// What an expansion of a periodic frame leaves out; none where the frame is not periodic, or no two fragments are computed together.
///
/// `cutoffs` are those of pairs, triples, ... in bohr, and `has_charges` says whether tasks feel all other fragments.
///
/// # Errors
/// A cluster that is computed has no clear arrangement.
pub fn find_images(
    system: &Supersystem,
    expansion: &Expansion,
    cutoffs: &[f64],
    has_charges: bool,
) -> Result<Option<Images>, Clash> {
    let Some(lattice) = &system.lattice else { return Ok(None) };
    let table = Table::new(system, lattice);
    // Cutoffs do not hold for what is computed, or felt, besides the clusters that they keep.
    let is_all = has_charges || expansion.supersystem.is_some() || expansion.is_interaction_only;
    let pairs: Vec<(usize, usize)> = match is_all {
        true => table.pairs().filter(|(a, b)| a != b).collect(),
        false => expansion.kept.of_size(2).iter().map(|pair| (pair[0].into(), pair[1].into())).collect(),
    };
    if pairs.is_empty() {
        return Ok(None);
    }
    let cutoff = cutoffs.first().copied().filter(|_| !is_all);
    let images = table.images(&pairs, cutoff);
    for &(a, b) in &pairs {
        let nearest = table.of(a, b);
        let are_both_meant = cutoff.is_none_or(|cutoff| nearest.next <= cutoff);
        if are_both_meant && nearest.next - nearest.distance < SAME_DISTANCE {
            return Err(Clash::TwoImages { fragments: (a, b), nearest, safe: images.next });
        }
    }
    for triple in expansion.kept.of_size(3) {
        let [a, b, c] = [0, 1, 2].map(|k| usize::from(triple[k]));
        if plus(table.counts(a, b), table.counts(b, c)) != table.counts(a, c) {
            return Err(Clash::Winding { fragments: [a, b, c] });
        }
    }
    let far = pairs.iter().find(|&&(a, b)| table.counts(a, b) != [0; 3]);
    match (far, need_of_all(expansion, has_charges)) {
        (Some(&fragments), Some(need)) => Err(Clash::NoWhole { fragments, need }),
        _ => Ok(Some(images)),
    }
}

/// For what there must be one arrangement of all fragments.
fn need_of_all(expansion: &Expansion, has_charges: bool) -> Option<Need> {
    let is_whole = expansion.supersystem.is_some() || !expansion.kept.of_size(expansion.fragments()).is_empty();
    let has_ghosts = expansion.bsse.contains(&Bsse::Cp);
    let needs = [(has_charges, Need::Charges), (is_whole, Need::Whole), (has_ghosts, Need::Ghosts)];
    needs.into_iter().find(|(is_there, _)| *is_there).map(|(_, need)| need)
}

/// The nearest images of all pairs of fragments, those of a fragment and itself too.
struct Table {
    fragments: usize,
    /// Of the first fragment and all from itself on, of the second one, ...
    nearest: Vec<Nearest>,
}

impl Table {
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

    /// Of two fragments, the lower one first.
    fn of(&self, a: usize, b: usize) -> Nearest {
        self.nearest[a * self.fragments - a * (a + 1) / 2 + b]
    }

    fn counts(&self, a: usize, b: usize) -> Counts {
        self.of(a, b).counts
    }

    /// What is left out where `pairs` are computed.
    fn images(&self, pairs: &[(usize, usize)], cutoff: Option<f64>) -> Images {
        let largest = pairs.iter().map(|&(a, b)| self.of(a, b).distance).fold(0.0, f64::max);
        let mut images = Images { next: f64::INFINITY, fragments: (0, 0), reach: cutoff.unwrap_or(largest) };
        for (fragments, nearest) in self.pairs().zip(&self.nearest) {
            if nearest.next < images.next {
                (images.next, images.fragments) = (nearest.next, fragments);
            }
        }
        images
    }
}

fn plus(a: Counts, b: Counts) -> Counts {
    std::array::from_fn(|k| a[k] + b[k])
}
