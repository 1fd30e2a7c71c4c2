//! Which GPU does the replica of a rank run on?
use super::program::Gromacs;

/// The GPUs of a node have too few slots for its ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{ranks} ranks per node do not fit on {gpus} GPUs with {replicas_per_gpu} replicas each")]
pub struct TooFewGpus {
    pub ranks: usize,
    pub gpus: usize,
    pub replicas_per_gpu: usize,
}

impl TooFewGpus {
    /// What to do about it.
    pub const HELP: &str = "start fewer ranks per node, list more GPUs, or raise replicas_per_gpu";
}

impl Gromacs {
    /// Checks that the GPUs of a node have room for `ranks` ranks.
    ///
    /// # Errors
    /// There are too few GPUs.
    pub fn check_gpus(&self, ranks: usize) -> Result<(), TooFewGpus> {
        let (gpus, replicas_per_gpu) = (self.gpus.len(), self.replicas_per_gpu);
        match gpus > 0 && ranks > gpus * replicas_per_gpu {
            true => Err(TooFewGpus { ranks, gpus, replicas_per_gpu }),
            false => Ok(()),
        }
    }

    /// The GPU of a rank, by its index among the ranks of its node; none without GPUs.
    pub(super) fn gpu(&self, local_rank: usize) -> Option<u32> {
        self.gpus.get(local_rank / self.replicas_per_gpu.max(1)).copied()
    }
}
