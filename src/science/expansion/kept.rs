//! Which clusters of fragments are close enough to be computed?
use super::cluster::{Cluster, binomial, combinations, subsets};
use super::supersystem::Supersystem;
use std::collections::{HashMap, HashSet};

/// The clusters of an expansion, by their size. With a cluster all of its sub-clusters are there: without that its own term could not be told
/// from theirs.
#[derive(Clone, Debug)]
pub struct Kept {
    fragments: usize,
    /// Entry k - 1 has the clusters of k fragments, in lexicographic order.
    by_size: Vec<Vec<Cluster>>,
    /// In how many kept clusters of each size a cluster is contained; none where every cluster is kept and it can be counted.
    containing: Option<HashMap<Cluster, Vec<i64>>>,
}

/// Why clusters cannot be enumerated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{fragments} fragments have more than {most} clusters of {size}: lower max_order, or set cutoffs_angstrom")]
pub struct TooMany {
    pub fragments: usize,
    pub size: usize,
    pub most: usize,
}

/// The most clusters that are held; each takes tens of bytes on every rank.
const MOST: usize = 20_000_000;

impl Kept {
    /// All clusters of up to `max_order` of `fragments` fragments.
    ///
    /// # Errors
    /// There are too many of them.
    pub fn all(fragments: usize, max_order: usize) -> Result<Self, TooMany> {
        let by_size = (1..=max_order.min(fragments)).map(|size| {
            let fits = binomial(fragments, size).is_some_and(|count| count <= MOST as i64);
            if fits {
                Ok(combinations(fragments, size).collect())
            } else {
                Err(TooMany { fragments, size, most: MOST })
            }
        });
        Ok(Self { fragments, by_size: by_size.collect::<Result<_, _>>()?, containing: None })
    }

    /// Single fragments and the whole.
    pub fn ends(fragments: usize) -> Self {
        let mut by_size = vec![Vec::new(); fragments];
        by_size[0] = combinations(fragments, 1).collect();
        by_size[fragments - 1] = combinations(fragments, fragments).collect();
        Self { fragments, by_size, containing: None }
    }

    /// The clusters of up to `max_order` fragments of which every sub-cluster of k fragments has a diameter of at most `cutoffs[k - 2]`,
    /// bohr. The diameter of a cluster is the largest of its pairs' distances, and that of a pair is between the two atoms next to one another.
    ///
    /// # Errors
    /// There are too many of them.
    pub fn within(system: &Supersystem, max_order: usize, cutoffs: &[f64]) -> Result<Self, TooMany> {
        let fragments = system.fragments.len();
        let cutoff = |size: usize| cutoffs.get(size - 2).copied().unwrap_or(f64::INFINITY);
        let distances = system.distances();
        let mut by_size = vec![combinations(fragments, 1).collect::<Vec<_>>()];
        for size in 2..=max_order.min(fragments) {
            let smaller = &by_size[size - 2];
            let known: HashSet<&[u16]> = smaller.iter().map(|cluster| &**cluster).collect();
            let is_near = |cluster: &[u16]| {
                let pairs = cluster.iter().enumerate().flat_map(|(k, &a)| cluster[..k].iter().map(move |&b| (a, b)));
                pairs.map(|(a, b)| distances[a as usize * fragments + b as usize]).all(|d| d <= cutoff(size))
            };
            let mut found = Vec::new();
            for cluster in smaller {
                for last in cluster[size - 2] + 1..fragments as u16 {
                    let larger: Cluster = cluster.iter().copied().chain([last]).collect();
                    if is_near(&larger) && faces(&larger).all(|face| known.contains(&*face)) {
                        found.push(larger);
                    }
                }
                if found.len() > MOST {
                    return Err(TooMany { fragments, size, most: MOST });
                }
            }
            by_size.push(found);
        }
        let mut containing = HashMap::<Cluster, Vec<i64>>::new();
        for cluster in by_size.iter().flatten() {
            for inner in subsets(cluster) {
                containing.entry(inner).or_insert_with(|| vec![0; by_size.len()])[cluster.len() - 1] += 1;
            }
        }
        Ok(Self { fragments, by_size, containing: Some(containing) })
    }

    /// How many fragments there are.
    pub fn fragments(&self) -> usize {
        self.fragments
    }

    /// Whether some cluster may have been left out for its size.
    pub fn is_cut(&self) -> bool {
        self.containing.is_some()
    }

    /// The clusters of `size` fragments.
    pub fn of_size(&self, size: usize) -> &[Cluster] {
        self.by_size.get(size - 1).map_or(&[], Vec::as_slice)
    }

    /// How many clusters of `size` fragments contain `cluster`. Beyond the sizes that are held, of complete sets only.
    pub fn containing(&self, cluster: &[u16], size: usize) -> i64 {
        match &self.containing {
            Some(containing) => containing.get(cluster).and_then(|counts| counts.get(size - 1)).copied().unwrap_or(0),
            None if size < cluster.len() => 0,
            // All clusters of this size are held, so that their number is known to fit.
            None => binomial(self.fragments - cluster.len(), size - cluster.len()).unwrap_or(i64::MAX),
        }
    }
}

/// The sub-clusters with one fragment less.
fn faces(cluster: &[u16]) -> impl Iterator<Item = Cluster> + '_ {
    (0..cluster.len())
        .map(|gone| cluster.iter().enumerate().filter(|(k, _)| *k != gone).map(|(_, &fragment)| fragment).collect())
}
