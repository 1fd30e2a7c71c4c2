//! Which processor cores are this rank's own?
//!
//! Launchers bind ranks in every way there is: each to its own core, each socket's ranks to the socket, or not at all.
//! Programs that a rank starts inherit its mask, and threads beyond it share cores with other ranks. So the masks of all
//! ranks of a node are laid side by side and every core goes to one rank. *Core* numbers are the kernel's, one for each
//! hardware thread; threads of one physical core stay together as long as there are cores enough.
use super::Error;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
};

/// The cores that this thread may use, ascending; what the launcher left when called at the start of `main`.
///
/// # Errors
/// The kernel does not say, as on a machine of more than 1024 cores.
pub fn allowed() -> Result<Vec<usize>, Error> {
    let mask = sched_getaffinity(Pid::from_raw(0)).map_err(|errno| Error::Affinity { source: errno.into() })?;
    Ok((0..CpuSet::count()).filter(|&core| mask.is_set(core).unwrap_or(false)).collect())
}

/// The cores of this node that processes may be bound to at all, threads of a physical core and cores of a socket beside each other: the
/// order in which programs number them that read the node's topology themselves. Empty where the kernel does not say.
pub fn node() -> Vec<usize> {
    // A binding narrower than that is the launcher's; the kernel cuts a wider wish to what the job's control group has.
    let widened = std::thread::spawn(|| {
        let mut every = CpuSet::new();
        (0..CpuSet::count()).try_for_each(|core| every.set(core)).ok()?;
        sched_setaffinity(Pid::from_raw(0), &every).ok()?;
        allowed().ok()
    });
    let reachable = widened.join().ok().flatten().unwrap_or_default();
    Topology::read().grouped(&reachable.into_iter().collect()).concat()
}

/// Where `threads` threads are to be pinned that own `cores`, for programs that number cores as [`node`] does: the place of the first one, and the
/// distance from each to the next, so that they spread over physical cores. None where the cores do not lie evenly.
pub fn pinning(cores: &[usize], threads: usize, node: &[usize]) -> Option<(usize, usize)> {
    let mut places: Vec<usize> =
        cores.iter().map(|core| node.iter().position(|other| other == core)).collect::<Option<_>>()?;
    places.sort_unstable();
    let (first, second) = (*places.first()?, places.get(1).copied());
    let gap = second.map_or(1, |second| second - first);
    let is_even = places.windows(2).all(|pair| pair[1] - pair[0] == gap);
    (is_even && threads > 0 && threads <= places.len()).then(|| (first, gap * (places.len() / threads)))
}

/// A physical core: its socket and the first of its hardware threads.
type Physical = (usize, usize);

/// Which hardware threads belong to which physical core of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology(BTreeMap<usize, Physical>);

impl Topology {
    /// The node that this process runs on, from `/sys`.
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

/// The numbers of a list like `0-3,8`, as the kernel writes them; what is no number is left out.
fn parse_list(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    text.split(',').filter_map(range).flatten().collect()
}

/// What one rank of a node gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The rank's cores, ascending.
    pub cores: Vec<usize>,
    /// How many ranks use one of these cores; 1 when they are this rank's own.
    pub ranks: usize,
    /// How many cores of the node no rank may use.
    pub idle: usize,
    /// Whether the launcher bound the rank to a single physical core, which its programs inherit.
    pub is_bound_to_one: bool,
}

/// What makes a share worth a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There are fewer cores than ranks.
    Oversubscribed { ranks: usize, cores: usize },
    /// The rank is bound to one core while others are free.
    BoundToOne { idle: usize },
    /// A program is to run with more threads than the rank has cores.
    TooManyThreads { threads: usize, cores: usize },
}

/// The share of the rank `local_rank` of a node whose ranks have these `masks` (by node-local rank).
///
/// Ranks with equal masks divide them evenly, physical core by physical core. A rank with a narrow mask chooses before
/// one whose mask is wider and overlaps it.
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

/// The cores of every rank of a node.
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
        // With nothing left the rank shares with those before it, which `Share::ranks` tells.
        let cores = if free.is_empty() { mask } else { free };
        for (place, &rank) in ranks.iter().enumerate() {
            shares[rank] = part(&cores, place, ranks.len(), topology);
            taken.extend(&shares[rank]);
        }
    }
    shares
}

/// Part `place` of `parts` of `cores`: whole physical cores if there are enough, else hardware threads, else one shared.
fn part(cores: &BTreeSet<usize>, place: usize, parts: usize, topology: &Topology) -> Vec<usize> {
    let groups = topology.grouped(cores);
    let mut mine = if groups.len() >= parts {
        slice(&groups, place, parts).concat()
    } else {
        let threads = groups.concat();
        match threads.len() {
            0 => Vec::new(),
            n if n >= parts => slice(&threads, place, parts).to_vec(),
            n => vec![threads[place * n / parts]],
        }
    };
    mine.sort_unstable();
    mine
}

fn slice<T>(all: &[T], place: usize, parts: usize) -> &[T] {
    &all[place * all.len() / parts..(place + 1) * all.len() / parts]
}

impl Share {
    /// What is wrong with the share for programs of `threads` threads, if anything.
    pub fn fault(&self, threads: usize) -> Option<Fault> {
        let cores = self.cores.len();
        if self.ranks > 1 && threads <= cores {
            Some(Fault::Oversubscribed { ranks: self.ranks, cores })
        } else if self.is_bound_to_one && self.idle > 0 && threads > cores {
            Some(Fault::BoundToOne { idle: self.idle })
        } else if threads > cores {
            Some(Fault::TooManyThreads { threads, cores })
        } else {
            None
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Oversubscribed { ranks, cores } => {
                write!(f, "{ranks} ranks share {cores} core(s); start fewer ranks on a node")
            }
            Fault::BoundToOne { idle } => write!(
                f,
                "the launcher bound this rank to one core and {idle} of the node are used by no rank; start with `mpirun --bind-to none`, or `srun --cpus-per-task`"
            ),
            Fault::TooManyThreads { threads, cores } => {
                write!(f, "{threads} threads on {cores} core(s); ask for fewer threads or start fewer ranks on a node")
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
    fn ranks_that_are_not_bound_divide_the_node_and_no_core_is_given_twice() {
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
    fn too_many_ranks_are_spread_evenly_and_said_to_share() {
        let masks = vec![vec![2, 5]; 6];
        let topology = Topology::flat(8);
        assert_eq!(shares(&masks, &topology).concat(), [2, 2, 2, 5, 5, 5]);
        let mine = share(&masks, 4, &topology);
        assert_eq!((mine.ranks, mine.idle), (3, 6));
        assert_eq!(mine.fault(1), Some(Fault::Oversubscribed { ranks: 3, cores: 1 }));
        assert_eq!(mine.fault(2), Some(Fault::TooManyThreads { threads: 2, cores: 1 }));
    }

    #[test]
    fn a_rank_bound_to_one_core_of_many_is_noticed() {
        let topology = two_sockets(4);
        let bound = share(&[vec![0, 8], vec![1, 9]], 1, &topology);
        assert_eq!((bound.cores.as_slice(), bound.is_bound_to_one, bound.idle), ([1, 9].as_slice(), true, 12));
        assert_eq!(bound.fault(2), None);
        assert_eq!(bound.fault(4), Some(Fault::BoundToOne { idle: 12 }));
        let free = share(&[all(0..16)], 0, &topology);
        assert!(!free.is_bound_to_one && free.fault(16).is_none());
        assert_eq!(free.fault(17), Some(Fault::TooManyThreads { threads: 17, cores: 16 }));
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
        assert!(self::node().iter().all(|core| Topology::read().0.contains_key(core)) && !self::node().is_empty());
    }

    #[test]
    fn lists_of_the_kernel_are_read_and_this_node_has_the_cores_that_it_allows() {
        assert_eq!(parse_list("0-2,7,10-11\n"), [0, 1, 2, 7, 10, 11]);
        assert_eq!(parse_list("\n"), Vec::<usize>::new());
        let topology = Topology::read();
        let allowed = allowed().unwrap();
        assert!(!allowed.is_empty() && allowed.iter().all(|core| topology.0.contains_key(core)));
    }
}
