//! Which units of force constants do users write, and how are they converted?
use super::{CoordinateUnit, EnergyUnit, UnknownUnit, spelling};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The unit of the constant of a harmonic restraint: an energy by the square of a length, an angle or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ForceConstantUnit {
    pub energy: EnergyUnit,
    pub coordinate: CoordinateUnit,
}

impl ForceConstantUnit {
    /// The value of one unit in kJ/mol by the square of `coordinate`; none if one is a length and the other an angle or a number.
    pub fn in_kj_mol_per_square(self, coordinate: CoordinateUnit, temperature_k: f64) -> Option<f64> {
        let length = self.coordinate.in_units_of(coordinate)?;
        Some(self.energy.in_kj_mol(temperature_k) / (length * length))
    }

    /// As written in HDF5 attributes and tables.
    pub fn name(self) -> String {
        match self.coordinate {
            CoordinateUnit::None => self.energy.name().to_owned(),
            coordinate => format!("{}/{coordinate}^2", self.energy),
        }
    }

    /// Whether `word` is a normalized spelling, as `kj/mol/nm2`, `kcal/(mola2)`, `kcalmol-1rad-2` or `kcal/mol-a2`.
    fn is_spelled(self, word: &str) -> bool {
        let coordinates = self.coordinate.spellings();
        self.energy.spellings().iter().filter_map(|energy| word.strip_prefix(energy)).any(|rest| {
            let inverse = |length: &&str| rest.strip_prefix(*length).is_some_and(|power| power == "-2");
            let square = |length: &&str| {
                let divisor = rest.strip_prefix(['/', '-']).unwrap_or(rest).strip_prefix(*length);
                let in_parentheses = || {
                    let inner = rest.strip_prefix("/(").and_then(|rest| rest.strip_suffix(')'));
                    inner.map(|inner| inner.strip_prefix("mol").unwrap_or(inner))?.strip_prefix(*length)
                };
                divisor.or_else(in_parentheses).is_some_and(|power| power == "2")
            };
            coordinates.iter().any(|length| inverse(length) || square(length))
                || (self.coordinate == CoordinateUnit::None && rest.is_empty())
        })
    }
}

impl FromStr for ForceConstantUnit {
    type Err = UnknownUnit;

    /// Parses a unit as users write it, in any case: `kJ/mol/nm^2`, `kcal/(mol A^2)`, `kJ mol^-1 rad^-2`, `kT/deg^2`, `eV/A**2`.
    fn from_str(text: &str) -> Result<Self, UnknownUnit> {
        let word = spelling::normalized(text);
        let all = EnergyUnit::ALL.into_iter();
        let all = all.flat_map(|energy| CoordinateUnit::ALL.map(|coordinate| Self { energy, coordinate }));
        let known = "an energy by the square of a length or an angle, as kJ/mol/nm^2, kcal/mol/angstrom^2 or kT/rad^2";
        { all }.find(|unit| unit.is_spelled(&word)).ok_or_else(|| UnknownUnit { text: text.to_owned(), known })
    }
}

impl TryFrom<String> for ForceConstantUnit {
    type Error = UnknownUnit;
    fn try_from(text: String) -> Result<Self, UnknownUnit> {
        text.parse()
    }
}

impl From<ForceConstantUnit> for String {
    fn from(unit: ForceConstantUnit) -> Self {
        unit.to_string()
    }
}

impl fmt::Display for ForceConstantUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn force_constants_are_read_as_users_write_them() {
        for (name, texts) in [
            (
                "kJ/mol/nm^2",
                "kJ/mol/nm^2; kJ/mol/nm2; kJ mol^-1 nm^-2; kJ/(mol nm^2); kJ/(mol*nm**2); kJ mol-1 nm-2; kJ/mol·nm²",
            ),
            ("kcal/mol/angstrom^2", "kcal/mol/A^2; kcal/mol-A^2; kcal/mol/Å²; Kcal/mol/Angstrom^2; kcal/(mol A^2)"),
            ("kcal/mol/radian^2", "kcal/mol/rad^2; kcal mol^-1 rad^-2; kcal/mol/radian2"),
            ("kT/degree^2", "kT/deg^2; kT/degree^2; k_BT/deg²"),
            ("eV/angstrom^2", "eV/A^2; eV/A**2; eV/angstrom^2"),
            ("kJ/mol", "kJ/mol; kJ; kJ/mol/1^2"),
        ] {
            for text in texts.split("; ") {
                assert_eq!(
                    text.parse::<ForceConstantUnit>().map(ForceConstantUnit::name),
                    Ok(name.to_owned()),
                    "{text}"
                );
            }
            assert_eq!(name.parse::<ForceConstantUnit>().map(ForceConstantUnit::name), Ok(name.to_owned()));
        }
        for text in ["", "kJ/mol/nm", "nm^2", "kJ/nm^2/mol/ps", "kcal/mol/A^3", "kT/deg"] {
            assert!(text.parse::<ForceConstantUnit>().is_err(), "{text}");
        }
    }

    #[test]
    fn force_constants_convert_with_the_square_of_the_length() {
        let value = |text: &str, coordinate| {
            text.parse::<ForceConstantUnit>().ok().and_then(|unit| unit.in_kj_mol_per_square(coordinate, 300.0))
        };
        let is_near = |found: Option<f64>, expected: f64| {
            assert!(found.is_some_and(|found| (found / expected - 1.0).abs() < 1e-14), "{found:?} {expected}");
        };
        is_near(value("kcal/mol/A^2", CoordinateUnit::Nm), 418.4);
        is_near(value("kJ/mol/nm^2", CoordinateUnit::Angstrom), 0.01);
        is_near(value("kcal/mol/rad^2", CoordinateUnit::Degree), 4.184 * (std::f64::consts::PI / 180.0).powi(2));
        is_near(value("kT/nm^2", CoordinateUnit::Nm), 2.494_338_785_445_972);
        assert_eq!(value("kJ/mol/rad^2", CoordinateUnit::Nm), None);
        assert_eq!(value("kJ/mol", CoordinateUnit::Nm), None);
    }
}
