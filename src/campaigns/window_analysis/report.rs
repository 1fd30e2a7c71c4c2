//! What is printed of an analysis?
use super::analysis::Analysis;
use crate::science::free_energy::Overlap;

/// Elements of the overlap matrix below this mean poor overlap of neighbors (Klimovich, Shirts and Mobley 2015).
const POOR_OVERLAP: f64 = 0.03;
/// With fewer independent samples the errors are uncertain.
const FEW_SAMPLES: f64 = 10.0;
/// Number of bins that are printed.
const PRINTED_BINS: usize = 12;

impl Analysis<'_> {
    /// Tables of the windows with their overlap and of the free energy with its error, line by line.
    pub fn summary(&self) -> Vec<String> {
        let mut lines = self.window_table();
        lines.push(String::new());
        lines.extend(self.profile_table());
        lines
    }

    fn window_table(&self) -> Vec<String> {
        let unit = self.umbrella.output.coordinate.name().replace("none", "");
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
            let center = window.window.center * self.umbrella.coordinate_factor();
            let samples = window.window.samples.len();
            let g = self.problem.inefficiencies[k].g;
            lines.push(format!("{k:>6} {center:>10.4} {samples:>8} {g:>6.1} {overlap:>8}  {:width$}", window.name));
        }
        lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    fn profile_table(&self) -> Vec<String> {
        let (profile, kt) = (&self.profile, self.umbrella.thermal_energy_in_output());
        let factor = self.umbrella.coordinate_factor();
        let unit = self.umbrella.output.coordinate.name().replace("none", "");
        let mut lines = vec![format!(
            "{:>16} {:>10} {:>10} {:>8}",
            format!("coordinate {unit}"),
            format!("F {}", self.umbrella.output.energy),
            "stderr",
            "samples"
        )];
        let bins = profile.coordinate.len();
        for k in 0..PRINTED_BINS.min(bins) {
            let bin = (2 * k + 1) * bins / (2 * PRINTED_BINS.min(bins));
            let number = |value: Option<f64>| match value.map(|value| kt * value).filter(|value| value.is_finite()) {
                Some(value) => format!("{value:.3}"),
                None => "-".to_owned(),
            };
            let (free_energy, stderr) = (number(profile.free_energy[bin]), number(profile.stderr[bin]));
            lines.push(format!(
                "{:>16.5} {free_energy:>10} {stderr:>10} {:>8}",
                profile.coordinate[bin] * factor,
                profile.counts[bin]
            ));
        }
        lines
    }

    /// Problems of the windows, each with a remedy.
    pub fn warnings(&self) -> Vec<String> {
        let (problem, windows) = (self.problem, &self.umbrella.windows);
        let centers = |pair: (usize, usize)| (self.short_center(pair.0), self.short_center(pair.1));
        let gaps = problem.gaps();
        let mut lines = self.inconsistencies();
        for gap in &gaps {
            let (a, b) = centers(gap.windows);
            lines.push(format!(
                "windows {} ({a}) and {} ({b}) do not overlap: their relative free energy is undetermined, each side has its own zero; \
                 add a window between them, or weaken both restraints",
                gap.windows.0, gap.windows.1
            ));
        }
        let end = self.largest_gap();
        let is_poor = |overlap: &&Overlap| {
            overlap.matrix < POOR_OVERLAP && !gaps.contains(overlap) && Some(overlap.windows) != end
        };
        for poor in problem.overlaps.iter().filter(is_poor) {
            let (a, b) = centers(poor.windows);
            lines.push(format!(
                "windows {} ({a}) and {} ({b}) overlap poorly (element {:.3} of the overlap matrix): \
                 add a window between them, or sample longer",
                poor.windows.0, poor.windows.1, poor.matrix
            ));
        }
        for (k, window) in windows.iter().enumerate() {
            let independent = window.window.samples.len() as f64 / problem.inefficiencies[k].g;
            if independent < FEW_SAMPLES {
                lines.push(format!(
                    "window {k} has only about {independent:.0} independent samples: its errors are uncertain; sample longer, or run repeats"
                ));
            }
        }
        let outside = self.outside();
        if outside > 0 {
            lines.push(format!(
                "{outside} samples lie outside of `range`: they contribute to the windows, but to no bin"
            ));
        }
        let lost = self.umbrella.bootstrap as usize - self.replicates;
        if lost > 0 {
            lines.push(format!(
                "{lost} of {} bootstrap replicates did not converge and are excluded",
                self.umbrella.bootstrap
            ));
        }
        lines
    }

    /// The center of a window for messages, with its unit where results are in another one.
    fn short_center(&self, k: usize) -> String {
        let center = self.umbrella.windows[k].short_center();
        match self.umbrella.output.coordinate == self.umbrella.unit {
            true => center.to_string(),
            false => format!("{center} {}", self.umbrella.unit),
        }
    }

    /// The neighboring windows that are farthest apart on a periodic coordinate: all others are connected without them, so that they need not overlap.
    fn largest_gap(&self) -> Option<(usize, usize)> {
        let is_closed = self.problem.overlaps.len() == self.umbrella.windows.len();
        let period = self.umbrella.bins.axis.period.filter(|_| is_closed)?;
        let center = |k: usize| self.umbrella.windows[k].window.center;
        let arc = |(a, b): (usize, usize)| {
            let difference = center(b) - center(a);
            difference - period * libm::floor(difference / period)
        };
        let pairs = self.problem.overlaps.iter().map(|overlap| overlap.windows);
        pairs.max_by(|a, b| arc(*a).total_cmp(&arc(*b)))
    }

    /// Number of samples outside of all bins.
    fn outside(&self) -> u64 {
        let all: u64 = self.umbrella.windows.iter().map(|window| window.window.samples.len() as u64).sum();
        all - self.profile.counts.iter().sum::<u64>()
    }
}
