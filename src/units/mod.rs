//! How are units converted? Constants of the SI (2019 revision, exact) and of CODATA 2018.
//!
//! [`EnergyUnit`], [`CoordinateUnit`] and [`ForceConstantUnit`] are the units that users choose: parsed from text as they write them, with a
//! value and a name for HDF5 attributes, tables and figures.
mod coordinate;
mod energy;
mod force_constant;
mod spelling;

pub use coordinate::CoordinateUnit;
pub use energy::EnergyUnit;
pub use force_constant::ForceConstantUnit;

/// A text that is not a unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown unit `{text}`: use {known}")]
pub struct UnknownUnit {
    pub text: String,
    pub known: &'static str,
}

/// Planck constant, J s (exact).
pub const PLANCK_J_S: f64 = 6.626_070_15e-34;
/// Speed of light, cm/s (exact).
pub const LIGHT_CM_PER_S: f64 = 2.997_924_58e10;
/// Boltzmann constant, J/K (exact).
pub const BOLTZMANN_J_PER_K: f64 = 1.380_649e-23;
/// Molar gas constant, kJ/(mol K) (exact).
pub const GAS_CONSTANT_KJ_PER_MOL_K: f64 = 8.314_462_618_153_24e-3;

/// Bohr radius, angstrom: CODATA 2018.
pub const BOHR_ANGSTROM: f64 = 0.529_177_210_903;

/// The thermal energy k_B T in cm^-1.
pub fn thermal_energy_per_cm(temperature_k: f64) -> f64 {
    BOLTZMANN_J_PER_K * temperature_k / (PLANCK_J_S * LIGHT_CM_PER_S)
}

/// The molar thermal energy RT in kJ/mol.
pub fn thermal_energy_kj_mol(temperature_k: f64) -> f64 {
    GAS_CONSTANT_KJ_PER_MOL_K * temperature_k
}

/// The time hbar / (k_B T) in fs.
pub fn thermal_time_fs(temperature_k: f64) -> f64 {
    1e15 * PLANCK_J_S / (2.0 * std::f64::consts::PI * BOLTZMANN_J_PER_K * temperature_k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mole_at_300_kelvin_has_two_and_a_half_kilojoules() {
        assert!((thermal_energy_kj_mol(300.0) - 2.494_338_785).abs() < 1e-8);
    }

    #[test]
    fn room_temperature_is_208_wavenumbers_and_25_femtoseconds() {
        assert!((thermal_energy_per_cm(300.0) - 208.510_4).abs() < 1e-3);
        assert!((thermal_time_fs(300.0) - 25.4608).abs() < 1e-4);
    }
}
