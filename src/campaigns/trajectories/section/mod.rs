//! The section `[trajectories]`.
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
    /// Number of independent initial conditions; optional if an initial file provides them
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
    /// Target for the largest standard error of a diabatic population, dimensionless: trajectories are added until it is reached
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub target_stderr: Option<f64>,
    /// Maximum number of initial conditions run to reach target_stderr
    #[schemars(range(min = 1))]
    pub max_count: Option<u64>,
    /// Length of a trajectory, in the model's unit of time: fs for fmo (see time_unit), hbar/hartree for tully-*, hbar/(energy unit) otherwise
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub duration: f64,
    /// Time step, in the same unit as duration; duration and sample_every are whole multiples of it
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub time_step: f64,
    /// Time between samples, in the same unit as duration; the first sample is at t = 0
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub sample_every: f64,
    /// For fmo only: unit of times, fs (the default) or thermal, hbar/(k_B T)
    pub time_unit: Option<TimeUnit>,
    /// Integrator: strang, symmetric splitting of second order; sequential, of first order with frozen forces, as in QC Lab
    #[serde(default)]
    pub integrator: IntegratorName,
    /// Recorded results: mean, means and standard errors; all, also the observables of every trajectory
    #[serde(default)]
    pub keep: Keep,
    /// Recorded two-time correlation functions <O(t) O(0)>: populations, coordinates
    #[serde(default)]
    pub correlations: Vec<CorrelationName>,
    /// Mixed quantum-classical method
    pub algorithm: AlgorithmSection,
    /// Model system
    pub model: ModelSection,
    /// Initial state and initial coordinates
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

/// How a step is composed of its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntegratorName {
    #[default]
    Strang,
    Sequential,
}

/// What is recorded of the trajectories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    #[default]
    Mean,
    All,
}

/// An observable whose correlation with its value at t = 0 is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CorrelationName {
    /// All pairs of diabatic populations
    Populations,
    /// Every position with itself
    Coordinates,
}

/// Initial state and initial coordinates.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitialSection {
    /// Index from 0 of the initially populated state (default 0)
    pub state: Option<usize>,
    /// Initial amplitude of every state, pairs [re, im], normalized; instead of state
    pub amplitudes: Option<Vec<[f64; 2]>>,
    /// Basis of state and amplitudes: diabatic or adiabatic; by default adiabatic for tully-*, diabatic otherwise
    pub basis: Option<Basis>,
    /// Path of an HDF5 file with initial conditions, and optionally the random numbers of a replay
    pub file: Option<PathBuf>,
}

/// A basis of quantum states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    Diabatic,
    Adiabatic,
}
