//! How is one replica of a simulation run in a folder of its own, whatever the campaign?
//!
//! ```text
//! campaigns/ensemble (seeds, templates, any program)      campaigns/umbrella/windows (frames, restraints)
//!          |   Inputs { label, folder, files, digest }, RunRules, what to start      |
//!          v                                                                         v
//! run        RunRules::recorded  -> RunSummary of an earlier run: nothing is started
//!            RunRules::run       -> folder::prepare, LaunchContext (watchdog, limits, progress), FinishRecord, RunSummary
//! folder     owner_of(folder, mark, digest) -> Owner; clear: remove, or set aside what is finished
//! seeds      derived(campaign seed, count)
//!          |
//!          v
//! engines/md: LaunchContext -> Gromacs::run(&[Simulation]) -> RunSummary
//! ```
//!
//! A replica is identified by the digest of its inputs, not by its place: a folder has it as its mark, and a record of its end names it.
mod finish_record;
pub mod folder;
mod inputs;
mod run;
pub mod seeds;

pub use finish_record::{is_finished, remove_record};
pub use inputs::Inputs;
pub use run::RunRules;
