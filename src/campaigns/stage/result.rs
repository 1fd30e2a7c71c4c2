//! What does a finished stage leave?
use super::{error::Error, spec::StageSpec};
use crate::journal::codec;
use crate::task::Failure;
use serde::de::DeserializeOwned;

/// The result of a finished stage. Only its campaign knows the type of the value.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct StageResult {
    pub stage: String,
    pub tasks: u64,
    pub failed: Vec<Failure>,
    bytes: Vec<u8>,
}

impl StageResult {
    /// The result of a stage from the encoded total of its tasks, of which `failed` have no value.
    pub fn new(spec: &StageSpec, failed: Vec<Failure>, bytes: Vec<u8>) -> Self {
        Self { stage: spec.name.clone(), tasks: spec.tasks, failed, bytes }
    }

    /// The total of all tasks.
    ///
    /// # Errors
    /// It is of another type.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(codec::decode(&self.bytes)?)
    }
}
