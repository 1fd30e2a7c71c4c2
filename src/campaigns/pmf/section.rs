//! Which keys does a file of windows have?
use crate::campaigns::window_analysis::{Discard, Estimator, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Umbrella sampling: simulations with harmonic restraints, and the settings of their analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// How free energies are estimated.
    #[serde(default)]
    pub estimator: Estimator,
    /// Number of bins along the coordinate.
    #[serde(default = "default_bins")]
    #[schemars(range(min = 1, max = 100_000))]
    pub bins: u32,
    /// Lower and upper end of the bins, in the unit of the coordinate; by default from the smallest to the largest sample, or one period of a periodic coordinate.
    pub range: Option<[f64; 2]>,
    /// Number of bootstrap replicates for the errors; 0 for no errors.
    #[serde(default = "default_bootstrap")]
    #[schemars(range(max = 1_000_000))]
    pub bootstrap: u32,
    /// Temperature of the simulations, K.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature_k: f64,
    /// Samples before this time are discarded, ps; "auto" detects for each window where its equilibrium begins.
    #[serde(default)]
    pub discard_ps: Discard,
    /// Random seed of the bootstrap.
    #[serde(default)]
    pub seed: u64,
    /// The windows, one simulation each.
    #[schemars(length(min = 1))]
    pub window: Vec<WindowSection>,
}

/// A simulation with the restraint force_constant/2 (x - center)^2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowSection {
    /// File with the time series of the coordinate: xvg, COLVAR, or plain columns.
    #[schemars(length(min = 1))]
    pub file: PathBuf,
    /// Column of the coordinate: its index (0 is the time) or its name in the header.
    #[serde(default)]
    pub column: ColumnSection,
    /// Content of the column: the coordinate, or the restraint force on it as GROMACS writes it to pullf files.
    #[serde(default)]
    pub quantity: Quantity,
    /// Reference position of the restraint, in `unit`: `init` in `gmx dump -s window.tpr` (with `pull-coord1-start = yes` it differs from that of the mdp).
    pub center: f64,
    /// Force constant, kJ/mol/unit^2.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub force_constant: f64,
    /// Unit of the coordinate.
    #[serde(default)]
    pub unit: Unit,
    /// Period of the coordinate, in `unit`: 360 for a dihedral angle in degrees. By default that of `#! SET min_...` and `max_...` in a COLVAR file.
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

/// The content of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// The coordinate.
    #[default]
    Position,
    /// -force_constant (x - center).
    Force,
}

fn default_bins() -> u32 {
    100
}

fn default_bootstrap() -> u32 {
    100
}
