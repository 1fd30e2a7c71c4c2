//! Which units of a length or an angle do users write, and how are they converted?
use super::{UnknownUnit, spelling};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

/// The unit of a coordinate: a length, an angle, or a number without a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum CoordinateUnit {
    #[default]
    Nm,
    Angstrom,
    Degree,
    Radian,
    None,
}

impl CoordinateUnit {
    pub const ALL: [Self; 5] = [Self::Nm, Self::Angstrom, Self::Degree, Self::Radian, Self::None];

    /// As written in HDF5 attributes, tables and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nm => "nm",
            Self::Angstrom => "angstrom",
            Self::Degree => "degree",
            Self::Radian => "radian",
            Self::None => "none",
        }
    }

    /// The value of one unit in units of `other`; none if one is a length and the other an angle or a number.
    pub fn in_units_of(self, other: Self) -> Option<f64> {
        Some(match (self, other) {
            _ if self == other => 1.0,
            (Self::Nm, Self::Angstrom) => 10.0,
            (Self::Angstrom, Self::Nm) => 0.1,
            (Self::Degree, Self::Radian) => PI / 180.0,
            (Self::Radian, Self::Degree) => 180.0 / PI,
            _ => return None,
        })
    }

    /// A full rotation, of an angle.
    pub fn full_rotation(self) -> Option<f64> {
        match self {
            Self::Degree => Some(360.0),
            Self::Radian => Some(2.0 * PI),
            Self::Nm | Self::Angstrom | Self::None => None,
        }
    }

    /// Its [normalized](spelling::normalized) spellings.
    pub(super) fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Nm => &["nm", "nanometer", "nanometers", "nanometre", "nanometres"],
            Self::Angstrom => &["angstrom", "angstroms", "angstroem", "ang", "a", "\u{e5}", "\u{e5}ngstr\u{f6}m"],
            Self::Degree => &["degree", "degrees", "deg", "\u{b0}"],
            Self::Radian => &["radian", "radians", "rad"],
            Self::None => &["none", "1"],
        }
    }
}

impl FromStr for CoordinateUnit {
    type Err = UnknownUnit;

    /// Parses a unit as users write it, in any case: `nm`, `A`, `Angstrom`, `deg`, `degrees`, `rad`.
    fn from_str(text: &str) -> Result<Self, UnknownUnit> {
        let word = spelling::normalized(text);
        let is_spelled = |unit: &Self| unit.spellings().contains(&word.as_str());
        let known = "nm, angstrom, degree, radian or none";
        Self::ALL.into_iter().find(is_spelled).ok_or_else(|| UnknownUnit { text: text.to_owned(), known })
    }
}

impl TryFrom<String> for CoordinateUnit {
    type Error = UnknownUnit;
    fn try_from(text: String) -> Result<Self, UnknownUnit> {
        text.parse()
    }
}

impl From<CoordinateUnit> for String {
    fn from(unit: CoordinateUnit) -> Self {
        unit.to_string()
    }
}

impl fmt::Display for CoordinateUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CoordinateUnit::{Angstrom, Degree, Nm, None as Number, Radian};

    #[test]
    fn coordinates_are_read_as_users_write_them() {
        for (unit, texts) in [
            (Nm, "nm; NM; nanometer"),
            (Angstrom, "angstrom; Angstroms; A; a; Å; \u{212b}; ang; Ångström"),
            (Degree, "degree; degrees; deg; Deg.; °"),
            (Radian, "radian; rad; Radians"),
            (Number, "none; 1"),
        ] {
            for text in texts.split("; ") {
                assert_eq!(text.parse(), Ok(unit), "{text}");
            }
            assert_eq!(unit.name().parse(), Ok(unit));
        }
        assert!("bohr".parse::<CoordinateUnit>().unwrap_err().to_string().contains("unknown unit `bohr`"));
    }

    #[test]
    fn lengths_and_angles_convert_among_themselves_and_back() {
        for one in CoordinateUnit::ALL {
            for other in CoordinateUnit::ALL {
                let there_and_back = one.in_units_of(other).zip(other.in_units_of(one));
                assert!(there_and_back.is_none_or(|(there, back)| (there * back - 1.0).abs() < 1e-15));
                assert_eq!(
                    there_and_back.is_some(),
                    one.full_rotation().is_some() == other.full_rotation().is_some()
                        && (one == Number) == (other == Number)
                );
            }
        }
        assert_eq!(Nm.in_units_of(Angstrom), Some(10.0));
        assert_eq!(Degree.in_units_of(Radian).map(|factor| 180.0 * factor), Some(PI));
    }
}
