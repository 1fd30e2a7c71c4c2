//! What can be said in `[trajectories]`?
mod algorithm;
mod model;
mod vibronic;

pub use algorithm::AlgorithmSection;
pub use model::{ModelSection, SamplingName};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Mixed quantum-classical trajectories
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Number of independent initial conditions; may be left out where an initial file has them
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
    /// Largest standard error of a diabatic population that is good enough: trajectories are added until it is reached
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub target_stderr: Option<f64>,
    /// The most initial conditions that are run to reach target_stderr
    #[schemars(range(min = 1))]
    pub max_count: Option<u64>,
    /// Length of a trajectory
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub duration: f64,
    /// Length of a step
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub time_step: f64,
    /// Time from one sample to the next; t = 0 is sampled
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub sample_every: f64,
    /// For fmo: whether times are in fs, or in units of hbar/(k_B T)
    pub time_unit: Option<TimeUnit>,
    /// strang: second order; sequential: first order with frozen forces, as QC Lab
    #[serde(default)]
    pub integrator: IntegratorName,
    /// mean: means and standard errors; all: every trajectory's observables too
    #[serde(default)]
    pub keep: Keep,
    /// Two-time correlation functions <O(t) O(0)>: of populations, of coordinates
    #[serde(default)]
    pub correlations: Vec<CorrelationName>,
    /// The method
    pub algorithm: AlgorithmSection,
    /// The system
    pub model: ModelSection,
    /// What every trajectory starts from
    #[serde(default)]
    pub initial: InitialSection,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeUnit {
    Fs,
    Thermal,
}

/// How a step is put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntegratorName {
    #[default]
    Strang,
    Sequential,
}

/// What is kept of the trajectories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    #[default]
    Mean,
    All,
}

/// What is correlated with itself at t = 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CorrelationName {
    /// All pairs of diabatic populations
    Populations,
    /// Every position with itself
    Coordinates,
}

/// What every trajectory starts from.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitialSection {
    /// The state that all population is in
    pub state: Option<usize>,
    /// Real and imaginary part of every state's amplitude, instead of one state
    pub amplitudes: Option<Vec<[f64; 2]>>,
    /// The basis of state and amplitudes; by default adiabatic for tully-*, diabatic for the others
    pub basis: Option<Basis>,
    /// Initial conditions, or a whole replay, from an HDF5 file
    pub file: Option<PathBuf>,
}

/// A basis of quantum states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    Diabatic,
    Adiabatic,
}
