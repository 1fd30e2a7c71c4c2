//! In which units is a coordinate measured?
use crate::science::free_energy::Axis;
use crate::units::CoordinateUnit;

/// The unit and the period of a coordinate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub unit: CoordinateUnit,
    pub axis: Axis,
}

impl Scale {
    /// A length, nm.
    pub fn length() -> Self {
        Self { unit: CoordinateUnit::Nm, axis: Axis::default() }
    }

    /// The unit of force constants in GROMACS and in the configuration: per square radian, though angles are in degrees.
    pub fn gromacs_constant_unit(self) -> &'static str {
        if self.unit == CoordinateUnit::Degree { "kJ/mol/rad^2" } else { "kJ/mol/nm^2" }
    }

    /// Converts a force constant from GROMACS' unit to kJ/mol per square of the unit of the coordinate.
    pub fn internal_constant(self, constant: f64) -> f64 {
        constant / (self.units_per_radian() * self.units_per_radian())
    }

    /// Converts a force constant from kJ/mol per square of the unit of the coordinate to GROMACS' unit.
    pub fn to_gromacs_constant(self, constant: f64) -> f64 {
        constant * self.units_per_radian() * self.units_per_radian()
    }

    /// Converts a force from kJ/mol per unit of the coordinate to GROMACS' unit: per radian of an angle.
    pub fn to_gromacs_force(self, force: f64) -> f64 {
        force * self.units_per_radian()
    }

    /// Degrees in a radian; 1 for lengths.
    fn units_per_radian(self) -> f64 {
        if self.unit == CoordinateUnit::Degree { 180.0 / std::f64::consts::PI } else { 1.0 }
    }
}
