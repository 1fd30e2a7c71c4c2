//! Which GPU does the replica of a rank run on?
use super::program::Gromacs;
use crate::problem::Problem;

impl Gromacs {
    /// Checks that the GPUs of a node have room for `ranks` ranks.
    ///
    /// # Errors
    /// There are too few GPUs.
    pub fn check_gpus(&self, ranks: usize) -> Result<(), Problem> {
        let (gpus, replicas_per_gpu) = (self.gpus.len(), self.replicas_per_gpu);
        if gpus == 0 || ranks <= gpus * replicas_per_gpu {
            return Ok(());
        }
        let message = format!("{ranks} ranks per node do not fit on {gpus} GPUs with {replicas_per_gpu} replicas each");
        Err(Problem::new(message, "start fewer ranks per node, list more GPUs, or raise replicas_per_gpu"))
    }

    /// The GPU of a rank, by its index among the ranks of its node; none without GPUs.
    pub(super) fn gpu(&self, local_rank: usize) -> Option<u32> {
        self.gpus.get(local_rank / self.replicas_per_gpu.max(1)).copied()
    }
}
