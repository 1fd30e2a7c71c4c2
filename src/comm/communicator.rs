//! What can ranks tell one another?
use super::launcher::Launcher;

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
    #[error("{call} failed with code {code}: see the message of the MPI library")]
    Call { call: &'static str, code: i32 },
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

    /// Sends `parts[i]` of rank 0 to rank i; collective, at the start only. Other ranks pass none.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn scatter(&mut self, parts: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>, Error>;

    /// Sends every rank's bytes to rank 0, in rank order; collective, at the start only. Other ranks receive nothing.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn gather(&mut self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Error>;

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

    /// Leaves the group in good order once all sent messages are delivered.
    fn finish(self: Box<Self>);
}
