//! Which keys does a file of windows have?
use crate::campaigns::part_files::PartFiles;
use crate::campaigns::window_analysis::{Discard, Estimator, OutputUnits};
use crate::problem::Problem;
use crate::units::{CoordinateUnit, EnergyUnit, ForceConstantUnit};
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
    /// Samples after this time are left out, ps; by default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ps: Option<f64>,
    /// Random seed of the bootstrap.
    #[serde(default)]
    pub seed: u64,
    /// Units of force constants and of results.
    #[serde(default, skip_serializing_if = "UnitsSection::is_default")]
    pub units: UnitsSection,
    /// The windows, one simulation each.
    #[schemars(length(min = 1))]
    pub window: Vec<WindowSection>,
}

/// Units of force constants, and of what is written, printed and drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitsSection {
    /// Unit of every `force_constant`, as "kcal/mol/angstrom^2" or "kJ/mol/rad^2"; by default kJ/mol by the square of the window's `unit`.
    pub force_constant: Option<ForceConstantUnit>,
    /// Whether the energy of a restraint is force_constant/2 (x - center)^2 ("half") or force_constant (x - center)^2 ("amber").
    #[serde(default)]
    pub convention: Convention,
    /// Unit of energies in results: kJ/mol, kcal/mol, kT or eV.
    #[serde(default)]
    pub energy: EnergyUnit,
    /// Unit of the coordinate in results; by default the windows' `unit`.
    pub coordinate: Option<CoordinateUnit>,
}

/// What a force constant means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Convention {
    /// The energy of the restraint is force_constant/2 (x - center)^2: GROMACS, PLUMED, Colvars, WHAM.
    #[default]
    Half,
    /// The energy of the restraint is force_constant (x - center)^2: `rk2` and `rk3` of AMBER's NMR restraints.
    Amber,
}

impl UnitsSection {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The units of results, where windows are in `unit`.
    ///
    /// # Errors
    /// The coordinate cannot be converted.
    pub fn output(&self, unit: CoordinateUnit) -> Result<OutputUnits, Problem> {
        let coordinate = self.coordinate.unwrap_or(unit);
        if unit.in_units_of(coordinate).is_none() {
            let message = format!("the coordinate is in \"{unit}\", which cannot be converted to \"{coordinate}\"");
            let help =
                "lengths are nm or angstrom, angles degree or radian; remove the key for the unit of the windows";
            return Err(Problem::at_key("coordinate", message, help));
        }
        Ok(OutputUnits { energy: self.energy, coordinate })
    }
}

impl Section {
    /// The same windows with force constants in kJ/mol by the square of the window's unit, for energies of force_constant/2 (x - center)^2.
    ///
    /// # Errors
    /// The unit of force constants is not that of a window: one by the square of a length for an angle.
    pub fn with_internal_constants(&self) -> Result<Self, Problem> {
        let mut section = self.clone();
        for window in &mut section.window {
            let unit = self.units.force_constant;
            let unit = unit.unwrap_or(ForceConstantUnit { coordinate: window.unit, energy: EnergyUnit::KjMol });
            let Some(factor) = unit.in_kj_mol_per_square(window.unit, self.temperature_k) else {
                let message = format!("force constants are in {unit}, but the coordinate is in \"{}\"", window.unit);
                return Err(Problem::at_key(
                    "units.force_constant",
                    message,
                    "correct this unit or that of the windows",
                ));
            };
            let halves = if self.units.convention == Convention::Amber { 2.0 } else { 1.0 };
            window.force_constant *= factor * halves;
        }
        section.units = UnitsSection { force_constant: None, convention: Convention::Half, ..self.units };
        Ok(section)
    }
}

impl WindowSection {
    /// A window of the first column of a file after its time.
    pub fn new(file: PathBuf, center: f64, force_constant: f64, unit: CoordinateUnit) -> Self {
        Self {
            file: PartFiles::One(file),
            column: ColumnSection::default(),
            quantity: Quantity::default(),
            center,
            force_constant,
            unit,
            period: None,
            time_unit_ps: None,
        }
    }
}

/// A simulation with the restraint force_constant/2 (x - center)^2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowSection {
    /// File with the time series of the coordinate: xvg, COLVAR, or plain columns. Several are the parts of one run; rows that a restart repeated count once.
    pub file: PartFiles,
    /// Column of the coordinate: its index (0 is the time) or its name in the header.
    #[serde(default)]
    pub column: ColumnSection,
    /// Content of the column: the coordinate, or the restraint force on it as GROMACS writes it to pullf files.
    #[serde(default)]
    pub quantity: Quantity,
    /// Reference position of the restraint, in `unit`: `init` in `gmx dump -s window.tpr` (with `pull-coord1-start = yes` it differs from that of the mdp).
    pub center: f64,
    /// Force constant, kJ/mol/unit^2 unless `units.force_constant` says otherwise.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub force_constant: f64,
    /// Unit of the coordinate: nm, angstrom, degree, radian or none.
    #[serde(default)]
    pub unit: CoordinateUnit,
    /// Period of the coordinate, in `unit`: 360 for a dihedral angle in degrees. By default that of `#! SET min_...` and `max_...` in a COLVAR file.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub period: Option<f64>,
    /// Unit of the times in the file, ps, where its header names none: as after `UNITS TIME=fs` of PLUMED. By default 1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_unit_ps: Option<f64>,
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

/// Number of bins by default.
pub fn default_bins() -> u32 {
    100
}

/// Number of replicates by default.
pub fn default_bootstrap() -> u32 {
    100
}
