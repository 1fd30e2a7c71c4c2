//! What may stand in a file of windows?
use crate::science::free_energy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Simulations that were held by harmonic restraints, and what is asked of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// How free energies are estimated.
    #[serde(default)]
    pub estimator: Estimator,
    /// Into how many bins the coordinate is divided.
    #[serde(default = "default_bins")]
    #[schemars(range(min = 1, max = 100_000))]
    pub bins: u32,
    /// The ends of the first and the last bin; by default the smallest and the largest sample, of a periodic coordinate one period.
    pub range: Option<[f64; 2]>,
    /// How many times the blocks of samples are weighted anew for errors; 0 for no errors.
    #[serde(default = "default_bootstrap")]
    #[schemars(range(max = 1_000_000))]
    pub bootstrap: u32,
    /// Temperature of the simulations, K.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature_k: f64,
    /// Samples before this time (ps) are left out; "auto" finds for each window where its equilibrium begins.
    #[serde(default)]
    pub discard_ps: Discard,
    /// The seed from which the weights of the bootstrap derive.
    #[serde(default)]
    pub seed: u64,
    /// A simulation each.
    #[schemars(length(min = 1))]
    pub window: Vec<WindowSection>,
}

/// How free energies are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// From every sample.
    #[default]
    Mbar,
    /// From histograms; bins that are wide beside the restraints are divided.
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

/// What is before equilibrium.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Discard {
    Until(#[schemars(range(min = 0))] f64),
    Found(Auto),
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

/// A simulation that was held near `center` by force_constant/2 (x - center)^2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowSection {
    /// The file of its coordinate over time: xvg, COLVAR, or plain columns.
    #[schemars(length(min = 1))]
    pub file: PathBuf,
    /// Index (0 is time) or name in the header of the column that is read.
    #[serde(default)]
    pub column: ColumnSection,
    /// What the column has: the coordinate, or the force of the restraint on it, as GROMACS writes it to pullf files.
    #[serde(default)]
    pub quantity: Quantity,
    /// Where the restraint is without force, in `unit`: `init` in `gmx dump -s window.tpr` (with `pull-coord1-start = yes` not that of the mdp).
    pub center: f64,
    /// kJ/mol/unit^2.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub force_constant: f64,
    /// The unit of the coordinate.
    #[serde(default)]
    pub unit: Unit,
    /// After how much the coordinate is the same again: 360 for a dihedral angle in degrees. By default what `#! SET min_...` and `max_...` of a COLVAR file say.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub period: Option<f64>,
}

/// A column by index or by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnSection {
    Index(u32),
    Name(#[schemars(length(min = 1))] String),
}

impl Default for ColumnSection {
    fn default() -> Self {
        Self::Index(1)
    }
}

/// What a column has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// The coordinate.
    #[default]
    Position,
    /// -force_constant (x - center).
    Force,
}

/// The unit of a coordinate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    #[default]
    Nm,
    Degree,
    Radian,
    None,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nm => "nm",
            Self::Degree => "degree",
            Self::Radian => "radian",
            Self::None => "none",
        }
    }

    /// A full turn, of an angle.
    pub fn turn(self) -> Option<f64> {
        match self {
            Self::Degree => Some(360.0),
            Self::Radian => Some(2.0 * std::f64::consts::PI),
            Self::Nm | Self::None => None,
        }
    }
}

fn default_bins() -> u32 {
    100
}

fn default_bootstrap() -> u32 {
    100
}
