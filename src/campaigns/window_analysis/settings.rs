//! What do `[umbrella]` and a file of windows configure alike?
use crate::science::free_energy;
use crate::units::{CoordinateUnit, EnergyUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How free energies are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// Multistate Bennett acceptance ratio, from every sample.
    #[default]
    Mbar,
    /// Weighted histogram analysis method; bins that are wide compared with the restraints are subdivided.
    Wham,
}

impl From<Estimator> for free_energy::Estimator {
    fn from(estimator: Estimator) -> Self {
        match estimator {
            Estimator::Mbar => Self::Mbar,
            Estimator::Wham => Self::Wham,
        }
    }
}

/// Samples that are discarded as equilibration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Discard {
    /// Samples before this time, ps.
    Until(#[schemars(range(min = 0))] f64),
    /// Samples before equilibrium, detected for each window.
    Auto(Auto),
}

/// The word `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    Auto,
}

impl Default for Discard {
    fn default() -> Self {
        Self::Until(0.0)
    }
}

/// The units in which results are written, printed and drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputUnits {
    pub energy: EnergyUnit,
    pub coordinate: CoordinateUnit,
}
