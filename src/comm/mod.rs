//! How do ranks talk to each other?
//!
//! The only module that names `mpi`. After the start there are only messages from one rank to another, never a collective
//! operation, so that nobody waits for a rank that is slow, draining or dead. Everything here is called from the main
//! thread alone (`MPI_THREAD_FUNNELED`).
mod launcher;
mod solo;
mod world;

pub use launcher::Launcher;
pub use solo::Solo;
pub use world::{World, abort};

/// Joins the other ranks; a process that no launcher started is a group of its own, without MPI, whose start takes 0.4 s alone.
///
/// # Errors
/// The process was started by another MPI's launcher, or the library does not know threads.
pub fn start(launcher: Option<Launcher>) -> Result<Box<dyn Comm>, Error> {
    if launcher.is_none() && !Launcher::is_likely() {
        return Ok(Box::new(Solo::new(host_name())));
    }
    Ok(Box::new(World::start(launcher)?))
}

/// The name of this node.
pub fn host_name() -> String {
    nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned()
}

/// A rank's number within the job.
pub type Rank = usize;

/// Where a rank runs.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Place {
    pub host: String,
    /// The rank's number among the ranks of its node.
    pub local_rank: usize,
    /// How many ranks run on its node.
    pub local_size: usize,
}

/// What can go wrong between ranks.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{launcher} started {expected} processes ({variable}), but each of them is alone: this binary is built for {library}; start it with that library's mpirun, or build it again with MPICC set to {launcher}'s compiler"
    )]
    OtherLauncher { launcher: &'static str, expected: usize, variable: &'static str, library: String },
    #[error("MPI does not start with the thread level `funneled`: use another MPI library")]
    ThreadLevel,
    #[error("{call} failed with code {code}: see the MPI library's own message")]
    Call { call: &'static str, code: i32 },
}

/// A group of ranks of which this process is one.
pub trait Comm {
    fn rank(&self) -> Rank;
    fn size(&self) -> usize;
    fn place(&self) -> Place;

    /// Gives rank 0's bytes to all ranks; collective, at the start only. Other ranks pass none.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn broadcast(&mut self, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Error>;

    /// Gives part i of rank 0's `parts` to rank i; collective, at the start only. Other ranks pass none.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn scatter(&mut self, parts: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>, Error>;

    /// Gives every rank's bytes to rank 0, in rank order; collective, at the start only. Other ranks get nothing.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn gather(&mut self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Error>;

    /// Sends bytes to another rank without waiting for it. Messages between two ranks arrive in order.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn send(&mut self, to: Rank, bytes: Vec<u8>) -> Result<(), Error>;

    /// The next message that has arrived, if any; never waits for one.
    ///
    /// # Errors
    /// The MPI library reports one.
    fn try_receive(&mut self) -> Result<Option<(Rank, Vec<u8>)>, Error>;

    /// Leaves the group in good order, after everything sent has gone out.
    fn finish(self: Box<Self>);
}
