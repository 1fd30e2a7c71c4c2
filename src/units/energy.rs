//! Which units of energy do users write, and what are they worth?
use super::{UnknownUnit, spelling, thermal_energy_kj_mol};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Thermochemical kilocalorie, kJ (exact).
const KJ_PER_KCAL: f64 = 4.184;
/// Electron volt per molecule, kJ/mol: elementary charge times Avogadro constant (exact).
const KJ_MOL_PER_EV: f64 = 96.485_332_123_310_02;

/// A unit of energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum EnergyUnit {
    #[default]
    KjMol,
    KcalMol,
    /// The thermal energy, whose value depends on the temperature.
    Kt,
    Ev,
}

impl EnergyUnit {
    pub const ALL: [Self; 4] = [Self::KjMol, Self::KcalMol, Self::Kt, Self::Ev];

    /// As written in HDF5 attributes, tables and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::KjMol => "kJ/mol",
            Self::KcalMol => "kcal/mol",
            Self::Kt => "kT",
            Self::Ev => "eV",
        }
    }

    /// The value of one unit in kJ/mol.
    pub fn in_kj_mol(self, temperature_k: f64) -> f64 {
        match self {
            Self::KjMol => 1.0,
            Self::KcalMol => KJ_PER_KCAL,
            Self::Kt => thermal_energy_kj_mol(temperature_k),
            Self::Ev => KJ_MOL_PER_EV,
        }
    }

    /// The value of kT in this unit; exactly 1 in units of kT.
    pub fn of_thermal_energy(self, temperature_k: f64) -> f64 {
        thermal_energy_kj_mol(temperature_k) / self.in_kj_mol(temperature_k)
    }

    /// Its [normalized](spelling::normalized) spellings.
    pub(super) fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::KjMol => &["kj/mol", "kj", "kjmol-1", "kjoule/mol"],
            Self::KcalMol => &["kcal/mol", "kcal", "kcalmol-1"],
            Self::Kt => &["kt", "kbt", "rt"],
            Self::Ev => &["ev", "electronvolt", "electronvolts"],
        }
    }
}

impl FromStr for EnergyUnit {
    type Err = UnknownUnit;

    /// Parses a unit as users write it, in any case: `kJ/mol`, `kcal mol^-1`, `kCal`, `k_BT`, `eV`.
    fn from_str(text: &str) -> Result<Self, UnknownUnit> {
        let word = spelling::normalized(text);
        let is_spelled = |unit: &Self| unit.spellings().contains(&word.as_str());
        let known = "kJ/mol, kcal/mol, kT or eV";
        Self::ALL.into_iter().find(is_spelled).ok_or_else(|| UnknownUnit { text: text.to_owned(), known })
    }
}

impl TryFrom<String> for EnergyUnit {
    type Error = UnknownUnit;
    fn try_from(text: String) -> Result<Self, UnknownUnit> {
        text.parse()
    }
}

impl From<EnergyUnit> for String {
    fn from(unit: EnergyUnit) -> Self {
        unit.to_string()
    }
}

impl fmt::Display for EnergyUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energies_are_read_as_users_write_them() {
        for (unit, texts) in [
            (EnergyUnit::KjMol, "kJ/mol; kJ; kj/mol; KJ MOL^-1; kJ mol-1; kJ·mol⁻¹; kJ mol\\S-1\\N; kJ/mole"),
            (EnergyUnit::KcalMol, "kcal/mol; kCal; Kcal/Mol; kcal mol^-1"),
            (EnergyUnit::Kt, "kT; k_BT; kBT; k_B T; KT"),
            (EnergyUnit::Ev, "eV; ev"),
        ] {
            for text in texts.split("; ") {
                assert_eq!(text.parse(), Ok(unit), "{text}");
            }
            assert_eq!(unit.name().parse(), Ok(unit));
        }
        for text in ["", "J", "cal/mol", "K", "hartree", "kJ/nm", "meV"] {
            let refused = text.parse::<EnergyUnit>().unwrap_err().to_string();
            assert!(refused.contains("kJ/mol, kcal/mol, kT or eV"), "{text}: {refused}");
        }
    }

    #[test]
    fn energies_have_their_values() {
        let worth = |unit: EnergyUnit| unit.in_kj_mol(300.0);
        assert_eq!((worth(EnergyUnit::KjMol), worth(EnergyUnit::KcalMol)), (1.0, 4.184));
        assert!((worth(EnergyUnit::Kt) - 2.494_338_785_445_972).abs() < 1e-12);
        // The elementary charge of 1.602176634e-19 C and 6.02214076e23 per mole are exact.
        assert!((worth(EnergyUnit::Ev) - 1.602_176_634e-19 * 6.022_140_76e23 / 1e3).abs() < 1e-12);
        assert_eq!(EnergyUnit::Kt.of_thermal_energy(310.0), 1.0);
        assert!((EnergyUnit::KcalMol.of_thermal_energy(298.15) - 0.592_484).abs() < 1e-6);
    }
}
