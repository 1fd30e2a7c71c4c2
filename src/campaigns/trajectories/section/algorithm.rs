//! What can be said in `[trajectories.algorithm]`?
use crate::config::{Config, Faults};
use crate::science::dynamics::Algorithm;
use crate::science::dynamics::algorithms::{
    Decay, Decoherence, Frustrated, Fssh, Gauge, InitialSurface, Mash, MeanField,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mixed quantum-classical method and its settings.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AlgorithmSection {
    MeanField {},
    Fssh {
        /// sampled: one surface for each initial condition, drawn by its population; all: every one, weighted by it
        #[serde(default)]
        initial_surface: InitialSurfaceName,
        /// What a hop does that the coordinates cannot pay for: keep the momentum, reverse it along the coupling, or reverse it where
        /// the force of the surface aimed at opposes it (Jasper and Truhlar)
        #[serde(default)]
        frustrated: FrustratedName,
        /// How the phases of adiabatic states are carried from step to step
        #[serde(default)]
        gauge: GaugeName,
        /// edc: amplitudes of other surfaces fade by Granucci and Persico's energy-based correction
        #[serde(default)]
        decoherence: DecoherenceName,
        /// C of the correction, an energy; by default 0.1 hartree for tully-*, to be given for others
        #[schemars(extend("exclusiveMinimum" = 0))]
        edc_constant: Option<f64>,
        /// What decays with exp(-t/tau): amplitudes, as the paper's equation 17 stands, or populations. By default amplitudes
        edc_decay: Option<DecayName>,
    },
    MsMash {
        /// What a hop does that the coordinates cannot pay for
        #[serde(default)]
        frustrated: MashFrustratedName,
        /// Most hops of a trajectory within one step
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 1000))]
        max_hops: usize,
        /// Halvings by which the time of a hop is searched
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 60))]
        bisections: usize,
        /// How the phases of adiabatic states are carried from step to step; it changes no result
        #[serde(default)]
        gauge: GaugeName,
    },
}

/// Which surfaces an initial condition starts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InitialSurfaceName {
    #[default]
    Sampled,
    All,
}

/// What a frustrated hop does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrustratedName {
    #[default]
    Keep,
    Reverse,
    JasperTruhlar,
}

/// What a frustrated hop of the mapping approach does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MashFrustratedName {
    #[default]
    Reverse,
    Keep,
}

/// How phases are carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GaugeName {
    #[default]
    PhaseOverlap,
    SignOverlap,
    PhaseCoupling,
}

/// Whether and how amplitudes lose their phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecoherenceName {
    #[default]
    None,
    Edc,
}

/// What decays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecayName {
    #[default]
    Amplitudes,
    Populations,
}

impl AlgorithmSection {
    /// Fills in what the model decides where it is not given. `edc_constant` is the model's own choice of it.
    pub fn spell_out(&mut self, own_constant: Option<f64>) {
        if let Self::Fssh { decoherence: DecoherenceName::Edc, edc_constant, edc_decay, .. } = self {
            *edc_constant = edc_constant.or(own_constant);
            edc_decay.get_or_insert_default();
        }
    }

    /// The method. An algorithm is one arm here, one variant above and one file in `science::dynamics::algorithms`.
    ///
    /// # Errors
    /// Settings contradict each other.
    pub fn build(&self, config: &Config) -> Result<Box<dyn Algorithm>, Faults> {
        Ok(match *self {
            Self::MeanField {} => Box::new(MeanField),
            Self::Fssh { initial_surface, frustrated, gauge, decoherence, edc_constant, edc_decay } => {
                let decoherence = match decoherence {
                    DecoherenceName::Edc => Some(edc(config, edc_constant, edc_decay)?),
                    DecoherenceName::None => no_edc(config, edc_constant, edc_decay)?,
                };
                let initial_surface = match initial_surface {
                    InitialSurfaceName::Sampled => InitialSurface::Sampled,
                    InitialSurfaceName::All => InitialSurface::All,
                };
                let frustrated = match frustrated {
                    FrustratedName::Keep => Frustrated::Keep,
                    FrustratedName::Reverse => Frustrated::Reverse,
                    FrustratedName::JasperTruhlar => Frustrated::JasperTruhlar,
                };
                Box::new(Fssh { initial_surface, frustrated, gauge: gauge.into(), decoherence })
            }
            Self::MsMash { frustrated, max_hops, bisections, gauge } => {
                let frustrated = match frustrated {
                    MashFrustratedName::Keep => Frustrated::Keep,
                    MashFrustratedName::Reverse => Frustrated::Reverse,
                };
                Box::new(Mash { frustrated, gauge: gauge.into(), max_hops, bisections })
            }
        })
    }
}

impl From<GaugeName> for Gauge {
    fn from(name: GaugeName) -> Self {
        match name {
            GaugeName::PhaseOverlap => Self::PhaseOverlap,
            GaugeName::SignOverlap => Self::SignOverlap,
            GaugeName::PhaseCoupling => Self::PhaseCoupling,
        }
    }
}

fn edc(config: &Config, constant: Option<f64>, decay: Option<DecayName>) -> Result<Decoherence, Faults> {
    let Some(constant) = constant else {
        let message = "`edc_constant` is missing: its usual value, 0.1 hartree, has no meaning in this model's units";
        let help = "give the energy C of the decoherence time (1 + C/E_kin)/|gap|";
        return Err(config.fault("trajectories.algorithm.edc_constant", message, help).into());
    };
    let decay = match decay.unwrap_or_default() {
        DecayName::Amplitudes => Decay::Amplitudes,
        DecayName::Populations => Decay::Populations,
    };
    Ok(Decoherence { constant, decay })
}

fn no_edc(config: &Config, constant: Option<f64>, decay: Option<DecayName>) -> Result<Option<Decoherence>, Faults> {
    let given = [("edc_constant", constant.is_some()), ("edc_decay", decay.is_some())];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(None),
        Some((key, _)) => {
            let message = format!("`{key}` has a meaning with decoherence = \"edc\" only");
            Err(config
                .fault(&format!("trajectories.algorithm.{key}"), message, "remove it, or ask for decoherence")
                .into())
        }
    }
}

fn ten() -> usize {
    10
}
