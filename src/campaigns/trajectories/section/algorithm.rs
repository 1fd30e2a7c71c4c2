//! The section `[trajectories.algorithm]`.
use crate::problem::Problem;
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
        /// Initial surface: sampled, one per initial condition drawn by the populations; all, every surface weighted by its population
        #[serde(default)]
        initial_surface: InitialSurfaceName,
        /// Momentum after a frustrated hop: keep; reverse, along the derivative coupling; jasper-truhlar, reverse if the force of the target
        /// surface opposes it
        #[serde(default)]
        frustrated: FrustratedName,
        /// How the phases of adiabatic states are continued from step to step
        #[serde(default)]
        gauge: GaugeName,
        /// Decoherence correction: none, or edc, the energy-based correction of Granucci and Persico
        #[serde(default)]
        decoherence: DecoherenceName,
        /// Constant C of edc, in the model's unit of energy; by default 0.1 hartree for tully-*, required for other models
        #[schemars(extend("exclusiveMinimum" = 0))]
        edc_constant: Option<f64>,
        /// Quantity that decays with exp(-t/tau): amplitudes (equation 17 of the paper; the default) or populations
        edc_decay: Option<DecayName>,
    },
    MsMash {
        /// Momentum after a frustrated hop: reverse or keep
        #[serde(default)]
        frustrated: MashFrustratedName,
        /// Maximum number of hops of a trajectory within one step
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 1000))]
        max_hops: usize,
        /// Number of bisections of the time step to locate a hop
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 60))]
        bisections: usize,
        /// How the phases of adiabatic states are continued from step to step; does not affect results
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

/// What a frustrated hop does to the momentum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrustratedName {
    #[default]
    Keep,
    Reverse,
    JasperTruhlar,
}

/// What a frustrated hop of the mapping approach does to the momentum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MashFrustratedName {
    #[default]
    Reverse,
    Keep,
}

/// How the phases of adiabatic states are continued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GaugeName {
    #[default]
    PhaseOverlap,
    SignOverlap,
    PhaseCoupling,
}

/// The decoherence correction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecoherenceName {
    #[default]
    None,
    Edc,
}

/// The quantity that decays with exp(-t/tau).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecayName {
    #[default]
    Amplitudes,
    Populations,
}

impl AlgorithmSection {
    /// Fills in defaults that depend on the model; `own_constant` is its value of `edc_constant`, hartree.
    pub fn spell_out(&mut self, own_constant: Option<f64>) {
        if let Self::Fssh { decoherence: DecoherenceName::Edc, edc_constant, edc_decay, .. } = self {
            *edc_constant = edc_constant.or(own_constant);
            edc_decay.get_or_insert_default();
        }
    }

    /// The method. An algorithm is one arm here, one variant above and one file in `science::dynamics::algorithms`.
    ///
    /// # Errors
    /// Settings are inconsistent.
    pub fn build(&self) -> Result<Box<dyn Algorithm>, Problem> {
        Ok(match *self {
            Self::MeanField {} => Box::new(MeanField),
            Self::Fssh { initial_surface, frustrated, gauge, decoherence, edc_constant, edc_decay } => {
                let decoherence = match decoherence {
                    DecoherenceName::Edc => Some(edc(edc_constant, edc_decay)?),
                    DecoherenceName::None => no_edc(edc_constant, edc_decay)?,
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

fn edc(constant: Option<f64>, decay: Option<DecayName>) -> Result<Decoherence, Problem> {
    let Some(constant) = constant else {
        let message = "`edc_constant` is not set: its usual value, 0.1 hartree, does not apply to this model's units";
        let help = "set the energy C of the decoherence time (1 + C/E_kin)/|gap|, in the units of the model";
        return Err(Problem::at_key("edc_constant", message, help));
    };
    let decay = match decay.unwrap_or_default() {
        DecayName::Amplitudes => Decay::Amplitudes,
        DecayName::Populations => Decay::Populations,
    };
    Ok(Decoherence { constant, decay })
}

fn no_edc(constant: Option<f64>, decay: Option<DecayName>) -> Result<Option<Decoherence>, Problem> {
    let given = [("edc_constant", constant.is_some()), ("edc_decay", decay.is_some())];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(None),
        Some((key, _)) => {
            let message = format!("`{key}` only applies with decoherence = \"edc\"");
            Err(Problem::at_key(key, message, "remove it, or set decoherence = \"edc\""))
        }
    }
}

fn ten() -> usize {
    10
}
