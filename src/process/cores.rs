//! Which cores may this rank's programs use, so that nothing is oversubscribed?
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

/// The cores that this process may use.
pub fn allowed() -> Vec<usize> {
    let set = sched_getaffinity(Pid::from_raw(0)).unwrap_or_else(|_| CpuSet::new());
    (0..CpuSet::count()).filter(|&core| set.is_set(core).unwrap_or(false)).collect()
}

/// The cores of one rank, given those that each rank of its node may use (its own too, in the order of local ranks). Ranks that were
/// bound apart keep what they have; ranks that share a set divide it evenly. A rank gets one core at least, even where there are more
/// ranks than cores.
pub fn share(of_ranks: &[Vec<usize>], local_rank: usize) -> Vec<usize> {
    let own = &of_ranks[local_rank];
    let sharing: Vec<usize> = (0..of_ranks.len()).filter(|&rank| of_ranks[rank] == *own).collect();
    let (ranks, cores) = (sharing.len(), own.len());
    let place = sharing.iter().position(|&rank| rank == local_rank).unwrap_or(0);
    match cores {
        0 => Vec::new(),
        _ if cores < ranks => vec![own[place % cores]],
        _ => own[place * cores / ranks..(place + 1) * cores / ranks].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_cores_are_divided_and_bound_ones_kept() {
        let all: Vec<usize> = (0..10).collect();
        let shares: Vec<_> = (0..4).map(|rank| share(&vec![all.clone(); 4], rank)).collect();
        assert_eq!(shares.concat(), all);
        assert!(shares.iter().all(|cores| cores.len() >= 2));
        let bound = [vec![0, 1], vec![2, 3]];
        assert_eq!(share(&bound, 1), [2, 3]);
        assert_eq!((0..3).map(|rank| share(&vec![vec![4, 5]; 3], rank)).collect::<Vec<_>>(), [[4], [5], [4]]);
    }

    #[test]
    fn this_process_has_a_core() {
        assert!(!allowed().is_empty());
    }
}
