//! How do ranks communicate?
//!
//! The only module that names `mpi`. After the start there are only messages from one rank to another and no collective operations, so
//! that no rank waits for one that is slow, draining or dead. All calls are made by the main thread (`MPI_THREAD_FUNNELED`).
mod communicator;
mod launcher;
mod library;
mod local_launch;
mod single;
mod world;

pub use communicator::{Comm, Error, Rank, RankLocation};
pub use launcher::Launcher;
pub use library::missing_settings;
pub use local_launch::LocalLauncher;
pub use single::SingleRank;
pub use world::{World, abort};

/// Joins the other ranks. A process that no launcher started is a group of its own, without MPI, whose start alone takes 0.4 s.
///
/// # Errors
/// The launcher does not fit the MPI library, or the library does not support threads.
pub fn start(launcher: Option<Launcher>) -> Result<Box<dyn Comm>, Error> {
    let alone = || Ok(Box::new(SingleRank::new(host_name())) as Box<dyn Comm>);
    match launcher {
        None if !Launcher::is_likely() => alone(),
        Some(launcher) if library::would_fail(&launcher) => match launcher.size {
            0 | 1 => alone(),
            _ => Err(Error::OtherLauncher { launcher, library: library::name() }),
        },
        _ => Ok(Box::new(World::start(launcher)?)),
    }
}

/// The name of this node.
pub fn host_name() -> String {
    nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned()
}
