//! What does the command line of `simmpi fes` set?
use crate::md::evaluate_number;
use crate::problem::Problem;
use crate::science::reweighting::Region;
use crate::units::EnergyUnit;
use std::path::PathBuf;

/// Most variables of a free energy.
const MOST_VARIABLES: usize = 2;
/// Most variables of hills that are summed on a grid.
pub const MOST_HILL_VARIABLES: usize = 3;

/// The settings of a free energy from existing files.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// One file for each replica, or several that are its parts: separated by commas, or with wildcards.
    pub replicas: Vec<PathBuf>,
    /// Names of the variables.
    pub variables: Vec<String>,
    /// Columns whose sum is the bias.
    pub bias: Vec<String>,
    /// Whether the user states that the bias does not change in time.
    pub is_constant: bool,
    /// Files of hills: one bias, or one for each replica.
    pub hills: Vec<PathBuf>,
    /// Whether minus the bias is written in place of the free energy of well-tempered hills.
    pub is_negative_bias: bool,
    /// Whether a sum of hills is shifted to a minimum of zero.
    pub is_minimum_zero: bool,
    /// Whether all replicas share one bias.
    pub are_walkers: bool,
    pub temperature_k: Option<f64>,
    /// One for all variables, or one for each; empty for the default.
    pub bins: Vec<usize>,
    /// Of each variable; empty for the default.
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
    /// Of each variable, 0 for none; empty for those of the files.
    pub periods: Vec<f64>,
    /// Of each variable; empty for histograms.
    pub bandwidth: Vec<f64>,
    pub regions: Vec<Region>,
    pub discard_ps: f64,
    pub until_ps: Option<f64>,
    /// Rows that are left out at the beginning of each replica.
    pub skip: usize,
    /// Only every so many-th row is used.
    pub stride: usize,
    /// Blocks of a single replica.
    pub blocks: usize,
    /// Unit of energies in the files.
    pub file_unit: EnergyUnit,
    /// Unit of energies in the output.
    pub unit: EnergyUnit,
}

impl Settings {
    /// Whether hills are summed, without samples.
    pub fn is_sum(&self) -> bool {
        self.replicas.is_empty()
    }

    /// What can be found without the files.
    ///
    /// # Errors
    /// All contradictions.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        let mut refuse = |message: &str, help: &str| problems.push(Problem::new(message, help));
        if self.is_sum() {
            if self.hills.is_empty() {
                refuse("there are no files", "name COLVAR files with a bias, or HILLS by --hills");
            }
            let unused = [
                ("--bias", !self.bias.is_empty()),
                ("--bandwidth", !self.bandwidth.is_empty()),
                ("--region", !self.regions.is_empty()),
                ("--walkers", self.are_walkers),
                ("--skip", self.skip > 0),
                ("--stride", self.stride > 1),
                ("--discard", self.discard_ps > 0.0),
            ];
            for (option, _) in unused.iter().filter(|(_, is_set)| *is_set) {
                refuse(&format!("{option} needs samples, and --hills alone has none"), "name COLVAR files too");
            }
            if [self.unit, self.file_unit].contains(&EnergyUnit::Kt) && self.temperature_k.is_none() {
                refuse("kT is unknown without a temperature", "add --temperature");
            }
        } else {
            if self.variables.is_empty() {
                refuse("--cv is not set", "name one or two columns: --cv phi,psi");
            }
            if self.bias.is_empty() && self.hills.is_empty() {
                let help = "name its column, as in --bias opes.bias or --bias metad.rbias, or the hills: --hills HILLS";
                refuse("--bias is not set", help);
            }
            if self.temperature_k.is_none() {
                refuse("--temperature is not set", "give that of the simulations, in K: --temperature 300");
            }
            for (option, is_set) in [("--negbias", self.is_negative_bias), ("--mintozero", self.is_minimum_zero)] {
                if is_set {
                    refuse(&format!("{option} belongs to a sum of hills"), "remove it, or leave out the COLVAR files");
                }
            }
        }
        if !matches!(self.regions.len(), 0 | 2) {
            refuse("a difference needs two regions", "give --region twice");
        }
        self.check_lengths(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn check_lengths(&self, problems: &mut Vec<Problem>) {
        let count = self.variables.len();
        if count > MOST_VARIABLES {
            let message = format!("{count} variables are too many");
            problems.push(Problem::new(message, "a free energy has one or two"));
        }
        if let Some(name) = (1..count).find(|k| self.variables[..*k].contains(&self.variables[*k])) {
            let message = format!("`{}` is named twice", self.variables[name]);
            problems.push(Problem::new(message, "name two different variables"));
        }
        let lengths = [
            ("--bins", self.bins.len()),
            ("--min", self.lower.len()),
            ("--max", self.upper.len()),
            ("--period", self.periods.len()),
            ("--bandwidth", self.bandwidth.len()),
        ];
        for (option, length) in lengths {
            // Of a sum, the variables may be those of the hills.
            let is_right = length == 0 || length == count || count == 0 || (option == "--bins" && length == 1);
            if !is_right {
                let message = format!("{option} has {length} values for {count} variables");
                problems.push(Problem::new(message, "give one for each variable, separated by commas"));
            }
        }
        for (option, values) in [("--bandwidth", &self.bandwidth), ("--period", &self.periods)] {
            let least = if option == "--period" { 0.0 } else { f64::MIN_POSITIVE };
            if values.iter().any(|value| !(value.is_finite() && *value >= least)) {
                problems.push(Problem::new(format!("{option} must be positive"), "give a positive number"));
            }
        }
        if self.bins.contains(&0) {
            problems.push(Problem::new("--bins must be at least 1", "give a positive number"));
        }
        if self.regions.iter().any(|region| count > 0 && region.ranges.len() != count) {
            let help = "give a range for each variable: --region 0:pi,-1:1";
            problems.push(Problem::new(format!("--region must have {count} ranges"), help));
        }
    }

    /// Number of bins of a variable.
    pub fn bins_of(&self, variable: usize) -> Option<usize> {
        self.bins.get(variable).or_else(|| self.bins.first().filter(|_| self.bins.len() == 1)).copied()
    }

    /// The period of a variable according to the command line, none within for a variable that is not periodic.
    pub fn period_of(&self, variable: usize) -> Option<Option<f64>> {
        self.periods.get(variable).map(|period| (*period > 0.0).then_some(*period))
    }
}

/// A number as PLUMED reads it: `-pi`, `2*pi/3`, `0.5`.
///
/// # Errors
/// It is not a number.
pub fn parse_number(text: &str) -> Result<f64, String> {
    evaluate_number(text).ok_or_else(|| format!("`{text}` is not a number: write it as 0.5, -pi or 2*pi/3"))
}

/// A box: ranges of the variables, as in `0:pi,-1:1`.
///
/// # Errors
/// It is not a list of ranges.
pub fn parse_region(text: &str) -> Result<Region, String> {
    let range = |part: &str| {
        let (low, high) = part.split_once(':').ok_or_else(|| format!("`{part}` is not a range: write it as 0:pi"))?;
        let range = [parse_number(low)?, parse_number(high)?];
        if range[0] < range[1] { Ok(range) } else { Err(format!("the range {part} ends before it begins")) }
    };
    Ok(Region { ranges: text.split(',').map(range).collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_regions_are_written_as_plumed_reads_numbers() {
        let pi = std::f64::consts::PI;
        assert_eq!((parse_number("-pi"), parse_number("0.5")), (Ok(-pi), Ok(0.5)));
        assert_eq!(parse_region("0:pi,-1:2").unwrap().ranges, [[0.0, pi], [-1.0, 2.0]]);
        assert!(parse_number("x").unwrap_err().contains("`x` is not a number"));
        assert!(parse_region("2:1").unwrap_err().contains("ends before"));
        assert!(parse_region("2").unwrap_err().contains("not a range"));
    }

    #[test]
    fn all_contradictions_are_reported_together() {
        let settings = Settings { replicas: vec!["a".into()], bins: vec![1, 2, 3], stride: 1, ..Settings::default() };
        let problems = settings.check().unwrap_err();
        let text: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(text, ["--cv is not set", "--bias is not set", "--temperature is not set"]);
        let sum = Settings { bias: vec!["b".into()], hills: vec!["H".into()], stride: 1, ..Settings::default() };
        assert!(sum.check().unwrap_err()[0].message.contains("--bias needs samples"));
    }
}
