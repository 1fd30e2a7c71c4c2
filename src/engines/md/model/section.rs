//! Which keys has the section `[ensemble.model]`, and which model do they define?
use crate::problem::Problem;
use crate::science::langevin::surfaces::{Across, DoubleWell, MuellerBrown};
use crate::science::langevin::{self, Biasing, Integrator, Surface, System};
use crate::science::opes::{self, Settings, Variant, WidthRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Langevin dynamics on a model energy surface, with or without OPES; in any consistent units
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSection {
    /// Energy as a function of one or two coordinates
    pub surface: SurfaceSection,
    /// Equation of motion
    #[serde(default)]
    pub integrator: IntegratorSection,
    /// k_B T, in the energy unit of the surface
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub thermal_energy: f64,
    /// Time step, in the time unit of the model
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub time_step: f64,
    /// Number of steps of each walker
    #[schemars(range(min = 1))]
    pub steps: u64,
    /// Interval between recorded rows, in steps
    #[serde(default = "hundred")]
    #[schemars(range(min = 1))]
    pub sample_every: u64,
    /// Initial coordinates of the walkers, by default a minimum of the surface
    pub start: Option<Vec<f64>>,
    /// Number of walkers of a replica; they share one bias
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10_000))]
    pub walkers: usize,
    /// Bias of the replica, by default none
    pub opes: Option<OpesSection>,
}

/// A surface and its constants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SurfaceSection {
    /// h ((x/w)^2 - 1)^2 + d x/(2 w), plus k/2 (y - c x)^2 with a stiffness k
    DoubleWell {
        /// h, height of the barrier, energy
        #[schemars(extend("exclusiveMinimum" = 0))]
        barrier: f64,
        /// w, half the distance between the wells, length
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        half_distance: f64,
        /// d, energy of the right well relative to the left one
        #[serde(default)]
        difference: f64,
        /// k, energy/length^2; if it is set, there is a second coordinate, y
        #[schemars(extend("exclusiveMinimum" = 0))]
        stiffness: Option<f64>,
        /// c, slope of the valley y = c x
        #[serde(default)]
        slant: f64,
    },
    /// The Mueller-Brown surface in x and y, with three minima
    MuellerBrown {
        /// Factor for all energies
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        scale: f64,
    },
}

/// An equation of motion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum IntegratorSection {
    /// Underdamped Langevin dynamics, integrated by BAOAB
    Underdamped {
        /// Friction coefficient, 1/time
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        friction: f64,
        /// Mass of each coordinate, energy time^2/length^2
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mass: f64,
    },
    /// Overdamped (Brownian) dynamics, integrated by Euler-Maruyama
    Overdamped {
        /// Friction coefficient, mass/time
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        friction: f64,
    },
}

impl Default for IntegratorSection {
    fn default() -> Self {
        Self::Underdamped { friction: 1.0, mass: 1.0 }
    }
}

/// On-the-fly probability enhanced sampling (OPES); keys are PLUMED's in lower case
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpesSection {
    /// metad (OPES_METAD), or explore (OPES_METAD_EXPLORE) for suboptimal variables
    #[serde(default)]
    pub variant: VariantName,
    /// Biased coordinates, such as ["x"]
    #[schemars(length(min = 1))]
    pub coordinates: Vec<String>,
    /// Highest free-energy barrier to overcome, energy
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub barrier: f64,
    /// Interval between kernels, in steps
    #[serde(default = "five_hundred")]
    #[schemars(range(min = 1))]
    pub pace: u64,
    /// Initial kernel widths, one per biased coordinate; by default adaptive
    pub sigma: Option<Vec<f64>>,
    /// Interval over which adaptive widths are measured, in steps; by default 10 times pace
    #[schemars(range(min = 1))]
    pub adaptive_sigma_stride: Option<u64>,
    /// Minimum kernel widths, one per biased coordinate
    pub sigma_min: Option<Vec<f64>>,
    /// Do not shrink the kernels during the simulation
    #[serde(default)]
    pub fixed_sigma: bool,
    /// Bias factor gamma, above 1, or "inf" for a flat target distribution; by default barrier/kT
    pub biasfactor: Option<BiasFactor>,
    /// Regularization constant epsilon, by default exp(-barrier/(a kT)) with a = 1 - 1/gamma (explore: a = gamma - 1)
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: Option<f64>,
    /// Kernel cutoff, in widths; by default sqrt(2 barrier/(a kT)) with a = 1 - 1/gamma (explore: a = 1)
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub kernel_cutoff: Option<f64>,
    /// Kernels closer than this are merged, in widths; 0 merges none
    #[serde(default = "unity")]
    #[schemars(range(min = 0))]
    pub compression_threshold: f64,
    /// Do not merge merged kernels again
    #[serde(default)]
    pub recursive_merge_off: bool,
    /// Use Z = 1 instead of the normalization over the explored region
    #[serde(default)]
    pub no_zed: bool,
}

/// The variant of OPES.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VariantName {
    #[default]
    Metad,
    Explore,
}

/// A number, or "inf".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BiasFactor {
    /// gamma
    Finite(f64),
    /// Flat target distribution
    Infinite(InfiniteWord),
}

/// The word "inf".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InfiniteWord {
    Inf,
}

/// A contradiction between keys of the section.
fn contradiction(key: &str, message: impl Into<String>) -> Problem {
    Problem::at_key(key, message, "`simmpi schema` describes the keys of [ensemble.model]")
}

impl ModelSection {
    /// The system that all replicas simulate.
    ///
    /// # Errors
    /// Keys contradict each other.
    pub fn build(&self) -> Result<System, Problem> {
        let surface = self.surface.build();
        let biasing = self.opes.as_ref().map(|opes| self.biasing(opes, surface.as_ref())).transpose()?;
        let system = System {
            integrator: self.integrator.build(),
            thermal_energy: self.thermal_energy,
            time_step: self.time_step,
            sample_every: self.sample_every,
            start: self.start.clone().unwrap_or_else(|| surface.start()),
            walkers: self.walkers,
            biasing,
            surface,
        };
        system.check().map_err(|error| contradiction(key_of(&error), error.to_string()))?;
        match self.steps % self.sample_every {
            0 => Ok(system),
            _ => Err(contradiction(
                "sample_every",
                format!(
                    "steps = {} is not a multiple of {}: choose an interval that divides it",
                    self.steps, self.sample_every
                ),
            )),
        }
    }

    fn biasing(&self, opes: &OpesSection, surface: &dyn Surface) -> Result<Biasing, Problem> {
        let known = surface.coordinates();
        let find = |name: &String| {
            known.iter().position(|known| known == name).ok_or_else(|| {
                let known = known.join(" and ");
                let message = format!("the surface has no coordinate `{name}`; its coordinates are {known}");
                contradiction("opes.coordinates", message)
            })
        };
        let coordinates = opes.coordinates.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        if opes.sigma.is_some() && opes.adaptive_sigma_stride.is_some() {
            let message = "sigma sets fixed widths, so none are measured: remove this key or sigma";
            return Err(contradiction("opes.adaptive_sigma_stride", message));
        }
        let variant = match opes.variant {
            VariantName::Metad => Variant::Metad,
            VariantName::Explore => Variant::Explore,
        };
        let stride = opes.adaptive_sigma_stride.unwrap_or(10 * opes.pace);
        let settings = Settings {
            bias_factor: opes.biasfactor.map(|factor| match factor {
                BiasFactor::Finite(factor) => factor,
                BiasFactor::Infinite(InfiniteWord::Inf) => f64::INFINITY,
            }),
            widths: opes.sigma.clone().map_or(WidthRule::Adaptive { stride }, WidthRule::Fixed),
            least_widths: opes.sigma_min.clone(),
            shrinks: !opes.fixed_sigma,
            epsilon: opes.epsilon,
            cutoff: opes.kernel_cutoff,
            compression_threshold: opes.compression_threshold,
            merges_again: !opes.recursive_merge_off,
            normalizes: !opes.no_zed,
            walkers: self.walkers,
            ..Settings::new(variant, self.thermal_energy, opes.barrier, opes.pace, vec![None; coordinates.len()])
        };
        Ok(Biasing { coordinates, settings })
    }
}

impl SurfaceSection {
    fn build(&self) -> Arc<dyn Surface> {
        match *self {
            Self::DoubleWell { barrier, half_distance, difference, stiffness, slant } => {
                let across = stiffness.map(|stiffness| Across { stiffness, slant });
                Arc::new(DoubleWell { barrier, half_distance, difference, across })
            }
            Self::MuellerBrown { scale } => Arc::new(MuellerBrown { scale }),
        }
    }
}

impl IntegratorSection {
    fn build(&self) -> Integrator {
        match *self {
            Self::Underdamped { friction, mass } => Integrator::Underdamped { friction, mass },
            Self::Overdamped { friction } => Integrator::Overdamped { friction },
        }
    }
}

/// The key that causes an error.
fn key_of(error: &langevin::Error) -> &'static str {
    use langevin::Error as E;
    match error {
        E::NotPositive { what: "kT", .. } => "thermal_energy",
        E::NotPositive { what: "the time step", .. } => "time_step",
        E::NotPositive { .. } => "integrator",
        E::Zero { what: "the number of walkers" } => "walkers",
        E::Zero { .. } => "sample_every",
        E::Start { .. } => "start",
        E::NoCoordinate { .. } | E::Twice(_) => "opes.coordinates",
        E::NotFinite { .. } => "start",
        E::Bias(error) => key_of_bias(error),
    }
}

fn key_of_bias(error: &opes::Error) -> &'static str {
    use opes::Error as E;
    match error {
        E::Variables(_) => "opes.coordinates",
        E::BiasFactor(_) | E::FlatAndExplore => "opes.biasfactor",
        E::FlatAndAdaptive => "opes.sigma",
        E::Count { what: "least widths", .. } => "opes.sigma_min",
        E::Count { .. } => "opes.sigma",
        E::Threshold { .. } => "opes.compression_threshold",
        E::Stride { .. } => "opes.adaptive_sigma_stride",
        E::Zero { .. } => "opes.pace",
        _ => "opes.barrier",
    }
}

fn unity() -> f64 {
    1.0
}
fn one() -> usize {
    1
}
fn hundred() -> u64 {
    100
}
fn five_hundred() -> u64 {
    500
}
