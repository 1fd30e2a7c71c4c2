//! What does one want to know of an analysis at once?
use super::Analysis;
use crate::science::free_energy::Overlap;

/// Neighbours below this share of samples are poorly joined (Klimovich, Shirts and Mobley 2015).
const POOR: f64 = 0.03;
/// Fewer independent samples than this say little about errors.
const FEW: f64 = 10.0;
/// Bins that are told.
const TOLD_BINS: usize = 12;

impl Analysis<'_> {
    /// Windows, their overlap, and the free energy with errors, a line each.
    pub fn told(&self) -> Vec<String> {
        let mut lines = self.told_windows();
        lines.push(String::new());
        lines.extend(self.told_profile());
        lines
    }

    fn told_windows(&self) -> Vec<String> {
        let unit = self.umbrella.unit.name().replace("none", "");
        let next = |k: usize| self.problem.overlaps.iter().find(|overlap| overlap.windows.0 == k);
        let width = self.umbrella.windows.iter().map(|window| window.name.len()).max().unwrap_or(0);
        let mut lines = vec![format!(
            "{:>6} {:>10} {:>8} {:>6} {:>8}  {:width$}",
            "window",
            format!("center {unit}"),
            "samples",
            "g",
            "overlap",
            "file"
        )];
        for (k, window) in self.umbrella.windows.iter().enumerate() {
            let overlap = next(k).map_or("-".to_owned(), |overlap| format!("{:.3}", overlap.histogram));
            let (center, samples) = (window.window.center, window.window.samples.len());
            let g = self.problem.inefficiencies[k].g;
            lines.push(format!("{k:>6} {center:>10.4} {samples:>8} {g:>6.1} {overlap:>8}  {:width$}", window.name));
        }
        lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    fn told_profile(&self) -> Vec<String> {
        let (profile, kt) = (&self.profile, self.umbrella.thermal_energy());
        let unit = self.umbrella.unit.name().replace("none", "");
        let mut lines =
            vec![format!("{:>16} {:>10} {:>10} {:>8}", format!("coordinate {unit}"), "F kJ/mol", "stderr", "samples")];
        let bins = profile.coordinate.len();
        for k in 0..TOLD_BINS.min(bins) {
            let bin = (2 * k + 1) * bins / (2 * TOLD_BINS.min(bins));
            let number = |value: f64| if value.is_finite() { format!("{value:.3}") } else { "-".to_owned() };
            let (free_energy, stderr) = (number(kt * profile.free_energy[bin]), number(kt * profile.stderr[bin]));
            lines.push(format!(
                "{:>16.5} {free_energy:>10} {stderr:>10} {:>8}",
                profile.coordinate[bin], profile.counts[bin]
            ));
        }
        lines
    }

    /// What is wrong with the windows, and what to do about it.
    pub fn advice(&self) -> Vec<String> {
        let (problem, windows) = (&self.problem, &self.umbrella.windows);
        let centers = |pair: (usize, usize)| {
            let center = |k: usize| windows[k].short_center();
            (center(pair.0), center(pair.1), 0.5 * (center(pair.0) + center(pair.1)))
        };
        let gaps = problem.gaps();
        let mut lines = self.doubts();
        for gap in &gaps {
            let (a, b, _) = centers(gap.windows);
            lines.push(format!(
                "windows {} ({a}) and {} ({b}) do not overlap: their free energies have nothing in common, each side has its own zero; \
                 add a window between them, or weaken both restraints",
                gap.windows.0, gap.windows.1
            ));
        }
        let end = self.open_end();
        let is_poor =
            |overlap: &&Overlap| overlap.matrix < POOR && !gaps.contains(overlap) && Some(overlap.windows) != end;
        for poor in problem.overlaps.iter().filter(is_poor) {
            let (a, b, _) = centers(poor.windows);
            lines.push(format!(
                "windows {} ({a}) and {} ({b}) overlap little ({:.3} of their samples could be the other's): \
                 add a window between them, or sample longer",
                poor.windows.0, poor.windows.1, poor.matrix
            ));
        }
        for (k, window) in windows.iter().enumerate() {
            let independent = window.window.samples.len() as f64 / problem.inefficiencies[k].g;
            if independent < FEW {
                lines.push(format!(
                    "window {k} has about {independent:.0} independent samples: errors are uncertain; sample longer, or several times"
                ));
            }
        }
        let outside = self.outside();
        if outside > 0 {
            lines.push(format!("{outside} samples lie outside of `range`: they count for the windows, but for no bin"));
        }
        let lost = self.umbrella.bootstrap as usize - self.replicates;
        if lost > 0 {
            lines.push(format!("{lost} of {} replicates did not converge and are left out", self.umbrella.bootstrap));
        }
        lines
    }

    /// The windows farthest apart on a circle: the others are joined without them, and nothing need be between them.
    fn open_end(&self) -> Option<(usize, usize)> {
        let is_closed = self.problem.overlaps.len() == self.umbrella.windows.len();
        let period = self.umbrella.bins.axis.period.filter(|_| is_closed)?;
        let center = |k: usize| self.umbrella.windows[k].window.center;
        let arc = |(a, b): (usize, usize)| {
            let straight = center(b) - center(a);
            straight - period * libm::floor(straight / period)
        };
        let pairs = self.problem.overlaps.iter().map(|overlap| overlap.windows);
        pairs.max_by(|a, b| arc(*a).total_cmp(&arc(*b)))
    }

    fn outside(&self) -> u64 {
        let all: u64 = self.umbrella.windows.iter().map(|window| window.window.samples.len() as u64).sum();
        all - self.profile.counts.iter().sum::<u64>()
    }
}
