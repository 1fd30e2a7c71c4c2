//! The section `[trajectories.model]`.
use super::vibronic::{self, CouplingRow, Number};
use crate::config::{Config, Faults};
use crate::problem::Problem;
use crate::science::dynamics::models::{
    AvoidedCrossing, Curves, Fmo, Holstein, HolsteinReciprocal, Landscape, LinearVibronic, SpinBoson, Tully, TullyOne,
    TullyThree, TullyTwo,
};
use crate::science::dynamics::{Model, Sampling};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
        /// Thermal energy k_B T, in the model's unit of energy; 0 requires sampling = "wigner" or an initial file
        #[serde(default = "one")]
        #[schemars(range(min = 0.0))]
        thermal_energy: f64,
        /// Half the energy difference of the two states, in units of energy
        #[serde(default = "half")]
        bias: f64,
        /// Electronic coupling of the two states, in units of energy
        #[serde(default = "half")]
        coupling: f64,
        /// Number of bath modes
        #[serde(default = "hundred")]
        #[schemars(range(min = 1, max = 1_000_000))]
        modes: usize,
        /// Characteristic frequency of the Debye bath, in units of energy (hbar = 1)
        #[serde(default = "tenth")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        characteristic_frequency: f64,
        /// Reorganization energy, a quarter of the Marcus reorganization energy, in units of energy
        #[serde(default = "five_thousandths")]
        #[schemars(range(min = 0))]
        reorganization_energy: f64,
        /// Mass of a mode, in units of mass
        #[serde(default = "one")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mass: f64,
        /// Distribution of the initial coordinates: boltzmann (classical) or wigner (quantum)
        #[serde(default)]
        sampling: SamplingName,
    },
    Fmo {
        /// Temperature, K; 0 requires sampling = "wigner" or an initial file
        #[serde(default = "three_hundred")]
        #[schemars(range(min = 0.0))]
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
        /// Mass of a mode, in units of mass
        #[serde(default = "one")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mass: f64,
        /// Distribution of the initial coordinates: boltzmann (classical) or wigner (quantum)
        #[serde(default)]
        sampling: SamplingName,
    },
    Holstein(Lattice),
    HolsteinK(Lattice),
    #[serde(rename = "tully-1")]
    TullyOne(Scattered),
    #[serde(rename = "tully-2")]
    TullyTwo(Scattered),
    #[serde(rename = "tully-3")]
    TullyThree(Scattered),
    AvoidedCrossingA(WavePacket),
    AvoidedCrossingB(WavePacket),
    AvoidedCrossingC(WavePacket),
    LinearVibronic {
        /// Hermitian matrix H_q, S rows of S elements, in units of energy: real numbers or pairs [re, im]
        hamiltonian: Option<Vec<Vec<Number>>>,
        /// Frequencies of the C modes, in units of energy (hbar = 1)
        frequencies: Option<Vec<f64>>,
        /// Rows [mode, i, j, value], indices from 0, value in units of energy: value (z + z*) is added to elements (i, j) and (j, i); list each pair once
        couplings: Option<Vec<CouplingRow>>,
        /// Path of an HDF5 file with hamiltonian (S x S), frequencies (C) and couplings (K x 4), instead of the keys
        file: Option<PathBuf>,
        /// Thermal energy k_B T, in the model's unit of energy; 0 requires sampling = "wigner" or an initial file
        #[serde(default = "one")]
        #[schemars(range(min = 0.0))]
        thermal_energy: f64,
        /// Mass of a mode, in units of mass
        #[serde(default = "one")]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mass: f64,
        /// Distribution of the initial coordinates: boltzmann (classical) or wigner (quantum)
        #[serde(default)]
        sampling: SamplingName,
    },
}

/// A lattice of sites with one oscillator each.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lattice {
    /// Thermal energy k_B T, in units of energy; 0 requires sampling = "wigner" or an initial file
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    thermal_energy: f64,
    /// Dimensionless coupling g of site and oscillator
    #[serde(default = "half")]
    coupling: f64,
    /// Frequency of the oscillators, in units of energy (hbar = 1)
    #[serde(default = "half")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    frequency: f64,
    /// Number of sites; must be even for holstein-k
    #[serde(default = "ten")]
    #[schemars(range(min = 2, max = 1000))]
    sites: usize,
    /// Hopping energy J between neighbouring sites, in units of energy
    #[serde(default = "one")]
    hopping: f64,
    /// Mass of an oscillator, in units of mass
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    mass: f64,
    /// Whether the lattice is periodic; must be true for holstein-k
    #[serde(default = "yes")]
    periodic: bool,
    /// Distribution of the initial coordinates: boltzmann (classical) or wigner (quantum)
    #[serde(default)]
    sampling: SamplingName,
}

/// A particle scattered by two coupled curves, in atomic units.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scattered {
    /// Mass, electron masses
    #[serde(default = "two_thousand")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    mass: f64,
    /// Initial position, bohr
    #[serde(default = "tully_position")]
    position: f64,
    /// Initial momentum, hbar/bohr
    #[serde(default = "tully_momentum")]
    momentum: f64,
    /// Distance |q|, bohr, beyond which an outgoing trajectory is absorbed; none by default
    #[schemars(extend("exclusiveMinimum" = 0))]
    stop_beyond: Option<f64>,
}

/// A wave packet in two dimensions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WavePacket {
    /// Mass of the particle, in units of mass
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    mass: f64,
    /// Centre q0 of the initial wave packet exp(-|q - q0|^2), in units of length; by default (-3, 0) for a and (-4, -2) for b and c
    position: Option<[f64; 2]>,
    /// Mean momentum of the initial wave packet, hbar/(unit of length)
    #[serde(default = "crossing_momentum")]
    momentum: [f64; 2],
    /// Whether adiabatic surfaces exert their Berry force
    #[serde(default)]
    berry_force: bool,
}

impl From<SamplingName> for Sampling {
    fn from(name: SamplingName) -> Self {
        match name {
            SamplingName::Boltzmann => Self::Boltzmann,
            SamplingName::Wigner => Self::Wigner,
        }
    }
}

impl ModelSection {
    /// Fills in defaults that depend on other keys and replaces a file by its contents, so that equivalent configurations have the same fingerprint.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn spell_out(&mut self, config: &Config) -> Result<(), Faults> {
        match self {
            Self::AvoidedCrossingA(packet) => packet.spell_out(Landscape::A),
            Self::AvoidedCrossingB(packet) => packet.spell_out(Landscape::B),
            Self::AvoidedCrossingC(packet) => packet.spell_out(Landscape::C),
            Self::LinearVibronic { hamiltonian, frequencies, couplings, file, .. } => {
                let Some(name) = file.take() else { return Ok(()) };
                let key = "trajectories.model.file";
                if hamiltonian.is_some() || frequencies.is_some() || couplings.is_some() {
                    let message = "the model is defined both by keys and by a file";
                    return Err(config.fault(key, message, "use only one of them").into());
                }
                let input = config.inputs.parsed(&config.resolve(&name), vibronic::read).map_err(|message| {
                    let help = "name an HDF5 file with hamiltonian [S, S], frequencies [C] and couplings [K, 4]";
                    config.fault(key, message, help)
                })?;
                (*hamiltonian, *frequencies, *couplings) = (input.hamiltonian, input.frequencies, input.couplings);
            }
            _ => {}
        }
        Ok(())
    }

    /// The temperature key, if it is zero, and the distribution of the initial coordinates.
    pub fn zero_temperature(&self) -> Option<(&'static str, SamplingName)> {
        let (key, value, sampling) = match self {
            Self::SpinBoson { thermal_energy, sampling, .. }
            | Self::LinearVibronic { thermal_energy, sampling, .. } => ("thermal_energy", thermal_energy, sampling),
            Self::Holstein(lattice) | Self::HolsteinK(lattice) => {
                ("thermal_energy", &lattice.thermal_energy, &lattice.sampling)
            }
            Self::Fmo { temperature_k, sampling, .. } => ("temperature_k", temperature_k, sampling),
            _ => return None,
        };
        (*value == 0.0).then_some((key, *sampling))
    }

    /// The customary constant C of energy-based decoherence, hartree; none for models in other units.
    pub fn decoherence_constant(&self) -> Option<f64> {
        matches!(self, Self::TullyOne(_) | Self::TullyTwo(_) | Self::TullyThree(_)).then_some(0.1)
    }

    /// The model. A model is one arm here, one variant above and one file in `science::dynamics::models`.
    ///
    /// # Errors
    /// Constants are inconsistent.
    pub fn build(&self, config: &Config) -> Result<Box<dyn Model>, Faults> {
        Ok(match *self {
            Self::SpinBoson {
                thermal_energy,
                bias,
                coupling,
                modes,
                characteristic_frequency,
                reorganization_energy,
                mass,
                sampling,
            } => {
                let sampling = sampling.into();
                let model = SpinBoson {
                    thermal_energy,
                    bias,
                    coupling,
                    modes,
                    characteristic_frequency,
                    reorganization_energy,
                    mass,
                    sampling,
                };
                Box::new(model.build())
            }
            Self::Fmo {
                temperature_k,
                modes_per_site,
                characteristic_frequency_per_cm,
                reorganization_energy_per_cm,
                mass,
                sampling,
            } => {
                let sampling = sampling.into();
                let model = Fmo {
                    temperature_k,
                    modes_per_site,
                    characteristic_frequency_per_cm,
                    reorganization_energy_per_cm,
                    mass,
                    sampling,
                };
                Box::new(model.build())
            }
            Self::Holstein(ref lattice) => lattice.build(),
            Self::HolsteinK(ref lattice) => {
                lattice.build_reciprocal().map_err(|problem| config.fault_of("trajectories.model", problem))?
            }
            Self::TullyOne(ref scattered) => scattered.build::<TullyOne>(),
            Self::TullyTwo(ref scattered) => scattered.build::<TullyTwo>(),
            Self::TullyThree(ref scattered) => scattered.build::<TullyThree>(),
            Self::AvoidedCrossingA(ref packet) => packet.build(Landscape::A),
            Self::AvoidedCrossingB(ref packet) => packet.build(Landscape::B),
            Self::AvoidedCrossingC(ref packet) => packet.build(Landscape::C),
            Self::LinearVibronic {
                ref hamiltonian,
                ref frequencies,
                ref couplings,
                thermal_energy,
                mass,
                sampling,
                ..
            } => {
                let (hamiltonian, frequencies, couplings) =
                    (hamiltonian.clone(), frequencies.clone(), couplings.clone());
                let input = vibronic::VibronicInput { hamiltonian, frequencies, couplings };
                let (hamiltonian, frequencies, couplings) = vibronic::check(config, &input)?;
                let sampling = sampling.into();
                let model = LinearVibronic { thermal_energy, mass, sampling, hamiltonian, frequencies, couplings };
                Box::new(model.build())
            }
        })
    }
}

impl Lattice {
    fn build(&self) -> Box<dyn Model> {
        let Self { thermal_energy, coupling, frequency, sites, hopping, mass, periodic, sampling } = *self;
        let sampling = sampling.into();
        Box::new(Holstein { thermal_energy, coupling, frequency, sites, hopping, mass, periodic, sampling }.build())
    }

    fn build_reciprocal(&self) -> Result<Box<dyn Model>, Problem> {
        let Self { thermal_energy, coupling, frequency, sites, hopping, mass, periodic, sampling } = *self;
        if !periodic {
            let message = "holstein-k is periodic: an open lattice has no reciprocal space";
            return Err(Problem::at_key("periodic", message, "use kind = \"holstein\""));
        }
        if sites % 2 == 1 {
            let help = "use an even number, or kind = \"holstein\"";
            return Err(Problem::at_key("sites", "holstein-k needs an even number of sites", help));
        }
        let sampling = sampling.into();
        let model = HolsteinReciprocal { thermal_energy, coupling, frequency, sites, hopping, mass, sampling };
        Ok(Box::new(model.build()))
    }
}

impl Scattered {
    fn build<C: Curves>(&self) -> Box<dyn Model> {
        Box::new(Tully::<C>::new(self.mass, self.position, self.momentum, self.stop_beyond))
    }
}

impl WavePacket {
    fn spell_out(&mut self, landscape: Landscape) {
        self.position.get_or_insert(landscape.position());
    }

    fn build(&self, landscape: Landscape) -> Box<dyn Model> {
        let position = self.position.unwrap_or(landscape.position());
        Box::new(AvoidedCrossing::new(landscape, self.mass, position, self.momentum, self.berry_force))
    }
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
fn ten() -> usize {
    10
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
fn tully_momentum() -> f64 {
    10.0
}
fn crossing_momentum() -> [f64; 2] {
    [16.0, 0.0]
}
fn yes() -> bool {
    true
}
