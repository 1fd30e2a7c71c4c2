//! What is the free energy of the files, and what is worth printing about it?
use super::load::{FesInput, chosen_variables};
use super::sum;
use crate::campaigns::reweighting::{Estimate, Reweighting};
use crate::problem::Problem;
use crate::science::metadynamics::{Grid, GridAxis};
use crate::science::reweighting::{Axis, Replica};
use crate::units::{EnergyUnit, thermal_energy_kj_mol};

/// Bins of each variable by default, as in an ensemble.
const BINS: usize = 60;
/// Fewer effective samples than this make errors uncertain.
const FEW_SAMPLES: f64 = 50.0;

/// A free energy, with what it was computed from.
#[derive(Debug)]
pub struct Analysis<'a> {
    pub input: &'a FesInput,
    pub(super) result: FesResult,
    /// One kJ/mol in the unit of the output.
    pub(super) factor: f64,
}

/// Where a free energy comes from.
#[derive(Debug)]
pub(super) enum FesResult {
    Reweighted(Estimate),
    Sum(Grid),
}

/// A free energy on points, in the unit of the output; row-major, the last variable runs fastest.
#[derive(Clone, Debug)]
pub(super) struct Surface {
    /// `[variables][points]`
    pub coordinates: Vec<Vec<f64>>,
    /// Of each variable: the period, if the points extend over a whole one.
    pub whole_periods: Vec<Option<f64>>,
    /// None without samples.
    pub energies: Vec<Option<f64>>,
    pub errors: Option<Vec<Option<f64>>>,
}

impl FesInput {
    /// The free energy along the variables.
    ///
    /// # Errors
    /// An option does not fit the files.
    pub fn analysis(&self) -> Result<Analysis<'_>, Problem> {
        let settings = &self.settings;
        let factor = 1.0 / settings.unit.in_kj_mol(settings.temperature_k.unwrap_or(f64::NAN));
        let factor = if settings.unit == EnergyUnit::KjMol { 1.0 } else { factor };
        let result = match settings.is_sum() {
            true => FesResult::Sum(sum::sum(self)?),
            false => FesResult::Reweighted(self.estimate()),
        };
        let analysis = Analysis { input: self, result, factor };
        if let FesResult::Reweighted(Estimate { found: Err(fault), .. }) = &analysis.result {
            return Err(Problem::new(fault.to_string(), "correct the options, or give more samples"));
        }
        if let Some(Err(fault)) = analysis.estimate().and_then(|estimate| estimate.difference.as_ref()) {
            return Err(Problem::new(fault.to_string(), "correct --region"));
        }
        Ok(analysis)
    }

    fn estimate(&self) -> Estimate {
        let settings = &self.settings;
        let count = settings.variables.len();
        let end = |ends: &[f64], variable: usize| ends.get(variable).copied();
        let regions = settings.regions.clone().try_into().ok();
        let reweighting = Reweighting {
            thermal_energy: settings.temperature_k.map_or(f64::NAN, thermal_energy_kj_mol),
            bins: (0..count).map(|variable| settings.bins_of(variable).unwrap_or(BINS)).collect(),
            range: (0..count).map(|k| [end(&settings.lower, k), end(&settings.upper, k)]).collect(),
            bandwidth: (!settings.bandwidth.is_empty()).then_some(settings.bandwidth.as_slice()),
            periods: &self.periods,
            regions: regions.as_ref(),
            blocks: settings.blocks,
        };
        let replicas: Vec<Replica> = self
            .replicas
            .iter()
            .map(|one| Replica { coordinates: one.coordinates.iter().map(Vec::as_slice).collect(), bias: &one.bias })
            .collect();
        reweighting.estimate(&replicas)
    }

    /// The variables of the free energy.
    pub fn variables(&self) -> Vec<String> {
        match (self.settings.is_sum(), self.hills.first()) {
            (true, Some(hills)) => chosen_variables(&self.settings, hills),
            _ => self.settings.variables.clone(),
        }
    }
}

impl Analysis<'_> {
    pub(super) fn estimate(&self) -> Option<&Estimate> {
        match &self.result {
            FesResult::Reweighted(estimate) => Some(estimate),
            FesResult::Sum(_) => None,
        }
    }

    /// The free energy on its points.
    pub(super) fn surface(&self) -> Surface {
        let scaled = |values: &[Option<f64>]| values.iter().map(|value| value.map(|f| f * self.factor)).collect();
        match &self.result {
            FesResult::Sum(grid) => Surface {
                coordinates: grid.axes.iter().map(GridAxis::points).collect(),
                whole_periods: grid.axes.iter().map(|axis| axis.period.filter(|_| axis.is_whole_period())).collect(),
                energies: grid.values.iter().map(|value| Some(value * self.factor)).collect(),
                errors: None,
            },
            FesResult::Reweighted(Estimate { axes, found, .. }) => {
                let is_whole = |axis: &Axis, period: f64| (axis.upper - axis.lower - period).abs() <= 1e-5 * period;
                Surface {
                    coordinates: axes.iter().map(Axis::centers).collect(),
                    whole_periods: axes.iter().map(|axis| axis.period.filter(|p| is_whole(axis, *p))).collect(),
                    energies: found.as_ref().map_or(Vec::new(), |found| scaled(&found.free_energy)),
                    errors: Some(found.as_ref().map_or(Vec::new(), |found| scaled(&found.standard_error))),
                }
            }
        }
    }

    /// The main numbers.
    pub fn summary(&self) -> Vec<String> {
        let (surface, unit) = (self.surface(), self.input.settings.unit.name());
        let names = self.input.variables();
        let known = surface.energies.iter().enumerate().filter_map(|(k, energy)| Some((k, (*energy)?)));
        let mut lines = Vec::new();
        if let Some((index, energy)) = known.clone().min_by(|a, b| a.1.total_cmp(&b.1)) {
            let point: Vec<String> =
                names.iter().zip(surface.point(index)).map(|(name, x)| format!("{name} = {x:.4}")).collect();
            let value = if energy == 0.0 { String::new() } else { format!(": {energy:.4} {unit}") };
            lines.push(format!("minimum at {}{value}", point.join(", ")));
        }
        let empty = surface.energies.len() - known.count();
        if empty > 0 {
            lines.push(format!("{empty} of {} bins have no samples", surface.energies.len()));
        }
        let Some(estimate) = self.estimate() else { return lines };
        if let Ok(found) = &estimate.found {
            let counts: Vec<String> = found.effective_samples.iter().map(|count| format!("{count:.0}")).collect();
            lines.push(format!("effective samples: {}", counts.join(", ")));
        }
        if let Some(Ok(difference)) = &estimate.difference {
            let (value, factor) = (difference.value * self.factor, self.factor);
            let error =
                difference.standard_error.map_or("unknown".to_owned(), |error| format!("{:.3}", error * factor));
            lines.push(format!("first region less second: {value:.3} {unit}, standard error {error}"));
        }
        lines
    }

    /// What makes the result uncertain.
    pub fn warnings(&self) -> Vec<String> {
        let Some(Estimate { found: Ok(found), .. }) = self.estimate() else { return Vec::new() };
        let mut lines = Vec::new();
        for (replica, count) in self.input.replicas.iter().zip(&found.effective_samples) {
            if *count < FEW_SAMPLES {
                lines.push(format!(
                    "`{}` has only {count:.0} effective samples: a few samples of large weight determine its free energy; discard more, or \
                     use a bias that is closer to constant",
                    replica.label
                ));
            }
        }
        lines
    }
}

impl Surface {
    /// The coordinates of a point.
    pub fn point(&self, index: usize) -> Vec<f64> {
        let mut index = index;
        let mut point = Vec::new();
        for axis in self.coordinates.iter().rev() {
            point.push(axis[index % axis.len()]);
            index /= axis.len();
        }
        point.reverse();
        point
    }
}
