//! What can be said in `[ensemble.model]`?
use crate::science::langevin::surfaces::{Across, DoubleWell, MuellerBrown};
use crate::science::langevin::{self, Biasing, Integrator, Surface, System};
use crate::science::opes::{self, Settings, Variant, WidthRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Langevin dynamics on a published surface, with or without OPES; in units of one's own that fit together
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSection {
    /// The energy as a function of one or two coordinates
    pub surface: SurfaceSection,
    /// The equation of motion
    #[serde(default)]
    pub integrator: IntegratorSection,
    /// k_B T, in the surface's unit of energy
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub thermal_energy: f64,
    /// Time step
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub time_step: f64,
    /// Steps of each walker
    #[schemars(range(min = 1))]
    pub steps: u64,
    /// Steps from one recorded row to the next
    #[serde(default = "hundred")]
    #[schemars(range(min = 1))]
    pub sample_every: u64,
    /// Where walkers start, by default in a minimum
    pub start: Option<Vec<f64>>,
    /// Walkers of a replica, which share its bias
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10_000))]
    pub walkers: usize,
    /// The bias; without this section there is none
    pub opes: Option<OpesSection>,
}

/// A surface and its constants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SurfaceSection {
    /// h ((x/w)^2 - 1)^2 + d x/(2 w), and with a stiffness k + k/2 (y - c x)^2
    DoubleWell {
        /// h
        #[schemars(extend("exclusiveMinimum" = 0))]
        barrier: f64,
        /// w, half the distance of the wells
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        half_distance: f64,
        /// d, by which the right well is higher
        #[serde(default)]
        difference: f64,
        /// k; where it is given there is a second coordinate, y
        #[schemars(extend("exclusiveMinimum" = 0))]
        stiffness: Option<f64>,
        /// c
        #[serde(default)]
        slant: f64,
    },
    /// The surface of Mueller and Brown in x and y, of three minima
    MuellerBrown {
        /// All energies are multiplied by it
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        scale: f64,
    },
}

/// An equation of motion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum IntegratorSection {
    /// With inertia, by BAOAB
    Underdamped {
        /// 1/time
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        friction: f64,
        /// Mass of each coordinate
        #[serde(default = "unity")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mass: f64,
    },
    /// Without inertia, by Euler and Maruyama
    Overdamped {
        /// mass/time
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

/// On-the-fly probability enhanced sampling, OPES; keys as PLUMED's in lower case
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpesSection {
    /// metad, or explore for variables that are not good
    #[serde(default)]
    pub variant: VariantName,
    /// The biased coordinates, such as ["x"]
    #[schemars(length(min = 1))]
    pub coordinates: Vec<String>,
    /// The free-energy barrier to overcome
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub barrier: f64,
    /// Steps from kernel to kernel
    #[serde(default = "five_hundred")]
    #[schemars(range(min = 1))]
    pub pace: u64,
    /// Initial widths of kernels, one of each biased coordinate; by default they are measured
    pub sigma: Option<Vec<f64>>,
    /// Steps that widths are measured over where they are not given, by default 10 paces
    #[schemars(range(min = 1))]
    pub adaptive_sigma_stride: Option<u64>,
    /// Kernels are never narrower, one of each biased coordinate
    pub sigma_min: Option<Vec<f64>>,
    /// Whether kernels keep their initial widths
    #[serde(default)]
    pub fixed_sigma: bool,
    /// gamma, above 1, or "inf" for a flat target; by default barrier/kT
    pub biasfactor: Option<BiasFactor>,
    /// By default exp(-barrier/(a kT))
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: Option<f64>,
    /// Kernels end at so many widths, by default sqrt(2 barrier/(a kT))
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub kernel_cutoff: Option<f64>,
    /// Kernels that are closer are merged, in widths; 0 merges none
    #[serde(default = "unity")]
    #[schemars(range(min = 0))]
    pub compression_threshold: f64,
    /// Whether a merged kernel is not merged further
    #[serde(default)]
    pub recursive_merge_off: bool,
    /// Whether Z is 1
    #[serde(default)]
    pub no_zed: bool,
}

/// Which density kernels estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VariantName {
    #[default]
    Metad,
    Explore,
}

/// A number, or the word for infinity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BiasFactor {
    /// gamma
    Finite(f64),
    /// No barrier is left
    Infinite(InfiniteWord),
}

/// The word for infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InfiniteWord {
    Inf,
}

/// What is wrong, by the key within `[ensemble.model]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unfit {
    pub key: &'static str,
    pub message: String,
}

impl ModelSection {
    /// The system that all replicas are of.
    ///
    /// # Errors
    /// Keys contradict each other.
    pub fn build(&self) -> Result<System, Unfit> {
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
        system.check().map_err(|error| Unfit { key: key_of(&error), message: error.to_string() })?;
        match self.steps % self.sample_every {
            0 => Ok(system),
            _ => Err(Unfit {
                key: "sample_every",
                message: format!(
                    "{} steps are no multiple of {}: choose one that divides them",
                    self.steps, self.sample_every
                ),
            }),
        }
    }

    fn biasing(&self, opes: &OpesSection, surface: &dyn Surface) -> Result<Biasing, Unfit> {
        let known = surface.coordinates();
        let find = |name: &String| {
            known.iter().position(|known| known == name).ok_or_else(|| Unfit {
                key: "opes.coordinates",
                message: format!("the surface has no coordinate `{name}`: it has {}", known.join(" and ")),
            })
        };
        let coordinates = opes.coordinates.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        if opes.sigma.is_some() && opes.adaptive_sigma_stride.is_some() {
            let message = "widths are given, so they are not measured: leave this out, or sigma".to_owned();
            return Err(Unfit { key: "opes.adaptive_sigma_stride", message });
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

/// The key that a fault is about.
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
