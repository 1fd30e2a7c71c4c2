//! How are tasks divided over ranks? Pure: numbers in, batches out.
mod dynamic;
mod partition;
mod policy;
mod task_set;

pub use dynamic::{Dynamic, Weight};
pub use partition::{Error, Partition, Plan, choose_batch_size, lay_out};
pub use policy::{Policy, Static};
pub use task_set::TaskSet;
