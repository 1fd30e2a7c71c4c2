//! What can be said in `[trajectories]`?
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

/// A mixed quantum-classical method and its settings.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AlgorithmSection {
    MeanField {},
    Fssh {
        /// sampled: one surface for each initial condition, drawn by its population
        #[serde(default)]
        initial_surface: InitialSurface,
        /// What a hop does that the coordinates cannot pay for: keep the momentum, or reverse it along the coupling
        #[serde(default)]
        frustrated: FrustratedName,
        /// How the phases of adiabatic states are carried from step to step
        #[serde(default)]
        gauge: GaugeName,
    },
}

/// Which surfaces an initial condition starts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InitialSurface {
    #[default]
    Sampled,
}

/// What a frustrated hop does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrustratedName {
    #[default]
    Keep,
    Reverse,
}

/// How phases are carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GaugeName {
    #[default]
    PhaseOverlap,
    SignOverlap,
}

/// A distribution of initial coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SamplingName {
    #[default]
    Boltzmann,
    Wigner,
}

/// A system and its constants.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ModelSection {
    SpinBoson {
        /// k_B T
        #[serde(default = "one")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        thermal_energy: f64,
        /// Half the gap between the two energies
        #[serde(default = "half")]
        bias: f64,
        /// Coupling of the two states
        #[serde(default = "half")]
        coupling: f64,
        /// Number of bath modes
        #[serde(default = "hundred")]
        #[schemars(range(min = 1, max = 1_000_000))]
        modes: usize,
        /// Characteristic frequency of the Debye bath
        #[serde(default = "tenth")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        characteristic_frequency: f64,
        /// Reorganization energy, a quarter of Marcus'
        #[serde(default = "five_thousandths")]
        #[schemars(range(min = 0))]
        reorganization_energy: f64,
        /// Mass of a mode
        #[serde(default = "one")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mass: f64,
        /// Distribution of initial coordinates
        #[serde(default)]
        sampling: SamplingName,
    },
    Fmo {
        /// Temperature, K
        #[serde(default = "three_hundred")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        temperature_k: f64,
        /// Number of bath modes of each of the seven sites
        #[serde(default = "two_hundred")]
        #[schemars(range(min = 1, max = 100_000))]
        modes_per_site: usize,
        /// Characteristic frequency of the Debye baths, cm^-1
        #[serde(default = "fmo_frequency")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        characteristic_frequency_per_cm: f64,
        /// Reorganization energy, cm^-1
        #[serde(default = "fmo_reorganization")]
        #[schemars(range(min = 0))]
        reorganization_energy_per_cm: f64,
        /// Mass of a mode
        #[serde(default = "one")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mass: f64,
        /// Distribution of initial coordinates
        #[serde(default)]
        sampling: SamplingName,
    },
    #[serde(rename = "tully-1")]
    TullyOne {
        /// Mass, electron masses
        #[serde(default = "two_thousand")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mass: f64,
        /// Initial position, bohr
        #[serde(default = "tully_position")]
        position: f64,
        /// Initial momentum, hbar/bohr
        #[serde(default = "ten")]
        momentum: f64,
        /// A trajectory that is further out than this and moves outwards has ended, bohr
        #[schemars(extend("exclusiveMinimum" = 0))]
        stop_beyond: Option<f64>,
    },
}

/// What every trajectory starts from.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitialSection {
    /// The state that all population is in
    pub state: Option<usize>,
    /// Real and imaginary part of every state's amplitude, instead of one state
    pub amplitudes: Option<Vec<[f64; 2]>>,
    /// The basis of state and amplitudes; by default adiabatic for tully-1, diabatic for the others
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

fn one() -> f64 {
    1.0
}
fn half() -> f64 {
    0.5
}
fn tenth() -> f64 {
    0.1
}
fn five_thousandths() -> f64 {
    0.005
}
fn hundred() -> usize {
    100
}
fn two_hundred() -> usize {
    200
}
fn three_hundred() -> f64 {
    300.0
}
fn fmo_frequency() -> f64 {
    106.14
}
fn fmo_reorganization() -> f64 {
    35.0
}
fn two_thousand() -> f64 {
    2000.0
}
fn tully_position() -> f64 {
    -25.0
}
fn ten() -> f64 {
    10.0
}
