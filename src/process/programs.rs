//! What does a rank need to start programs: a supervisor, cores and a scratch folder?
use super::{cores, supervisor::Supervisor};
use std::{path::PathBuf, sync::Arc};

/// What a rank needs to start programs.
#[derive(Debug)]
pub struct Programs {
    pub supervisor: Arc<Supervisor>,
    /// The rank's cores; empty where they are unknown: programs then inherit the rank's CPU affinity.
    pub cores: Vec<usize>,
    /// A folder of this rank on this node for scratch files, created when needed.
    pub scratch: PathBuf,
    pub placement: RankPlacement,
}

/// Where a rank stands in the job and on its node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RankPlacement {
    /// The rank's number in the job.
    pub rank: usize,
    /// The rank's number among the ranks of its node.
    pub local_rank: usize,
    /// Number of ranks on the node.
    pub local_size: usize,
    /// The cores of the node that processes can be bound to, in the order of [`cores::bindable`].
    pub node_cores: Vec<usize>,
}

impl Programs {
    /// For a process that is the only rank: it has all cores that it may use.
    pub fn for_single_rank(supervisor: Arc<Supervisor>) -> Self {
        let placement = RankPlacement { local_size: 1, node_cores: cores::bindable(), ..RankPlacement::default() };
        Self::new(supervisor, cores::allowed().unwrap_or_default(), placement)
    }

    /// For a rank with these `cores`. Scratch files go to SLURM_TMPDIR, else TMPDIR, else /tmp.
    pub fn new(supervisor: Arc<Supervisor>, cores: Vec<usize>, placement: RankPlacement) -> Self {
        let node = std::env::var_os("SLURM_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
        Self { supervisor, cores, placement, scratch: node.join(format!("simmpi-{}", std::process::id())) }
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        // A killed program may have left files; what cannot be removed is left to the node.
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}
