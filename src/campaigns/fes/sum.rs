//! What is the free energy that a sum of hills means, on a grid?
use super::hills::BiasHills;
use super::load::{FesInput, chosen_variables};
use super::settings::{MOST_HILL_VARIABLES, Settings};
use crate::config;
use crate::problem::Problem;
use crate::science::metadynamics::{Grid, GridAxis, Hills, Scale};

/// Grids of this size are certainly a mistake.
const MOST_POINTS: usize = 50_000_000;

/// The free energy of the hills of all biases, kJ/mol.
///
/// # Errors
/// A variable is unknown, or the grid is empty or too large.
pub fn sum(input: &FesInput) -> Result<Grid, Problem> {
    let (settings, first) = (&input.settings, &input.hills[0]);
    let chosen = chosen_variables(settings, first);
    let kept: Vec<usize> = chosen.iter().map(|name| position(first, name)).collect::<Result<_, _>>()?;
    let is_projected = kept.len() < first.variables.len();
    if kept.len() > 2 || first.variables.len() > MOST_HILL_VARIABLES {
        let message = format!("`{}` has hills of {} variables", first.label, first.variables.len());
        let help = "name one or two by --cv (of at most three), or add COLVAR files, whose samples are reweighted";
        return Err(Problem::new(message, help));
    }
    let lengths = [("--bins", settings.bins.len()), ("--min", settings.lower.len()), ("--max", settings.upper.len())];
    let is_wrong = |length: usize| length > 0 && length != kept.len();
    if let Some((option, length)) =
        lengths.into_iter().find(|(option, n)| is_wrong(*n) && (*option != "--bins" || *n > 1))
    {
        let message = format!("{option} has {length} values for {} variables", kept.len());
        return Err(Problem::new(message, "give one for each variable, separated by commas"));
    }
    let all = input.hills.iter().flat_map(|bias| bias.hills.hills.clone()).collect();
    let hills = Hills { hills: all, ..first.hills.clone() };
    let axes: Vec<GridAxis> =
        (0..first.variables.len()).map(|k| axis(settings, &hills, first, &kept, k)).collect::<Result<_, _>>()?;
    let points = axes.iter().try_fold(1_usize, |product, axis| product.checked_mul(axis.count()));
    if points.is_none_or(|points| points > MOST_POINTS) {
        let message =
            format!("a grid of {} points is too large", axes.iter().map(|a| a.count() as f64).product::<f64>());
        return Err(Problem::new(message, "give fewer --bins"));
    }
    let scale = if settings.is_negative_bias { Scale::Bias } else { Scale::FreeEnergy };
    let mut grid = hills.negative_on(&axes, scale);
    let factor = settings.file_unit.in_kj_mol(settings.temperature_k.unwrap_or(f64::NAN));
    if factor != 1.0 {
        grid.values.iter_mut().for_each(|value| *value *= factor);
    }
    if is_projected || kept.windows(2).any(|pair| pair[0] > pair[1]) {
        let Some(temperature) = settings.temperature_k else {
            let message = format!("the free energy along {} alone needs the temperature", chosen.join(" and "));
            return Err(Problem::new(message, "add --temperature"));
        };
        grid = grid.project(&kept, crate::units::thermal_energy_kj_mol(temperature));
    }
    if settings.is_minimum_zero {
        let least = grid.values.iter().copied().fold(f64::INFINITY, f64::min);
        grid.values.iter_mut().for_each(|value| *value -= least);
    }
    Ok(grid)
}

fn position(hills: &BiasHills, name: &str) -> Result<usize, Problem> {
    hills.variables.iter().position(|known| known == name).ok_or_else(|| {
        let names = hills.variables.iter().map(String::as_str);
        let meant = config::nearest(name, names).map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let message = format!("`{}` has no hills of `{name}`", hills.label);
        let all = hills.variables.join(", ");
        Problem::new(message, format!("{meant}they are of {all}; for other variables add COLVAR files"))
    })
}

/// The axis of a variable of the hills: as the options say, or as sum_hills chooses it.
fn axis(
    settings: &Settings,
    hills: &Hills,
    bias: &BiasHills,
    kept: &[usize],
    variable: usize,
) -> Result<GridAxis, Problem> {
    let default = hills.default_axis(variable, bias.domains[variable]);
    let Some(option) = kept.iter().position(|k| *k == variable) else { return Ok(default) };
    let lower = settings.lower.get(option).copied().unwrap_or(default.lower);
    let upper = settings.upper.get(option).copied().unwrap_or(default.upper);
    let period = settings.period_of(option).unwrap_or(default.period);
    let name = &bias.variables[variable];
    if lower >= upper {
        let message = format!("the range of `{name}` ends at {upper}, before it begins at {lower}");
        return Err(Problem::new(message, "correct --min and --max"));
    }
    if let Some(period) = period.filter(|period| upper - lower > period * (1.0 + 1e-5)) {
        let message = format!("the range of `{name}` from {lower} to {upper} is wider than its period of {period}");
        return Err(Problem::new(message, "correct --min and --max"));
    }
    // The spacing stays that of the default where only the range is given.
    let bins =
        settings.bins_of(option).unwrap_or_else(|| ((upper - lower) / default.spacing()).ceil().max(1.0) as usize);
    Ok(GridAxis { lower, upper, bins, period })
}
