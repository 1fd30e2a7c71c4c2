//! Which clusters of fragments are close enough to be computed?
use super::cluster::{Cluster, binomial, combinations, subsets};
use super::supersystem::Supersystem;
use std::collections::{HashMap, HashSet};

/// The clusters of an expansion, by size. The set contains all sub-clusters of each of its clusters; without them, own terms could not be
/// computed.
#[derive(Clone, Debug)]
pub struct ClusterSet {
    fragments: usize,
    /// Entry k - 1: the clusters of k fragments, in lexicographic order.
    by_size: Vec<Vec<Cluster>>,
    /// For each cluster, the number of clusters of each size in the set that contain it; none if the set is complete, where binomial
    /// coefficients give the number.
    containing: Option<HashMap<Cluster, Vec<i64>>>,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{fragments} fragments have more than {most} clusters of {size}: lower max_order, or set cutoffs_angstrom")]
pub struct TooMany {
    pub fragments: usize,
    pub size: usize,
    pub most: usize,
}

/// The largest number of clusters of one size; each takes tens of bytes on every rank.
const MAX_CLUSTERS: usize = 20_000_000;

impl ClusterSet {
    /// All clusters of up to `max_order` of `fragments` fragments.
    pub fn all(fragments: usize, max_order: usize) -> Result<Self, TooMany> {
        let by_size = (1..=max_order.min(fragments)).map(|size| {
            let fits = binomial(fragments, size).is_some_and(|count| count <= MAX_CLUSTERS as i64);
            if fits {
                Ok(combinations(fragments, size).collect())
            } else {
                Err(TooMany { fragments, size, most: MAX_CLUSTERS })
            }
        });
        Ok(Self { fragments, by_size: by_size.collect::<Result<_, _>>()?, containing: None })
    }

    /// Single fragments and the cluster of all fragments.
    pub fn ends(fragments: usize) -> Self {
        let mut by_size = vec![Vec::new(); fragments];
        by_size[0] = combinations(fragments, 1).collect();
        by_size[fragments - 1] = combinations(fragments, fragments).collect();
        Self { fragments, by_size, containing: None }
    }

    /// The clusters of up to `max_order` fragments of which every sub-cluster of k fragments has a diameter of at most `cutoffs[k - 2]`,
    /// bohr. The diameter of a cluster is the largest distance of two of its fragments, measured between their closest atoms.
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
            let mut selected = Vec::new();
            for cluster in smaller {
                for last in cluster[size - 2] + 1..fragments as u16 {
                    let larger: Cluster = cluster.iter().copied().chain([last]).collect();
                    if is_near(&larger) && faces(&larger).all(|face| known.contains(&*face)) {
                        selected.push(larger);
                    }
                }
                if selected.len() > MAX_CLUSTERS {
                    return Err(TooMany { fragments, size, most: MAX_CLUSTERS });
                }
            }
            by_size.push(selected);
        }
        let mut containing = HashMap::<Cluster, Vec<i64>>::new();
        for cluster in by_size.iter().flatten() {
            for inner in subsets(cluster) {
                containing.entry(inner).or_insert_with(|| vec![0; by_size.len()])[cluster.len() - 1] += 1;
            }
        }
        Ok(Self { fragments, by_size, containing: Some(containing) })
    }

    pub fn fragments(&self) -> usize {
        self.fragments
    }

    /// Whether cutoffs may have left out clusters.
    pub fn is_cut(&self) -> bool {
        self.containing.is_some()
    }

    pub fn of_size(&self, size: usize) -> &[Cluster] {
        self.by_size.get(size - 1).map_or(&[], Vec::as_slice)
    }

    /// The number of clusters of `size` fragments that contain `cluster`. Sizes beyond the largest in the set are supported only for complete sets.
    pub fn containing(&self, cluster: &[u16], size: usize) -> i64 {
        match &self.containing {
            Some(containing) => containing.get(cluster).and_then(|counts| counts.get(size - 1)).copied().unwrap_or(0),
            None if size < cluster.len() => 0,
            // Cannot overflow, since all clusters of this size are in the set.
            None => binomial(self.fragments - cluster.len(), size - cluster.len()).unwrap_or(i64::MAX),
        }
    }
}

/// The sub-clusters with one fragment fewer.
fn faces(cluster: &[u16]) -> impl Iterator<Item = Cluster> + '_ {
    (0..cluster.len()).map(|omitted| {
        cluster.iter().enumerate().filter(|(k, _)| *k != omitted).map(|(_, &fragment)| fragment).collect()
    })
}
