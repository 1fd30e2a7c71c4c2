//! Which units does an input of PLUMED have, and which unit its variables?
use crate::engines::md::plumed::{Action, Input};
use crate::md::expression;
use crate::problem::Problem;
use crate::units::{BOHR_ANGSTROM, CoordinateUnit, EnergyUnit};
use std::f64::consts::PI;

/// Hartree, kJ/mol: CODATA 2018.
const KJ_MOL_PER_HARTREE: f64 = 2_625.499_639_479;

/// The units of an input, by default those of PLUMED: nm, kJ/mol, ps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlumedUnits {
    /// Value of its unit of energy, kJ/mol.
    pub energy_kj_mol: f64,
    pub length: CoordinateUnit,
    pub time_ps: f64,
}

impl PlumedUnits {
    /// The units that `UNITS` sets.
    ///
    /// # Errors
    /// One of them is unknown, or is not supported.
    pub fn from_input(input: &Input) -> Result<Self, (Problem, Option<&Action>)> {
        let action = input.actions.iter().rfind(|action| action.name == "UNITS");
        let value = |key: &str| action.and_then(|action| action.value(key));
        let is_natural = action.is_some_and(|action| action.has("NATURAL"));
        let refuse = |key: &str, help: &str| {
            let message = format!("UNITS {key}={} is not supported", value(key).unwrap_or_default());
            (Problem::new(message, help), action)
        };
        if is_natural {
            let problem = Problem::new("UNITS NATURAL is not supported: kT needs a temperature in K", "use real units");
            return Err((problem, action));
        }
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number > 0.0);
        let energy_kj_mol = match value("ENERGY").map(str::to_ascii_lowercase).as_deref() {
            None | Some("kj/mol") => Some(1.0),
            Some("j/mol") => Some(1e-3),
            Some("kcal/mol") => Some(EnergyUnit::KcalMol.in_kj_mol(0.0)),
            Some("ev") => Some(EnergyUnit::Ev.in_kj_mol(0.0)),
            Some("ha") => Some(KJ_MOL_PER_HARTREE),
            Some(text) => number(text),
        };
        let length = match value("LENGTH") {
            None | Some("nm") => Some(CoordinateUnit::Nm),
            Some("A") => Some(CoordinateUnit::Angstrom),
            Some(text) => match number(text) {
                Some(1.0) => Some(CoordinateUnit::Nm),
                Some(0.1) => Some(CoordinateUnit::Angstrom),
                _ => None,
            },
        };
        let length_help = format!(
            "convert the windows to nm or angstrom (one Bohr is {BOHR_ANGSTROM} angstrom) and use a file of windows"
        );
        Ok(Self {
            energy_kj_mol: energy_kj_mol
                .ok_or_else(|| refuse("ENERGY", "use kj/mol, kcal/mol, eV, Ha or a number of kJ/mol"))?,
            length: length.ok_or_else(|| refuse("LENGTH", &length_help))?,
            time_ps: input.time_unit_ps().ok_or_else(|| refuse("TIME", "use ps, fs, ns or a number of ps"))?,
        })
    }
}

/// A variable: its kind, unit and period.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The action that computes it, as `TORSION`; empty where the input does not have it.
    pub action: String,
    pub unit: CoordinateUnit,
    pub period: Option<f64>,
}

impl Variable {
    /// The variable called `name` in `input`: the label of an action, with a component after a dot.
    ///
    /// # Errors
    /// A bound of `PERIODIC` cannot be parsed.
    pub fn find(input: &Input, name: &str, units: PlumedUnits) -> Result<Self, Problem> {
        let (label, component) = name.split_once('.').unwrap_or((name, ""));
        let Some(action) = input.actions.iter().find(|action| action.label == label) else {
            return Ok(Self { action: String::new(), unit: CoordinateUnit::None, period: None });
        };
        let is_scaled = matches!(component, "a" | "b" | "c") && action.has("SCALED_COMPONENTS");
        let is_radius = action.value("TYPE").is_none_or(|kind| kind.eq_ignore_ascii_case("RADIUS"));
        let (unit, period) = match action.name.as_str() {
            _ if is_scaled => (CoordinateUnit::None, Some(1.0)),
            "TORSION" => (CoordinateUnit::Radian, Some(2.0 * PI)),
            "ANGLE" => (CoordinateUnit::Radian, None),
            "DISTANCE" | "POSITION" | "RMSD" | "DRMSD" | "PROJECTION_ON_AXIS" | "PCAVARS" => (units.length, None),
            "GYRATION" if is_radius => (units.length, None),
            _ => (CoordinateUnit::None, periodic(action)?),
        };
        Ok(Self { action: action.name.clone(), unit, period })
    }

    pub fn describe(&self, name: &str) -> String {
        let unit = format!(", in {}", self.unit).replace(", in none", ", without a unit");
        let period = self.period.map_or(String::new(), |period| format!(", periodic by {period}"));
        match self.action.as_str() {
            "" => format!("{name}{unit}{period}"),
            action => format!("{name} ({action}){unit}{period}"),
        }
    }
}

/// The period of `PERIODIC=low,high`.
fn periodic(action: &Action) -> Result<Option<f64>, Problem> {
    let Some((low, high)) = action.value("PERIODIC").and_then(|bounds| bounds.split_once(',')) else { return Ok(None) };
    match (expression::evaluate(low), expression::evaluate(high)) {
        (Some(low), Some(high)) if high > low => Ok(Some(high - low)),
        _ => {
            let message = format!("cannot parse PERIODIC={low},{high} of {}", action.label);
            Err(Problem::new(message, "write the bounds as numbers"))
        }
    }
}
