//! What would make windows agree that do not?
//!
//! Changes that mistakes make are tried, on every few samples of each window: other units of centers and force constants, factors between them,
//! a period, another center of one window. The first that makes all windows agree is the likeliest cause; a window that disagrees without
//! being at fault, as a neighbour of a wrong one, is found by leaving others out.
use super::consistency::{Consistency, LIMIT};
use super::guess::guess;
use super::inefficiency::Inefficiency;
use super::piece::in_cells;
use super::problem::{Problem, inefficiency};
use super::trial::{Change, changes, fitted_center, thinned};
use super::{Axis, Bins, Window};

/// Windows that are named one by one as the cause of the others' disagreement, at most.
const MOST_CULPRITS: usize = 3;
/// Windows that are left out in turn to find one of them, those that agree least first.
const MOST_LEFT_OUT: usize = 8;

/// Mean biases that windows have, kT.
const PLAUSIBLE: std::ops::Range<f64> = 0.02..15.0;

/// Windows that do not agree, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// The windows in question; where one window makes others disagree, that one.
    pub windows: Vec<usize>,
    pub cause: Cause,
}

/// What would make windows agree.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The same change of all windows.
    Common(Change),
    /// Centers at the means of the samples.
    CentersAtMeans,
    /// Of each of the windows alone, where something was found.
    Own(Vec<Option<Change>>),
    /// Nothing that was tried; the factor by which variances exceed those that are predicted.
    Unknown { spread: f64 },
}

/// Windows that are compared with one another.
#[derive(Clone)]
pub struct Trial {
    pub windows: Vec<Window>,
    pub bins: Bins,
    pub inefficiencies: Vec<Inefficiency>,
}

impl Problem {
    /// Why windows do not agree; none where all do. `periods` are those that the coordinate may have.
    pub fn diagnose(&self, periods: &[f64]) -> Option<Diagnosis> {
        let doubtful = self.doubtful();
        if doubtful.is_empty() {
            return self.diagnose_apart(periods);
        }
        let trial = Trial::of(self);
        let is_common = 2 * doubtful.len() >= self.windows.len();
        if let Some(change) = is_common.then(|| trial.common_change(periods)).flatten() {
            return Some(Diagnosis { windows: doubtful, cause: Cause::Common(change) });
        }
        if let Some((windows, changes)) = trial.culprits(&doubtful) {
            return Some(Diagnosis { windows, cause: Cause::Own(changes) });
        }
        if !is_common && let Some(change) = trial.common_change(periods) {
            return Some(Diagnosis { windows: doubtful, cause: Cause::Common(change) });
        }
        if trial.with_centers_at_means().is_consistent() {
            return Some(Diagnosis { windows: doubtful, cause: Cause::CentersAtMeans });
        }
        let mut spreads: Vec<f64> = doubtful.iter().map(|k| self.consistency[*k].compared.spread).collect();
        spreads.sort_by(f64::total_cmp);
        let cause = Cause::Unknown { spread: spreads[spreads.len() / 2] };
        Some(Diagnosis { windows: doubtful, cause })
    }
}

impl Problem {
    /// Why windows stand so far up their restraints that they do not overlap.
    fn diagnose_apart(&self, periods: &[f64]) -> Option<Diagnosis> {
        let far = |k: &usize| self.consistency[*k].is_far_up();
        let windows: Vec<usize> = (0..self.windows.len()).filter(far).collect();
        let is_common = windows.len() > 1 && 2 * windows.len() >= self.windows.len();
        let change = is_common.then(|| Trial::of(self).common_change(periods)).flatten()?;
        Some(Diagnosis { windows, cause: Cause::Common(change) })
    }
}

impl Trial {
    fn of(problem: &Problem) -> Self {
        let (windows, inefficiencies) = thinned(&problem.windows, &problem.inefficiencies);
        Self { windows, bins: problem.bins, inefficiencies }
    }

    /// How well each window agrees with the others; none where the equations cannot be solved, or windows stand farther from their
    /// centers than they ever do.
    fn consistency(&self) -> Option<Vec<Consistency>> {
        let windows: Vec<&Window> = self.windows.iter().collect();
        let solution = in_cells(&windows, &self.bins, guess(&windows, &self.bins)).ok()?;
        let variance = |k: usize| self.inefficiencies[k].g / windows[k].samples.len() as f64;
        let variances: Vec<f64> = (0..windows.len()).map(variance).collect();
        let row = |k: usize| -> Vec<f64> {
            (0..windows.len()).map(|l| solution.shared(k, l) / windows[k].samples.len() as f64).collect()
        };
        let compared = solution.compare(&windows, self.bins.axis).into_iter().enumerate();
        Some(compared.map(|(k, compared)| Consistency::new(compared, k, &row(k), &variances)).collect())
    }

    /// The score of the window that agrees least; infinite where there is none.
    fn worst(&self) -> f64 {
        let scores = |all: Vec<Consistency>| {
            let scores = all.iter().map(|one| if one.is_doubtful() { one.score.max(LIMIT) } else { one.score });
            // Windows that only predict themselves would agree whatever they are.
            let alone = all.iter().filter(|one| one.is_alone()).count();
            if 2 * alone > all.len() { f64::INFINITY } else { scores.fold(0.0, f64::max) }
        };
        self.consistency().map_or(f64::INFINITY, scores)
    }

    fn is_consistent(&self) -> bool {
        self.worst() < LIMIT
    }

    /// These windows with a change of all of them.
    fn changed(&self, change: Change) -> Self {
        let mut changed = self.clone();
        changed.windows.iter_mut().for_each(|window| change.apply(window));
        let period = match (change, self.bins.axis.period) {
            (Change::Period(period), _) => Some(period),
            (Change::Scale { period, .. }, Some(given)) if period != 1.0 => Some(given * period),
            _ => None,
        };
        if period.is_some() {
            changed.bins.axis = Axis { period };
            changed.inefficiencies = changed.windows.iter().map(|one| inefficiency(one, &changed.bins)).collect();
        }
        changed
    }

    /// Whether there is what would be changed.
    fn can_change(&self, change: Change) -> bool {
        match change {
            Change::Scale { period, .. } if period != 1.0 => {
                // On a circle that is smaller than what was sampled all windows would agree, since everything is everywhere on it.
                self.bins.axis.period.is_some_and(|given| self.sampled_width() <= 1.001 * given * period)
            }
            _ => true,
        }
    }

    /// From the lowest to the highest sample.
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

    /// The change of all windows that makes them agree best, if one does.
    fn common_change(&self, periods: &[f64]) -> Option<Change> {
        let others = periods.iter().filter(|period| self.bins.axis.period != Some(**period));
        let periods = others.map(|period| Change::Period(*period));
        let tried = periods
            .chain(changes())
            .filter(|change| self.can_change(*change))
            .map(|change| (self.changed(change), change));
        let plausible = tried.filter(|(trial, _)| trial.has_plausible_biases());
        let best = plausible.map(|(trial, change)| (trial.worst(), change)).min_by(|a, b| a.0.total_cmp(&b.0));
        let (worst, change) = best.filter(|(worst, _)| *worst < LIMIT).or_else(|| self.fitted_factor())?;
        (worst < LIMIT).then_some(change)
    }

    /// The factor of all force constants with which windows agree best, from a grid that becomes finer.
    fn fitted_factor(&self) -> Option<(f64, Change)> {
        let worst = |log: f64| {
            let changed = self.changed(Change::Stiffness(libm::exp(log)));
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
        best.0.is_finite().then_some((best.0, Change::Stiffness(libm::exp(best.1))))
    }

    /// Whether biases are as large as those of windows are: half a kT in soft places, less in stiff wells, more on slopes.
    fn has_plausible_biases(&self) -> bool {
        let mut biases: Vec<f64> = self.windows.iter().map(|window| mean_bias(window, self.bins.axis)).collect();
        biases.sort_by(f64::total_cmp);
        PLAUSIBLE.contains(&biases[biases.len() / 2])
    }

    fn with_centers_at_means(&self) -> Self {
        let mut changed = self.clone();
        let axis = self.bins.axis;
        for window in &mut changed.windows {
            let displacement: f64 = window.samples.iter().map(|x| axis.displacement(*x, window.center)).sum();
            window.center += displacement / window.samples.len() as f64;
        }
        changed
    }

    /// A few windows without which the others agree, and what would make each agree with the others; none where there are no such.
    fn culprits(&self, doubtful: &[usize]) -> Option<(Vec<usize>, Vec<Option<Change>>)> {
        let (mut rest, mut names): (Self, Vec<usize>) = (self.clone(), (0..self.windows.len()).collect());
        let mut found = Vec::new();
        let mut suspects = doubtful.to_vec();
        while found.len() < MOST_CULPRITS && names.len() > 2 {
            suspects.truncate(MOST_LEFT_OUT);
            let left_out = suspects.iter().filter_map(|window| names.iter().position(|name| name == window));
            let worst = left_out.map(|place| (rest.without(place).worst(), place));
            let (worst, place) = worst.min_by(|a, b| a.0.total_cmp(&b.0))?;
            found.push(names.remove(place));
            rest = rest.without(place);
            if worst < LIMIT {
                let changes = found.iter().map(|window| rest.own_change(self, *window)).collect();
                let mut all: Vec<(usize, Option<Change>)> = found.into_iter().zip::<Vec<_>>(changes).collect();
                all.sort_by_key(|(window, _)| *window);
                return Some(all.into_iter().unzip());
            }
            let scores = rest.consistency()?;
            let mut by_score: Vec<usize> = (0..names.len()).filter(|k| scores[*k].is_doubtful()).collect();
            by_score.sort_by(|a, b| scores[*b].score.total_cmp(&scores[*a].score));
            suspects = by_score.into_iter().map(|k| names[k]).collect();
        }
        None
    }

    /// What makes a window agree with these others.
    fn own_change(&self, all: &Self, window: usize) -> Option<Change> {
        let own = &all.windows[window];
        let with = |change: Change| {
            let (mut trial, mut changed) = (self.clone(), own.clone());
            change.apply(&mut changed);
            if !PLAUSIBLE.contains(&mean_bias(&changed, self.bins.axis)) {
                return f64::INFINITY;
            }
            trial.windows.push(changed);
            trial.inefficiencies.push(all.inefficiencies[window].clone());
            trial.worst()
        };
        let others: Vec<&Window> = self.windows.iter().collect();
        let solution = in_cells(&others, &self.bins, guess(&others, &self.bins)).ok()?;
        let center = fitted_center(&solution, own, self.bins.axis);
        let center = [Change::Center(center)];
        let is_own = |change: &Change| !matches!(change, Change::Scale { period, .. } if *period != 1.0);
        let tried = changes().filter(is_own).chain(center).map(|change| (with(change), change));
        let (worst, change) = tried.min_by(|a, b| a.0.total_cmp(&b.0))?;
        (worst < LIMIT).then_some(change)
    }
}

fn mean_bias(window: &Window, axis: Axis) -> f64 {
    window.samples.iter().map(|x| window.bias(axis, *x)).sum::<f64>() / window.samples.len() as f64
}
