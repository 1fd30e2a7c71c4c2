//! Which mistake in the parameters of windows explains that they are inconsistent?
//!
//! Corrections of common mistakes are tried on a subsample of each window: other units of centers and force constants, factors between them,
//! a period, another center of one window. The one that makes the windows most consistent is the likeliest cause; windows that are inconsistent
//! only because a neighbor is wrong are recognized by leaving others out.
use super::component::solve_in_cells;
use super::consistency::{Comparison, Consistency, LIMIT};
use super::correction::{Correction, common_corrections, fitted_center, subsampled};
use super::inefficiency::Inefficiency;
use super::initial_guess::initial_guess;
use super::problem::{Problem, inefficiency};

use super::{Axis, Bins, Window};

/// The most windows that are named one by one as the cause of the inconsistency.
const MOST_CULPRITS: usize = 3;
/// The most windows that are left out in turn to find one of them, the least consistent first.
const MOST_LEFT_OUT: usize = 8;

/// Plausible mean biases, kT.
const PLAUSIBLE: std::ops::Range<f64> = 0.02..15.0;
/// Centers are suspect where the samples of all windows lie to one side by at least the first mean bias, and most by the second, kT: three and
/// six standard deviations of the restraint.
const OFFSET_BIAS: f64 = 5.0;
const LARGE_OFFSET_BIAS: f64 = 20.0;

/// Windows that are inconsistent, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// The windows in question; where one window makes others inconsistent, that one.
    pub windows: Vec<usize>,
    pub cause: Cause,
}

/// What would make the windows consistent.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The same correction of all windows.
    Common(Correction),
    /// Centers at the means of the samples.
    CentersAtMeans,
    /// A correction of each of the windows alone, where one was found.
    Own(Vec<Option<Correction>>),
    /// None of the corrections; the median ratio of sampled to predicted variances.
    Unknown { variance_ratio: f64 },
}

#[derive(Clone)]
pub struct Trial {
    pub windows: Vec<Window>,
    pub bins: Bins,
    pub inefficiencies: Vec<Inefficiency>,
}

impl Problem {
    /// Why windows are inconsistent; none where they are not. `periods` are those that the coordinate may have.
    pub fn diagnose(&self, periods: &[f64]) -> Option<Diagnosis> {
        let windows = self.inconsistent();
        if windows.is_empty() {
            return self.diagnose_isolated(periods);
        }
        let trial = Trial::new(self);
        let is_common = 2 * windows.len() >= self.windows.len();
        if let Some(correction) = is_common.then(|| trial.common_correction(periods)).flatten() {
            return Some(Diagnosis { windows, cause: Cause::Common(correction) });
        }
        if let Some((windows, corrections)) = trial.culprits(&windows) {
            return Some(Diagnosis { windows, cause: Cause::Own(corrections) });
        }
        if !is_common && let Some(correction) = trial.common_correction(periods) {
            return Some(Diagnosis { windows, cause: Cause::Common(correction) });
        }
        if trial.with_centers_at_means().is_consistent() {
            return Some(Diagnosis { windows, cause: Cause::CentersAtMeans });
        }
        let comparisons = windows.iter().filter_map(|k| self.consistency[*k].comparison);
        let mut ratios: Vec<f64> = comparisons.map(|comparison| comparison.variance_ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let cause = Cause::Unknown { variance_ratio: ratios[ratios.len() / 2] };
        Some(Diagnosis { windows, cause })
    }

    /// Why windows without overlap have an excessive bias.
    fn diagnose_isolated(&self, periods: &[f64]) -> Option<Diagnosis> {
        let is_far = |k: &usize| self.consistency[*k].has_excessive_bias();
        let windows: Vec<usize> = (0..self.windows.len()).filter(is_far).collect();
        let is_common = windows.len() > 1 && 2 * windows.len() >= self.windows.len();
        let correction = is_common.then(|| Trial::new(self).common_correction(periods)).flatten()?;
        Some(Diagnosis { windows, cause: Cause::Common(correction) })
    }

    /// The mean displacement of samples from their centers, where in all windows they lie to one side and in most of them tens of kT up the
    /// restraint. Windows whose centers all have the same offset are consistent with one another, like those on a steep slope.
    pub fn common_offset(&self) -> Option<f64> {
        let comparisons: Vec<Comparison> = self.consistency.iter().map(|one| one.comparison).collect::<Option<_>>()?;
        let n = comparisons.len();
        let mean = comparisons.iter().map(|one| one.displacement).sum::<f64>() / n as f64;
        let is_offset = |one: &Comparison| one.displacement * mean > 0.0 && one.mean_bias > OFFSET_BIAS;
        let far = comparisons.iter().filter(|one| one.mean_bias > LARGE_OFFSET_BIAS).count();
        (n > 2 && comparisons.iter().all(is_offset) && 2 * far > n).then_some(mean)
    }
}

impl Trial {
    fn new(problem: &Problem) -> Self {
        let (windows, inefficiencies) = subsampled(&problem.windows, &problem.inefficiencies);
        Self { windows, bins: problem.bins, inefficiencies }
    }

    /// How consistent each window is with the others; none where the equations cannot be solved.
    fn consistency(&self) -> Option<Vec<Consistency>> {
        let windows: Vec<&Window> = self.windows.iter().collect();
        let solution = solve_in_cells(&windows, &self.bins, initial_guess(&windows, &self.bins)).ok()?;
        let variance = |k: usize| self.inefficiencies[k].g / windows[k].samples.len() as f64;
        let variances: Vec<f64> = (0..windows.len()).map(variance).collect();
        let row = |k: usize| -> Vec<f64> {
            (0..windows.len()).map(|l| solution.shared(k, l) / windows[k].samples.len() as f64).collect()
        };
        let comparisons = solution.compare(&windows, self.bins.axis).into_iter().enumerate();
        Some(comparisons.map(|(k, comparison)| Consistency::new(Some(comparison), k, &row(k), &variances)).collect())
    }

    /// The score of the least consistent window; infinite where windows cannot be compared.
    fn worst(&self) -> f64 {
        let scores = |all: Vec<Consistency>| {
            let scores = all.iter().filter_map(|one| one.score);
            // Isolated windows would be consistent whatever their parameters.
            let isolated = all.iter().filter(|one| one.is_isolated()).count();
            if 2 * isolated > all.len() { f64::INFINITY } else { scores.fold(0.0, f64::max) }
        };
        self.consistency().map_or(f64::INFINITY, scores)
    }

    fn is_consistent(&self) -> bool {
        self.worst() < LIMIT
    }

    fn corrected(&self, correction: Correction) -> Self {
        let mut changed = self.clone();
        changed.windows.iter_mut().for_each(|window| correction.apply(window));
        let period = match (correction, self.bins.axis.period) {
            (Correction::Period(period), _) => Some(period),
            (Correction::Scale { period, .. }, Some(given)) if period != 1.0 => Some(given * period),
            _ => None,
        };
        if period.is_some() {
            changed.bins.axis = Axis { period };
            changed.inefficiencies = changed.windows.iter().map(|one| inefficiency(one, &changed.bins)).collect();
        }
        changed
    }

    fn is_applicable(&self, correction: Correction) -> bool {
        match correction {
            Correction::Scale { period, .. } if period != 1.0 => {
                // With a period shorter than the sampled range all windows would overlap and be consistent.
                self.bins.axis.period.is_some_and(|given| self.sampled_width() <= 1.001 * given * period)
            }
            _ => true,
        }
    }

    /// The distance from the lowest to the highest sample.
    fn sampled_width(&self) -> f64 {
        let samples = || self.windows.iter().flat_map(|window| window.samples.iter().copied());
        samples().fold(f64::NEG_INFINITY, f64::max) - samples().fold(f64::INFINITY, f64::min)
    }

    fn without(&self, left_out: usize) -> Self {
        let mut rest = self.clone();
        rest.windows.remove(left_out);
        rest.inefficiencies.remove(left_out);
        rest
    }

    /// The correction of all windows that makes them most consistent, if one does.
    fn common_correction(&self, periods: &[f64]) -> Option<Correction> {
        let others = periods.iter().filter(|period| self.bins.axis.period != Some(**period));
        let periods = others.map(|period| Correction::Period(*period));
        let tried = periods
            .chain(common_corrections())
            .filter(|correction| self.is_applicable(*correction))
            .map(|correction| (self.corrected(correction), correction));
        let plausible = tried.filter(|(trial, _)| trial.has_plausible_biases());
        let best = plausible.map(|(trial, correction)| (trial.worst(), correction)).min_by(|a, b| a.0.total_cmp(&b.0));
        let (worst, correction) = best.filter(|(worst, _)| *worst < LIMIT).or_else(|| self.fitted_factor())?;
        (worst < LIMIT).then_some(correction)
    }

    /// The factor of all force constants with which windows are most consistent, by a grid search with refinement.
    fn fitted_factor(&self) -> Option<(f64, Correction)> {
        let worst = |log: f64| {
            let changed = self.corrected(Correction::Stiffness(libm::exp(log)));
            if changed.has_plausible_biases() { changed.worst() } else { f64::INFINITY }
        };
        let (mut best, mut step) = ((f64::INFINITY, 0.0), 0.7);
        for k in -6..=6 {
            let log = step * f64::from(k);
            let worst = worst(log);
            best = if worst < best.0 { (worst, log) } else { best };
        }
        while step > 0.02 {
            step *= 0.5;
            for log in [best.1 - step, best.1 + step] {
                let worst = worst(log);
                best = if worst < best.0 { (worst, log) } else { best };
            }
        }
        best.0.is_finite().then_some((best.0, Correction::Stiffness(libm::exp(best.1))))
    }

    /// Whether the median of the mean biases is plausible: half a kT on flat surfaces, less in stiff wells, more on slopes.
    fn has_plausible_biases(&self) -> bool {
        let mut biases: Vec<f64> = self.windows.iter().map(|window| window.mean_bias(self.bins.axis)).collect();
        biases.sort_by(f64::total_cmp);
        PLAUSIBLE.contains(&biases[biases.len() / 2])
    }

    fn with_centers_at_means(&self) -> Self {
        let mut changed = self.clone();
        let axis = self.bins.axis;
        for window in &mut changed.windows {
            window.center += window.mean_displacement(axis);
        }
        changed
    }

    /// A few windows without which the others are consistent, each with its correction; none where there are no such windows.
    fn culprits(&self, inconsistent: &[usize]) -> Option<(Vec<usize>, Vec<Option<Correction>>)> {
        let (mut rest, mut names): (Self, Vec<usize>) = (self.clone(), (0..self.windows.len()).collect());
        let mut found = Vec::new();
        let mut suspects = inconsistent.to_vec();
        while found.len() < MOST_CULPRITS && names.len() > 2 {
            suspects.truncate(MOST_LEFT_OUT);
            let left_out = suspects.iter().filter_map(|window| names.iter().position(|name| name == window));
            let worst = left_out.map(|index| (rest.without(index).worst(), index));
            let (worst, index) = worst.min_by(|a, b| a.0.total_cmp(&b.0))?;
            found.push(names.remove(index));
            rest = rest.without(index);
            if worst < LIMIT {
                let corrections = found.iter().map(|window| rest.own_correction(self, *window)).collect();
                let mut all: Vec<(usize, Option<Correction>)> = found.into_iter().zip::<Vec<_>>(corrections).collect();
                all.sort_by_key(|(window, _)| *window);
                return Some(all.into_iter().unzip());
            }
            let scores = rest.consistency()?;
            let mut by_score: Vec<usize> = (0..names.len()).filter(|k| scores[*k].is_inconsistent()).collect();
            by_score.sort_by(|a, b| scores[*a].cmp_worst_first(&scores[*b]));
            suspects = by_score.into_iter().map(|k| names[k]).collect();
        }
        None
    }

    /// The correction that makes a window consistent with these others.
    fn own_correction(&self, all: &Self, window: usize) -> Option<Correction> {
        let own = &all.windows[window];
        let with = |correction: Correction| {
            let (mut trial, mut changed) = (self.clone(), own.clone());
            correction.apply(&mut changed);
            if !PLAUSIBLE.contains(&changed.mean_bias(self.bins.axis)) {
                return f64::INFINITY;
            }
            trial.windows.push(changed);
            trial.inefficiencies.push(all.inefficiencies[window].clone());
            trial.worst()
        };
        let others: Vec<&Window> = self.windows.iter().collect();
        let solution = solve_in_cells(&others, &self.bins, initial_guess(&others, &self.bins)).ok()?;
        let center = fitted_center(&solution, own, self.bins.axis);
        let center = [Correction::Center(center)];
        let is_own =
            |correction: &Correction| !matches!(correction, Correction::Scale { period, .. } if *period != 1.0);
        let tried = common_corrections().filter(is_own).chain(center).map(|correction| (with(correction), correction));
        let (worst, correction) = tried.min_by(|a, b| a.0.total_cmp(&b.0))?;
        (worst < LIMIT).then_some(correction)
    }
}
