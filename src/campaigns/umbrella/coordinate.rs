//! Along what do windows stand, and how do they know where they are?
use super::restraint::Restraint;
use crate::campaigns::pmf::Unit;
use crate::campaigns::stage::{Error, Stage, StageResult};
use crate::figure::Chart;
use crate::results::Writer;
use crate::science::free_energy::Axis;
use std::sync::Arc;

/// A coordinate: the passes over the frames that find it, and what they give.
pub trait Coordinate: Send {
    /// Accepts the result of the pass that was run last (none at the start) and returns the next one; none when the coordinate of every
    /// frame is known.
    ///
    /// # Errors
    /// A frame cannot be used, or the frames do not suffice.
    fn advance(&mut self, result: Option<StageResult>) -> Result<Option<Stage>, Error>;

    /// What all passes gave.
    ///
    /// # Errors
    /// There are passes to come.
    fn known(&self) -> Result<Known, Error>;

    /// The restraint as far as it is known before any pass, for `grompp` to be tried with; none where it learns nothing of it.
    fn trial_restraint(&self) -> Option<Arc<dyn Restraint>>;

    /// Passes that are sure to come.
    fn planned_stages(&self) -> Vec<Stage>;

    /// What else `plan` tells of passes.
    fn plan_notes(&self) -> Vec<String>;

    /// What was understood, for `check`.
    fn summary(&self) -> Vec<(String, String)>;

    /// Writes what frames have of it.
    ///
    /// # Errors
    /// As [`known`](Self::known), or the file cannot be written.
    fn write(&self, out: &mut Writer) -> Result<(), Error>;

    /// Charts of what frames have of it, each with its name.
    ///
    /// # Errors
    /// As [`known`](Self::known).
    fn charts(&self) -> Result<Vec<(&'static str, Chart)>, Error>;

    /// What it takes in the result file.
    fn output_bytes(&self) -> u64;
}

/// A coordinate that is known.
pub struct Known {
    /// Of every frame, in the unit of its [`Scale`].
    pub along: Vec<f64>,
    pub restraint: Arc<dyn Restraint>,
}

/// In what a coordinate is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub unit: Unit,
    pub axis: Axis,
}

impl Scale {
    /// Of lengths, nm.
    pub fn of_lengths() -> Self {
        Self { unit: Unit::Nm, axis: Axis::default() }
    }

    /// What force constants are given and told in: GROMACS has them per square of a radian where angles are in degrees.
    pub fn constant_unit(self) -> &'static str {
        if self.unit == Unit::Degree { "kJ/mol/rad^2" } else { "kJ/mol/nm^2" }
    }

    /// A force constant as it is given, in kJ/mol per square of the coordinate's unit.
    pub fn constant_of_given(self, given: f64) -> f64 {
        given / (self.units_per_radian() * self.units_per_radian())
    }

    /// A force constant in kJ/mol per square of the coordinate's unit, as it is given.
    pub fn given_constant(self, constant: f64) -> f64 {
        constant * self.units_per_radian() * self.units_per_radian()
    }

    /// What lengths are multiplied by is 1.
    fn units_per_radian(self) -> f64 {
        if self.unit == Unit::Degree { 180.0 / std::f64::consts::PI } else { 1.0 }
    }

    /// A force on the coordinate, per its unit, as GROMACS tells it: per radian of an angle.
    pub fn told_force(self, force: f64) -> f64 {
        force * self.units_per_radian()
    }
}
