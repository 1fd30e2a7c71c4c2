//! What can ranks tell one another?
use super::launcher::Launcher;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A rank's number within the job.
pub type Rank = usize;

/// The node of a rank, and its number there.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct RankLocation {
    pub host: String,
    /// The rank's number among the ranks of its node.
    pub local_rank: usize,
    /// Number of ranks on its node.
    pub local_size: usize,
}

/// What can go wrong between ranks.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{} started {} processes ({}), but each of them is alone: this binary is built for {library}; {}",
        .launcher.name, .launcher.size, .launcher.variable, .launcher.remedy(.library)
    )]
    OtherLauncher { launcher: Launcher, library: String },
    #[error("MPI does not provide the thread level `funneled`: use another MPI library")]
    ThreadLevel,
    #[error(
        "rank {rank} has not come to the start of the run for {seconds} s: it was lost, or its node hangs; run the same command again"
    )]
    Silent { rank: Rank, seconds: u64 },
}

/// A group of ranks of which this process is one.
pub trait Comm {
    fn rank(&self) -> Rank;
    /// Number of ranks.
    fn size(&self) -> usize;
    fn location(&self) -> RankLocation;

    /// Sends rank 0's bytes to all ranks; collective, at the start only. Other ranks pass none.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn broadcast(&mut self, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Error>;

    /// Sends `parts[i]` to rank i, which receives it as a message, and returns that of rank 0, which alone calls this.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn scatter(&mut self, parts: Vec<Vec<u8>>) -> Result<Vec<u8>, Error>;

    /// Sends every rank's bytes to rank 0, in rank order; collective, at the start only. Other ranks receive nothing.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn gather(&mut self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Error>;

    /// No collective operation follows: from now on an error of MPI is one of the connection to a rank, not of the run.
    fn collectives_are_over(&mut self) {}

    /// The time that has passed, by a clock that never goes back.
    fn now(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    /// Sends bytes to another rank without waiting for it. Messages between two ranks arrive in order.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn send(&mut self, to: Rank, bytes: Vec<u8>) -> Result<(), Error>;

    /// The next message that has arrived and its sender, if any; does not wait.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn try_receive(&mut self) -> Result<Option<(Rank, Vec<u8>)>, Error>;

    /// Ranks to which the connection has failed since this was last asked.
    fn unreachable(&mut self) -> Vec<Rank> {
        Vec::new()
    }

    /// Waits no longer for messages to be sent to a rank, which is lost.
    fn abandon(&mut self, _rank: Rank) {}

    /// Leaves the group in good order once all sent messages are delivered.
    fn finish(self: Box<Self>);

    /// Leaves a group of which ranks are lost: the others are not waited for (no `MPI_Finalize`).
    fn end_without_finalize(self: Box<Self>);
}
