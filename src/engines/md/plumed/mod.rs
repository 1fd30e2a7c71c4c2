//! How do PLUMED's files go on from a checkpoint of GROMACS?
//!
//! PLUMED keeps its own files beside those of GROMACS and reads them as they are. Before `mdrun -cpi` they are therefore adjusted to the
//! checkpoint's step: rows after it are removed from the files that PLUMED appends to (`row_scan`), and OPES gets the state of that step
//! (`state`). If that is impossible, the checkpoint cannot be used. Based on the source of PLUMED 2.11 and measured with GROMACS 2025.2.
mod checkpoint_interval;
mod clock;
mod error_message;
mod frames;
mod input;
mod library;
mod planner;
mod restart_plan;
mod row_scan;
mod start_record;
mod state;
mod version;

pub use checkpoint_interval::checkpoint_interval;
pub use clock::Clock;
pub use error_message::error_message;
pub use input::{Action, Input, plumed_obstacles};
pub use library::PlumedKernel;
pub use planner::{plan_restart, remove_duplicate_rows};
pub use restart_plan::RestartPlan;
pub use start_record::{ChangedFiles, record_start};
pub use version::{plumed_version, version_warning};
