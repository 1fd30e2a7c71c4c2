//! What does a KERNELS or STATE file contain?
use crate::science::opes::{Deposit, State, Variant};

/// The bias of an OPES simulation as stored in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct OpesFile {
    pub variant: Variant,
    /// Names of the biased variables.
    pub variables: Vec<String>,
    /// Smallest and largest value of each periodic variable.
    pub domains: Vec<Option<[f64; 2]>>,
    /// Infinite for a flat target distribution.
    pub bias_factor: f64,
    pub epsilon: f64,
    /// In widths of a kernel.
    pub cutoff: f64,
    pub compression_threshold: f64,
    /// The time of the last kernel, in the unit of `times`; none without kernels.
    pub time_ps: Option<f64>,
    /// Times of all kernels in PLUMED's unit of time, by default ps.
    pub times: Vec<f64>,
    pub content: Content,
}

/// The kernels of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The complete state of a bias, in the precision of the file.
    State(State),
    /// All deposited kernels in their order.
    Kernels(Vec<Deposit>),
}

impl OpesFile {
    /// The period of each variable.
    pub fn periods(&self) -> Vec<Option<f64>> {
        self.domains.iter().map(|domain| domain.map(|[min, max]| max - min)).collect()
    }
}
