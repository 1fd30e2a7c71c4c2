//! What is the result of a replica?
use super::engine::Engine;
use super::section::ColumnName;
use super::setup::Setup;
use crate::engines::md::RunSummary;
use crate::task::TaskId;
use serde::{Deserialize, Serialize};

/// Results of several replicas, by task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaResults {
    pub replicas: Vec<ReplicaResult>,
}

/// The result of one replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplicaResult {
    pub task: TaskId,
    pub summary: RunSummary,
    /// Rows of each collected file.
    pub rows: Vec<u64>,
    /// `[collected file][column][row]`; of the model all columns that it has. Empty in totals, which keep only `rows`.
    pub series: Vec<Vec<Vec<f64>>>,
    /// `[collected file][column]`; empty for the model, which has no periodic variables.
    pub periods: Vec<Vec<ColumnPeriod>>,
    pub not_finite: NonFiniteValues,
}

/// The period of a column according to the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ColumnPeriod {
    /// The file sets none.
    None,
    Known(f64),
    /// The file sets one that cannot be determined, for this reason.
    Invalid(String),
}

/// Collected values that are not finite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NonFiniteValues {
    pub count: u64,
    /// The first of them: its column, value, file and line.
    pub first: String,
}

impl ReplicaResult {
    /// The collected columns of a file, `[column][row]`.
    pub fn columns(&self, setup: &Setup, file: usize) -> Vec<&[f64]> {
        let all = &self.series[file];
        let Engine::Model(model) = &setup.engine else { return all.iter().map(Vec::as_slice).collect() };
        let names = model.columns();
        let index = |name: &ColumnName| match name {
            ColumnName::Name(name) => names.iter().position(|known| known == name),
            ColumnName::Index(index) => Some(*index as usize),
        };
        // That the model has these columns is checked when the campaign is loaded.
        let values = |name: &ColumnName| index(name).and_then(|index| all.get(index)).map_or(&[][..], Vec::as_slice);
        setup.collect[file].columns.iter().map(values).collect()
    }
}
