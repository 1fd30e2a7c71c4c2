//! Which processor cores does a rank give to its programs?
//!
//! Launchers bind each rank to a core of its own, or all ranks of a socket to the socket, or none at all. Programs inherit the affinity mask
//! of their rank, and may share cores with those of other ranks. So the masks of all ranks of a node are compared and every core is given
//! to one rank. Core numbers are the kernel's, one for each hardware thread; threads of a physical core are kept together as long as there
//! are enough cores.
use super::error::Error;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
};

/// The affinity mask of this thread: cores in ascending order. At the start of `main` it is what the launcher has set.
///
/// # Errors
/// The mask cannot be queried, as on a node of more than 1024 cores.
pub fn allowed() -> Result<Vec<usize>, Error> {
    let mask = sched_getaffinity(Pid::from_raw(0)).map_err(|errno| Error::Affinity { source: errno.into() })?;
    Ok((0..CpuSet::count()).filter(|&core| mask.is_set(core).unwrap_or(false)).collect())
}

/// All cores of this node that processes may be bound to, with the threads of a physical core and the cores of a socket next to each other:
/// programs that read the node's topology number cores in this order. Empty if the mask cannot be queried.
pub fn bindable() -> Vec<usize> {
    // Undoes the launcher's binding, in a thread of its own; the kernel restricts the mask to the control group of the job.
    let widened = std::thread::spawn(|| {
        let mut all = CpuSet::new();
        (0..CpuSet::count()).try_for_each(|core| all.set(core)).ok()?;
        sched_setaffinity(Pid::from_raw(0), &all).ok()?;
        allowed().ok()
    });
    let cores = widened.join().ok().flatten().unwrap_or_default();
    Topology::read().grouped(&cores.into_iter().collect()).concat()
}

/// Number of physical cores that this process may use, by its affinity mask and the quota of its control group; at least 1.
pub fn physical_cores() -> usize {
    let by_mask = allowed().map_or(usize::MAX, |cores| Topology::read().grouped(&cores.into_iter().collect()).len());
    let by_quota = std::thread::available_parallelism().map_or(1, usize::from);
    by_mask.clamp(1, by_quota)
}

/// How to pin `threads` threads to `cores`, for programs that number cores by their index in `node_cores` ([`bindable`]): the index of the
/// first thread's core and the stride to the next, so that threads are spread over physical cores. None if the cores are not evenly spaced.
pub fn pinning(cores: &[usize], threads: usize, node_cores: &[usize]) -> Option<(usize, usize)> {
    let mut indices: Vec<usize> =
        cores.iter().map(|core| node_cores.iter().position(|other| other == core)).collect::<Option<_>>()?;
    indices.sort_unstable();
    let (first, second) = (*indices.first()?, indices.get(1).copied());
    let spacing = second.map_or(1, |second| second - first);
    let is_even = indices.windows(2).all(|pair| pair[1] - pair[0] == spacing);
    (is_even && threads > 0 && threads <= indices.len()).then(|| (first, spacing * (indices.len() / threads)))
}

/// A physical core: its socket and the first of its hardware threads.
type Physical = (usize, usize);

/// Which hardware threads belong to which physical core of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology(BTreeMap<usize, Physical>);

impl Topology {
    /// Reads the topology of this node from `/sys`.
    pub fn read() -> Self {
        let text = |file: String| fs::read_to_string(format!("/sys/devices/system/cpu/{file}")).unwrap_or_default();
        let physical = |core: usize| {
            let socket = text(format!("cpu{core}/topology/physical_package_id")).trim().parse().unwrap_or(0);
            let siblings = parse_list(&text(format!("cpu{core}/topology/thread_siblings_list")));
            (socket, siblings.first().copied().unwrap_or(core))
        };
        Self(parse_list(&text("online".into())).into_iter().map(|core| (core, physical(core))).collect())
    }

    /// A node of `cores` cores with one hardware thread each.
    pub fn flat(cores: usize) -> Self {
        Self((0..cores).map(|core| (core, (0, core))).collect())
    }

    fn physical(&self, core: usize) -> Physical {
        self.0.get(&core).copied().unwrap_or((0, core))
    }

    /// `cores` by physical core, sockets together.
    fn grouped(&self, cores: &BTreeSet<usize>) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<Physical, Vec<usize>> = BTreeMap::new();
        for &core in cores {
            groups.entry(self.physical(core)).or_default().push(core);
        }
        groups.into_values().collect()
    }
}

/// Parses a list like `0-3,8`, as the kernel writes them; skips what is not a number.
fn parse_list(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    text.split(',').filter_map(range).flatten().collect()
}

/// The cores that one rank of a node gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The rank's cores, ascending.
    pub cores: Vec<usize>,
    /// Number of ranks that share these cores; 1 if they belong to this rank alone.
    pub ranks: usize,
    /// Number of cores of the node that no rank may use.
    pub idle: usize,
    /// Whether the launcher bound the rank to a single physical core.
    pub is_bound_to_one: bool,
}

/// Why programs may run slowly on a share of cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreWarning {
    /// There are fewer cores than ranks.
    Oversubscribed { ranks: usize, cores: usize },
    /// The rank is bound to one core while others are free.
    BoundToOne { idle: usize },
    /// Programs have more threads than the rank has cores.
    TooManyThreads { threads: usize, cores: usize },
}

/// The share of rank `local_rank` of a node whose ranks have the affinity `masks`, indexed by node-local rank.
///
/// Ranks with equal masks divide it evenly by physical cores. Ranks with narrow masks are served before those with wider, overlapping
/// ones.
pub fn share(masks: &[Vec<usize>], local_rank: usize, topology: &Topology) -> Share {
    let shares = divide(masks, topology);
    let cores = shares[local_rank].clone();
    let used: BTreeSet<usize> = masks.iter().flatten().copied().collect();
    Share {
        ranks: shares.iter().filter(|other| other.iter().any(|core| cores.contains(core))).count(),
        idle: topology.0.keys().filter(|core| !used.contains(core)).count(),
        is_bound_to_one: topology.grouped(&masks[local_rank].iter().copied().collect()).len() == 1,
        cores,
    }
}

/// The cores of every rank of a node, indexed by node-local rank.
fn divide(masks: &[Vec<usize>], topology: &Topology) -> Vec<Vec<usize>> {
    let mut ranks_of: BTreeMap<(usize, BTreeSet<usize>), Vec<usize>> = BTreeMap::new();
    for (rank, mask) in masks.iter().enumerate() {
        let mask: BTreeSet<usize> = mask.iter().copied().collect();
        ranks_of.entry((mask.len(), mask)).or_default().push(rank);
    }
    let mut taken = BTreeSet::new();
    let mut shares = vec![Vec::new(); masks.len()];
    for ((_, mask), ranks) in ranks_of {
        let free: BTreeSet<usize> = mask.difference(&taken).copied().collect();
        // With none left the rank shares cores with others, counted in `Share::ranks`.
        let cores = if free.is_empty() { mask } else { free };
        for (index, &rank) in ranks.iter().enumerate() {
            shares[rank] = part(&cores, index, ranks.len(), topology);
            taken.extend(&shares[rank]);
        }
    }
    shares
}

/// Part `index` of `parts` of `cores`: whole physical cores if there are enough, else hardware threads, else a shared one.
fn part(cores: &BTreeSet<usize>, index: usize, parts: usize, topology: &Topology) -> Vec<usize> {
    let groups = topology.grouped(cores);
    let mut mine = if groups.len() >= parts {
        slice(&groups, index, parts).concat()
    } else {
        let threads = groups.concat();
        match threads.len() {
            0 => Vec::new(),
            n if n >= parts => slice(&threads, index, parts).to_vec(),
            n => vec![threads[index * n / parts]],
        }
    };
    mine.sort_unstable();
    mine
}

fn slice<T>(all: &[T], index: usize, parts: usize) -> &[T] {
    &all[index * all.len() / parts..(index + 1) * all.len() / parts]
}

impl Share {
    /// What is wrong with the share for programs of `threads` threads, if anything.
    pub fn warning(&self, threads: usize) -> Option<CoreWarning> {
        let cores = self.cores.len();
        if self.ranks > 1 && threads <= cores {
            Some(CoreWarning::Oversubscribed { ranks: self.ranks, cores })
        } else if self.is_bound_to_one && self.idle > 0 && threads > cores {
            Some(CoreWarning::BoundToOne { idle: self.idle })
        } else if threads > cores {
            Some(CoreWarning::TooManyThreads { threads, cores })
        } else {
            None
        }
    }
}

impl fmt::Display for CoreWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CoreWarning::Oversubscribed { ranks, cores } => {
                write!(f, "{ranks} ranks share {cores} core(s); start fewer ranks per node")
            }
            CoreWarning::BoundToOne { idle } => write!(
                f,
                "the launcher bound this rank to one core and leaves {idle} cores of the node idle; start with `mpirun --bind-to none`, or `srun --cpus-per-task`"
            ),
            CoreWarning::TooManyThreads { threads, cores } => {
                write!(f, "{threads} threads on {cores} core(s); use fewer threads or start fewer ranks per node")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sockets of `cores` physical cores with two hardware threads each, numbered as Linux does on most machines:
    /// first threads first.
    fn two_sockets(cores: usize) -> Topology {
        let physical = |n: usize| ((n % (2 * cores)) / cores, n % (2 * cores));
        Topology((0..4 * cores).map(|n| (n, physical(n))).collect())
    }

    fn shares(masks: &[Vec<usize>], topology: &Topology) -> Vec<Vec<usize>> {
        (0..masks.len()).map(|rank| share(masks, rank, topology).cores).collect()
    }

    fn all(cores: impl Iterator<Item = usize>) -> Vec<usize> {
        cores.collect()
    }

    #[test]
    fn unbound_ranks_divide_the_node_and_no_core_is_given_twice() {
        let topology = Topology::flat(10);
        for ranks in 1..=10 {
            let shares = shares(&vec![all(0..10); ranks], &topology);
            let mut given = shares.concat();
            given.sort();
            assert_eq!(given, all(0..10), "{ranks} ranks");
            assert!(shares.iter().all(|s| s.len() == 10 / ranks || s.len() == 10usize.div_ceil(ranks)));
        }
    }

    #[test]
    fn threads_of_a_physical_core_go_to_the_same_rank_and_ranks_to_one_socket() {
        let topology = two_sockets(4);
        assert_eq!(
            shares(&vec![all(0..16); 4], &topology),
            [vec![0, 1, 8, 9], vec![2, 3, 10, 11], vec![4, 5, 12, 13], vec![6, 7, 14, 15]]
        );
        let sixteen = shares(&vec![all(0..16); 16], &topology);
        assert_eq!(sixteen[..3], [vec![0], vec![8], vec![1]]);
    }

    #[test]
    fn ranks_bound_to_different_cores_keep_them_and_those_bound_to_a_socket_divide_it() {
        let topology = Topology::flat(8);
        assert_eq!(shares(&[vec![0, 1], vec![2, 3], vec![6]], &topology), [vec![0, 1], vec![2, 3], vec![6]]);
        let sockets = [all(0..4), all(4..8), all(0..4), all(4..8)];
        assert_eq!(shares(&sockets, &topology), [vec![0, 1], vec![4, 5], vec![2, 3], vec![6, 7]]);
    }

    #[test]
    fn a_narrow_mask_inside_a_wide_one_is_left_to_its_rank() {
        let masks = [all(0..4), vec![1], all(0..4)];
        assert_eq!(shares(&masks, &Topology::flat(4)), [vec![0], vec![1], vec![2, 3]]);
    }

    #[test]
    fn too_many_ranks_are_spread_evenly_and_share_cores() {
        let masks = vec![vec![2, 5]; 6];
        let topology = Topology::flat(8);
        assert_eq!(shares(&masks, &topology).concat(), [2, 2, 2, 5, 5, 5]);
        let mine = share(&masks, 4, &topology);
        assert_eq!((mine.ranks, mine.idle), (3, 6));
        assert_eq!(mine.warning(1), Some(CoreWarning::Oversubscribed { ranks: 3, cores: 1 }));
        assert_eq!(mine.warning(2), Some(CoreWarning::TooManyThreads { threads: 2, cores: 1 }));
    }

    #[test]
    fn a_rank_bound_to_one_core_of_many_is_detected() {
        let topology = two_sockets(4);
        let bound = share(&[vec![0, 8], vec![1, 9]], 1, &topology);
        assert_eq!((bound.cores.as_slice(), bound.is_bound_to_one, bound.idle), ([1, 9].as_slice(), true, 12));
        assert_eq!(bound.warning(2), None);
        assert_eq!(bound.warning(4), Some(CoreWarning::BoundToOne { idle: 12 }));
        let free = share(&[all(0..16)], 0, &topology);
        assert!(!free.is_bound_to_one && free.warning(16).is_none());
        assert_eq!(free.warning(17), Some(CoreWarning::TooManyThreads { threads: 17, cores: 16 }));
    }

    #[test]
    fn threads_are_pinned_to_the_ranks_own_cores_and_spread_over_physical_ones() {
        // Hardware threads of a core beside each other: 0, 8, 1, 9, ...
        let node: Vec<usize> = (0..8).flat_map(|core| [core, core + 8]).collect();
        assert_eq!(pinning(&[2, 3, 10, 11], 4, &node), Some((4, 1)));
        assert_eq!(pinning(&[2, 3, 10, 11], 2, &node), Some((4, 2)));
        assert_eq!(pinning(&[2, 3, 10, 11], 1, &node), Some((4, 4)));
        assert_eq!(pinning(&[4, 5, 6, 7], 2, &(4..12).collect::<Vec<_>>()), Some((0, 2)));
        assert_eq!(pinning(&[0, 1, 2], 4, &node), None);
        assert_eq!(pinning(&[0, 1, 3], 2, &(0..8).collect::<Vec<_>>()), None);
        assert_eq!(pinning(&[99], 1, &node), None);
        assert!(bindable().iter().all(|core| Topology::read().0.contains_key(core)) && !bindable().is_empty());
    }

    #[test]
    fn lists_of_the_kernel_are_parsed_and_all_allowed_cores_exist() {
        assert_eq!(parse_list("0-2,7,10-11\n"), [0, 1, 2, 7, 10, 11]);
        assert_eq!(parse_list("\n"), Vec::<usize>::new());
        let topology = Topology::read();
        let allowed = allowed().unwrap();
        assert!(!allowed.is_empty() && allowed.iter().all(|core| topology.0.contains_key(core)));
    }
}
