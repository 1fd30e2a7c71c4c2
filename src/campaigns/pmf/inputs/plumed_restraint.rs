//! Which restraints does an input of PLUMED have, and which other biases?
use crate::engines::md::plumed::{Action, Input};
use crate::md::expression;
use crate::problem::Problem;

/// Biases that change during the simulation.
const CHANGING: &[&str] = &[
    "MOVINGRESTRAINT",
    "METAD",
    "PBMETAD",
    "OPES_METAD",
    "OPES_METAD_EXPLORE",
    "OPES_EXPANDED",
    "MAXENT",
    "ABMD",
    "EXTENDED_LAGRANGIAN",
    "DRR",
    "VES_LINEAR_EXPANSION",
    "VES_DELTA_F",
    "EDS",
    "LOGMFD",
];
/// Biases that do not change, besides restraints.
const FIXED: &[&str] = &["UPPER_WALLS", "LOWER_WALLS", "EXTERNAL", "BIASVALUE"];

/// The restraint KAPPA/2 (x - AT)^2 on one variable, in the units of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Restraint {
    pub variable: String,
    pub center: f64,
    pub force_constant: f64,
}

/// The biases of an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Biases {
    /// With the index of their action.
    pub restraints: Vec<(Restraint, usize)>,
    /// Other biases that do not change, as they are written.
    pub fixed: Vec<String>,
}

impl Biases {
    /// The biases of `input`.
    ///
    /// # Errors
    /// A bias changes during the simulation, or a restraint is not harmonic or cannot be parsed: each with the action.
    pub fn from_input(input: &Input) -> Result<Self, Vec<(Problem, &Action)>> {
        let (mut biases, mut problems) = (Self::default(), Vec::new());
        for (index, action) in input.actions.iter().enumerate() {
            let name = action.name.as_str();
            if CHANGING.contains(&name) {
                let help = "windows have constant restraints (RESTRAINT); for biased simulations of other kinds use `simmpi fes`";
                problems.push((Problem::new(format!("{name} changes during the simulation"), help), action));
            } else if FIXED.contains(&name) {
                biases.fixed.push(action.text());
            } else if name == "RESTRAINT" {
                match restraints(action) {
                    Ok(all) => biases.restraints.extend(all.into_iter().map(|one| (one, index))),
                    Err(problem) => problems.push((problem, action)),
                }
            }
        }
        if problems.is_empty() { Ok(biases) } else { Err(problems) }
    }

    /// The restraints on other variables and the other biases, as one text: equal for windows that are biased alike.
    pub fn others(&self, variable: &str) -> Vec<String> {
        let others = self.restraints.iter().map(|(one, _)| one).filter(|one| one.variable != variable);
        let text =
            |one: &Restraint| format!("RESTRAINT ARG={} AT={} KAPPA={}", one.variable, one.center, one.force_constant);
        others.map(text).chain(self.fixed.iter().cloned()).collect()
    }
}

/// The restraints of an action, one for each variable with a force constant.
fn restraints(action: &Action) -> Result<Vec<Restraint>, Problem> {
    let list = |key: &str| -> Vec<String> {
        let value = action.value(key).unwrap_or_default();
        value.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
    };
    let help = "write RESTRAINT ARG=x AT=center KAPPA=constant";
    for key in ["ARG", "AT", "KAPPA", "SLOPE"] {
        if let Some(value) = action.value(key).filter(|value| value.starts_with("@replicas:")) {
            let message = format!("RESTRAINT {key}={value} has another value in each replica");
            return Err(Problem::new(message, "write an input with one value into the folder of each replica"));
        }
    }
    let variables = list("ARG");
    let numbers = |key: &str| -> Result<Vec<f64>, Problem> {
        let number = |word: &String| {
            expression::evaluate(word)
                .ok_or_else(|| Problem::new(format!("cannot parse {key}={word}"), "write a number"))
        };
        list(key).iter().map(number).collect()
    };
    let (centers, constants, slopes) = (numbers("AT")?, numbers("KAPPA")?, numbers("SLOPE")?);
    if variables.is_empty() || centers.len() != variables.len() {
        let message = format!("RESTRAINT has {} variables (ARG) and {} centers (AT)", variables.len(), centers.len());
        return Err(Problem::new(message, help));
    }
    if slopes.iter().any(|slope| *slope != 0.0) {
        return Err(Problem::new("RESTRAINT has a SLOPE: it is not harmonic around AT", "windows have SLOPE=0"));
    }
    if constants.is_empty() || (constants.len() != 1 && constants.len() != variables.len()) {
        let message = format!(
            "RESTRAINT has {} variables (ARG) and {} force constants (KAPPA)",
            variables.len(),
            constants.len()
        );
        return Err(Problem::new(message, help));
    }
    if let Some(negative) = constants.iter().find(|constant| **constant < 0.0) {
        return Err(Problem::new(format!("the force constant KAPPA={negative} is below 0"), help));
    }
    let constant = |index: usize| constants[index.min(constants.len() - 1)];
    let all = variables.into_iter().zip(centers).enumerate();
    let all = all.map(|(k, (variable, center))| Restraint { variable, center, force_constant: constant(k) });
    Ok(all.filter(|one| one.force_constant > 0.0).collect())
}
