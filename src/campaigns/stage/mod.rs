//! What is a stage of a campaign?
//!
//! A number of independent tasks whose values are merged into one result. [`StageSpec`] describes it in plain data, [`Workload`] runs its tasks;
//! a [`Stage`] is both, and all that the engine (`crate::run`) knows of it.
mod context;
mod error;
mod result;
mod runnable;
mod spec;
mod workload;

pub use context::Context;
pub use error::Error;
pub use result::StageResult;
pub use runnable::{Reducer, Stage, Worker};
pub use spec::{PerTask, StageSpec};
pub use workload::{Computed, RecordedFiles, Workload};
