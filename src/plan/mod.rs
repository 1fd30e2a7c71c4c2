//! How are tasks divided into batches, and batches over ranks? Pure functions.
mod batches;
mod costs;
mod dynamic;
mod partition;
mod policy;
mod resolve;
mod task_set;

pub use batches::Batches;
pub use costs::{Costs, Weight};
pub use dynamic::Dynamic;
pub use partition::{Error, Partition, Plan, choose_batch_size, lay_out};
pub use policy::{Policy, Static, makespan};
pub use resolve::{PartitionSettings, Resolved, StageNeeds, resolve};
pub use task_set::TaskSet;
