//! How does a rank run other programs without ever leaving one behind?
//!
//! Before `MPI_Init` each rank forks a reaper (`simmpi-guard` in the process list), which forks the supervisor (`simmpi-programs`): the
//! same binary, each in a session of its own and the subreaper of all of its descendants. Programs are children of the supervisor, not of
//! the rank. What a program leaves behind (background jobs, daemons in sessions of their own, double forks) is inherited by the supervisor,
//! which kills it when the command has ended or the rank disappears, even by SIGKILL. The reaper does the same when the supervisor is
//! killed.
//!
//! ```text
//! rank  --Run, Cancel-->  supervisor  --clone, exec-->  program --> ... its descendants
//!       <----Ended------  (poll: sockets, SIGCHLD, both pipes, timer)
//! ```
//!
//! The supervisor runs one command at a time. A second one may wait in its queue and starts as soon as the first has ended, so that what
//! the rank does between two short programs takes no time.
//!
//! While a program runs the supervisor samples the memory of its processes and their use of GPUs ([`gpus`]).
//!
//! The ranks of a node can share memory: [`shared`].
mod capture;
mod command;
pub mod cores;
mod encoding;
pub mod environment;
mod error;
mod event_loop;
pub mod gpus;
mod identity;
mod ipc;
mod launch;
mod launcher_mark;
mod launcher_run;
mod path_bytes;
mod process_table;
mod process_tree;
mod programs;
mod queue;
mod reaper;
mod restart;
mod running;
mod sampling;
mod scheduling;
pub mod shared;
mod siblings;
mod spawn;
mod supervisor;
mod watchdog;

pub use capture::Captured;
pub use command::{Command, Exit, Finished, Output, Stdin};
pub use error::Error;
pub use identity::ProcessIdentity;
pub use launcher_run::{run_launcher, version_of};
pub use programs::{Programs, RankPlacement};
pub use restart::restart_with;
pub use sampling::SampledUsage;
pub use shared::SharedMemory;
pub use siblings::Siblings;
pub use supervisor::Supervisor;
