//! How are tasks divided over ranks? Pure: numbers in, batches out.
mod partition;
mod policy;
mod task_set;

pub use partition::{Error, Partition, Plan, choose_batch_size, lay_out};
pub use policy::{Dynamic, Policy, Static};
pub use task_set::TaskSet;
